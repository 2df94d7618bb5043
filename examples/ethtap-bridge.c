/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ethtap-bridge unit unit: a cable between two devices of this host.  Shows
 * the batch calls: what one of them received the other one sends.
 */

#include <ethtap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH	16

static struct ethtap_frame frames[BATCH];
static uint8_t room[BATCH][ETHTAP_FRAME_MAX];

/* Until nothing is waiting, or either of them is gone. */
static int
forward(struct ethtap *from, struct ethtap *to)
{
	int n, r = 0;

	do {
		if ((n = ethtap_recv_batch(from, frames, BATCH)) > 0)
			r = ethtap_send_batch(to, frames, (size_t)n);
	} while (r != ETHTAP_GONE && (n > 0 || n == ETHTAP_DROPPED));
	return r == ETHTAP_GONE ? r : n;
}

int
main(int argc, char **argv)
{
	struct pollfd pfd[2];
	struct ethtap *taps[2];
	struct ethtap_options options;
	struct ethtap_error error;
	int i, r = 0;

	ethtap_options_init(&options, sizeof(options));
	for (i = 0; i < 2; i++) {
		options.unit = i + 1 < argc ? atoi(argv[i + 1]) :
		    ETHTAP_UNIT_ANY;
		if (ethtap_open(&options, &taps[i], &error) != 0) {
			fprintf(stderr, "ethtap-bridge: %s\n", error.text);
			return 1;
		}
		fprintf(stderr, "ethtap-bridge: %s\n", ethtap_name(taps[i]));
		pfd[i].fd = ethtap_fd(taps[i]);
		pfd[i].events = POLLIN;
	}
	for (i = 0; i < BATCH; i++) {
		frames[i].data = room[i];
		frames[i].size = sizeof(room[i]);
	}
	while (r != ETHTAP_GONE && poll(pfd, 2, 1000) != -1)
		for (i = 0; i < 2 && r != ETHTAP_GONE; i++)
			if ((r = forward(taps[i], taps[1 - i])) == ETHTAP_AGAIN)
				r = ethtap_check(taps[i]);
	fprintf(stderr, "ethtap-bridge: %s\n", ethtap_strerror(r));
	ethtap_close(taps[0]);
	ethtap_close(taps[1]);
	return 1;
}

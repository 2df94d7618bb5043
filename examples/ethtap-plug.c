/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ethtap-plug [unit]: a loopback plug, which sends every frame back to where
 * it came from.  Takes one frame each time that poll returns: ethtap_fd stays
 * readable as long as there is another one.
 */

#include <ethtap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	struct pollfd pfd = { .events = POLLIN };
	struct ethtap_options options;
	struct ethtap_error error;
	uint8_t frame[ETHTAP_FRAME_MAX];
	struct ethtap *tap;
	size_t len;
	int r = 0;

	ethtap_options_init(&options, sizeof(options));
	if (argc > 1)
		options.unit = atoi(argv[1]);
	if (ethtap_open(&options, &tap, &error) != 0) {
		fprintf(stderr, "ethtap-plug: %s\n", error.text);
		return 1;
	}
	fprintf(stderr, "ethtap-plug: %s\n", ethtap_name(tap));
	pfd.fd = ethtap_fd(tap);
	while (r != ETHTAP_GONE && poll(&pfd, 1, 1000) != -1) {
		r = ethtap_recv(tap, frame, sizeof(frame), &len);
		if (r == 0)
			r = ethtap_send(tap, frame, len);
		else if (r == ETHTAP_AGAIN)
			r = ethtap_check(tap);
	}
	fprintf(stderr, "ethtap-plug: %s\n", ethtap_strerror(r));
	ethtap_close(tap);
	return 1;
}

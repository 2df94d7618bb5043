/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ethtap-dump [unit]: print the header of every frame that the host sends to
 * a device.  Shows how to wait: poll, then drain.
 */

#include <ethtap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void
print_header(const uint8_t *f, size_t len)
{
	printf("%02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x"
	    ", ethertype 0x%02x%02x, length %zu\n", f[6], f[7], f[8], f[9],
	    f[10], f[11], f[0], f[1], f[2], f[3], f[4], f[5], f[12], f[13],
	    len);
}

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
		fprintf(stderr, "ethtap-dump: %s\n", error.text);
		return 1;
	}
	fprintf(stderr, "ethtap-dump: %s\n", ethtap_name(tap));
	pfd.fd = ethtap_fd(tap);
	while (r != ETHTAP_GONE && poll(&pfd, 1, 1000) != -1) {
		/* A frame that was dropped is no reason to stop. */
		while ((r = ethtap_recv(tap, frame, sizeof(frame), &len)) ==
		    0 || r == ETHTAP_DROPPED)
			if (r == 0)
				print_header(frame, len);
		fflush(stdout);
		/* Each second: not every loss wakes poll. */
		if (r == ETHTAP_AGAIN)
			r = ethtap_check(tap);
	}
	fprintf(stderr, "ethtap-dump: %s\n", ethtap_strerror(r));
	ethtap_close(tap);
	return 1;
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The command line of darwin-kernel. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define BUSY_MS		20
#define OVERLOAD_EVERY	8

struct options options = {
	.has_feth = true,
	.busy_ms = BUSY_MS,
	.overload_every = OVERLOAD_EVERY,
};

enum {
	OPT_PROFILE = 256,
	OPT_BLEN_CLAMP,
	OPT_NDRV_GONE,
	OPT_OVERLOAD,
	OPT_NO_FETH,
	OPT_BUSY,
	OPT_VETH,
	OPT_TUNTAPOSX,
	OPT_NAME
};

static const struct option longopts[] = {
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "blen-clamp", required_argument, NULL, OPT_BLEN_CLAMP },
	{ "ndrv-gone", required_argument, NULL, OPT_NDRV_GONE },
	{ "overload", required_argument, NULL, OPT_OVERLOAD },
	{ "no-feth", no_argument, NULL, OPT_NO_FETH },
	{ "busy-ms", required_argument, NULL, OPT_BUSY },
	{ "veth", no_argument, NULL, OPT_VETH },
	{ "tuntaposx", no_argument, NULL, OPT_TUNTAPOSX },
	{ "name", required_argument, NULL, OPT_NAME },
	{ NULL, 0, NULL, 0 }
};

static void
usage(void)
{
	fprintf(stderr, "usage: darwin-kernel [--profile old|new]"
	    " [--blen-clamp BYTES]\n"
	    "           [--ndrv-gone enxio|epipe]"
	    " [--overload silent|enobufs[:EVERY]]\n"
	    "           [--no-feth] [--busy-ms MS] [--tuntaposx] [--veth]"
	    " [--name NAME]\n");
	exit(2);
}

static unsigned
number(const char *s, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' || n > max)
		usage();
	return (unsigned)n;
}

/* Returns which of two words it is, 0 or 1. */
static int
choose(const char *s, const char *first, const char *second)
{
	if (strcmp(s, first) != 0 && strcmp(s, second) != 0)
		usage();
	return strcmp(s, second) == 0;
}

static void
set_overload(char *s)
{
	char *every = strchr(s, ':');

	if (every != NULL) {
		*every++ = '\0';
		options.overload_every = number(every, 1000000);
		if (options.overload_every == 0)
			usage();
	}
	options.overload = choose(s, "silent", "enobufs") == 0 ?
	    OVERLOAD_SILENT : OVERLOAD_ENOBUFS;
}

static void
set_option(int opt)
{
	switch (opt) {
	case OPT_PROFILE:
		options.is_old = choose(optarg, "new", "old") == 1;
		break;
	case OPT_BLEN_CLAMP:
		options.blen_max = number(optarg, ABI_BPF_BLEN_MAX);
		break;
	case OPT_NDRV_GONE:
		options.is_epipe = choose(optarg, "enxio", "epipe") == 1;
		break;
	case OPT_OVERLOAD:
		set_overload(optarg);
		break;
	case OPT_NO_FETH:
		options.has_feth = false;
		break;
	case OPT_BUSY:
		options.busy_ms = number(optarg, 60000);
		break;
	case OPT_VETH:
		options.is_real = true;
		break;
	case OPT_TUNTAPOSX:
		options.has_tuntaposx = true;
		break;
	case OPT_NAME:
		options.name = optarg;
		break;
	default:
		usage();
	}
}

int
main(int argc, char **argv)
{
	int opt;

	options.name = getenv(WIRE_NAME_ENV);
	while ((opt = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		set_option(opt);
	if (optind != argc)
		usage();
	if (options.name == NULL || options.name[0] == '\0')
		options.name = WIRE_NAME_DEFAULT;
	if (options.blen_max == 0)
		options.blen_max = options.is_old ? ABI_BPF_BLEN_MAX_OLD :
		    ABI_BPF_BLEN_MAX;
	kernel_run();
	return 0;
}

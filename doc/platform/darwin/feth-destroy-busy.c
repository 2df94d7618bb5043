/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The name of an interface that was destroyed is free again after a while.
 * Whether a descriptor that is still attached holds it up is not known.
 */

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

#define WAIT_MS		5000
#define STEP_MS		10

static int
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int)(ts.tv_sec % 1000000 * 1000 + ts.tv_nsec / 1000000);
}

/* Try to make it until that is no longer refused with EBUSY. */
static int
make_again(const char *name, int *msp)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	int start = now_ms(), r;

	while ((r = feth_create(name)) == -1 && errno == EBUSY &&
	    now_ms() - start < WAIT_MS)
		(void)nanosleep(&step, NULL);
	*msp = now_ms() - start;
	return r;
}

int
main(void)
{
	int bpf, ms = 0, ndrv;
	struct pair pair;

	check_begin("feth-destroy-busy");
	pair_make(&pair);
	check_errno("destroy one", 0, feth_destroy(pair.p));
	check_either("make it at once", 0, EBUSY, feth_create(pair.p));
	if (interface_flags(pair.p) == -1)
		check_errno("make it later", 0, make_again(pair.p, &ms));
	check_tell("which took", "%d ms", ms);
	must("open bpf", bpf = bpf_open());
	must("attach it", bpf_attach(bpf, pair.q));
	ndrv = ndrv_open(pair.q);
	check_errno("destroy one with descriptors", 0, feth_destroy(pair.q));
	check_tell("make it while they are open", "%s",
	    make_again(pair.q, &ms) == 0 ? "success" : "EBUSY, or worse");
	check_tell("which took", "%d ms", ms);
	(void)close(bpf);
	(void)close(ndrv);
	if (interface_flags(pair.q) == -1)
		check_errno("make it when they are closed", 0,
		    make_again(pair.q, &ms));
	return check_end();
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_IMPL_DARWIN_H
#define TAP_IMPL_DARWIN_H

#include <stdbool.h>

#include "openbsd-compat/port-net-darwin.h"
#include "tun/tap.h"

/* What tap_darwin.c and tap_admin_darwin.c share; nobody else includes this. */
struct tap_pair {
	struct darwin_pair pair;
	int lock;		/* on its entry in the registry; -1: no pair */
	bool is_kept;		/* made to stay, by whomever */
};

/*
 * The pair of an Ethernet request: one of its unit that was made to stay, or
 * a new one.  What dead processes left over is removed first.
 *
 * Returns 0, or SSHTAP_ERR_SYSTEM with errno and *fault set.
 */
int tap_pair_open(const struct tap_request *rq, struct tap_pair *tp,
    struct tap_fault *fault);

/*
 * Destroy a pair that is not to stay, and let go of either kind.  What cannot
 * be destroyed remains in the registry, as one of a dead maker.  errno is
 * kept; does nothing without a pair.
 */
void tap_pair_close(struct tap_pair *tp);

/*
 * What was asked for in words of an interface that was there before.  Returns
 * as tap_pair_open.
 */
int tap_pair_configure(const struct tap_request *rq, const char *name,
    struct tap_fault *fault);

/*
 * Say in *fault what failed, from *df and errno, which may be replaced.
 *
 * Returns SSHTAP_ERR_SYSTEM.
 */
int tap_darwin_fault(const struct darwin_fault *df, struct tap_fault *fault);

#endif /* TAP_IMPL_DARWIN_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_IMPL_H
#define TAP_IMPL_H

#include "tun/tap.h"

/* The part of a device that all implementations share; for them and tap.c. */
struct tap {
	const struct tap_ops *ops;
	void *state;		/* the implementation's own */
	char *name;
	enum tap_mode mode;
	int read_fd;		/* -1 where there is none */
	int write_fd;		/* the same number, or another */
	unsigned offloads;	/* TAP_OFFLOAD_... */
	bool needs_keeper;	/* see tap_needs_keeper */
	struct tap_stats stats;	/* kept by tap.c alone */
};

/*
 * A device without state and descriptors.
 *
 * name:    copied.
 * Returns NULL when there is no memory.
 */
struct tap *tap_new(const struct tap_ops *ops, const char *name,
    enum tap_mode mode);

/*
 * Say in *f what failed, from errno, which is kept.
 *
 * name:    of the interface, or "".
 * Returns SSHTAP_ERR_SYSTEM.
 */
int tap_fault_set(struct tap_fault *f, enum tap_step step, const char *name);

#endif /* TAP_IMPL_H */

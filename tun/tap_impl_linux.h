/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_IMPL_LINUX_H
#define TAP_IMPL_LINUX_H

#include "tun/tap.h"

/* What the files of Linux here share; nobody else includes this. */
struct tap_linux {
	int fd;
	char name[TAP_NAME_SIZE];
	bool was_there;		/* it is persistent: made by someone before */
};

/*
 * Open the device of a request without changing anything of it.
 *
 * Returns 0, or SSHTAP_ERR_SYSTEM with errno and *fault set.
 */
int tap_linux_attach(const struct tap_request *rq, struct tap_linux *l,
    struct tap_fault *fault);

/* Give it the address, MTU and state of the request; returns as above. */
int tap_linux_configure(const struct tap_request *rq,
    const struct tap_linux *l, struct tap_fault *fault);

/* Bring up any interface; ENXIO when there is none; returns as above. */
int tap_linux_up(const char *name, struct tap_fault *fault);

#endif /* TAP_IMPL_LINUX_H */

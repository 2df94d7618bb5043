/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_IMPL_LINUX_H
#define TAP_IMPL_LINUX_H

#include <sys/types.h>

#include "tun/tap.h"

/* What the files of Linux here share; nobody else includes this. */
struct tap_linux {
	int fd;
	char name[TAP_NAME_SIZE];
	bool was_there;		/* it is persistent: made by someone before */
	unsigned offloads;	/* TAP_OFFLOAD_... */
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

/*
 * What a read or write of a device came to, from its result, errno, and the
 * bytes that were to be written; results of tap_recv and tap_send.
 */
int tap_linux_received(ssize_t n, size_t *lenp);
int tap_linux_sent(ssize_t n, size_t len);

/* Close the descriptors. */
void tap_linux_close(struct tap *t);

/*
 * Open a device with offload, of Ethernet.
 *
 * Returns its descriptor; or -1 for any reason: to be opened without then,
 * which may succeed, and else tells the reason.
 */
int tap_vnet_open(int unit, unsigned *offloadsp);

/* Take from an interface what may have been turned on at any time. */
void tap_vnet_reset(int fd);

/* For the descriptor of tap_vnet_open. */
extern const struct tap_ops tap_vnet_ops;

#endif /* TAP_IMPL_LINUX_H */

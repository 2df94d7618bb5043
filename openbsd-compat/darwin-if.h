/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_IF_H
#define DARWIN_IF_H

#include <stdint.h>

#include "openbsd-compat/darwin-net.h"
#include "openbsd-compat/port-net-darwin.h"

/*
 * Requests about one interface, for the files that implement
 * port-net-darwin.h and for nobody else.  All return 0, or -1 with errno:
 * ENXIO when there is no interface of the name.
 */
struct ifaddrs;

/* The socket that carries them.  Close-on-exec. */
int darwin_control_open(void);

int darwin_if_get_flags(int s, const char *name, int *flagsp);

/* Set IFF_UP and leave the other flags as they are. */
int darwin_if_raise(int s, const char *name);

int darwin_if_get_mtu(int s, const char *name, unsigned *mtup);
/* Only where the driver says: feth does, utun and tuntaposx do not. */
int darwin_if_get_devmtu(int s, const char *name,
    struct darwin_ifdevmtu *mtup);
int darwin_if_set_mtu(int s, const char *name, unsigned mtu);
int darwin_if_set_lladdr(int s, const char *name,
    const uint8_t lladdr[DARWIN_LLADDR_LEN]);

/* Of feth only: the peer's name, or ""; linking one side links both. */
int darwin_if_get_peer(int s, const char *name, char peer[DARWIN_NAME_SIZE]);
int darwin_if_set_peer(int s, const char *name, const char *peer);

/* Once, without waiting: EBUSY while one of the name is being destroyed. */
int darwin_if_create(int s, const char *name);
/* One that is gone already is no failure. */
int darwin_if_destroy(int s, const char *name);

/* The link-layer address of an entry of getifaddrs(3), or NULL. */
const uint8_t *darwin_if_lladdr(const struct ifaddrs *ifa);

/* A request with nothing but the name, cut at DARWIN_NAME_SIZE - 1. */
void darwin_ifreq_init(struct darwin_ifreq *ifr, const char *name);

/*
 * The pair has to be there and whole; DARWIN_STEP_IDENTITY with EEXIST when
 * something is somebody else's, else with ENXIO.
 */
int darwin_pair_expect(int s, const struct darwin_pair *pair,
    struct darwin_fault *fault);

/*
 * Fill in *fault.  Returns -1, for the caller to return; errno stays, or
 * becomes error.
 */
int darwin_fail(struct darwin_fault *fault, enum darwin_step step,
    const char *name);
int darwin_fail_with(struct darwin_fault *fault, enum darwin_step step,
    const char *name, int error);

/* Accepts -1 and leaves errno alone. */
void darwin_close(int fd);

#endif /* DARWIN_IF_H */

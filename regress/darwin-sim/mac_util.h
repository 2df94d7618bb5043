/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef MAC_UTIL_H
#define MAC_UTIL_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "openbsd-compat/port-net-darwin.h"
#include "regress/darwin-sim/pair_util.h"
#include "tun/tap.h"

/*
 * What the tests of the macOS devices share beside pair_util.h: a kernel
 * together with a registry, and what a host does on its side of a pair.  What
 * goes wrong here fails the test.
 */

/* Start a kernel, with an empty registry.  options: as mac_start. */
void mac_boot(const char *options);
void mac_halt(void);

/* For cmocka: without options. */
int mac_set_up(void **state);
int mac_tear_down(void **state);

/*
 * Every feth there is, with peer, address, MTU and state: equal texts, equal
 * interfaces.  Returns out.
 */
#define MAC_TEXT_MAX	4096
const char *mac_text(char out[MAC_TEXT_MAX]);

const char *mac_registry(void);
unsigned mac_count_entries(void);

/* Neither interfaces nor entries. */
void mac_assert_clean(void);

/* An Ethernet device that is to be up. */
struct tap_request mac_request(int unit);
struct tap *mac_open(int unit);

/* One that is to stay. */
void mac_make_kept(int unit);

/* One whose maker has died.  Returns its process number. */
pid_t mac_make_dead(int unit);

/* As ifconfig(8) has it: two interfaces, peers of each other. */
void mac_make_foreign(const char *name, const char *peer);

/*
 * The host's side of an interface: frames that are sent on it arrive at our
 * descriptor, and those that we send can be read here.
 */
void mac_host_open(const char *name, struct darwin_device *host);
void mac_host_close(struct darwin_device *host);
void mac_host_send(const struct darwin_device *host, const uint8_t *frame,
    size_t len);
/* Exactly one frame is there. */
size_t mac_host_receive(const struct darwin_device *host, uint8_t *frame,
    size_t size);

/*
 * A child that runs fn, says so when that returns 0, and waits.  Returns its
 * process number then.
 */
pid_t mac_fork(int (*fn)(void *ctx), void *ctx);
void mac_kill(pid_t pid);

#endif /* MAC_UTIL_H */

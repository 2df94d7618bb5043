/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PAIR_UTIL_H
#define PAIR_UTIL_H

#include "openbsd-compat/port-net-darwin.h"

/*
 * For the tests of port-net-darwin.h: simulated kernels, one after the other,
 * and other programs that make and change interfaces there.  What goes wrong
 * here fails the test.
 */

/* Start a kernel.  options: of darwin-kernel, separated by blanks, or "". */
void mac_start(const char *options);
/* Accepts that there is none. */
void mac_stop(void);

/* cmocka's setup and teardown: a kernel without options; none. */
int mac_setup(void **state);
int mac_teardown(void **state);

/* Whom the kernel sees; as root at first. */
void mac_be_root(int is_root);

/*
 * Make simulated calls fail: "3", "ioctl:2:EBUSY" (see lib_fault.c), NULL for
 * none.  Counting begins again.
 */
void mac_fail(const char *spec);
void mac_fail_at(unsigned n);
/* Simulated calls since mac_fail. */
unsigned mac_calls(void);

void mac_sysctl(const char *name, int value);

/* What another program does. */
void other_create(const char *name);
void other_destroy(const char *name);
void other_peer(const char *name, const char *peer);	/* "": none */
void other_up(const char *name);
void other_down(const char *name);
void other_lladdr(const char *name, uint8_t last_byte);
void other_lladdr_is(const char *name, const uint8_t *lladdr);
void other_no_lladdr(const char *name);
int other_sees(const char *name);

/* How many feth there are. */
unsigned count_feth(void);
/* Descriptors of this process that are open, but for the library's own. */
unsigned count_open(void);

/* A pair that must be possible to make. */
void make_pair(int unit, struct darwin_pair *pair);

enum darwin_pair_state state_of(const struct darwin_pair *pair);

/* Both descriptors, or the one. */
void close_device(const struct darwin_device *dev);

/* The length and a number make all of a frame. */
#define PAIR_FRAME_MAX	16384
void make_frame(uint8_t *frame, size_t len, unsigned number);
/* As darwin_write; up to one byte more than PAIR_FRAME_MAX. */
int send_frame(const struct darwin_device *dev, size_t len, unsigned number);

/* Waits so long with select(2). */
int is_readable(int fd, int seconds);

#endif /* PAIR_UTIL_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_SIM_UTIL_H
#define DARWIN_SIM_SIM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What tests share that run under a simulated kernel: a kernel of their own,
 * and the bare interface, calls with the numbers of abi.h.
 */

/* Arguments of darwin-kernel, NULL at the end; the state of a test. */
struct sim_options {
	const char *argv[8];
};
extern struct sim_options sim_new, sim_old;

/*
 * Start a kernel in memory, as whose root this process is from now on; also
 * as fixtures of cmocka, *state being struct sim_options or NULL.
 */
void sim_start(const struct sim_options *o);
void sim_stop(void);
int sim_set_up(void **state);
int sim_tear_down(void **state);

#define SIM_TEST(test, options) cmocka_unit_test_prestate_setup_teardown( \
	test, sim_set_up, sim_tear_down, &(options))

/* The errno of a call that returned r, or 0. */
int sim_errno(long r);
/* The kernel sees another effective user. */
void sim_become(unsigned uid);

/* === Interfaces: 0 or an errno === */

/* arg: starts with the name, which is put there. */
int sim_ioctl(unsigned long request, const char *name, uint8_t *arg);
int sim_create(const char *name);
/* Waits until the unit is free. */
void sim_create_free(const char *name);
int sim_destroy(const char *name);
int sim_peer(const char *name, const char *peer);
/* Returns "" when there is none. */
const char *sim_get_peer(const char *name);
unsigned sim_flags(const char *name);
int sim_set_flags(const char *name, unsigned flags);
int sim_set_mtu(const char *name, unsigned mtu);
unsigned sim_mtu(const char *name);

/* feth1 and feth2, peers, both up. */
#define SIM_P	"feth1"		/* the user's side */
#define SIM_Q	"feth2"		/* the I/O peer */
void sim_make_pair(void);

/* === Devices === */

/* Opens a free node, nonblocking, as flags say. */
int sim_bpf_open(int flags);
/* BIOCSETIF: 0 or an errno. */
int sim_bpf_attach(int fd, const char *name);
/* As our own code has it: immediate, nothing of what is sent; 4096 bytes. */
int sim_bpf_reader(const char *name);
#define SIM_BLEN	4096
/* 0 or an errno. */
int sim_bpf_set(int fd, unsigned long request, uint32_t value);
/* The value. */
uint32_t sim_bpf_get(int fd, unsigned long request);

/* Bound and connected, nonblocking. */
int sim_ndrv_open(const char *name);
int sim_ndrv_bind(int fd, const char *name);
int sim_ndrv_connect(int fd);

/* Frame number n: its bytes can be told from those of another. */
void sim_fill(uint8_t *p, size_t len, unsigned n);
/* Write one of len bytes: 0 or an errno. */
int sim_send(int fd, size_t len, unsigned n);

/* One record of what a bpf device gave. */
struct sim_record {
	uint32_t caplen, datalen;
	unsigned hdrlen;
	const uint8_t *frame;
};
/* Takes it off the front; false: there is none left. */
bool sim_next_record(const uint8_t **pp, size_t *lenp, struct sim_record *r);
/* Read, and expect exactly the one frame of len bytes, number n. */
void sim_expect_frame(int fd, size_t len, unsigned n);
/* Read SIM_BLEN bytes, and expect an errno. */
void sim_expect_no_frame(int fd, int error);

/* Readable for select(2), and what poll(2) says, at once. */
bool sim_selects(int fd);
int sim_polls(int fd, short events);

#endif /* DARWIN_SIM_SIM_UTIL_H */

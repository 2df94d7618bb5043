/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SETUP_H
#define SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * What the monitor tells a process that it has started, as its first record:
 * who to become, and all of the configuration that it needs.  Nothing secret.
 *
 * Each get returns 0, SSHTAP_ERR_VERSION (a monitor of another version: the
 * program was exchanged under it), SSHTAP_ERR_FORMAT, SSHTAP_ERR_TRUNCATED,
 * SSHTAP_ERR_TRAILING, SSHTAP_ERR_TOO_BIG (a host key), SSHTAP_ERR_ALLOC.
 */
#define SETUP_LAYOUT	2	/* to be raised with each change of a record */
#define SETUP_MAX	(64 * 1024)	/* bytes of such a record */
#define SETUP_HOSTKEYS_MAX	8

/* How a process gives up what it has; see sandbox/sandbox.h. */
struct setup_rights {
	bool has_ids;		/* else it stays who it is */
	uint32_t uid, gid;
	char *chroot_dir;	/* NULL: none */
};

/* Replace a heap string by a copy of text.  Returns 0 or SSHTAP_ERR_ALLOC. */
int setup_set(char **textp, const char *text);

/* For the network process. */
struct setup_network {
	struct setup_rights rights;
	uint32_t log_level;	/* enum log_level */
	bool is_socket;		/* one descriptor for both directions */
	char *software;
	char *kex, *hostkey_algs, *ciphers, *compression, *sig_algs;
	uint64_t rekey_bytes, rekey_ms;	/* 0: our own limit */
	uint32_t max_auth_tries;
	uint32_t alive_interval;	/* seconds, 0: off */
	uint32_t alive_count_max;
	bool offload;
	uint32_t busy_poll;		/* microseconds, 0: sleep at once */
	size_t nhostkeys;
	struct buf hostkeys[SETUP_HOSTKEYS_MAX];	/* public blobs */
};

void setup_network_init(struct setup_network *s);
void setup_network_clear(struct setup_network *s);
int setup_network_put(struct buf *out, const struct setup_network *s);
int setup_network_get(struct view record, struct setup_network *s);

/* For the checker. */
struct setup_checker {
	struct setup_rights rights;
};

void setup_checker_clear(struct setup_checker *s);
int setup_checker_put(struct buf *out, const struct setup_checker *s);
int setup_checker_get(struct view record, struct setup_checker *s);

#endif /* SETUP_H */

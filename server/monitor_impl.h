/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SERVER_MONITOR_IMPL_H
#define SERVER_MONITOR_IMPL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "server/check.h"
#include "server/config.h"
#include "server/monitor.h"
#include "server/request.h"
#include "tun/tap.h"
#include "tun/tap_link.h"

/* For the monitor*.c files; nobody else includes this. */

#define WORD_MAX	64	/* of a text from outside in the log */

/* A device that is in use, and what to undo. */
struct monitor_tunnel {
	bool is_open;
	char name[TAP_NAME_SIZE];
	unsigned index;		/* of the interface, which no other one gets */
	struct tap *kept;	/* one that outlives its descriptors, or NULL */
	const char *bridge;	/* that it joined, or NULL */
	struct tap_address address[SERVER_CONFIG_ADDRESSES_MAX];
	size_t naddresses;	/* that it was given */
};

struct server_monitor {
	const struct server *server;
	const struct server_config *config;
	struct server_conn *conn;
	struct request_state requests;
	struct buf partial;	/* a request as it comes */
	int fd;			/* to the network process, -1: closed */
	pid_t network;
	struct checker checker;
	uint64_t started_ms;
	uint64_t deadline_ms;	/* to log in, or to end; 0: none */
	bool is_ending;

	/* Lines that may be written at the other's wish, see monitor.c. */
	unsigned lines;
	uint64_t lines_ms;
	unsigned long lines_lost;

	/* Authentication. */
	struct buf session_id, hostkey;
	unsigned failures;
	char user[WORD_MAX];	/* "" before the login */
	uid_t user_id;
	gid_t group_id;
	struct authorized_keys_answer granted;

	struct monitor_tunnel tunnels[REQUEST_TUNNELS_MAX];
};

/* " user=... from=... port=...", what every line of an event ends with. */
const char *monitor_who(const struct server_monitor *m);

/* Is there to be another line that the other side can cause at will? */
bool monitor_may_log(struct server_monitor *m);

/* A text from outside as one word of the log: other characters become '?'. */
void monitor_word(char out[WORD_MAX], const struct view *v);

/* Answer the network process; a failure ends the conversation. */
void monitor_reply(struct server_monitor *m, const struct buf *record,
    const int *fds, size_t nfds);

/*
 * Handlers of requests.  Returns 0, or what ends the conversation: the request
 * is not well-formed.
 */
int monitor_answer_key(struct server_monitor *m, struct view record);
int monitor_answer_tunnel(struct server_monitor *m, struct view record);
int monitor_answer_tunnel_end(struct server_monitor *m, struct view record);

/* Undo whatever is still there. */
void monitor_end_tunnels(struct server_monitor *m);

#endif /* SERVER_MONITOR_IMPL_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AUTHORIZED_VALUE_H
#define AUTHORIZED_VALUE_H

#include <sys/socket.h>

#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipaddr.h"
#include "lib/view.h"

/*
 * Values of options in authorized_keys files, without their quotes; what
 * they mean is told in authorized_keys.h.  For that module only.
 */
/* Who asks. */
struct authorized_peer {
	struct ipaddr ip;		/* of length 0: no address */
	char text[IPADDR_TEXT_SIZE];	/* its usual spelling */
};

/*
 * Read the peer's numeric address.  One that is none gives a peer whom no
 * list matches.
 */
void authorized_value_get_peer(const struct view *address,
    struct authorized_peer *peer);

/* Each returns 0 or SSHTAP_ERR_FORMAT, which leaves the result alone. */

/* Does a list of addresses match the peer? */
int authorized_value_match_list(const struct view *list,
    const struct authorized_peer *peer, bool *matchesp);

/* A time as seconds since 1970, less than 0 when it is before. */
int authorized_value_get_time(const struct view *value, int64_t *timep);

/* The unit of a tunnel. */
int authorized_value_get_unit(const struct view *value, uint32_t *unitp);

#endif /* AUTHORIZED_VALUE_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AUTHORIZED_KEYS_H
#define AUTHORIZED_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/view.h"

/*
 * Text of authorized_keys files; reading them from disk is the caller's.  No
 * clock, no name service and no file is asked anything.
 * Reference: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
 *
 * Known options, in either case of letters; a line with any other, or with a
 * malformed one, admits nobody:
 *
 * tunnel="n"	the unit that must be used, 0 to 0x7ffffffd; the last counts
 * restrict	no tunnel, unless a tunnel="n" comes behind it in the line
 * from="list"	addresses from which the key is admitted, see below; once
 * expiry-time="time"
 *		after which the key is not admitted, see below; the earliest
 *		counts
 * cert-authority, principals="list"
 *		the first makes the line one for certificates, which never
 *		admits a plain key; the second, once, is malformed without it
 * command="", environment="", permitopen="", permitlisten=""
 *		accepted with any value, command once; nothing here obeys them
 * port-forwarding, agent-forwarding, pty, user-rc, X11-forwarding
 *		and the same with "no-": accepted, nothing here obeys them
 * verify-required, no-touch-required
 *		accepted; they speak of key types that we do not carry
 *
 * A list of addresses has elements between commas: an address, a network as
 * 192.0.2.0/24 or 2001:db8::/32, or a pattern with "*" and "?" for the
 * address in its usual spelling (the one of inet_ntop(3)).  One that matches
 * behind a "!" refuses the line, whatever else matches.  IPv4 addresses
 * mapped into IPv6 count as IPv4, on both sides, and no other IPv6 network
 * holds an IPv4 address.  Host names may stand in the list but never match,
 * also behind a "!", since no name is looked up.  Malformed: an empty element
 * or list, a network with bits set behind its prefix, what can only be meant
 * as an address and is none, blanks, zones ("%eth0"), and any character that
 * is neither ASCII letter nor digit nor one of *?.:-_ and "/"
 *
 * A time is YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a "Z" for UTC.
 * WITHOUT "Z" IT IS TAKEN AS UTC, TOO, where sshd takes the local time of its
 * system: a sandboxed process has no time zones.  So west of Greenwich such
 * a key expires some hours earlier than sshd would have it, and east of it
 * up to 14 hours later.  Who minds writes the "Z".
 */
#define AUTHORIZED_KEYS_TEXT_MAX	(1024 * 1024)
/* The longest blob in base64 and its options; longer lines are skipped. */
#define AUTHORIZED_KEYS_LINE_MAX	(16 * 1024)
#define AUTHORIZED_KEYS_UNIT_MAX	0x7ffffffd	/* of tunnel="n" */

struct authorized_keys_query {
	struct view blob;	/* the public key that was offered */
	/*
	 * Numeric address of the peer, maybe with a zone, which is ignored.
	 * Empty when there is none, as behind a pipe, or not an address:
	 * then no list of addresses matches.
	 */
	struct view address;
	int64_t now;		/* seconds since 1970, UTC */
};

/* Why a line that has the key does not admit it; the first that holds. */
enum authorized_keys_reason {
	AUTHORIZED_KEYS_NONE,		/* it does admit it */
	AUTHORIZED_KEYS_NOT_FOUND,	/* no line has the key */
	AUTHORIZED_KEYS_BAD_OPTION,	/* unknown or malformed */
	AUTHORIZED_KEYS_CA,		/* the line is for certificates */
	AUTHORIZED_KEYS_EXPIRED,
	AUTHORIZED_KEYS_FROM		/* not from this address */
};

struct authorized_keys_answer {
	/* Of the last line that has the key, when none admits it. */
	enum authorized_keys_reason reason;
	unsigned long line;	/* the deciding one, from 1; 0: NOT_FOUND */
	/* The rest is false and 0 unless the key is admitted. */
	bool permits_tunnel;
	bool has_unit;		/* only with permits_tunnel */
	uint32_t unit;		/* that must be used, if has_unit */
};

/*
 * Ask a text whether it admits a key.  The first line that does decides; a
 * line that has the key and refuses it says nothing about later ones.  What
 * is skipped: blank lines, comments, lines that are too long, hold a NUL or
 * no well-formed key.  All lines are read and judged, whichever has the key,
 * so that the time taken does not tell whether one has.
 *
 * query:   its blob must be of a key type that we carry.
 * answerp: set on success and with SSHTAP_ERR_NOT_FOUND and
 *          SSHTAP_ERR_REFUSED; untouched otherwise.
 * Returns 0 when the key is admitted, SSHTAP_ERR_NOT_FOUND (no line has it),
 * SSHTAP_ERR_REFUSED (none of the lines that have it admits it),
 * SSHTAP_ERR_TOO_BIG (text), SSHTAP_ERR_TRUNCATED or SSHTAP_ERR_UNSUPPORTED
 * (type of the blob), SSHTAP_ERR_ALLOC.
 */
int authorized_keys_check(const struct view *text,
    const struct authorized_keys_query *query,
    struct authorized_keys_answer *answerp);

#endif /* AUTHORIZED_KEYS_H */

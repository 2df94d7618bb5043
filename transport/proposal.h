/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PROPOSAL_H
#define PROPOSAL_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * SSH_MSG_KEXINIT and the choice it leads to: pure functions over bytes.
 * Reference: RFC 4253 section 7.1, ext-info: RFC 8308 section 2.1, strict
 * KEX: OpenSSH PROTOCOL, "strict key exchange extension" (its section number
 * is not the same in all releases).
 */
enum proposal_list {
	PROPOSAL_KEX,
	PROPOSAL_HOSTKEY,
	PROPOSAL_CIPHER_C2S,
	PROPOSAL_CIPHER_S2C,
	PROPOSAL_MAC_C2S,
	PROPOSAL_MAC_S2C,
	PROPOSAL_COMPRESSION_C2S,
	PROPOSAL_COMPRESSION_S2C,
	PROPOSAL_LANGUAGE_C2S,
	PROPOSAL_LANGUAGE_S2C,
	PROPOSAL_COUNT
};

#define PROPOSAL_COOKIE_SIZE	16
#define PROPOSAL_NAME_MAX	64	/* RFC 4251 section 6 */

/* Markers in the kex list of a first KEXINIT. */
#define PROPOSAL_EXT_INFO_C	"ext-info-c"
#define PROPOSAL_EXT_INFO_S	"ext-info-s"
#define PROPOSAL_STRICT_C	"kex-strict-c-v00@openssh.com"
#define PROPOSAL_STRICT_S	"kex-strict-s-v00@openssh.com"

/* A parsed KEXINIT: views into its payload. */
struct proposal {
	struct view list[PROPOSAL_COUNT];
	bool guess_follows;		/* first_kex_packet_follows */
};

/* What both sides settled on; NUL-terminated names. */
struct proposal_choice {
	char kex[PROPOSAL_NAME_MAX + 1];
	char hostkey[PROPOSAL_NAME_MAX + 1];
	char cipher_c2s[PROPOSAL_NAME_MAX + 1];
	char cipher_s2c[PROPOSAL_NAME_MAX + 1];
	char compression_c2s[PROPOSAL_NAME_MAX + 1];
	char compression_s2c[PROPOSAL_NAME_MAX + 1];
	bool guess_wrong;	/* ignore the peer's next kex packet */
};

/*
 * Write a KEXINIT payload, message number first.
 *
 * cookie:  PROPOSAL_COOKIE_SIZE random bytes.
 * lists:   PROPOSAL_COUNT C strings.
 */
int proposal_put(struct buf *out, const uint8_t *cookie,
    const char *const *lists);

/*
 * Parse a payload that begins with the message number.
 * Returns 0, SSHTAP_ERR_TRUNCATED, SSHTAP_ERR_TRAILING, SSHTAP_ERR_TOO_BIG
 * (a list over NAMELIST_MAX), SSHTAP_ERR_PROTOCOL (another message).
 */
int proposal_parse(const struct view *payload, struct proposal *p);

/*
 * Choose from two proposals.  The markers are never chosen.  All our ciphers
 * are AEAD, so the MAC lists are not consulted.
 *
 * peer_is_server: whose guess may be wrong: the peer's.
 * failedp: on SSHTAP_ERR_NO_COMMON, which list had nothing in common.
 * Returns 0, SSHTAP_ERR_NO_COMMON, SSHTAP_ERR_TOO_BIG (a name too long).
 */
int proposal_choose(const struct proposal *client,
    const struct proposal *server, bool peer_is_server,
    struct proposal_choice *c, enum proposal_list *failedp);

/* What a list is called when a user reads about it ("key exchange"). */
const char *proposal_list_text(enum proposal_list which);

#endif /* PROPOSAL_H */

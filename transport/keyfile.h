/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KEYFILE_H
#define KEYFILE_H

#include "lib/view.h"
#include "transport/key.h"

/*
 * Texts of key files; reading them from disk is the caller's.
 */
#define KEYFILE_TEXT_MAX	(64 * 1024)

/*
 * An OpenSSH private key ("BEGIN OPENSSH PRIVATE KEY").
 *
 * keyp:    the private key; untouched when it is encrypted.
 * pubp:    NULL, or the public blob that stands in clear in front of it, on
 *          the heap, length in *pub_lenp; also set with
 *          SSHTAP_ERR_ENCRYPTED, so that the agent can be asked for it.
 * commentp: NULL, or the comment, freed by the caller; may be empty.
 * Returns 0, SSHTAP_ERR_ENCRYPTED, SSHTAP_ERR_UNSUPPORTED (another format or
 * key type, security-key types included), SSHTAP_ERR_FORMAT,
 * SSHTAP_ERR_TRUNCATED, SSHTAP_ERR_TRAILING, SSHTAP_ERR_WEAK_KEY,
 * SSHTAP_ERR_CRYPTO, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_ALLOC.
 * Reference: OpenSSH PROTOCOL.key.
 */
int keyfile_parse_private(const struct view *text, struct key **keyp,
    uint8_t **pubp, size_t *pub_lenp, char **commentp);

/*
 * One line "type base64 [comment]" as in *.pub, *-cert.pub and behind the
 * hosts of known_hosts.  The type word must be the one inside the blob.
 *
 * blobp:   decoded, on the heap, at most KEY_BLOB_MAX bytes.
 * restp:   NULL, or what follows the key.
 * Returns 0, SSHTAP_ERR_FORMAT, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_ALLOC.
 */
int keyfile_parse_public(const struct view *line, uint8_t **blobp,
    size_t *blob_lenp, struct view *restp);

/*
 * Append the text of a private key file, without encryption.
 *
 * comment: a line for people; may be empty.
 * Returns 0, SSHTAP_ERR_STATE (a public key), SSHTAP_ERR_UNSUPPORTED (not
 * Ed25519: the only type that sshtapd makes), SSHTAP_ERR_CRYPTO, or what
 * buf_put returns.
 */
int keyfile_put_private(struct buf *out, const struct key *k,
    const char *comment);

/* The same for the public half: "type base64 comment" and LF. */
int keyfile_put_public(struct buf *out, const struct view *blob,
    const char *comment);

/* base64 of any length, appended to out.  Strict: no blanks, exact padding. */
int keyfile_decode_base64(const struct view *text, struct buf *out);
int keyfile_encode_base64(const struct view *bytes, struct buf *out);

#endif /* KEYFILE_H */

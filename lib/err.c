/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The texts of the error codes, one for each, indexed by the code with its
 * sign turned.  They name the condition and not the place, so that "what was
 * attempted: text" reads as a sentence in a log.
 */

#include "lib/err.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const texts[] = {
	[0] = "success",
	[-SSHTAP_ERR_INTERNAL] = "internal error",
	[-SSHTAP_ERR_ALLOC] = "out of memory",
	[-SSHTAP_ERR_ARGUMENT] = "argument out of range",
	[-SSHTAP_ERR_SYSTEM] = "system error",
	[-SSHTAP_ERR_AGAIN] = "not ready yet",
	[-SSHTAP_ERR_TRUNCATED] = "message ends too early",
	[-SSHTAP_ERR_TRAILING] = "message has bytes left over",
	[-SSHTAP_ERR_FORMAT] = "malformed",
	[-SSHTAP_ERR_TOO_BIG] = "over the size limit",
	[-SSHTAP_ERR_CRYPTO] = "libcrypto refused the operation",
	[-SSHTAP_ERR_MAC] = "packet is corrupt",
	[-SSHTAP_ERR_PROTOCOL] = "protocol violated by the peer",
	[-SSHTAP_ERR_VERSION] = "peer does not speak SSH 2.0",
	[-SSHTAP_ERR_NO_COMMON] = "no algorithm in common",
	[-SSHTAP_ERR_UNSUPPORTED] = "not supported",
	[-SSHTAP_ERR_WEAK_KEY] = "RSA key is too short",
	[-SSHTAP_ERR_SIGNATURE] = "signature does not verify",
	[-SSHTAP_ERR_ENCRYPTED] = "key file is encrypted",
	[-SSHTAP_ERR_HOSTKEY] = "host key refused",
	[-SSHTAP_ERR_AUTH] = "no authentication method accepted",
	[-SSHTAP_ERR_DISCONNECT] = "disconnected by the peer",
	[-SSHTAP_ERR_CLOSED] = "connection closed",
	[-SSHTAP_ERR_TIMEOUT] = "timed out",
	[-SSHTAP_ERR_STATE] = "not possible in this state",
	[-SSHTAP_ERR_WINDOW] = "window exhausted",
	[-SSHTAP_ERR_GONE] = "device no longer exists",
	[-SSHTAP_ERR_DROPPED] = "frame dropped",
	[-SSHTAP_ERR_AGENT] = "agent refused",
	[-SSHTAP_ERR_COMPRESS] = "compressed data is malformed",
	[-SSHTAP_ERR_NOT_FOUND] = "not found",
	[-SSHTAP_ERR_PERMISSION] = "permissions are too open",
	[-SSHTAP_ERR_REFUSED] = "refused by the peer",
};

#define TEXT_COUNT	(sizeof(texts) / sizeof(texts[0]))

static_assert(TEXT_COUNT == 1 - SSHTAP_ERR_LAST,
    "every error code has a text");

const char *
err_text(int r)
{
	if (r == SSHTAP_ERR_SYSTEM)
		return strerror(errno);
	if (r > 0 || r < SSHTAP_ERR_LAST || texts[-r] == NULL)
		return "unknown error";
	return texts[-r];
}

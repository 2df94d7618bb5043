/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ERR_H
#define ERR_H

/*
 * Error codes of every function in the tree: 0 is success, these are the
 * failures.  SSHTAP_ERR_SYSTEM leaves errno set.  AGAIN is not a fault: it
 * says that the call can go on once more bytes, space or credit are there.
 */
enum sshtap_err {
	SSHTAP_ERR_INTERNAL = -1,	/* our own bug */
	SSHTAP_ERR_ALLOC = -2,
	SSHTAP_ERR_ARGUMENT = -3,	/* our caller's is out of range */
	SSHTAP_ERR_SYSTEM = -4,		/* a system call failed, see errno */
	SSHTAP_ERR_AGAIN = -5,
	SSHTAP_ERR_TRUNCATED = -6,	/* a message ends too early */
	SSHTAP_ERR_TRAILING = -7,	/* a message has bytes left over */
	SSHTAP_ERR_FORMAT = -8,		/* malformed text or message */
	SSHTAP_ERR_TOO_BIG = -9,	/* over a documented limit */
	SSHTAP_ERR_CRYPTO = -10,	/* libcrypto refused */
	SSHTAP_ERR_MAC = -11,		/* wrong length, padding or tag */
	SSHTAP_ERR_PROTOCOL = -12,	/* the peer broke a rule */
	SSHTAP_ERR_VERSION = -13,	/* the peer does not speak SSH 2.0 */
	SSHTAP_ERR_NO_COMMON = -14,	/* no algorithm in common */
	SSHTAP_ERR_UNSUPPORTED = -15,	/* type or algorithm we do not carry */
	SSHTAP_ERR_WEAK_KEY = -16,	/* RSA modulus below the minimum */
	SSHTAP_ERR_SIGNATURE = -17,	/* a signature does not verify */
	SSHTAP_ERR_ENCRYPTED = -18,	/* the key file is encrypted */
	SSHTAP_ERR_HOSTKEY = -19,	/* the host key was refused */
	SSHTAP_ERR_AUTH = -20,		/* no method was accepted */
	SSHTAP_ERR_DISCONNECT = -21,	/* the peer sent SSH_MSG_DISCONNECT */
	SSHTAP_ERR_CLOSED = -22,	/* the connection ended */
	SSHTAP_ERR_TIMEOUT = -23,
	SSHTAP_ERR_STATE = -24,		/* not now: another state is needed */
	SSHTAP_ERR_WINDOW = -25,	/* more than the window allows */
	SSHTAP_ERR_GONE = -26,		/* the device does not exist any more */
	SSHTAP_ERR_DROPPED = -27,	/* one frame was dropped and counted */
	SSHTAP_ERR_AGENT = -28,		/* it refused or answered nonsense */
	SSHTAP_ERR_COMPRESS = -29,	/* compressed data is malformed */
	SSHTAP_ERR_NOT_FOUND = -30,
	SSHTAP_ERR_PERMISSION = -31,	/* file modes are too open */
	SSHTAP_ERR_REFUSED = -32,	/* the peer refused the request */
	SSHTAP_ERR_LAST = -32
};

/*
 * The text of an error code, without a full stop, never NULL.
 *
 * r:       0 or an enum sshtap_err; for SSHTAP_ERR_SYSTEM the text is that
 *          of the present errno.
 * Owner:   a constant, or strerror(3)'s buffer: valid until the next call.
 */
const char *err_text(int r);

#endif /* ERR_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KNOWN_HOSTS_H
#define KNOWN_HOSTS_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/key.h"

/*
 * Text of known_hosts files; reading them from disk is the caller's.
 * Reference: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 */
#define KNOWN_HOSTS_TEXT_MAX	(16 * 1024 * 1024)
#define KNOWN_HOSTS_LINE_MAX	(64 * 1024)	/* longer lines are skipped */
#define KNOWN_HOSTS_NAME_MAX	1025		/* "[host]:port" and NUL */

/* From weak to strong: the strongest that any line gives is the answer. */
enum known_hosts_answer {
	KNOWN_HOSTS_NEW,	/* no line names this host */
	KNOWN_HOSTS_OTHER_TYPE,	/* lines name it, none with this key type */
	KNOWN_HOSTS_CHANGED,	/* this key type is there with another key */
	KNOWN_HOSTS_MATCH,	/* this key is this host's */
	KNOWN_HOSTS_REVOKED	/* this key is marked @revoked */
};

struct known_hosts_result {
	enum known_hosts_answer answer;
	unsigned long line;	/* the deciding line, from 1; 0 when NEW */
};

/*
 * The name under which a host is filed: lower case, "[host]:port" unless the
 * port is 22.  Returns 0, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_FORMAT (empty, or a
 * character in the name that a known_hosts line would take for something
 * else: blank, control, any of ,*?!|#@), SSHTAP_ERR_ARGUMENT (port).
 */
int known_hosts_name(const char *host, unsigned port,
    char out[KNOWN_HOSTS_NAME_MAX]);

/*
 * Look one name and key up in one text.  Malformed lines are skipped and
 * counted in *skippedp (NULL allowed).  @cert-authority lines do not match a
 * plain key and are no reason to call it changed.
 *
 * Returns 0, SSHTAP_ERR_TOO_BIG (text), SSHTAP_ERR_TRUNCATED (blob),
 * SSHTAP_ERR_CRYPTO, SSHTAP_ERR_ALLOC.
 */
int known_hosts_check(const struct view *text, const char *name,
    const struct view *blob, struct known_hosts_result *resultp,
    unsigned long *skippedp);

/*
 * Append to algs (a name-list of host key algorithms, maybe empty) those of
 * preference whose key type is filed under name, so that a client can ask
 * for a key it can check.
 */
int known_hosts_algorithms(const struct view *text, const char *name,
    const struct view *preference, struct buf *algs);

/*
 * Append a line, with its LF, that files blob under name.
 *
 * hashed:  hide the name behind a random salt (HashKnownHosts).
 */
int known_hosts_put_line(struct buf *out, const char *name,
    const struct view *blob, bool hashed);

#endif /* KNOWN_HOSTS_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Files are read and the agent is asked before the connection is made: the
 * process may give up the rights to do so afterwards.  A private key is kept
 * only if the agent does not hold it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/agentconn.h"
#include "client/expand.h"
#include "client/identity.h"
#include "lib/err.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/key.h"
#include "transport/keyfile.h"
#include "transport/namelist.h"

#define NAME_MAX_SHOWN	256
#define CERT_SUFFIX	"-cert-v01@openssh.com"

struct identity {
	char name[NAME_MAX_SHOWN];
	struct buf blob;		/* what is offered */
	struct key *key;		/* signs, unless the agent does */
	bool owns_key;			/* a certificate borrows its key's */
	bool in_agent;
	bool configured;		/* named by IdentityFile */
	bool is_encrypted;
	struct buf agent_blob;		/* under which the agent knows it */
};

struct identities {
	struct identity *item[IDENTITIES_MAX];
	size_t n;
	struct agentconn *agent;
};

static void
identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	buf_clear(&id->blob);
	buf_clear(&id->agent_blob);
	if (id->owns_key)
		key_free(id->key);
	free(id);
}

static int
identity_new(const char *name, const struct view *blob, struct identity **idp)
{
	struct identity *id;
	int r;

	if (blob->len > KEY_BLOB_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((id = calloc(1, sizeof(*id))) == NULL)
		return SSHTAP_ERR_ALLOC;
	buf_init(&id->blob, KEY_BLOB_MAX);
	buf_init(&id->agent_blob, KEY_BLOB_MAX);
	text_clean(id->name, sizeof(id->name), name, strlen(name), false);
	if ((r = buf_put_view(&id->blob, blob)) != 0) {
		identity_free(id);
		return r;
	}
	*idp = id;
	return 0;
}

/* Insert before position n; takes id over, also when it fails. */
static int
insert(struct identities *is, size_t n, struct identity *id)
{
	if (is->n == IDENTITIES_MAX) {
		identity_free(id);
		return SSHTAP_ERR_TOO_BIG;
	}
	memmove(&is->item[n + 1], &is->item[n],
	    (is->n - n) * sizeof(is->item[0]));
	is->item[n] = id;
	is->n++;
	return 0;
}

static struct identity *
find(const struct identities *is, const struct view *blob)
{
	struct view v;
	size_t n;

	for (n = 0; n < is->n; n++) {
		v = buf_view(&is->item[n]->blob);
		if (view_equals(&v, blob))
			return is->item[n];
	}
	return NULL;
}

static struct view
blob_type(const struct view *blob)
{
	struct view v = *blob, type;

	return view_get_string(&v, &type) == 0 ? type : view_of(NULL, 0);
}

/* The agent's keys come first, in its order. */
static int
take_agent_key(void *ctx, const struct view *blob, const struct view *comment)
{
	struct identities *is = ctx;
	struct identity *id;
	char name[NAME_MAX_SHOWN], shown[NAME_MAX_SHOWN - 16];
	int r;

	if (find(is, blob) != NULL || blob->len > KEY_BLOB_MAX)
		return 0;
	text_clean(shown, sizeof(shown), comment->p, comment->len, false);
	snprintf(name, sizeof(name), "agent key \"%s\"", shown);
	if ((r = identity_new(name, blob, &id)) != 0)
		return r;
	id->in_agent = true;
	if ((r = buf_put_view(&id->agent_blob, blob)) != 0) {
		identity_free(id);
		return r;
	}
	return insert(is, is->n, id);
}

static void
ask_agent(struct identities *is, const char *path)
{
	int r;

	if ((r = agentconn_open(path, &is->agent)) != 0) {
		log_debug_r(r, "no agent at %s", path);
		return;
	}
	if ((r = agentconn_list(is->agent, take_agent_key, is)) != 0)
		log_warn_r(r, "cannot list the keys of the agent at %s", path);
}

/*
 * Why a key file is not used, and what to do.  A missing default is no news.
 */
static void
explain(const char *path, int r, bool is_default)
{
	switch (r) {
	case SSHTAP_ERR_NOT_FOUND:
		if (is_default)
			log_debug("no key file %s", path);
		else
			log_warn("key file %s does not exist (IdentityFile, "
			    "-i)", path);
		break;
	case SSHTAP_ERR_PERMISSION:
		log_warn("key file %s is not used: others may read it: "
		    "chmod 600 %s", path, path);
		break;
	case SSHTAP_ERR_UNSUPPORTED:
		log_warn("key file %s is not used: only ssh-ed25519, "
		    "ecdsa-sha2-nistp256 and ssh-rsa keys in OpenSSH format "
		    "are (ssh-keygen -p -f %s rewrites older formats)", path,
		    path);
		break;
	case SSHTAP_ERR_WEAK_KEY:
		log_warn("key file %s is not used: RSA keys need at least "
		    "%d bits", path, KEY_RSA_BITS_MIN);
		break;
	default:
		log_warn_r(r, "key file %s cannot be used", path);
	}
}

/* An encrypted key is still offered, so that we can say it would do. */
static int
parse_private(const struct view *text, struct key **keyp, struct buf *pub,
    bool *encryptedp)
{
	uint8_t *blob = NULL;
	size_t len = 0;
	int r;

	r = keyfile_parse_private(text, keyp, &blob, &len, NULL);
	*encryptedp = r == SSHTAP_ERR_ENCRYPTED;
	if (r == SSHTAP_ERR_ENCRYPTED && blob != NULL)
		r = 0;
	if (r == 0)
		r = buf_put(pub, blob, len);
	free(blob);
	return r;
}

/* A file that holds a public key in one line. */
static int
read_public(const char *path, struct buf *pub)
{
	struct buf text;
	struct view v, line;
	uint8_t *blob = NULL;
	size_t len;
	int r;

	buf_init(&text, KEYFILE_TEXT_MAX);
	if ((r = file_read(path, FILE_ANY, &text)) != 0)
		goto out;
	v = buf_view(&text);
	r = SSHTAP_ERR_FORMAT;
	if (view_get_line(&v, &line) &&
	    (r = keyfile_parse_public(&line, &blob, &len, NULL)) == 0)
		r = buf_put(pub, blob, len);
 out:
	free(blob);
	buf_clear(&text);
	return r;
}

/*
 * IdentityFile may name a public key whose private half the agent holds, or
 * a private key that is elsewhere while its public half is here.
 */
static int
read_key_file(const char *path, struct key **keyp, struct buf *pub,
    bool *encryptedp)
{
	struct buf text;
	struct view v;
	char *beside;
	int r;

	*encryptedp = false;
	if (read_public(path, pub) == 0)
		return 0;
	buf_init(&text, KEYFILE_TEXT_MAX);
	if ((r = file_read(path, FILE_SECRET, &text)) == 0) {
		v = buf_view(&text);
		r = parse_private(&v, keyp, pub, encryptedp);
	} else if (r == SSHTAP_ERR_NOT_FOUND) {
		if ((beside = text_format("%s.pub", path)) == NULL)
			r = SSHTAP_ERR_ALLOC;
		else if (read_public(beside, pub) == 0)
			r = 0;
		free(beside);
	}
	buf_clear(&text);
	return r;
}

/* Move an agent's key that is also configured to the place n. */
static void
promote(struct identities *is, struct identity *id, size_t n)
{
	size_t at;

	for (at = 0; is->item[at] != id; at++)
		;
	if (at < n)
		return;
	memmove(&is->item[n + 1], &is->item[n], (at - n) * sizeof(is->item[0]));
	is->item[n] = id;
}

/* npromotedp: agent keys that are configured lie in front of this place. */
static int
add_public(struct identities *is, const char *path, const struct view *pub,
    size_t *npromotedp, struct identity **idp)
{
	struct identity *id = find(is, pub);
	int r;

	*idp = NULL;
	if (id != NULL) {
		if (id->in_agent && !id->configured)
			promote(is, id, (*npromotedp)++);
		id->configured = true;
		return 0;
	}
	if ((r = identity_new(path, pub, &id)) != 0)
		return r;
	id->configured = true;
	if ((r = insert(is, is->n, id)) == 0)
		*idp = id;
	return r;
}

static int
add_file(struct identities *is, const char *path, bool is_default,
    size_t *npromotedp)
{
	struct identity *id = NULL;
	struct key *key = NULL;
	struct buf pub;
	struct view v;
	bool encrypted;
	int r;

	buf_init(&pub, KEY_BLOB_MAX);
	if ((r = read_key_file(path, &key, &pub, &encrypted)) != 0)
		goto out;
	v = buf_view(&pub);
	if ((r = add_public(is, path, &v, npromotedp, &id)) != 0 ||
	    id == NULL)
		goto out;
	id->is_encrypted = encrypted;
	id->key = key;
	id->owns_key = true;
	key = NULL;
 out:
	if (r != 0)
		explain(path, r, is_default);
	key_free(key);
	buf_clear(&pub);
	return r == SSHTAP_ERR_ALLOC ? r : 0;
}

/* The key that a certificate belongs to; its place in *np. */
static struct identity *
find_certified(const struct identities *is, const struct view *cert, size_t *np)
{
	struct view v;

	for (*np = 0; *np < is->n; (*np)++) {
		v = buf_view(&is->item[*np]->blob);
		if (key_cert_matches(cert, &v) == 0)
			return is->item[*np];
	}
	return NULL;
}

static int
add_certificate_blob(struct identities *is, const char *path,
    const struct view *cert)
{
	struct identity *id, *key;
	size_t n;
	int r;

	if (find(is, cert) != NULL)
		return 0;
	if ((key = find_certified(is, cert, &n)) == NULL) {
		log_warn("certificate %s is not used: there is no key for it",
		    path);
		return 0;
	}
	if ((r = identity_new(path, cert, &id)) != 0)
		return r;
	id->key = key->key;
	id->in_agent = key->in_agent;
	id->configured = true;
	id->is_encrypted = key->is_encrypted;
	if (key->in_agent) {
		struct view v = buf_view(&key->agent_blob);

		if ((r = buf_put_view(&id->agent_blob, &v)) != 0) {
			identity_free(id);
			return r;
		}
	}
	return insert(is, n, id);
}

static int
add_certificate(struct identities *is, const char *path, bool is_default)
{
	struct buf cert;
	struct view v;
	int r;

	buf_init(&cert, KEY_BLOB_MAX);
	if ((r = read_public(path, &cert)) == 0) {
		v = buf_view(&cert);
		r = add_certificate_blob(is, path, &v);
	}
	if (r == SSHTAP_ERR_NOT_FOUND && is_default)
		log_debug("no certificate %s", path);
	else if (r != 0)
		log_warn_r(r, "certificate %s is not used", path);
	buf_clear(&cert);
	return r == SSHTAP_ERR_ALLOC ? r : 0;
}

static int
add_files(struct identities *is, const struct config *c)
{
	size_t i, npromoted = 0;
	char *path;
	int r;

	for (i = 0; i < c->identities.n; i++)
		if ((r = add_file(is, c->identities.item[i],
		    c->identities_are_default, &npromoted)) != 0)
			return r;
	for (i = 0; i < c->certificates.n; i++)
		if ((r = add_certificate(is, c->certificates.item[i],
		    false)) != 0)
			return r;
	for (i = 0; i < c->identities.n; i++) {
		path = text_format("%s-cert.pub", c->identities.item[i]);
		if (path == NULL)
			return SSHTAP_ERR_ALLOC;
		r = add_certificate(is, path, true);
		free(path);
		if (r != 0)
			return r;
	}
	return 0;
}

/* IdentitiesOnly: of the agent's keys only the configured ones. */
static void
drop_unconfigured(struct identities *is)
{
	size_t i, kept = 0;

	for (i = 0; i < is->n; i++) {
		if (is->item[i]->configured)
			is->item[kept++] = is->item[i];
		else
			identity_free(is->item[i]);
	}
	is->n = kept;
}

int
identities_load(const struct config *c, struct identities **isp)
{
	struct identities *is;
	int r;

	if ((is = calloc(1, sizeof(*is))) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (c->identity_agent != NULL && c->pubkey_auth)
		ask_agent(is, c->identity_agent);
	if (c->pubkey_auth && (r = add_files(is, c)) != 0) {
		identities_free(is);
		return r;
	}
	if (c->identities_only)
		drop_unconfigured(is);
	*isp = is;
	return 0;
}

void
identities_free(struct identities *is)
{
	size_t i;

	if (is == NULL)
		return;
	for (i = 0; i < is->n; i++)
		identity_free(is->item[i]);
	agentconn_close(is->agent);
	free(is);
}

size_t
identities_count(const struct identities *is)
{
	return is->n;
}

struct identity *
identities_get(const struct identities *is, size_t n)
{
	return is->item[n];
}

const char *
identity_name(const struct identity *id)
{
	return id->name;
}

struct view
identity_blob(const struct identity *id)
{
	return buf_view(&id->blob);
}

bool
identity_is_encrypted(const struct identity *id)
{
	return id->is_encrypted && !id->in_agent;
}

/* The key type without the certificate suffix. */
static struct view
plain_type(const struct view *type, bool *is_certp)
{
	struct view v = *type;
	size_t n = strlen(CERT_SUFFIX);

	*is_certp = v.len > n &&
	    memcmp(v.p + v.len - n, CERT_SUFFIX, n) == 0;
	if (*is_certp)
		v.len -= n;
	return v;
}

/* An RSA key signs with two algorithms, the others with one. */
static bool
algorithm_fits(const struct view *plain, const struct view *algorithm)
{
	if (view_is(plain, "ssh-rsa"))
		return view_starts_with(algorithm, "rsa-sha2-");
	return view_equals(plain, algorithm);
}

int
identity_algorithm(const struct identity *id,
    const struct view *server_sig_algs, const struct view *allowed,
    struct buf *out)
{
	struct view blob = buf_view(&id->blob), type = blob_type(&blob);
	struct view plain, list = *allowed, name;
	bool is_cert;

	plain = plain_type(&type, &is_cert);
	while (view_get_name(&list, &name)) {
		if (!algorithm_fits(&plain, &name))
			continue;
		if (server_sig_algs->len > 0 &&
		    !namelist_has_view(server_sig_algs, &name))
			continue;
		return is_cert ? key_cert_algorithm(&name, out) :
		    buf_put_view(out, &name);
	}
	return SSHTAP_ERR_NO_COMMON;
}

unsigned long
identities_waited_ms(const struct identities *is)
{
	return is->agent != NULL ? agentconn_waited_ms(is->agent) : 0;
}

void
identities_bind(struct identities *is, const struct view *hostkey,
    const struct view *session_id, const struct view *kex_signature)
{
	if (is->agent != NULL)
		(void)agentconn_bind(is->agent, hostkey, session_id,
		    kex_signature);
}

int
identity_sign(struct identities *is, const struct identity *id,
    const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct view blob = buf_view(&id->agent_blob);

	if (id->in_agent)
		return agentconn_sign(is->agent, &blob, algorithm, data,
		    signature);
	if (id->key == NULL)
		return id->is_encrypted ? SSHTAP_ERR_ENCRYPTED :
		    SSHTAP_ERR_NOT_FOUND;
	return key_sign(id->key, algorithm, data, signature);
}

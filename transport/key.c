/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Keys and signatures.  A key is a libcrypto key, the table of what is
 * special about its type, and its public blob.  The blob is always written
 * from the libcrypto key and never kept from the input: a blob that was read
 * must come out again byte for byte, so two keys are the same exactly when
 * their blobs are.
 *
 * Rules: a blob or signature is used up to its last byte or refused; the
 * algorithm named inside a signature must be the one that was agreed on; and
 * a private key is trusted only after a signature of it has been verified
 * with the public half from the same file, for a key pair that does not
 * belong together signs with one half and is known by the other.
 *
 * SHA-1 ("ssh-rsa" as a signature algorithm) is absent on purpose.
 */

#include "transport/key.h"

#include <openssl/evp.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "transport/key_impl.h"

/* OpenSSH PROTOCOL.certkeys, New public key formats. */
#define CERT_SUFFIX	"-cert-v01@openssh.com"

#define FINGERPRINT_PREFIX	"SHA256:"
#define SHA256_SIZE		32

/* EVP_EncodeBlock's output for a SHA-256 digest, with padding and NUL. */
#define SHA256_BASE64_SIZE	45

static_assert(KEY_RSA_BITS_MAX / 8 + 64 < KEY_SIGNATURE_MAX,
    "the longest RSA signature blob fits");
static_assert(sizeof(FINGERPRINT_PREFIX) + SHA256_BASE64_SIZE <=
    KEY_FINGERPRINT_SIZE, "a fingerprint fits");

/*
 * blob is never written to after new_key, so views of it stay valid as long
 * as the key does.
 */
struct key {
	const struct key_ops *ops;
	EVP_PKEY *pkey;
	struct buf blob;
	enum key_type type;
	bool is_private;
};

static const struct key_ops *const types[KEY_TYPE_COUNT] = {
	[KEY_ED25519] = &key_ed25519_ops,
	[KEY_ECDSA_P256] = &key_ecdsa_ops,
	[KEY_RSA] = &key_rsa_ops,
};

int
key_type_from_name(const struct view *name, enum key_type *typep)
{
	unsigned i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		if (view_is(name, types[i]->name)) {
			*typep = (enum key_type)i;
			return 0;
		}
	}
	return SSHTAP_ERR_UNSUPPORTED;
}

/*
 * Names are compared whole and by case (RFC 4251 section 6); a type has at
 * most two, so there is nothing to gain from more than a walk.
 */
static const struct key_algorithm *
find_algorithm(const struct key_ops *ops, const struct view *alg)
{
	unsigned i;

	for (i = 0; i < KEY_ALGORITHMS_MAX; i++) {
		if (ops->algorithms[i].name != NULL &&
		    view_is(alg, ops->algorithms[i].name))
			return &ops->algorithms[i];
	}
	return NULL;
}

bool
key_type_has_algorithm(enum key_type type, const struct view *alg)
{
	return (unsigned)type < KEY_TYPE_COUNT &&
	    find_algorithm(types[type], alg) != NULL;
}

int
key_build(const char *type, int selection, OSSL_PARAM_BLD *bld,
    EVP_PKEY **pkeyp)
{
	EVP_PKEY_CTX *ctx;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	int r = SSHTAP_ERR_CRYPTO;

	if ((ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL)) == NULL ||
	    (params = OSSL_PARAM_BLD_to_param(bld)) == NULL) {
		r = SSHTAP_ERR_ALLOC;
		goto out;
	}
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
		goto out;
	*pkeyp = pkey;
	r = 0;
 out:
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return r;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	buf_clear(&k->blob);
	free(k);
}

/* Takes pkey over, also on failure. */
static int
new_key(enum key_type type, EVP_PKEY *pkey, bool is_private, struct key **kp)
{
	struct key *k;
	int r;

	if ((k = calloc(1, sizeof(*k))) == NULL) {
		EVP_PKEY_free(pkey);
		return SSHTAP_ERR_ALLOC;
	}
	k->ops = types[type];
	k->type = type;
	k->pkey = pkey;
	k->is_private = is_private;
	buf_init(&k->blob, KEY_BLOB_MAX);
	if ((r = buf_put_cstring(&k->blob, k->ops->name)) != 0 ||
	    (r = k->ops->put_public(&k->blob, pkey)) != 0) {
		key_free(k);
		return r;
	}
	*kp = k;
	return 0;
}

int
key_from_blob(const struct view *blob, struct key **kp)
{
	struct view v = *blob, name, made;
	struct key *k = NULL;
	EVP_PKEY *pkey = NULL;
	enum key_type type;
	int r;

	if (blob->len > KEY_BLOB_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = view_get_string(&v, &name)) != 0 ||
	    (r = key_type_from_name(&name, &type)) != 0 ||
	    (r = types[type]->get_public(&v, &pkey)) != 0)
		return r;
	if ((r = view_end(&v)) != 0) {
		EVP_PKEY_free(pkey);
		return r;
	}
	if ((r = new_key(type, pkey, false, &k)) != 0)
		return r;
	made = key_blob(k);
	/*
	 * Every reader refuses what is not the one spelling of its value, so
	 * this is not reached; it is here because lookups in known_hosts rely
	 * on it.
	 */
	if (!view_equals(&made, blob)) {
		key_free(k);
		return SSHTAP_ERR_FORMAT;
	}
	*kp = k;
	return 0;
}

/* True when a signature made with the private half fits the public half. */
static bool
is_pair(const struct key *k)
{
	struct view alg = view_of_string(k->ops->algorithms[0].name);
	struct view data = view_of_string("key pair check"), signature;
	struct buf out;
	bool fits;

	buf_init(&out, KEY_SIGNATURE_MAX);
	fits = key_sign(k, &alg, &data, &out) == 0;
	signature = buf_view(&out);
	fits = fits && key_verify(k, &alg, &signature, &data) == 0;
	buf_clear(&out);
	return fits;
}

int
key_from_private_fields(struct view *v, struct key **kp)
{
	struct view left = *v, name;
	struct key *k = NULL;
	EVP_PKEY *pkey = NULL;
	enum key_type type;
	int r;

	if ((r = view_get_string(&left, &name)) != 0 ||
	    (r = key_type_from_name(&name, &type)) != 0 ||
	    (r = types[type]->get_private(&left, &pkey)) != 0 ||
	    (r = new_key(type, pkey, true, &k)) != 0)
		return r;
	if (!is_pair(k)) {
		key_free(k);
		return SSHTAP_ERR_FORMAT;
	}
	*kp = k;
	*v = left;
	return 0;
}

int
key_generate(enum key_type type, struct key **kp)
{
	EVP_PKEY *pkey = NULL;
	int r;

	if ((unsigned)type >= KEY_TYPE_COUNT)
		return SSHTAP_ERR_ARGUMENT;
	if ((r = types[type]->generate(&pkey)) != 0)
		return r;
	return new_key(type, pkey, true, kp);
}

int
key_put_private_fields(const struct key *k, struct buf *out)
{
	int r;

	if (!k->is_private)
		return SSHTAP_ERR_STATE;
	if (k->ops->put_private == NULL)
		return SSHTAP_ERR_UNSUPPORTED;
	if ((r = buf_put_cstring(out, k->ops->name)) != 0)
		return r;
	return k->ops->put_private(out, k->pkey);
}

enum key_type
key_type(const struct key *k)
{
	return k->type;
}

bool
key_is_private(const struct key *k)
{
	return k->is_private;
}

const char *
key_type_name(const struct key *k)
{
	return k->ops->name;
}

struct view
key_blob(const struct key *k)
{
	return buf_view(&k->blob);
}

/* libcrypto may not be given a null pointer, even for no bytes. */
static const uint8_t *
bytes_of(const struct view *v)
{
	static const uint8_t none[1];

	return v->p == NULL ? none : v->p;
}

/*
 * Both one-shot calls are used even where streaming would do: Ed25519 has no
 * other (RFC 8032 section 5.1.6 reads the message twice).  RSA padding stays
 * at libcrypto's default, PKCS #1 v1.5, which RFC 8332 section 3 asks for.
 */
static int
make_raw(EVP_PKEY *pkey, const char *digest, const struct view *data,
    struct buf *raw)
{
	EVP_MD_CTX *ctx = NULL;
	uint8_t *p;
	size_t room, len;
	int r;

	if (EVP_PKEY_get_size(pkey) <= 0)
		return SSHTAP_ERR_CRYPTO;
	room = len = (size_t)EVP_PKEY_get_size(pkey);
	if ((r = buf_put_space(raw, room, &p)) != 0)
		return r;
	r = SSHTAP_ERR_CRYPTO;
	if ((ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, pkey,
	    NULL) != 1 ||
	    EVP_DigestSign(ctx, p, &len, bytes_of(data), data->len) != 1)
		goto out;
	/*
	 * DER is of no fixed length: the size asked for was an upper bound.
	 * Out of memory, libcrypto's ECDSA says that all is well and gives
	 * the length as -1 (crypto/ec/ecdsa_ossl.c, i2d_ECDSA_SIG).
	 */
	if (len == 0 || len > room)
		goto out;
	buf_drop_end(raw, room - len);
	r = 0;
 out:
	EVP_MD_CTX_free(ctx);
	return r;
}

static int
check_raw(EVP_PKEY *pkey, const char *digest, const struct view *data,
    const struct buf *raw)
{
	struct view v = buf_view(raw);
	EVP_MD_CTX *ctx;
	int r = SSHTAP_ERR_CRYPTO;

	if ((ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, pkey,
	    NULL) != 1)
		goto out;
	/* Anything but 1 is a refusal, whatever libcrypto's reason. */
	r = EVP_DigestVerify(ctx, bytes_of(&v), v.len, bytes_of(data),
	    data->len) == 1 ? 0 : SSHTAP_ERR_SIGNATURE;
 out:
	EVP_MD_CTX_free(ctx);
	return r;
}

int
key_sign(const struct key *k, const struct view *alg,
    const struct view *data, struct buf *out)
{
	const struct key_algorithm *a;
	struct buf raw, body, blob;
	struct view v;
	int r;

	if ((a = find_algorithm(k->ops, alg)) == NULL)
		return SSHTAP_ERR_UNSUPPORTED;
	if (!k->is_private)
		return SSHTAP_ERR_STATE;
	buf_init(&raw, KEY_SIGNATURE_MAX);
	buf_init(&body, KEY_SIGNATURE_MAX);
	buf_init(&blob, KEY_SIGNATURE_MAX);
	if ((r = make_raw(k->pkey, a->digest, data, &raw)) != 0)
		goto out;
	v = buf_view(&raw);
	if ((r = k->ops->put_signature(&body, &v)) != 0)
		goto out;
	v = buf_view(&body);
	if ((r = buf_put_cstring(&blob, a->name)) != 0 ||
	    (r = buf_put_string_view(&blob, &v)) != 0)
		goto out;
	v = buf_view(&blob);
	r = buf_put_view(out, &v);
 out:
	buf_clear(&blob);
	buf_clear(&body);
	buf_clear(&raw);
	return r;
}

int
key_verify(const struct key *k, const struct view *alg,
    const struct view *signature, const struct view *data)
{
	const struct key_algorithm *a;
	struct view v = *signature, name, body;
	struct buf raw;
	int r;

	if ((a = find_algorithm(k->ops, alg)) == NULL)
		return SSHTAP_ERR_UNSUPPORTED;
	if (signature->len > KEY_SIGNATURE_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = view_get_string(&v, &name)) != 0 ||
	    (r = view_get_string(&v, &body)) != 0 ||
	    (r = view_end(&v)) != 0)
		return r;
	/*
	 * RFC 8332 section 3: the blob of an RSA key fits several algorithms,
	 * so without this a peer could fall back on a weaker one unseen.
	 */
	if (!view_equals(&name, alg))
		return SSHTAP_ERR_SIGNATURE;
	buf_init(&raw, KEY_SIGNATURE_MAX);
	if ((r = k->ops->get_signature(k->pkey, &body, &raw)) == 0)
		r = check_raw(k->pkey, a->digest, data, &raw);
	buf_clear(&raw);
	return r;
}

int
key_fingerprint(const struct view *blob, char out[KEY_FINGERPRINT_SIZE])
{
	unsigned char digest[SHA256_SIZE], text[SHA256_BASE64_SIZE];
	size_t len;

	if (EVP_Q_digest(NULL, "SHA256", NULL, bytes_of(blob), blob->len,
	    digest, &len) != 1 || len != sizeof(digest))
		return SSHTAP_ERR_CRYPTO;
	(void)EVP_EncodeBlock(text, digest, (int)sizeof(digest));
	/* 32 bytes leave one padding character, which ssh never shows. */
	text[SHA256_BASE64_SIZE - 2] = '\0';
	memcpy(out, FINGERPRINT_PREFIX, sizeof(FINGERPRINT_PREFIX) - 1);
	memcpy(out + sizeof(FINGERPRINT_PREFIX) - 1, text,
	    SHA256_BASE64_SIZE - 1);
	return 0;
}

/* The key type in front of the certificate suffix. */
static int
get_cert_type(struct view *v, enum key_type *typep)
{
	const size_t suffix_len = sizeof(CERT_SUFFIX) - 1;
	struct view name, suffix;
	int r;

	if ((r = view_get_string(v, &name)) != 0)
		return r;
	if (name.len < suffix_len)
		return SSHTAP_ERR_UNSUPPORTED;
	suffix = view_of(name.p + name.len - suffix_len, suffix_len);
	if (!view_is(&suffix, CERT_SUFFIX))
		return SSHTAP_ERR_UNSUPPORTED;
	name.len -= suffix_len;
	return key_type_from_name(&name, typep);
}

/*
 * What follows the key in a certificate.  It is for the server to judge; we
 * only see to it that nothing malformed is sent on.
 */
static int
skip_cert_tail(struct view *v)
{
	struct view skipped;
	uint64_t number;
	uint32_t type;
	unsigned i;
	int r;

	/* Serial, type, key id, principals, valid after, valid before. */
	if ((r = view_get_u64(v, &number)) != 0 ||
	    (r = view_get_u32(v, &type)) != 0 ||
	    (r = view_get_string(v, &skipped)) != 0 ||
	    (r = view_get_string(v, &skipped)) != 0 ||
	    (r = view_get_u64(v, &number)) != 0 ||
	    (r = view_get_u64(v, &number)) != 0)
		return r;
	/* Critical options, extensions, reserved, CA's key, signature. */
	for (i = 0; i < 5; i++) {
		if ((r = view_get_string(v, &skipped)) != 0)
			return r;
	}
	return view_end(v);
}

/*
 * The key fields of a certificate are laid out as in a plain blob, so once
 * they are known to be well-formed a comparison of bytes is enough.
 */
int
key_cert_matches(const struct view *cert, const struct view *plain)
{
	struct view v = *cert, w = *plain, name, nonce, fields;
	EVP_PKEY *pkey = NULL;
	enum key_type type;
	int r;

	if (cert->len > KEY_BLOB_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = get_cert_type(&v, &type)) != 0 ||
	    (r = view_get_string(&v, &nonce)) != 0)
		return r;
	fields = v;
	if ((r = types[type]->get_public(&v, &pkey)) != 0)
		return r;
	EVP_PKEY_free(pkey);
	fields.len -= v.len;
	if ((r = skip_cert_tail(&v)) != 0 ||
	    (r = view_get_string(&w, &name)) != 0)
		return r;
	if (!view_is(&name, types[type]->name) || !view_equals(&w, &fields))
		return SSHTAP_ERR_NOT_FOUND;
	return 0;
}

int
key_cert_algorithm(const struct view *alg, struct buf *out)
{
	unsigned i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		const struct key_algorithm *a;

		if ((a = find_algorithm(types[i], alg)) != NULL)
			return buf_put_format(out, "%s" CERT_SUFFIX, a->name);
	}
	return SSHTAP_ERR_UNSUPPORTED;
}

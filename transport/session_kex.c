/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One key exchange, first or later.  Client: KEXINIT both ways, our INIT,
 * their REPLY, NEWKEYS both ways.  Server: the mirror image.
 *
 * Keys become those of a direction exactly at its NEWKEYS.  With strict KEX
 * (proposal.h) the sequence number of that direction starts again at zero
 * there, and their KEXINIT must have been their first packet.
 *
 * The signature is verified before anybody is asked whether the key is the
 * host's, and at a rekey the key must be the one already accepted, whatever
 * the user's policy says.
 */

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/err.h"
#include "lib/log.h"
#include "transport/key.h"
#include "transport/namelist.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

/*
 * An AEAD needs no MAC, but RFC 4253 section 7.1 wants the lists to have
 * something in common, and some peers look before they know the cipher.  A
 * server is judged by its lists, so it names no mode that is out of favour.
 */
#define MAC_LIST_SERVER \
	"hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"
#define MAC_LIST_CLIENT	MAC_LIST_SERVER ",hmac-sha2-256,hmac-sha2-512"

#define COMPRESSION_LIST	"none,zlib@openssh.com"

#define REPLY_MAX	(64 * 1024)

static bool
is_client(const struct session *s)
{
	return s->config.role == SESSION_CLIENT;
}

static int
check_list(const char *list, const char *carried)
{
	struct view ours = view_of_string(list), all = view_of_string(carried);
	struct view name;

	return namelist_choose(&ours, &all, &name) == 0 ? 0 :
	    SSHTAP_ERR_ARGUMENT;
}

int
session_kex_check_lists(const struct session *s)
{
	struct view ours = view_of_string(s->kex_list), all, name;
	struct buf kex;
	int r;

	buf_init(&kex, NAMELIST_MAX);
	if ((r = kex_default_list(&kex)) != 0)
		goto out;
	all = buf_view(&kex);
	if (namelist_choose(&ours, &all, &name) != 0) {
		r = SSHTAP_ERR_ARGUMENT;
		goto out;
	}
	if ((r = check_list(s->hostkey_list,
	    KEY_DEFAULT_HOSTKEY_LIST)) != 0 ||
	    (r = check_list(s->cipher_list, CIPHER_DEFAULT_LIST)) != 0)
		goto out;
	r = check_list(s->compress_list, COMPRESSION_LIST);
 out:
	buf_clear(&kex);
	return r;
}

/* Our kex list, with the markers that only a first KEXINIT carries. */
static int
put_kex_list(const struct session *s, struct buf *list)
{
	int r;

	if ((r = namelist_add(list, s->kex_list)) != 0)
		return r;
	if (!s->keyed &&
	    ((r = namelist_add(list, is_client(s) ? PROPOSAL_EXT_INFO_C :
	    PROPOSAL_EXT_INFO_S)) != 0 ||
	    (r = namelist_add(list, is_client(s) ? PROPOSAL_STRICT_C :
	    PROPOSAL_STRICT_S)) != 0))
		return r;
	return buf_put_u8(list, '\0');
}

static int
put_proposal(struct session *s)
{
	uint8_t cookie[PROPOSAL_COOKIE_SIZE];
	const char *macs = is_client(s) ? MAC_LIST_CLIENT : MAC_LIST_SERVER;
	const char *lists[PROPOSAL_COUNT] = {
		[PROPOSAL_HOSTKEY] = s->hostkey_list,
		[PROPOSAL_CIPHER_C2S] = s->cipher_list,
		[PROPOSAL_CIPHER_S2C] = s->cipher_list,
		[PROPOSAL_MAC_C2S] = macs,
		[PROPOSAL_MAC_S2C] = macs,
		[PROPOSAL_COMPRESSION_C2S] = s->compress_list,
		[PROPOSAL_COMPRESSION_S2C] = s->compress_list,
		[PROPOSAL_LANGUAGE_C2S] = "",
		[PROPOSAL_LANGUAGE_S2C] = "",
	};
	struct buf kex;
	int r;

	buf_init(&kex, NAMELIST_MAX);
	buf_reset(&s->init_ours);
	if (RAND_bytes(cookie, sizeof(cookie)) != 1) {
		r = SSHTAP_ERR_CRYPTO;
		goto out;
	}
	if ((r = put_kex_list(s, &kex)) != 0)
		goto out;
	lists[PROPOSAL_KEX] = (const char *)buf_view(&kex).p;
	r = proposal_put(&s->init_ours, cookie, lists);
 out:
	buf_clear(&kex);
	return r;
}

int
session_kex_start(struct session *s)
{
	struct view v;
	int r;

	if ((r = put_proposal(s)) != 0)
		return r;
	v = buf_view(&s->init_ours);
	if ((r = session_send_now(s, &v)) != 0)
		return r;
	s->kex_started_ms = s->now_ms;
	if (s->state == SESSION_READY)
		session_set_state(s, SESSION_REKEY_KEXINIT);
	return 0;
}

/* Remember the two lists that had nothing in common, for the user. */
static void
keep_failed_lists(struct session *s, const struct proposal *ours,
    const struct proposal *theirs)
{
	buf_reset(&s->failed_ours);
	buf_reset(&s->failed_theirs);
	(void)buf_put_view(&s->failed_ours, &ours->list[s->failed_list]);
	(void)buf_put_view(&s->failed_theirs, &theirs->list[s->failed_list]);
}

/* The markers of a first KEXINIT.  Reference: RFC 8308 section 2.1. */
static int
take_markers(struct session *s, const struct proposal *theirs, uint32_t seq)
{
	const struct view *kex = &theirs->list[PROPOSAL_KEX];

	if (s->keyed)
		return 0;
	s->peer_wants_ext_info = namelist_has(kex,
	    is_client(s) ? PROPOSAL_EXT_INFO_S : PROPOSAL_EXT_INFO_C);
	s->strict = namelist_has(kex,
	    is_client(s) ? PROPOSAL_STRICT_S : PROPOSAL_STRICT_C);
	if (s->strict && seq != 0)
		return SSHTAP_ERR_PROTOCOL;
	return 0;
}

static int
check_cipher(const struct session *s, const char *name)
{
	const struct cipher_alg *alg = cipher_find(name);

	if (alg == NULL)
		return SSHTAP_ERR_INTERNAL;
	if (alg->needs_strict_kex && !s->strict) {
		log_error("%s is unsafe with this peer, which lacks strict "
		    "key exchange: choose an AES-GCM cipher (Ciphers)", name);
		return SSHTAP_ERR_PROTOCOL;
	}
	return 0;
}

static int
choose(struct session *s, uint32_t seq)
{
	struct proposal ours, theirs;
	struct view v = buf_view(&s->init_ours);
	struct view w = buf_view(&s->init_theirs);
	int r;

	if ((r = proposal_parse(&v, &ours)) != 0 ||
	    (r = proposal_parse(&w, &theirs)) != 0 ||
	    (r = take_markers(s, &theirs, seq)) != 0)
		return r;
	r = proposal_choose(is_client(s) ? &ours : &theirs,
	    is_client(s) ? &theirs : &ours, is_client(s), &s->next_choice,
	    &s->failed_list);
	if (r == SSHTAP_ERR_NO_COMMON)
		keep_failed_lists(s, &ours, &theirs);
	if (r != 0 ||
	    (r = check_cipher(s, s->next_choice.cipher_c2s)) != 0 ||
	    (r = check_cipher(s, s->next_choice.cipher_s2c)) != 0)
		return r;
	s->drop_guess = s->next_choice.guess_wrong;
	s->method = kex_find(s->next_choice.kex);
	return s->method == NULL ? SSHTAP_ERR_INTERNAL : 0;
}

static int
send_public_value(struct session *s)
{
	struct buf m;
	struct view q, v;
	int r;

	buf_init(&m, REPLY_MAX);
	buf_reset(&s->q_c);
	if ((r = s->method->start(&s->secret, &s->q_c)) != 0)
		goto out;
	q = buf_view(&s->q_c);
	if ((r = buf_put_u8(&m, SSH_MSG_KEX_ECDH_INIT)) != 0 ||
	    (r = buf_put_string_view(&m, &q)) != 0)
		goto out;
	v = buf_view(&m);
	r = session_send_now(s, &v);
 out:
	buf_clear(&m);
	return r;
}

int
session_kex_input_init(struct session *s, const struct view *payload,
    uint32_t seq)
{
	int r;

	buf_reset(&s->init_theirs);
	if ((r = buf_put_view(&s->init_theirs, payload)) != 0 ||
	    (r = choose(s, seq)) != 0)
		return r;
	log_debug("session: %s, %s, %s out, %s in, compression %s",
	    s->next_choice.kex, s->next_choice.hostkey,
	    is_client(s) ? s->next_choice.cipher_c2s :
	    s->next_choice.cipher_s2c,
	    is_client(s) ? s->next_choice.cipher_s2c :
	    s->next_choice.cipher_c2s,
	    s->next_choice.compression_c2s);
	session_set_state(s, s->keyed ? SESSION_REKEY_EXCHANGE :
	    SESSION_INITIAL_EXCHANGE);
	return is_client(s) ? send_public_value(s) : 0;
}

/* H over everything said so far.  Reference: RFC 8731 section 3.1. */
static int
exchange_hash(const struct session *s, const struct view *k_s,
    const struct view *k, uint8_t h[KEX_HASH_SIZE])
{
	bool client = is_client(s);
	struct kex_transcript t = {
		.v_c = buf_view(client ? &s->version_ours : &s->version_theirs),
		.v_s = buf_view(client ? &s->version_theirs : &s->version_ours),
		.i_c = buf_view(client ? &s->init_ours : &s->init_theirs),
		.i_s = buf_view(client ? &s->init_theirs : &s->init_ours),
		.k_s = *k_s,
		.q_c = buf_view(&s->q_c),
		.q_s = buf_view(&s->q_s),
		.k = *k,
	};

	return kex_hash(&t, h);
}

static int
derive_direction(struct session *s, const struct view *k,
    const uint8_t h[KEX_HASH_SIZE], bool c2s, struct session_keys *keys)
{
	const struct proposal_choice *c = &s->next_choice;
	struct view id = buf_view(&s->id);
	int r;

	keys->alg = cipher_find(c2s ? c->cipher_c2s : c->cipher_s2c);
	keys->compress = strcmp(c2s ? c->compression_c2s : c->compression_s2c,
	    "none") != 0;
	if (keys->alg == NULL)
		return SSHTAP_ERR_INTERNAL;
	if ((r = kex_derive(k, h, &id, c2s ? 'C' : 'D', keys->key,
	    keys->alg->key_len)) != 0)
		return r;
	return kex_derive(k, h, &id, c2s ? 'A' : 'B', keys->iv,
	    keys->alg->iv_len);
}

static int
derive_keys(struct session *s, const struct view *k,
    const uint8_t h[KEX_HASH_SIZE])
{
	int r;

	/* The first hash names the connection for good. */
	if (s->id.len == 0 && (r = buf_put(&s->id, h, KEX_HASH_SIZE)) != 0)
		return r;
	if ((r = derive_direction(s, k, h, is_client(s), &s->keys_out)) != 0)
		return r;
	return derive_direction(s, k, h, !is_client(s), &s->keys_in);
}

/* A fresh stream, where one was negotiated and the user is known. */
static int
start_stream(const struct session *s, struct packet_keys *k, bool sealing)
{
	if (!s->compressing || !k->compressed)
		return 0;
	return sealing ? compress_new_deflate(&k->compress) :
	    compress_new_inflate(&k->compress);
}

/* The derived keys of one direction become those in force; d is wiped. */
static int
activate(const struct session *s, struct session_keys *d, bool sealing,
    struct packet_keys *k)
{
	struct cipher *c;
	int r;

	if ((r = cipher_new(d->alg, sealing, d->key, d->iv, &c)) != 0)
		return r;
	cipher_free(k->cipher);
	k->cipher = c;
	k->packets = k->bytes = 0;
	if (s->strict)
		k->seq = 0;
	k->compressed = d->compress;
	OPENSSL_cleanse(d, sizeof(*d));
	compress_free(k->compress);
	k->compress = NULL;
	return start_stream(s, k, sealing);
}

/*
 * zlib@openssh.com waits until the user is known: the first compressed packet
 * of either side is the one that follows USERAUTH_SUCCESS.
 */
int
session_kex_start_compression(struct session *s)
{
	int r;

	s->compressing = true;
	if ((r = start_stream(s, &s->out.keys, true)) != 0)
		return r;
	return start_stream(s, &s->in.keys, false);
}

static int
send_newkeys(struct session *s)
{
	uint8_t number = SSH_MSG_NEWKEYS;
	struct view v = view_of(&number, 1);
	int r;

	if ((r = session_send_now(s, &v)) != 0 ||
	    (r = activate(s, &s->keys_out, true, &s->out.keys)) != 0 ||
	    (r = session_ext_send(s)) != 0)
		return r;
	session_set_state(s, s->keyed ? SESSION_REKEY_NEWKEYS :
	    SESSION_INITIAL_NEWKEYS);
	return session_flush_queue(s);
}

/* The key must sign the hash; then it must be the host's. */
static int
check_hostkey(struct session *s, const struct view *k_s,
    const struct view *signature, const uint8_t h[KEX_HASH_SIZE])
{
	struct view alg = view_of_string(s->next_choice.hostkey);
	struct view data = view_of(h, KEX_HASH_SIZE);
	struct view known = buf_view(&s->hostkey);
	struct key *key = NULL;
	int r;

	if ((r = key_from_blob(k_s, &key)) != 0 ||
	    (r = key_verify(key, &alg, signature, &data)) != 0)
		goto out;
	if (s->keyed) {
		if (!view_equals(&known, k_s)) {
			log_error("the host key changed in mid-connection");
			r = SSHTAP_ERR_HOSTKEY;
		}
		goto out;
	}
	if ((r = s->config.ops->check_hostkey(s->config.ctx, k_s,
	    s->next_choice.hostkey)) != 0 ||
	    (r = buf_put_view(&s->hostkey, k_s)) != 0)
		goto out;
	r = buf_put_view(&s->kex_signature, signature);
 out:
	key_free(key);
	return r;
}

static int
input_reply(struct session *s, const struct view *payload)
{
	struct view v = *payload, k_s, q_s, signature, k;
	uint8_t h[KEX_HASH_SIZE], number;
	struct buf kb;
	int r;

	buf_init(&kb, KEX_SECRET_MAX);
	buf_reset(&s->q_s);
	if ((r = view_get_u8(&v, &number)) != 0 ||
	    (r = view_get_string(&v, &k_s)) != 0 ||
	    (r = view_get_string(&v, &q_s)) != 0 ||
	    (r = view_get_string(&v, &signature)) != 0 ||
	    (r = view_end(&v)) != 0 ||
	    (r = buf_put_view(&s->q_s, &q_s)) != 0 ||
	    (r = s->method->finish(s->secret, &q_s, &kb)) != 0)
		goto out;
	k = buf_view(&kb);
	if ((r = exchange_hash(s, &k_s, &k, h)) != 0 ||
	    (r = check_hostkey(s, &k_s, &signature, h)) != 0 ||
	    (r = derive_keys(s, &k, h)) != 0)
		goto out;
	r = send_newkeys(s);
 out:
	buf_clear(&kb);
	OPENSSL_cleanse(h, sizeof(h));
	return r;
}

static int
send_reply(struct session *s, const struct view *k_s,
    const uint8_t h[KEX_HASH_SIZE])
{
	struct view alg = view_of_string(s->next_choice.hostkey);
	struct view data = view_of(h, KEX_HASH_SIZE), q_s, v;
	struct buf m, signature;
	int r;

	buf_init(&m, REPLY_MAX);
	buf_init(&signature, KEY_SIGNATURE_MAX);
	q_s = buf_view(&s->q_s);
	if ((r = s->config.ops->sign(s->config.ctx, &alg, &data,
	    &signature)) != 0)
		goto out;
	v = buf_view(&signature);
	if ((r = buf_put_u8(&m, SSH_MSG_KEX_ECDH_REPLY)) != 0 ||
	    (r = buf_put_string_view(&m, k_s)) != 0 ||
	    (r = buf_put_string_view(&m, &q_s)) != 0 ||
	    (r = buf_put_string_view(&m, &v)) != 0)
		goto out;
	if (s->hostkey.len == 0 &&
	    ((r = buf_put_view(&s->hostkey, k_s)) != 0 ||
	    (r = buf_put_view(&s->kex_signature, &v)) != 0))
		goto out;
	v = buf_view(&m);
	r = session_send_now(s, &v);
 out:
	buf_clear(&m);
	buf_clear(&signature);
	return r;
}

static int
input_init(struct session *s, const struct view *payload)
{
	struct view v = *payload, q_c, k_s, k;
	struct view alg = view_of_string(s->next_choice.hostkey);
	uint8_t h[KEX_HASH_SIZE], number;
	struct buf kb;
	int r;

	buf_init(&kb, KEX_SECRET_MAX);
	buf_reset(&s->q_c);
	buf_reset(&s->q_s);
	if ((r = view_get_u8(&v, &number)) != 0 ||
	    (r = view_get_string(&v, &q_c)) != 0 ||
	    (r = view_end(&v)) != 0 ||
	    (r = buf_put_view(&s->q_c, &q_c)) != 0 ||
	    (r = s->method->answer(&q_c, &s->q_s, &kb)) != 0 ||
	    (r = s->config.ops->hostkey(s->config.ctx, &alg, &k_s)) != 0)
		goto out;
	k = buf_view(&kb);
	if ((r = exchange_hash(s, &k_s, &k, h)) != 0 ||
	    (r = send_reply(s, &k_s, h)) != 0 ||
	    (r = derive_keys(s, &k, h)) != 0)
		goto out;
	r = send_newkeys(s);
 out:
	buf_clear(&kb);
	OPENSSL_cleanse(h, sizeof(h));
	return r;
}

int
session_kex_input_method(struct session *s, const struct view *payload)
{
	uint8_t number = payload->p[0];

	if (is_client(s) && number == SSH_MSG_KEX_ECDH_REPLY)
		return input_reply(s, payload);
	if (!is_client(s) && number == SSH_MSG_KEX_ECDH_INIT)
		return input_init(s, payload);
	return SSHTAP_ERR_PROTOCOL;
}

int
session_kex_input_newkeys(struct session *s, const struct view *payload)
{
	int r;

	if (payload->len != 1)
		return SSHTAP_ERR_TRAILING;
	if ((r = activate(s, &s->keys_in, false, &s->in.keys)) != 0)
		return r;
	session_kex_clear(s);
	s->choice = s->next_choice;
	if (s->keyed)
		s->rekeys++;
	s->keyed = true;
	session_set_state(s, SESSION_READY);
	return session_flush_queue(s);
}

void
session_kex_clear(struct session *s)
{
	if (s->secret != NULL)
		s->method->free(s->secret);
	s->secret = NULL;
	OPENSSL_cleanse(&s->keys_in, sizeof(s->keys_in));
	OPENSSL_cleanse(&s->keys_out, sizeof(s->keys_out));
}

enum proposal_list
session_failed_list(const struct session *s)
{
	return s->failed_list;
}

struct view
session_failed_ours(const struct session *s)
{
	return buf_view(&s->failed_ours);
}

struct view
session_failed_theirs(const struct session *s)
{
	return buf_view(&s->failed_theirs);
}

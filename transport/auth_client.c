/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A request is out or it is not: `waiting` says which method's answer is due,
 * and an answer that does not belong to it ends the connection.  FAILURE and
 * SUCCESS end any method; the numbers 60 and 61 mean what the waiting method
 * says (RFC 4252 section 6).
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/auth.h"
#include "transport/auth_client.h"
#include "transport/namelist.h"
#include "transport/ssh2.h"

enum waiting {
	WAIT_NOTHING,
	WAIT_SERVICE,
	WAIT_NONE,
	WAIT_KEY_PROBE,
	WAIT_KEY,
	WAIT_PASSWORD,
	WAIT_KBDINT
};

struct prompt_text {
	char text[AUTH_TEXT_MAX];
	bool echo;
};

struct auth_client {
	struct session *session;
	char *user;
	enum waiting waiting;
	struct buf methods;		/* as received */
	char methods_text[AUTH_TEXT_MAX];
	bool partial;
	struct buf algorithm, blob;	/* of the key under trial */
	struct prompt_text prompt[AUTH_PROMPTS_MAX];
	size_t nprompts;
	char instruction[2 * AUTH_TEXT_MAX];
	unsigned rounds, banners;
	char banner[AUTH_BANNER_SIZE];
};

static int
send_and_wait(struct auth_client *a, const struct buf *m, enum waiting w)
{
	struct view v = buf_view(m);
	int r;

	if ((r = session_send(a->session, &v)) != 0)
		return r;
	a->waiting = w;
	return 0;
}

/* The fields that every request begins with. */
static int
put_request(struct auth_client *a, struct buf *m, const char *method)
{
	int r;

	if ((r = buf_put_u8(m, SSH_MSG_USERAUTH_REQUEST)) != 0 ||
	    (r = buf_put_cstring(m, a->user)) != 0 ||
	    (r = buf_put_cstring(m, AUTH_NEXT_SERVICE)) != 0)
		return r;
	return buf_put_cstring(m, method);
}

static int
request_service(struct auth_client *a)
{
	struct buf m;
	int r;

	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = buf_put_u8(&m, SSH_MSG_SERVICE_REQUEST)) == 0 &&
	    (r = buf_put_cstring(&m, AUTH_SERVICE)) == 0)
		r = send_and_wait(a, &m, WAIT_SERVICE);
	buf_clear(&m);
	return r;
}

int
auth_client_new(struct session *s, const char *user, struct auth_client **ap)
{
	struct auth_client *a;
	int r;

	if (strlen(user) > AUTH_USER_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return SSHTAP_ERR_ALLOC;
	a->session = s;
	buf_init(&a->methods, NAMELIST_MAX);
	buf_init(&a->algorithm, NAMELIST_MAX);
	buf_init(&a->blob, AUTH_REQUEST_MAX);
	if ((a->user = strdup(user)) == NULL) {
		r = SSHTAP_ERR_ALLOC;
		goto out;
	}
	if ((r = request_service(a)) != 0)
		goto out;
	*ap = a;
	a = NULL;
 out:
	auth_client_free(a);
	return r;
}

void
auth_client_free(struct auth_client *a)
{
	if (a == NULL)
		return;
	buf_clear(&a->methods);
	buf_clear(&a->algorithm);
	buf_clear(&a->blob);
	free(a->user);
	free(a);
}

/* What comes in. */

static int
input_service_accept(struct auth_client *a, struct view *v)
{
	struct view name;
	struct buf m;
	int r;

	if (a->waiting != WAIT_SERVICE)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = view_get_string(v, &name)) != 0 || (r = view_end(v)) != 0)
		return r;
	if (!view_is(&name, AUTH_SERVICE))
		return SSHTAP_ERR_PROTOCOL;
	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = put_request(a, &m, "none")) == 0)
		r = send_and_wait(a, &m, WAIT_NONE);
	buf_clear(&m);
	return r;
}

static int
input_failure(struct auth_client *a, struct view *v)
{
	struct view methods;
	bool partial;
	int r;

	if (a->waiting == WAIT_NOTHING || a->waiting == WAIT_SERVICE)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = view_get_string(v, &methods)) != 0 ||
	    (r = view_get_bool(v, &partial)) != 0 || (r = view_end(v)) != 0)
		return r;
	buf_reset(&a->methods);
	if ((r = buf_put_view(&a->methods, &methods)) != 0)
		return r;
	text_clean(a->methods_text, sizeof(a->methods_text), methods.p,
	    methods.len, false);
	a->partial = partial;
	a->waiting = WAIT_NOTHING;
	return 0;
}

static int
input_success(struct auth_client *a, struct view *v)
{
	if (a->waiting == WAIT_NOTHING || a->waiting == WAIT_SERVICE ||
	    a->waiting == WAIT_KEY_PROBE)
		return SSHTAP_ERR_PROTOCOL;
	if (view_end(v) != 0)
		return SSHTAP_ERR_TRAILING;
	a->waiting = WAIT_NOTHING;
	session_set_authenticated(a->session);
	return 0;
}

static int
input_banner(struct auth_client *a, struct view *v, enum auth_event *eventp)
{
	struct view text;
	int r;

	if ((r = view_get_string(v, &text)) != 0)
		return r;
	if (++a->banners > AUTH_BANNERS_MAX)
		return 0;
	text_clean(a->banner, sizeof(a->banner), text.p, text.len, true);
	*eventp = AUTH_EVENT_BANNER;
	return 0;
}

/* PK_OK must name what we asked about. */
static int
input_key_ok(struct auth_client *a, struct view *v)
{
	struct view algorithm, blob;
	struct view ours = buf_view(&a->algorithm), key = buf_view(&a->blob);
	int r;

	if ((r = view_get_string(v, &algorithm)) != 0 ||
	    (r = view_get_string(v, &blob)) != 0 || (r = view_end(v)) != 0)
		return r;
	if (!view_equals(&algorithm, &ours) || !view_equals(&blob, &key))
		return SSHTAP_ERR_PROTOCOL;
	a->waiting = WAIT_NOTHING;
	return 0;
}

static int
take_prompts(struct auth_client *a, struct view *v, uint32_t n)
{
	struct view text;
	uint32_t i;
	int r;

	for (i = 0; i < n; i++) {
		if ((r = view_get_string(v, &text)) != 0 ||
		    (r = view_get_bool(v, &a->prompt[i].echo)) != 0)
			return r;
		text_clean(a->prompt[i].text, sizeof(a->prompt[i].text),
		    text.p, text.len, false);
	}
	a->nprompts = n;
	return view_end(v);
}

/* RFC 4256 section 3.2. */
static int
input_info_request(struct auth_client *a, struct view *v)
{
	struct view name, instruction, lang;
	size_t len;
	uint32_t n;
	int r;

	if (++a->rounds > AUTH_ROUNDS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = view_get_string(v, &name)) != 0 ||
	    (r = view_get_string(v, &instruction)) != 0 ||
	    (r = view_get_string(v, &lang)) != 0 ||
	    (r = view_get_u32(v, &n)) != 0)
		return r;
	if (n > AUTH_PROMPTS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	len = text_clean(a->instruction, AUTH_TEXT_MAX, name.p, name.len,
	    false);
	if (len > 0 && instruction.len > 0)
		a->instruction[len++] = '\n';
	text_clean(a->instruction + len, AUTH_TEXT_MAX, instruction.p,
	    instruction.len, true);
	if ((r = take_prompts(a, v, n)) != 0)
		return r;
	a->waiting = WAIT_NOTHING;
	return 0;
}

/* Message 60 has as many meanings as there are methods. */
static int
input_60(struct auth_client *a, struct view *v, enum auth_event *eventp)
{
	int r;

	switch (a->waiting) {
	case WAIT_KEY_PROBE:
		if ((r = input_key_ok(a, v)) == 0)
			*eventp = AUTH_EVENT_KEY_OK;
		return r;
	case WAIT_KBDINT:
		if ((r = input_info_request(a, v)) == 0)
			*eventp = AUTH_EVENT_PROMPTS;
		return r;
	case WAIT_PASSWORD:
		log_warn("the password has expired: change it with ssh, "
		    "then try again");
		a->waiting = WAIT_NOTHING;
		*eventp = AUTH_EVENT_CHOOSE;
		return 0;
	default:
		return SSHTAP_ERR_PROTOCOL;
	}
}

int
auth_client_input(struct auth_client *a, const struct session_packet *p,
    enum auth_event *eventp)
{
	struct view v = view_of(p->payload, p->len);
	uint8_t number;
	int r;

	*eventp = AUTH_EVENT_NONE;
	if ((r = view_get_u8(&v, &number)) != 0)
		return r;
	switch (number) {
	case SSH_MSG_SERVICE_ACCEPT:
		return input_service_accept(a, &v);
	case SSH_MSG_USERAUTH_FAILURE:
		if ((r = input_failure(a, &v)) == 0)
			*eventp = AUTH_EVENT_CHOOSE;
		return r;
	case SSH_MSG_USERAUTH_SUCCESS:
		if ((r = input_success(a, &v)) == 0)
			*eventp = AUTH_EVENT_DONE;
		return r;
	case SSH_MSG_USERAUTH_BANNER:
		return input_banner(a, &v, eventp);
	case SSH_MSG_USERAUTH_PK_OK:
		return input_60(a, &v, eventp);
	default:
		return auth_refuse_number(number);
	}
}

bool
auth_client_can(const struct auth_client *a, const char *method)
{
	struct view v = buf_view(&a->methods);

	return namelist_has(&v, method);
}

const char *
auth_client_methods(const struct auth_client *a)
{
	return a->methods_text;
}

bool
auth_client_is_partial(const struct auth_client *a)
{
	return a->partial;
}

/* publickey */

static struct auth_publickey
key_under_trial(const struct auth_client *a)
{
	struct auth_publickey pk = {
		.user = view_of_string(a->user),
		.algorithm = buf_view(&a->algorithm),
		.blob = buf_view(&a->blob),
		.hostkey = session_hostkey(a->session),
		.hostbound = session_peer_has_hostbound(a->session),
	};

	return pk;
}

int
auth_client_try_key(struct auth_client *a, const struct view *algorithm,
    const struct view *blob)
{
	struct auth_publickey pk;
	struct buf m;
	int r;

	if (a->waiting != WAIT_NOTHING)
		return SSHTAP_ERR_STATE;
	buf_reset(&a->algorithm);
	buf_reset(&a->blob);
	if ((r = buf_put_view(&a->algorithm, algorithm)) != 0 ||
	    (r = buf_put_view(&a->blob, blob)) != 0)
		return r;
	pk = key_under_trial(a);
	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = auth_put_publickey(&m, &pk, false)) == 0)
		r = send_and_wait(a, &m, WAIT_KEY_PROBE);
	buf_clear(&m);
	return r;
}

/*
 * A certificate is signed for with the plain algorithm of its key, which is
 * its name without the certificate suffix (OpenSSH PROTOCOL.certkeys).
 */
static struct view
plain_algorithm(const struct view *algorithm)
{
	static const char suffix[] = "-cert-v01@openssh.com";
	size_t n = sizeof(suffix) - 1;
	struct view v = *algorithm;

	if (v.len > n && memcmp(v.p + v.len - n, suffix, n) == 0)
		v.len -= n;
	return v;
}

int
auth_client_sign(struct auth_client *a, auth_sign_fn *fn, void *ctx)
{
	struct auth_publickey pk = key_under_trial(a);
	struct view id = session_id(a->session);
	struct view algorithm = plain_algorithm(&pk.algorithm), v;
	struct buf data, signature, m;
	int r;

	if (a->waiting != WAIT_NOTHING)
		return SSHTAP_ERR_STATE;
	buf_init(&data, AUTH_REQUEST_MAX);
	buf_init(&signature, AUTH_REQUEST_MAX);
	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = auth_put_signed_data(&data, &id, &pk)) != 0)
		goto out;
	v = buf_view(&data);
	if ((r = fn(ctx, &algorithm, &v, &signature)) != 0)
		goto out;
	v = buf_view(&signature);
	if ((r = auth_put_publickey(&m, &pk, true)) != 0 ||
	    (r = buf_put_string_view(&m, &v)) != 0)
		goto out;
	r = send_and_wait(a, &m, WAIT_KEY);
 out:
	buf_clear(&data);
	buf_clear(&signature);
	buf_clear(&m);
	return r;
}

/* password, RFC 4252 section 8, and keyboard-interactive, RFC 4256 */

int
auth_client_try_password(struct auth_client *a, const char *password)
{
	struct buf m;
	int r;

	if (a->waiting != WAIT_NOTHING)
		return SSHTAP_ERR_STATE;
	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = put_request(a, &m, "password")) == 0 &&
	    (r = buf_put_bool(&m, false)) == 0 &&
	    (r = buf_put_cstring(&m, password)) == 0)
		r = send_and_wait(a, &m, WAIT_PASSWORD);
	buf_clear(&m);
	return r;
}

int
auth_client_try_kbdint(struct auth_client *a)
{
	struct buf m;
	int r;

	if (a->waiting != WAIT_NOTHING)
		return SSHTAP_ERR_STATE;
	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = put_request(a, &m, "keyboard-interactive")) == 0 &&
	    (r = buf_put_cstring(&m, "")) == 0 &&
	    (r = buf_put_cstring(&m, "")) == 0)
		r = send_and_wait(a, &m, WAIT_KBDINT);
	buf_clear(&m);
	return r;
}

size_t
auth_client_prompts(const struct auth_client *a)
{
	return a->nprompts;
}

const char *
auth_client_instruction(const struct auth_client *a)
{
	return a->instruction;
}

const char *
auth_client_prompt(const struct auth_client *a, size_t n, bool *echop)
{
	*echop = a->prompt[n].echo;
	return a->prompt[n].text;
}

int
auth_client_answer(struct auth_client *a, const char *const *answers, size_t n)
{
	struct buf m;
	size_t i;
	int r;

	if (a->waiting != WAIT_NOTHING || n != a->nprompts)
		return SSHTAP_ERR_STATE;
	buf_init(&m, AUTH_REQUEST_MAX);
	if ((r = buf_put_u8(&m, SSH_MSG_USERAUTH_INFO_RESPONSE)) != 0 ||
	    (r = buf_put_u32(&m, (uint32_t)n)) != 0)
		goto out;
	for (i = 0; i < n; i++)
		if ((r = buf_put_cstring(&m, answers[i])) != 0)
			goto out;
	r = send_and_wait(a, &m, WAIT_KBDINT);
 out:
	buf_clear(&m);
	return r;
}

const char *
auth_client_banner(const struct auth_client *a)
{
	return a->banner;
}

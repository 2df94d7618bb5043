/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Methods are tried in the order of PreferredAuthentications, each until it
 * has nothing left to offer.  A table says for each method whether it is
 * enabled and how its next attempt is made; an attempt that cannot be made
 * (no key left, nobody to ask) moves on to the next method.
 *
 * What was tried is noted in words as it happens, for the one line that the
 * user gets if everything fails.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "client/userauth.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/signals.h"
#include "lib/text.h"

/* As ssh's, of what we carry. */
#define DEFAULT_ORDER	"publickey,keyboard-interactive,password"

#define TRIED_MAX	700	/* fits a log line with what is around it */

struct userauth {
	const struct config *config;
	struct identities *identities;
	struct prompt *prompt;
	struct session *session;
	struct auth_client *auth;
	size_t next_key;
	struct identity *key;		/* under trial */
	unsigned passwords, kbdints;	/* attempts made */
	bool answered;			/* the user gave a password or answer */
	bool nobody_to_ask;
	int sign_result;		/* of the key under trial */
	bool key_is_encrypted;		/* the server would have taken one */
	struct buf tried;
};

static void
note_tried(struct userauth *u, const char *what)
{
	(void)buf_put_format(&u->tried, "%s%s", u->tried.len > 0 ? ", " : "",
	    what);
}

int
userauth_new(const struct config *c, struct identities *is, struct prompt *p,
    struct session *s, struct userauth **up)
{
	struct view hostkey = session_hostkey(s), id = session_id(s);
	struct view signature = session_kex_signature(s);
	struct userauth *u;
	int r;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		return SSHTAP_ERR_ALLOC;
	u->config = c;
	u->identities = is;
	u->prompt = p;
	u->session = s;
	buf_init(&u->tried, TRIED_MAX);
	identities_bind(is, &hostkey, &id, &signature);
	if ((r = auth_client_new(s, c->user, &u->auth)) != 0) {
		userauth_free(u);
		return r;
	}
	*up = u;
	return 0;
}

void
userauth_free(struct userauth *u)
{
	if (u == NULL)
		return;
	auth_client_free(u->auth);
	buf_clear(&u->tried);
	free(u);
}

/*
 * Each attempt returns 0 (a request is out), SSHTAP_ERR_NOT_FOUND (nothing
 * left: next method), or what ends the connection.
 */

static int
try_publickey(struct userauth *u)
{
	struct view algs = session_server_sig_algs(u->session), blob, v;
	struct view allowed = view_of_string(u->config->pubkey_algs);
	struct buf algorithm;
	int r = SSHTAP_ERR_NOT_FOUND;

	buf_init(&algorithm, PROPOSAL_NAME_MAX);
	while (u->next_key < identities_count(u->identities)) {
		u->key = identities_get(u->identities, u->next_key++);
		buf_reset(&algorithm);
		if (identity_algorithm(u->key, &algs, &allowed,
		    &algorithm) != 0) {
			log_debug("%s: no signature algorithm in common",
			    identity_name(u->key));
			continue;
		}
		blob = identity_blob(u->key);
		v = buf_view(&algorithm);
		log_debug("offering %s", identity_name(u->key));
		note_tried(u, identity_name(u->key));
		r = auth_client_try_key(u->auth, &v, &blob);
		break;
	}
	buf_clear(&algorithm);
	return r;
}

static int
ask(struct userauth *u, enum prompt_kind kind, const char *text, char *answer,
    size_t size)
{
	int r = prompt_ask(u->prompt, kind, text, answer, size);

	if (r == 0)
		u->answered = true;
	else if (r == SSHTAP_ERR_NOT_FOUND)
		u->nobody_to_ask = true;
	return r;
}

static int
try_password(struct userauth *u)
{
	char answer[PROMPT_ANSWER_MAX], *text;
	int r;

	if (u->passwords >= u->config->password_prompts ||
	    u->config->batch_mode)
		return SSHTAP_ERR_NOT_FOUND;
	text = text_format("%s@%s's password: ", u->config->user,
	    u->config->hostname);
	if (text == NULL)
		return SSHTAP_ERR_ALLOC;
	r = ask(u, PROMPT_SECRET, text, answer, sizeof(answer));
	free(text);
	if (r == 0) {
		if (u->passwords++ == 0)
			note_tried(u, "password");
		r = auth_client_try_password(u->auth, answer);
	} else if (r != SSHTAP_ERR_ALLOC)
		r = SSHTAP_ERR_NOT_FOUND;
	OPENSSL_cleanse(answer, sizeof(answer));
	return r;
}

static int
try_kbdint(struct userauth *u)
{
	/* As ssh: a script does not run up failures at the server. */
	if (u->kbdints >= u->config->password_prompts || u->nobody_to_ask ||
	    u->config->batch_mode)
		return SSHTAP_ERR_NOT_FOUND;
	if (u->kbdints++ == 0)
		note_tried(u, "keyboard-interactive");
	return auth_client_try_kbdint(u->auth);
}

static const struct method {
	const char *name;
	size_t enabled;			/* offset in struct config */
	int (*attempt)(struct userauth *u);
} methods[] = {
	{ "publickey", offsetof(struct config, pubkey_auth), try_publickey },
	{ "keyboard-interactive", offsetof(struct config, kbdint_auth),
	    try_kbdint },
	{ "password", offsetof(struct config, password_auth), try_password },
};

static const struct method *
find_method(const struct userauth *u, const struct view *name)
{
	const char *config = (const char *)u->config;
	const struct method *m;
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		m = &methods[i];
		if (view_is(name, m->name) &&
		    *(const bool *)(const void *)(config + m->enabled) &&
		    auth_client_can(u->auth, m->name))
			return m;
	}
	return NULL;
}

void
userauth_explain(const struct userauth *u)
{
	const char *why = "";
	struct view tried;

	if (u->key_is_encrypted)
		why = "; a key that the server knows is encrypted: add it to "
		    "your agent with ssh-add";
	else if (u->answered)
		why = "; wrong password or answer";
	else if (u->nobody_to_ask)
		why = "; there is no terminal to ask for a password "
		    "(SSH_ASKPASS)";
	tried = u->tried.len > 0 ? buf_view(&u->tried) :
	    view_of_string("no key at all");
	log_error("%s@%s: permission denied: tried %.*s%s; "
	    "the server offers %s", u->config->user, u->config->hostname,
	    (int)tried.len, (const char *)tried.p, why,
	    auth_client_methods(u->auth));
}

bool
userauth_has_tried(const struct userauth *u)
{
	return u->tried.len > 0;
}

static int
choose(struct userauth *u)
{
	const char *order = u->config->preferred_auths;
	struct view list = view_of_string(order != NULL ? order :
	    DEFAULT_ORDER), name;
	const struct method *m;
	int r;

	if (auth_client_is_partial(u->auth))
		log_info("%s: one step of authentication is done",
		    u->config->hostname);
	while (view_get_name(&list, &name)) {
		if ((m = find_method(u, &name)) == NULL)
			continue;
		r = m->attempt(u);
		/* Ctrl-C at a question is the answer to all of them. */
		if (signals_have())
			return SSHTAP_ERR_AGAIN;
		if (r != SSHTAP_ERR_NOT_FOUND)
			return r;
	}
	userauth_explain(u);
	return SSHTAP_ERR_AUTH;
}

static int
sign(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct userauth *u = ctx;

	u->sign_result = identity_sign(u->identities, u->key, algorithm, data,
	    signature);
	return u->sign_result;
}

static void
explain_unsigned(struct userauth *u)
{
	const char *name = identity_name(u->key);

	if (identity_is_encrypted(u->key)) {
		u->key_is_encrypted = true;
		log_warn("key %s would be accepted but is encrypted: "
		    "ssh-add %s, then try again", name, name);
	} else if (u->sign_result == SSHTAP_ERR_NOT_FOUND)
		log_warn("key %s would be accepted, but neither the agent nor "
		    "a file has its private half", name);
	else
		log_warn_r(u->sign_result, "%s cannot sign", name);
}

/* The server would take the key; one that cannot sign is passed over. */
static int
use_key(struct userauth *u)
{
	int r;

	u->sign_result = 0;
	r = auth_client_sign(u->auth, sign, u);
	if (u->sign_result == 0)
		return r;
	if (signals_have())
		return SSHTAP_ERR_AGAIN;
	explain_unsigned(u);
	return choose(u);
}

/* As ssh does, say who asks: the words after that are the server's. */
static int
ask_prompts(struct userauth *u, char answers[][PROMPT_ANSWER_MAX], size_t n)
{
	bool echo;
	char *text;
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		text = text_format("(%s@%s) %s", u->config->user,
		    u->config->hostname,
		    auth_client_prompt(u->auth, i, &echo));
		if (text == NULL)
			return SSHTAP_ERR_ALLOC;
		r = ask(u, echo ? PROMPT_ECHO : PROMPT_SECRET, text,
		    answers[i], PROMPT_ANSWER_MAX);
		free(text);
		if (r != 0)
			return r;
	}
	return 0;
}

/* With nobody to ask the server still gets its answer: empty ones. */
static int
answer_prompts(struct userauth *u)
{
	char answers[AUTH_PROMPTS_MAX][PROMPT_ANSWER_MAX];
	const char *list[AUTH_PROMPTS_MAX];
	size_t i, n = auth_client_prompts(u->auth);
	int r;

	memset(answers, 0, sizeof(answers));
	for (i = 0; i < n; i++)
		list[i] = answers[i];
	if (*auth_client_instruction(u->auth) != '\0')
		prompt_show(u->prompt, auth_client_instruction(u->auth));
	r = ask_prompts(u, answers, n);
	if (r == SSHTAP_ERR_REFUSED)
		u->kbdints = u->config->password_prompts;
	r = signals_have() ? SSHTAP_ERR_AGAIN :
	    auth_client_answer(u->auth, list, n);
	OPENSSL_cleanse(answers, sizeof(answers));
	return r;
}

int
userauth_input(struct userauth *u, const struct session_packet *p,
    bool *donep)
{
	enum auth_event event;
	int r;

	*donep = false;
	if ((r = auth_client_input(u->auth, p, &event)) != 0)
		return r;
	switch (event) {
	case AUTH_EVENT_CHOOSE:
		return choose(u);
	case AUTH_EVENT_KEY_OK:
		return use_key(u);
	case AUTH_EVENT_PROMPTS:
		return answer_prompts(u);
	case AUTH_EVENT_BANNER:
		if (log_wants(LOG_LEVEL_INFO))
			prompt_show(u->prompt, auth_client_banner(u->auth));
		return 0;
	case AUTH_EVENT_DONE:
		*donep = true;
		return 0;
	default:
		return 0;
	}
}

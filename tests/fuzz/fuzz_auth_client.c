/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a script for the client's side of authentication: messages of
 * the server, and in between what a program tries.  Texts are clean and in
 * their bounds, an event comes only for what was asked, and the connection is
 * authenticated by SUCCESS for a request of ours and by nothing else.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_script.h"
#include "tests/fuzz/fuzz_wire.h"
#include "transport/auth.h"
#include "transport/auth_client.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define OPS_MAX	300

struct trial {
	struct session *s;
	struct auth_client *a;
	enum auth_event event;
};

static int
sign(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	(void)algorithm;
	require(data->len > 0);
	return *(bool *)ctx ? SSHTAP_ERR_AGENT :
	    buf_put_string_view(signature, data);
}

static void
check_texts(struct trial *t)
{
	size_t i, n = auth_client_prompts(t->a);
	const char *text;
	bool echo;

	text = auth_client_methods(t->a);
	require(strlen(text) < AUTH_TEXT_MAX && fuzz_is_clean(text, false));
	text = auth_client_banner(t->a);
	require(strlen(text) < AUTH_BANNER_SIZE && fuzz_is_clean(text, true));
	text = auth_client_instruction(t->a);
	require(strlen(text) < 2 * AUTH_TEXT_MAX && fuzz_is_clean(text, true));
	require(n <= AUTH_PROMPTS_MAX);
	for (i = 0; i < n; i++) {
		text = auth_client_prompt(t->a, i, &echo);
		require(strlen(text) < AUTH_TEXT_MAX);
		require(fuzz_is_clean(text, false));
	}
	(void)auth_client_can(t->a, "publickey");
	(void)auth_client_is_partial(t->a);
}

static int
answer(struct trial *t, const char *s)
{
	const char *answers[AUTH_PROMPTS_MAX];
	size_t i;

	for (i = 0; i < AUTH_PROMPTS_MAX; i++)
		answers[i] = s;
	return auth_client_answer(t->a, answers, auth_client_prompts(t->a));
}

static int
try_method(struct trial *t, uint8_t op, const struct view *arg)
{
	bool fails = (op & 0x10) != 0;
	struct view algorithm = view_of_string(fails ? "ssh-ed25519" :
	    "ssh-ed25519-cert-v01@openssh.com");
	char *s = fuzz_string(arg);
	int r;

	switch (op & 7) {
	case 0:
		r = auth_client_try_password(t->a, s);
		break;
	case 1:
		r = auth_client_try_kbdint(t->a);
		break;
	case 2:
		r = answer(t, s);
		break;
	case 3:
		r = auth_client_sign(t->a, sign, &fails);
		break;
	default:
		r = auth_client_try_key(t->a, &algorithm, arg);
		break;
	}
	free(s);
	require(r == 0 || r == SSHTAP_ERR_STATE || r == SSHTAP_ERR_AGENT ||
	    r == SSHTAP_ERR_TOO_BIG);
	return r == SSHTAP_ERR_TOO_BIG ? r : 0;
}

static int
input(struct trial *t, const struct view *payload)
{
	struct session_packet p = { .len = payload->len, .seq = 1 };
	bool was_done = t->s->authenticated;
	int r;

	if (payload->len == 0)
		return 0;
	p.payload = fuzz_copy(payload);
	t->event = AUTH_EVENT_NONE;
	r = auth_client_input(t->a, &p, &t->event);
	require(r != SSHTAP_ERR_INTERNAL && r != SSHTAP_ERR_ALLOC);
	require(r == 0 || t->event == AUTH_EVENT_NONE);
	require((t->event == AUTH_EVENT_DONE) ==
	    (r == 0 && p.payload[0] == SSH_MSG_USERAUTH_SUCCESS));
	if (t->s->authenticated != was_done)
		require(t->event == AUTH_EVENT_DONE);
	free(p.payload);
	return r == SSHTAP_ERR_UNSUPPORTED ? 0 : r;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed)
{
	return script_mutate(data, size, max, seed, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), piece;
	struct trial t = { .s = wire_new_session(SESSION_CLIENT) };
	unsigned n = 0;
	uint8_t op;
	int r = 0;

	t.s->peer_hostbound = (fuzz_u8(&v) & 1) != 0;
	require(auth_client_new(t.s, "user", &t.a) == 0);
	while (v.len > 0 && r == 0 && t.event != AUTH_EVENT_DONE &&
	    n++ < OPS_MAX) {
		op = fuzz_u8(&v);
		piece = fuzz_piece(&v);
		if ((op & 0x80) != 0)
			r = try_method(&t, op, &piece);
		else
			r = input(&t, &piece);
		check_texts(&t);
		wire_check_queue(t.s, n + 2, AUTH_REQUEST_MAX);
	}
	auth_client_free(t.a);
	wire_end_session(t.s);
	return 0;
}

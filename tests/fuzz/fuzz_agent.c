/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is the body of an agent's answer, for every question at once.
 * Keys and signatures that are found lie inside; what we ask with comes out
 * as a message of the right length.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/agent.h"

struct walk {
	const struct view *body;
	const uint8_t *after;
	unsigned n, stop_at;
};

static int
take_key(void *ctx, const struct view *blob, const struct view *comment)
{
	struct walk *w = ctx;

	require(fuzz_is_inside(blob, w->body));
	require(fuzz_is_inside(comment, w->body));
	require(blob->p >= w->after && comment->p >= blob->p + blob->len);
	w->after = comment->p + comment->len;
	return ++w->n == w->stop_at ? SSHTAP_ERR_CLOSED : 0;
}

static void
check_list(const struct view *body)
{
	struct walk w = { body, body->p, 0, 0 };
	unsigned n;
	int r = agent_parse_list(body, take_key, &w);

	/* All of it is looked at before any of it is handed out. */
	require(r == 0 || w.n == 0);
	require(w.n <= AGENT_KEYS_MAX);
	if (r != 0 || w.n == 0)
		return;
	require(w.after == body->p + body->len);
	n = w.n;
	w = (struct walk){ body, body->p, 0, n };
	require(agent_parse_list(body, take_key, &w) == SSHTAP_ERR_CLOSED);
	require(w.n == n);
}

static void
check_sign(const struct view *body)
{
	static const char *const names[] = {
		"ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"
	};
	struct view alg, signature, name;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		alg = view_of_string(names[i]);
		if (agent_parse_sign(body, &alg, &signature) != 0)
			continue;
		require(fuzz_is_inside(&signature, body));
		require(signature.len == body->len - 5);
		require(view_get_string(&signature, &name) == 0);
		require(view_equals(&name, &alg));
	}
}

/* The parts of what we say to it are of the same input. */
static void
check_put(const struct view *body)
{
	struct view v = *body, a = fuzz_piece(&v), b = fuzz_piece(&v), m, in;
	struct buf out;

	buf_init(&out, 2 * AGENT_MESSAGE_MAX);
	require(agent_put_list(&out) == 0);
	require(agent_put_sign(&out, &a, &b, agent_sign_flags(&v)) == 0);
	require(agent_put_session_bind(&out, &a, &b, &v) == 0);
	m = buf_view(&out);
	while (m.len > 0) {
		require(view_get_string(&m, &in) == 0);
		require(agent_check_length((uint32_t)in.len) == 0);
	}
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view body = view_of(data, size);

	check_list(&body);
	check_sign(&body);
	if (agent_parse_success(&body) == 0)
		require(size == 1 && data[0] == 6);
	check_put(&body);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Messages go straight to the client object, while what it sends takes the
 * wire of a keyed pair to the other end, where it is looked at.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/auth_bench.h"
#include "transport/auth.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

int
bench_feed(struct bench *b, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len);
	struct session_packet packet = { copy, len, 1 };
	int r;

	/* Of its exact size, so that a sanitizer sees a read past it. */
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	r = auth_client_input(b->client, &packet, &b->event);
	free(copy);
	return r;
}

int
bench_feed_message(struct bench *b)
{
	return bench_feed(b, buf_view(&b->m).p, b->m.len);
}

/* The one message it has sent must be these bytes. */
void
bench_assert_sent(struct bench *b, const void *bytes, size_t len)
{
	struct view v;

	pair_pump(&b->p);
	assert_true(pair_get(&b->p, SESSION_SERVER, &v));
	assert_int_equal(v.len, len);
	assert_memory_equal(v.p, bytes, len);
	assert_int_equal(b->p.side[SESSION_SERVER].got.len, 0);
}

void
bench_assert_silent(struct bench *b)
{
	pair_pump(&b->p);
	assert_int_equal(b->p.side[SESSION_SERVER].got.len, 0);
}

/* Messages of the server, built into b->m. */

void
bench_put_number(struct bench *b, uint8_t number)
{
	buf_reset(&b->m);
	assert_int_equal(buf_put_u8(&b->m, number), 0);
}

void
bench_put_text(struct bench *b, const void *text, size_t len)
{
	assert_int_equal(buf_put_string(&b->m, text, len), 0);
}

void
bench_put_accept(struct bench *b)
{
	bench_put_number(b, SSH_MSG_SERVICE_ACCEPT);
	bench_put_text(b, AUTH_SERVICE, strlen(AUTH_SERVICE));
}

void
bench_put_failure(struct bench *b, const char *methods, bool partial)
{
	bench_put_number(b, SSH_MSG_USERAUTH_FAILURE);
	bench_put_text(b, methods, strlen(methods));
	assert_int_equal(buf_put_bool(&b->m, partial), 0);
}

void
bench_put_banner(struct bench *b, const void *text, size_t len)
{
	bench_put_number(b, SSH_MSG_USERAUTH_BANNER);
	bench_put_text(b, text, len);
	bench_put_text(b, "", 0);
}

void
bench_put_key_ok(struct bench *b)
{
	bench_put_number(b, SSH_MSG_USERAUTH_PK_OK);
	bench_put_text(b, "alg", 3);
	bench_put_text(b, "blob", 4);
}

void
bench_put_info(struct bench *b, const char *name, const char *instruction,
    uint32_t n, uint32_t filled)
{
	bench_put_number(b, SSH_MSG_USERAUTH_INFO_REQUEST);
	bench_put_text(b, name, strlen(name));
	bench_put_text(b, instruction, strlen(instruction));
	bench_put_text(b, "", 0);
	assert_int_equal(buf_put_u32(&b->m, n), 0);
	while (filled-- > 0) {
		bench_put_text(b, "Code: ", 6);
		assert_int_equal(buf_put_bool(&b->m, filled % 2 == 0), 0);
	}
}

void
bench_put_change_request(struct bench *b)
{
	bench_put_number(b, SSH_MSG_USERAUTH_PASSWD_CHANGEREQ);
	bench_put_text(b, "expired", 7);
	bench_put_text(b, "", 0);
}

int
bench_sign_nothing(void *ctx, const struct view *algorithm,
    const struct view *data, struct buf *signature)
{
	(void)algorithm;
	(void)data;
	return ctx != NULL ? *(int *)ctx : buf_put_cstring(signature, "sig");
}

void
bench_try_key(struct bench *b)
{
	struct view alg = view_of("alg", 3), blob = view_of("blob", 4);

	assert_int_equal(auth_client_try_key(b->client, &alg, &blob), 0);
}

void
bench_try_method(struct bench *b, enum bench_stage stage)
{
	if (stage == STAGE_PROBE || stage == STAGE_SIGNED)
		bench_try_key(b);
	if (stage == STAGE_SIGNED) {
		bench_put_key_ok(b);
		assert_int_equal(bench_feed_message(b), 0);
		assert_int_equal(b->event, AUTH_EVENT_KEY_OK);
		assert_int_equal(auth_client_sign(b->client, bench_sign_nothing,
		    NULL), 0);
	}
	if (stage == STAGE_PASSWORD)
		assert_int_equal(auth_client_try_password(b->client, "pw"),
		    0);
	if (stage == STAGE_KBDINT || stage == STAGE_PROMPTS)
		assert_int_equal(auth_client_try_kbdint(b->client), 0);
	if (stage == STAGE_PROMPTS) {
		bench_put_info(b, "", "", 2, 2);
		assert_int_equal(bench_feed_message(b), 0);
		assert_int_equal(b->event, AUTH_EVENT_PROMPTS);
	}
}

/* A new client, brought there; what it sent on the way is dropped. */
void
bench_reach(struct bench *b, enum bench_stage stage)
{
	auth_client_free(b->client);
	assert_int_equal(auth_client_new(pair_session(&b->p, SESSION_CLIENT),
	    PAIR_USER, &b->client), 0);
	if (stage > STAGE_SERVICE) {
		bench_put_accept(b);
		assert_int_equal(bench_feed_message(b), 0);
		assert_int_equal(b->event, AUTH_EVENT_NONE);
	}
	if (stage > STAGE_NONE) {
		bench_put_failure(b, "publickey,password,keyboard-interactive",
		    false);
		assert_int_equal(bench_feed_message(b), 0);
		assert_int_equal(b->event, AUTH_EVENT_CHOOSE);
	}
	bench_try_method(b, stage);
	pair_pump(&b->p);
	pair_drop_got(&b->p);
}

void
bench_open(struct bench *b, enum bench_stage stage)
{
	memset(b, 0, sizeof(*b));
	buf_init(&b->m, 256 * 1024);
	pair_config(&b->p);
	pair_handshake(&b->p);
	pair_session(&b->p, SESSION_CLIENT)->peer_hostbound = false;
	bench_reach(b, stage);
}

void
bench_close(struct bench *b)
{
	auth_client_free(b->client);
	buf_clear(&b->m);
	pair_close(&b->p);
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AUTH_BENCH_H
#define AUTH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "tests/pair.h"
#include "transport/auth_client.h"

/*
 * A client under test and the server it believes to talk to.  Every function
 * fails the test when it cannot do its work.
 */
struct bench {
	struct pair p;
	struct auth_client *client;
	enum auth_event event;		/* of the last message */
	struct buf m;			/* the server's next message */
};

/* What a client waits for. */
enum bench_stage {
	STAGE_SERVICE,
	STAGE_NONE,
	STAGE_CHOICE,
	STAGE_PROBE,
	STAGE_SIGNED,
	STAGE_PASSWORD,
	STAGE_KBDINT,
	STAGE_PROMPTS,
	STAGE_COUNT
};

void bench_open(struct bench *b, enum bench_stage stage);
void bench_close(struct bench *b);

/* A new client, brought there; what it sent on the way is dropped. */
void bench_reach(struct bench *b, enum bench_stage stage);

/* Let it try a method that waits for an answer in that stage. */
void bench_try_method(struct bench *b, enum bench_stage stage);
void bench_try_key(struct bench *b);

/* Signs "sig", or returns the int at ctx. */
int bench_sign_nothing(void *ctx, const struct view *algorithm,
    const struct view *data, struct buf *signature);

/* What auth_client_input returns. */
int bench_feed(struct bench *b, const void *bytes, size_t len);
int bench_feed_message(struct bench *b);

/* The one message the client has sent must be these bytes. */
void bench_assert_sent(struct bench *b, const void *bytes, size_t len);
void bench_assert_silent(struct bench *b);
#define bench_assert_text(b, text) \
	bench_assert_sent(b, text, sizeof(text) - 1)

/* Messages of the server, built into b->m. */
void bench_put_number(struct bench *b, uint8_t number);
void bench_put_text(struct bench *b, const void *text, size_t len);
void bench_put_accept(struct bench *b);
void bench_put_failure(struct bench *b, const char *methods, bool partial);
void bench_put_banner(struct bench *b, const void *text, size_t len);
void bench_put_key_ok(struct bench *b);
void bench_put_info(struct bench *b, const char *name,
    const char *instruction, uint32_t n, uint32_t filled);
void bench_put_change_request(struct bench *b);

#endif /* AUTH_BENCH_H */

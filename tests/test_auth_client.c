/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The client's side of authentication against a server that is played here,
 * message by message: what it sends is right to the byte, what it takes is
 * bounded and clean, and what comes out of place ends the connection.
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
#include "transport/namelist.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define USER_FIELDS	"\62\0\0\0\12wiretapper\0\0\0\16ssh-connection"

/* What it sends. */

static void
test_begins_with_service_and_none(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_SERVICE);
	assert_string_equal(auth_client_methods(b.client), "");
	assert_false(auth_client_can(b.client, "publickey"));
	auth_client_free(b.client);
	assert_int_equal(auth_client_new(pair_session(&b.p, SESSION_CLIENT),
	    PAIR_USER, &b.client), 0);
	bench_assert_text(&b, "\5\0\0\0\14ssh-userauth");
	bench_put_accept(&b);
	assert_int_equal(bench_feed_message(&b), 0);
	bench_assert_text(&b, USER_FIELDS "\0\0\0\4none");
	bench_close(&b);
}

static void
test_user_limit(void **state)
{
	char user[AUTH_USER_MAX + 2];
	struct auth_client *a;
	struct bench b;

	(void)state;
	memset(user, 'u', sizeof(user));
	user[AUTH_USER_MAX + 1] = '\0';
	bench_open(&b, STAGE_SERVICE);
	assert_int_equal(auth_client_new(pair_session(&b.p, SESSION_CLIENT),
	    user, &a), SSHTAP_ERR_TOO_BIG);
	user[AUTH_USER_MAX] = '\0';
	assert_int_equal(auth_client_new(pair_session(&b.p, SESSION_CLIENT),
	    user, &a), 0);
	auth_client_free(a);
	bench_close(&b);
}

static void
test_key_messages(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_CHOICE);
	bench_try_key(&b);
	bench_assert_text(&b, USER_FIELDS
	    "\0\0\0\11publickey\0\0\0\0\3alg\0\0\0\4blob");
	bench_put_key_ok(&b);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(auth_client_sign(b.client, bench_sign_nothing,
	    NULL), 0);
	bench_assert_text(&b, USER_FIELDS
	    "\0\0\0\11publickey\1\0\0\0\3alg\0\0\0\4blob"
	    "\0\0\0\7\0\0\0\3sig");
	bench_put_number(&b, SSH_MSG_USERAUTH_SUCCESS);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_DONE);
	assert_true(pair_session(&b.p, SESSION_CLIENT)->authenticated);
	bench_close(&b);
}

/* What is to be signed: the session, then the request as it will be sent. */
static int
check_signed_data(void *ctx, const struct view *algorithm,
    const struct view *data, struct buf *signature)
{
	struct bench *b = ctx;
	struct session *s = pair_session(&b->p, SESSION_CLIENT);
	struct view v = *data, id, ours = session_id(s), shown;
	struct buf expected;

	buf_init(&expected, 4096);
	assert_true(view_is(algorithm, "alg"));
	assert_int_equal(view_get_string(&v, &id), 0);
	assert_true(view_equals(&id, &ours));
	assert_int_equal(buf_put(&expected, USER_FIELDS "\0\0\0\43"
	    AUTH_HOSTBOUND "\1\0\0\0\3alg\0\0\0\4blob",
	    sizeof(USER_FIELDS) + 4 + sizeof(AUTH_HOSTBOUND) + 14), 0);
	shown = session_hostkey(s);
	assert_int_equal(buf_put_string_view(&expected, &shown), 0);
	assert_int_equal(v.len, expected.len);
	assert_memory_equal(v.p, buf_view(&expected).p, v.len);
	buf_clear(&expected);
	return buf_put_cstring(signature, "sig");
}

/* Announced by EXT_INFO, so it is used: the host key is in all of it. */
static void
test_hostbound_is_used(void **state)
{
	struct view v, shown, sig, method, field;
	struct bench b;
	int i;

	(void)state;
	bench_open(&b, STAGE_CHOICE);
	pair_session(&b.p, SESSION_CLIENT)->peer_hostbound = true;
	shown = key_blob(b.p.hostkey);
	bench_try_key(&b);
	for (i = 0; i < 2; i++) {
		pair_pump(&b.p);
		assert_true(pair_get(&b.p, SESSION_SERVER, &v));
		assert_int_equal(view_get_bytes(&v, sizeof(USER_FIELDS) - 1,
		    &field), 0);
		assert_int_equal(view_get_string(&v, &method), 0);
		assert_true(view_is(&method, AUTH_HOSTBOUND));
		assert_int_equal(view_get_bytes(&v, 1, &field), 0);
		assert_int_equal(field.p[0], i);
		assert_int_equal(view_get_string(&v, &field), 0);
		assert_int_equal(view_get_string(&v, &field), 0);
		assert_int_equal(view_get_string(&v, &field), 0);
		assert_true(view_equals(&field, &shown));
		assert_int_equal(i == 0 ? 0 : view_get_string(&v, &sig), 0);
		assert_int_equal(view_end(&v), 0);
		if (i == 1)
			break;
		bench_put_key_ok(&b);
		assert_int_equal(bench_feed_message(&b), 0);
		assert_int_equal(auth_client_sign(b.client,
		    check_signed_data, &b), 0);
	}
	bench_close(&b);
}

static int
check_plain_name(void *ctx, const struct view *algorithm,
    const struct view *data, struct buf *signature)
{
	(void)data;
	assert_true(view_is(algorithm, ctx));
	return buf_put_cstring(signature, "sig");
}

/* A certificate is offered under its own name and signed for without it. */
static void
test_certificates(void **state)
{
	static const char *const names[][2] = {
		{ "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519" },
		{ "rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-512" },
		{ "-cert-v01@openssh.com", "-cert-v01@openssh.com" },
		{ "cert-v01@openssh.com", "cert-v01@openssh.com" },
	};
	struct view alg, blob = view_of("blob", 4);
	struct bench b;
	char plain[64];
	size_t i;

	(void)state;
	bench_open(&b, STAGE_CHOICE);
	for (i = 0; i < COUNT(names); i++) {
		bench_reach(&b, STAGE_CHOICE);
		alg = view_of_string(names[i][0]);
		assert_int_equal(auth_client_try_key(b.client, &alg, &blob),
		    0);
		bench_put_number(&b, SSH_MSG_USERAUTH_PK_OK);
		bench_put_text(&b, names[i][0], strlen(names[i][0]));
		bench_put_text(&b, "blob", 4);
		assert_int_equal(bench_feed_message(&b), 0);
		strcpy(plain, names[i][1]);
		assert_int_equal(auth_client_sign(b.client, check_plain_name,
		    plain), 0);
		pair_pump(&b.p);
		pair_drop_got(&b.p);
	}
	bench_close(&b);
}

/* The signer's failure is not the connection's. */
static void
test_signer_may_refuse(void **state)
{
	int refusal = SSHTAP_ERR_AGENT;
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_PROBE);
	bench_put_key_ok(&b);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(auth_client_sign(b.client, bench_sign_nothing,
	    &refusal), SSHTAP_ERR_AGENT);
	bench_assert_silent(&b);
	bench_try_method(&b, STAGE_PASSWORD);
	bench_assert_text(&b, USER_FIELDS
	    "\0\0\0\10password\0\0\0\0\2pw");
	bench_close(&b);
}

static void
test_one_request_at_a_time(void **state)
{
	static const enum bench_stage busy[] = { STAGE_SERVICE, STAGE_NONE,
	    STAGE_PROBE, STAGE_SIGNED, STAGE_PASSWORD, STAGE_KBDINT };
	struct view v = view_of("alg", 3);
	const char *answers[1] = { "x" };
	struct bench b;
	size_t i;

	(void)state;
	bench_open(&b, STAGE_SERVICE);
	for (i = 0; i < COUNT(busy); i++) {
		bench_reach(&b, busy[i]);
		assert_int_equal(auth_client_try_key(b.client, &v, &v),
		    SSHTAP_ERR_STATE);
		assert_int_equal(auth_client_sign(b.client, bench_sign_nothing,
		    NULL), SSHTAP_ERR_STATE);
		assert_int_equal(auth_client_try_password(b.client, "x"),
		    SSHTAP_ERR_STATE);
		assert_int_equal(auth_client_try_kbdint(b.client),
		    SSHTAP_ERR_STATE);
		assert_int_equal(auth_client_answer(b.client, answers, 0),
		    SSHTAP_ERR_STATE);
		bench_assert_silent(&b);
	}
	bench_close(&b);
}

/* keyboard-interactive, RFC 4256. */

static void
test_prompts(void **state)
{
	const char *answers[2] = { "12", "" };
	struct bench b;
	bool echo;

	(void)state;
	bench_open(&b, STAGE_CHOICE);
	assert_int_equal(auth_client_try_kbdint(b.client), 0);
	bench_assert_text(&b, USER_FIELDS
	    "\0\0\0\24keyboard-interactive\0\0\0\0\0\0\0\0");
	bench_put_number(&b, SSH_MSG_USERAUTH_INFO_REQUEST);
	bench_put_text(&b, "Na\033me\n", 6);
	bench_put_text(&b, "Do\tthis\nthen\a that", 18);
	bench_put_text(&b, "en", 2);
	assert_int_equal(buf_put_u32(&b.m, 2), 0);
	bench_put_text(&b, "Pass\nword\177: ", 12);
	assert_int_equal(buf_put_bool(&b.m, false), 0);
	bench_put_text(&b, "Caf\303\251 \302\233: ", 10);
	assert_int_equal(buf_put_bool(&b.m, true), 0);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_PROMPTS);
	assert_int_equal(auth_client_prompts(b.client), 2);
	assert_string_equal(auth_client_instruction(b.client),
	    "Na?me?\nDo this\nthen? that");
	assert_string_equal(auth_client_prompt(b.client, 0, &echo),
	    "Pass?word?: ");
	assert_false(echo);
	assert_string_equal(auth_client_prompt(b.client, 1, &echo),
	    "Caf\303\251 ?: ");
	assert_true(echo);
	assert_int_equal(auth_client_answer(b.client, answers, 1),
	    SSHTAP_ERR_STATE);
	assert_int_equal(auth_client_answer(b.client, answers, 2), 0);
	bench_assert_text(&b, "\75\0\0\0\2\0\0\0\00212\0\0\0\0");
	bench_close(&b);
}

static void
test_no_prompts(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_KBDINT);
	bench_put_info(&b, "", "just so", 0, 0);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_PROMPTS);
	assert_int_equal(auth_client_prompts(b.client), 0);
	assert_string_equal(auth_client_instruction(b.client), "just so");
	assert_int_equal(auth_client_answer(b.client, NULL, 0), 0);
	bench_assert_text(&b, "\75\0\0\0\0");
	bench_put_number(&b, SSH_MSG_USERAUTH_SUCCESS);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_DONE);
	bench_close(&b);
}

static void
test_prompt_limits(void **state)
{
	char text[2 * AUTH_TEXT_MAX];
	struct bench b;
	bool echo;

	(void)state;
	bench_open(&b, STAGE_KBDINT);
	bench_put_info(&b, "", "", AUTH_PROMPTS_MAX, AUTH_PROMPTS_MAX);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(auth_client_prompts(b.client), AUTH_PROMPTS_MAX);
	assert_string_equal(auth_client_prompt(b.client, AUTH_PROMPTS_MAX - 1,
	    &echo), "Code: ");
	bench_reach(&b, STAGE_KBDINT);
	bench_put_info(&b, "", "", AUTH_PROMPTS_MAX + 1, AUTH_PROMPTS_MAX + 1);
	assert_int_equal(bench_feed_message(&b), SSHTAP_ERR_TOO_BIG);
	bench_reach(&b, STAGE_KBDINT);
	bench_put_info(&b, "", "", UINT32_MAX, 1);
	assert_int_equal(bench_feed_message(&b), SSHTAP_ERR_TOO_BIG);
	/* Long texts are cut, in the name as in the rest. */
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	bench_reach(&b, STAGE_KBDINT);
	bench_put_info(&b, text, text, 0, 0);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(strlen(auth_client_instruction(b.client)),
	    2 * (AUTH_TEXT_MAX - 1) + 1);
	bench_close(&b);
}

static void
test_rounds_are_limited(void **state)
{
	struct bench b;
	int i;

	(void)state;
	bench_open(&b, STAGE_KBDINT);
	for (i = 0; i < AUTH_ROUNDS_MAX; i++) {
		bench_put_info(&b, "", "", 0, 0);
		assert_int_equal(bench_feed_message(&b), 0);
		/* Starting over does not start the count over. */
		if (i == AUTH_ROUNDS_MAX / 2) {
			assert_int_equal(auth_client_answer(b.client, NULL,
			    0), 0);
			bench_put_failure(&b, "keyboard-interactive", false);
			assert_int_equal(bench_feed_message(&b), 0);
			assert_int_equal(auth_client_try_kbdint(b.client), 0);
		} else
			assert_int_equal(auth_client_answer(b.client, NULL,
			    0), 0);
	}
	bench_put_info(&b, "", "", 0, 0);
	assert_int_equal(bench_feed_message(&b), SSHTAP_ERR_TOO_BIG);
	bench_close(&b);
}

/* Banners, failures, expired passwords. */

static void
test_banners(void **state)
{
	uint8_t text[2 * AUTH_BANNER_SIZE];
	const char *shown;
	struct bench b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	/* Even before the service is granted. */
	bench_open(&b, STAGE_SERVICE);
	bench_put_banner(&b, "Hello\r\n\033[2Jworld\a\n", 18);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_BANNER);
	assert_string_equal(auth_client_banner(b.client),
	    "Hello\n?[2Jworld?\n");
	bench_put_banner(&b, text, sizeof(text));
	for (i = 2; i <= AUTH_BANNERS_MAX; i++) {
		assert_int_equal(bench_feed_message(&b), 0);
		assert_int_equal(b.event, AUTH_EVENT_BANNER);
	}
	shown = auth_client_banner(b.client);
	assert_int_equal(strlen(shown), AUTH_BANNER_SIZE - 1);
	for (; *shown != '\0'; shown++)
		assert_true(*shown == '\n' ||
		    (*shown >= 0x20 && *shown <= 0x7e));
	for (i = 0; i < 100; i++) {
		assert_int_equal(bench_feed_message(&b), 0);
		assert_int_equal(b.event, AUTH_EVENT_NONE);
	}
	/* And what was under way goes on. */
	bench_put_accept(&b);
	assert_int_equal(bench_feed_message(&b), 0);
	bench_close(&b);
}

static void
test_failure_lists(void **state)
{
	char most[NAMELIST_MAX + 2];
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_PASSWORD);
	bench_put_failure(&b, "publickey,keyboard-\033interactive", true);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_CHOOSE);
	assert_true(auth_client_is_partial(b.client));
	assert_true(auth_client_can(b.client, "publickey"));
	assert_false(auth_client_can(b.client, "public"));
	assert_false(auth_client_can(b.client, "password"));
	assert_string_equal(auth_client_methods(b.client),
	    "publickey,keyboard-?interactive");
	bench_reach(&b, STAGE_PASSWORD);
	bench_put_failure(&b, "", false);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_false(auth_client_is_partial(b.client));
	assert_string_equal(auth_client_methods(b.client), "");
	memset(most, 'm', sizeof(most));
	most[NAMELIST_MAX] = '\0';
	bench_reach(&b, STAGE_PASSWORD);
	bench_put_failure(&b, most, false);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(strlen(auth_client_methods(b.client)),
	    AUTH_TEXT_MAX - 1);
	most[NAMELIST_MAX] = 'm';
	most[NAMELIST_MAX + 1] = '\0';
	bench_reach(&b, STAGE_PASSWORD);
	bench_put_failure(&b, most, false);
	assert_int_equal(bench_feed_message(&b), SSHTAP_ERR_TOO_BIG);
	bench_close(&b);
}

static void
test_expired_password(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_PASSWORD);
	bench_put_change_request(&b);
	assert_int_equal(bench_feed_message(&b), 0);
	assert_int_equal(b.event, AUTH_EVENT_CHOOSE);
	bench_assert_silent(&b);
	bench_try_key(&b);
	bench_close(&b);
}

static void
test_key_ok_must_fit(void **state)
{
	static const char *const wrong[][2] = {
		{ "alg", "blo" }, { "alg", "blub" }, { "alg", "blob1" },
		{ "alh", "blob" }, { "", "blob" }, { "alg", "" },
	};
	struct bench b;
	size_t i;

	(void)state;
	bench_open(&b, STAGE_PROBE);
	for (i = 0; i < COUNT(wrong); i++) {
		bench_reach(&b, STAGE_PROBE);
		bench_put_number(&b, SSH_MSG_USERAUTH_PK_OK);
		bench_put_text(&b, wrong[i][0], strlen(wrong[i][0]));
		bench_put_text(&b, wrong[i][1], strlen(wrong[i][1]));
		assert_int_equal(bench_feed_message(&b), SSHTAP_ERR_PROTOCOL);
	}
	bench_close(&b);
}

/* What may come when: an event, or the end. */

enum message {
	MESSAGE_ACCEPT,
	MESSAGE_FAILURE,
	MESSAGE_SUCCESS,
	MESSAGE_KEY_OK,
	MESSAGE_INFO,
	MESSAGE_CHANGE,
	MESSAGE_COUNT
};

static void
put_message(struct bench *b, enum message message)
{
	switch (message) {
	case MESSAGE_ACCEPT:
		bench_put_accept(b);
		break;
	case MESSAGE_FAILURE:
		bench_put_failure(b, "password", false);
		break;
	case MESSAGE_SUCCESS:
		bench_put_number(b, SSH_MSG_USERAUTH_SUCCESS);
		break;
	case MESSAGE_KEY_OK:
		bench_put_key_ok(b);
		break;
	case MESSAGE_INFO:
		bench_put_info(b, "name", "instruction", 3, 3);
		break;
	default:
		bench_put_change_request(b);
		break;
	}
}

#define NO	(-1)
#define ASK	AUTH_EVENT_CHOOSE
#define YES	AUTH_EVENT_DONE

static const int legal[STAGE_COUNT][MESSAGE_COUNT] = {
	/*		   6   51   52   60, 60, 60 */
	[STAGE_SERVICE] = { 0, NO, NO, NO, NO, NO },
	[STAGE_NONE] = { NO, ASK, YES, NO, NO, NO },
	[STAGE_CHOICE] = { NO, NO, NO, NO, NO, NO },
	[STAGE_PROBE] = { NO, ASK, NO, AUTH_EVENT_KEY_OK, NO, NO },
	[STAGE_SIGNED] = { NO, ASK, YES, NO, NO, NO },
	/* Three meanings of 60; of this one no more is read. */
	[STAGE_PASSWORD] = { NO, ASK, YES, ASK, ASK, ASK },
	[STAGE_KBDINT] = { NO, ASK, YES, NO, AUTH_EVENT_PROMPTS, NO },
	[STAGE_PROMPTS] = { NO, NO, NO, NO, NO, NO },
};

static void
test_message_in_every_stage(void **state)
{
	struct bench b;
	int stage, message, r;

	(void)state;
	bench_open(&b, STAGE_SERVICE);
	for (stage = 0; stage < STAGE_COUNT; stage++) {
		for (message = 0; message < MESSAGE_COUNT; message++) {
			bench_reach(&b, (enum bench_stage)stage);
			put_message(&b, (enum message)message);
			r = bench_feed_message(&b);
			if (legal[stage][message] == NO)
				assert_true(r != 0 &&
				    r != SSHTAP_ERR_UNSUPPORTED);
			else {
				assert_int_equal(r, 0);
				assert_int_equal(b.event,
				    legal[stage][message]);
			}
			pair_pump(&b.p);
			pair_drop_got(&b.p);
		}
	}
	bench_close(&b);
}

/* What only a client says, channels, and what nobody knows. */
static void
test_other_messages(void **state)
{
	struct bench b;
	unsigned n;
	uint8_t m;
	int stage, r;

	(void)state;
	bench_open(&b, STAGE_SERVICE);
	for (stage = 0; stage < STAGE_COUNT; stage++) {
		bench_reach(&b, (enum bench_stage)stage);
		for (n = 0; n <= UINT8_MAX; n++) {
			m = (uint8_t)n;
			if (n == 6 || (n >= 51 && n <= 53) || n == 60)
				continue;
			r = bench_feed(&b, &m, 1);
			assert_int_equal(r, n == 5 || n == 50 || n >= 60 ?
			    SSHTAP_ERR_PROTOCOL : SSHTAP_ERR_UNSUPPORTED);
			assert_int_equal(b.event, AUTH_EVENT_NONE);
			bench_assert_silent(&b);
		}
	}
	bench_close(&b);
}

/* Each message cut at every byte, and one byte too long. */
static void
check_cut(struct bench *b, enum bench_stage stage, enum message message)
{
	size_t len, total;

	bench_reach(b, stage);
	put_message(b, message);
	for (len = 1, total = b->m.len; len < total; len++) {
		bench_reach(b, stage);
		put_message(b, message);
		assert_int_equal(bench_feed(b, buf_view(&b->m).p, len),
		    SSHTAP_ERR_TRUNCATED);
		assert_int_equal(b->event, AUTH_EVENT_NONE);
	}
	bench_reach(b, stage);
	put_message(b, message);
	assert_int_equal(buf_put_u8(&b->m, 0), 0);
	assert_int_equal(bench_feed_message(b), SSHTAP_ERR_TRAILING);
	assert_int_equal(b->event, AUTH_EVENT_NONE);
}

static void
test_cut_anywhere(void **state)
{
	struct bench b;
	size_t len;

	(void)state;
	bench_open(&b, STAGE_SERVICE);
	check_cut(&b, STAGE_SERVICE, MESSAGE_ACCEPT);
	check_cut(&b, STAGE_NONE, MESSAGE_FAILURE);
	check_cut(&b, STAGE_PASSWORD, MESSAGE_SUCCESS);
	check_cut(&b, STAGE_PROBE, MESSAGE_KEY_OK);
	check_cut(&b, STAGE_KBDINT, MESSAGE_INFO);
	/* Of a banner only the text is read, of a request to change nothing. */
	bench_reach(&b, STAGE_CHOICE);
	bench_put_banner(&b, "text", 4);
	for (len = 1; len <= b.m.len; len++)
		assert_int_equal(bench_feed(&b, buf_view(&b.m).p, len),
		    len < 9 ? SSHTAP_ERR_TRUNCATED : 0);
	for (len = 1; len < 15; len++) {
		bench_reach(&b, STAGE_PASSWORD);
		bench_put_change_request(&b);
		assert_int_equal(bench_feed(&b, buf_view(&b.m).p, len), 0);
		assert_int_equal(b.event, AUTH_EVENT_CHOOSE);
	}
	bench_close(&b);
}

static void
test_other_service_granted(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, STAGE_SERVICE);
	bench_put_number(&b, SSH_MSG_SERVICE_ACCEPT);
	bench_put_text(&b, AUTH_NEXT_SERVICE, strlen(AUTH_NEXT_SERVICE));
	assert_int_equal(bench_feed_message(&b), SSHTAP_ERR_PROTOCOL);
	bench_assert_silent(&b);
	bench_close(&b);
}

static int
free_keys(void **state)
{
	(void)state;
	pair_free_keys();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_with_service_and_none),
		cmocka_unit_test(test_user_limit),
		cmocka_unit_test(test_key_messages),
		cmocka_unit_test(test_hostbound_is_used),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_signer_may_refuse),
		cmocka_unit_test(test_one_request_at_a_time),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_no_prompts),
		cmocka_unit_test(test_prompt_limits),
		cmocka_unit_test(test_rounds_are_limited),
		cmocka_unit_test(test_banners),
		cmocka_unit_test(test_failure_lists),
		cmocka_unit_test(test_expired_password),
		cmocka_unit_test(test_key_ok_must_fit),
		cmocka_unit_test(test_message_in_every_stage),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_other_service_granted),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}

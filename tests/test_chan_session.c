/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Session channels: requests and their answers, streams and their windows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/chan_util.h"

static void
test_over_sending_is_dropped_then_ends(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_session(&p->client);
	unsigned i;

	/* Nothing is consumed: 8 x 32768 fill the window. */
	for (i = 0; i < 8; i++)
		assert_int_equal(side_inject_data(&p->client, 0, 32768), 0);
	assert_string_equal(p->client.log, "DDDDDDDD");
	assert_int_equal(side_inject_data(&p->client, 0, 20000), 0);
	assert_int_equal(side_inject_data(&p->client, 0, 6000), 0);
	assert_string_equal(p->client.log, "DDDDDDDD");
	assert_int_equal(side_inject_data(&p->client, 0, 300),
	    SSHTAP_ERR_PROTOCOL);
	assert_int_equal(chan_session_consumed(c, 262145),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(chan_session_consumed(c, 262144), 0);
	EXPECT(&p->client, 93, 0, 0, 0, 5, 0, 4, 0, 0);
}

static void
test_session_requests(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_session(s);

	assert_int_equal(chan_session_env(c, "A", "bc"), 0);
	EXPECT(s, 98, 0, 0, 0, 5, 0, 0, 0, 3, 'e', 'n', 'v', 0, 0, 0, 0, 1,
	    'A', 0, 0, 0, 2, 'b', 'c');
	assert_int_equal(chan_session_exec(c, "ls"), 0);
	EXPECT(s, 98, 0, 0, 0, 5, 0, 0, 0, 4, 'e', 'x', 'e', 'c', 1, 0, 0, 0,
	    2, 'l', 's');
	assert_int_equal(chan_session_exec(c, "ls"), SSHTAP_ERR_STATE);
	assert_int_equal(chan_session_env(c, "A", "b"), SSHTAP_ERR_STATE);
	assert_int_equal(INJECT(s, 99, 0, 0, 0, 0), 0);
	assert_int_equal(INJECT(s, 100, 0, 0, 0, 0), 0);
	assert_string_equal(s->log, "Y");
	assert_int_equal(INJECT(s, 96, 0, 0, 0, 0), 0);
	assert_int_equal(side_inject_request(s, "exit-status", false,
	    "\0\0\0\7", 4), 0);
	assert_int_equal(side_inject_request(s, "exit-status", false,
	    "\0\0\0\1", 4), 0);
	assert_int_equal(INJECT(s, 97, 0, 0, 0, 0), 0);
	EXPECT(s, 97, 0, 0, 0, 5);
	assert_string_equal(s->log, "YEXC");
	assert_int_equal(s->status, 7);
	assert_string_equal(s->signal, "");
}

static void
test_session_signal_and_refused_exec(void **state)
{
	static const char rest[] =
	    "\0\0\0\5T\033ERM\0\0\0\0\1x\0\0\0";
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_session(s);

	assert_int_equal(chan_session_exec(c, "no"), 0);
	free(side_take(s).p);
	assert_int_equal(INJECT(s, 100, 0, 0, 0, 0), 0);
	assert_int_equal(side_inject_request(s, "exit-signal", false, rest,
	    sizeof(rest) - 2), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(side_inject_request(s, "exit-signal", true, rest,
	    sizeof(rest)), 0);
	EXPECT(s, 99, 0, 0, 0, 5);
	assert_string_equal(s->log, "NX");
	assert_string_equal(s->signal, "T?ERM");
}

static void
test_session_argument_limits(void **state)
{
	static char text[CHAN_COMMAND_MAX + 2];
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_session(s);
	struct message m;

	memset(text, 'x', CHAN_COMMAND_MAX + 1);
	assert_int_equal(chan_session_exec(c, text), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(chan_session_env(c, "n", text + 1),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(chan_session_env(c, text, ""), SSHTAP_ERR_TOO_BIG);
	side_expect_nothing(s);
	assert_int_equal(chan_session_env(c, "n", text + 2), 0);
	free(side_take(s).p);
	assert_int_equal(chan_session_exec(c, text + 1), 0);
	m = side_take(s);
	assert_int_equal(m.len, 5 + 8 + 1 + 4 + CHAN_COMMAND_MAX);
	free(m.p);
}

static void
test_session_streams_in(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	unsigned i;

	(void)side_open_session(s);
	assert_int_equal(INJECT(s, 94, 0, 0, 0, 0, 0, 0, 0, 2, 'h', 'i'), 0);
	assert_int_equal(INJECT(s, 94, 0, 0, 0, 0, 0, 0, 0, 0), 0);
	assert_int_equal(INJECT(s, 95, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3,
	    'e', 'r', 'r'), 0);
	assert_int_equal(INJECT(s, 95, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3,
	    'n', 'o', 't'), 0);
	assert_string_equal(s->log, "Dd");
	assert_string_equal(s->data, "hi");
	assert_string_equal(s->errors, "err");
	/* What is consumed comes back, an eighth at a time. */
	s->consumes = true;
	for (i = 0; i < 100; i++)
		assert_int_equal(side_inject_data(s, 0, 32768), 0);
	for (i = 0; i < 100; i++)
		free(side_take(s).p);
	side_expect_nothing(s);
}

static void
test_session_stream_out(void **state)
{
	static uint8_t zeros[2000];
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_session(s);
	struct view bytes = view_of(zeros, sizeof(zeros));
	size_t taken, sum = 0;
	int r;

	/* Packets of 300, a window of 1000. */
	while ((r = chan_session_send(c, &bytes, &taken)) == 0) {
		assert_true(taken <= 300);
		free(side_take(s).p);
		sum += taken;
	}
	assert_int_equal(r, SSHTAP_ERR_AGAIN);
	assert_int_equal(sum, 1000);
	assert_int_equal(INJECT(s, 93, 0, 0, 0, 0, 0, 0, 0, 7), 0);
	assert_string_equal(s->log, "W");
	assert_int_equal(chan_session_send(c, &bytes, &taken), 0);
	assert_int_equal(taken, 7);
	EXPECT(s, 94, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0);
	bytes.len = 0;
	assert_int_equal(chan_session_send(c, &bytes, &taken), 0);
	assert_int_equal(taken, 0);
	assert_int_equal(chan_send_eof(c), 0);
	assert_int_equal(chan_session_send(c, &bytes, &taken),
	    SSHTAP_ERR_STATE);
}

static void
test_calls_for_the_other_kind(void **state)
{
	struct tables *p = *state;
	struct chan *t = side_open_tun(&p->client, 1000, 32768), *c;
	struct view bytes = view_of("x", 1);
	size_t n;

	assert_int_equal(chan_open_session(p->client.cs, NULL, &c), 0);
	assert_int_equal(chan_tun_room(c, &n), SSHTAP_ERR_STATE);
	assert_int_equal(side_send_frame(c, 1, 100), SSHTAP_ERR_STATE);
	assert_int_equal(chan_session_exec(c, "ls"), SSHTAP_ERR_STATE);
	assert_int_equal(chan_session_exec(t, "ls"), SSHTAP_ERR_STATE);
	assert_int_equal(chan_session_env(t, "a", "b"), SSHTAP_ERR_STATE);
	assert_int_equal(chan_session_send(t, &bytes, &n), SSHTAP_ERR_STATE);
	assert_int_equal(chan_session_consumed(t, 0), SSHTAP_ERR_STATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_over_sending_is_dropped_then_ends),
		PAIR(test_session_requests),
		PAIR(test_session_signal_and_refused_exec),
		PAIR(test_session_argument_limits),
		PAIR(test_session_streams_in),
		PAIR(test_session_stream_out),
		PAIR(test_calls_for_the_other_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

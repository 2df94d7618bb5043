/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * How channels end: EOF and CLOSE from either side, crossing, early and late.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/chan_util.h"
#include "transport/ssh2.h"

static void
test_eof_each_way(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);

	assert_int_equal(chan_send_eof(c), 0);
	assert_int_equal(chan_send_eof(c), 0);
	assert_int_equal(side_send_frame(c, 1, 100), SSHTAP_ERR_STATE);
	assert_int_equal(side_send_frame(p->server.asked, 2, 100), 0);
	tables_pump(p);
	assert_string_equal(p->server.log, "TE");
	assert_string_equal(p->client.log, "OF");
	assert_int_equal(side_send_frame(p->server.asked, 2, 100), 0);
	assert_int_equal(chan_send_eof(p->server.asked), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "OFFE");
	assert_int_equal(chans_count(p->client.cs), 1);
	assert_int_equal(side_inject_data(&p->client, 0, 100),
	    SSHTAP_ERR_PROTOCOL);
	assert_int_equal(INJECT(&p->client, 96, 0, 0, 0, 0),
	    SSHTAP_ERR_PROTOCOL);
}

static void
test_close_from_client(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);

	assert_int_equal(chan_close(c), 0);
	assert_int_equal(chan_close(c), 0);
	assert_false(chan_is_open(c));
	assert_int_equal(chan_send_eof(c), SSHTAP_ERR_STATE);
	assert_int_equal(side_send_frame(c, 1, 100), SSHTAP_ERR_STATE);
	tables_pump(p);
	assert_string_equal(p->client.log, "OC");
	assert_string_equal(p->server.log, "TC");
	assert_int_equal(chans_count(p->client.cs), 0);
	assert_int_equal(chans_count(p->server.cs), 0);
}

static void
test_close_from_server_with_late_frames(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);

	assert_int_equal(side_send_frame(c, 1, 100), 0);
	assert_int_equal(chan_close(p->server.asked), 0);
	assert_int_equal(side_send_frame(c, 1, 100), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "OC");
	assert_string_equal(p->server.log, "TC");
	/* Both are gone: another frame is a fault. */
	assert_int_equal(side_inject_data(&p->server, 0, 100),
	    SSHTAP_ERR_PROTOCOL);
	assert_int_equal(INJECT(&p->server, 93, 0, 0, 0, 0, 0, 0, 0, 1), 0);
}

static void
test_close_from_both(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);

	assert_int_equal(chan_close(c), 0);
	assert_int_equal(chan_close(p->server.asked), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "OC");
	assert_string_equal(p->server.log, "TC");
	/* One CLOSE each: OPEN and CLOSE, CONFIRMATION and CLOSE. */
	assert_int_equal(p->client.sends, 2);
	assert_int_equal(p->server.sends, 2);
	(void)tables_open_tun(p);
}

static void
test_close_from_a_frame_handler(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);
	unsigned i;

	p->server.closes_on_frame = true;
	for (i = 0; i < 300; i++)
		assert_int_equal(side_send_frame(c, 1, 1500), 0);
	tables_pump(p);
	assert_string_equal(p->server.log, "TFC");
	/* No credit after our CLOSE. */
	assert_int_equal(p->server.sends, 2);
}

static void
test_close_before_the_answer(void **state)
{
	struct tables *p = *state;
	struct chan *c;

	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c), 0);
	assert_int_equal(chan_send_eof(c), SSHTAP_ERR_STATE);
	assert_int_equal(chan_close(c), 0);
	assert_int_equal(chan_close(c), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "C");
	assert_string_equal(p->server.log, "TC");
	p->server.answer = SSH_OPEN_CONNECT_FAILED;
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c), 0);
	assert_int_equal(chan_close(c), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "CC");
}

/* What a peer says that has not read our CLOSE yet. */
static void
test_late_messages_have_no_events(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 1000, 32768);

	assert_int_equal(chan_close(c), 0);
	EXPECT(s, 97, 0, 0, 0, 5);
	assert_int_equal(side_inject_data(s, 0, 100), 0);
	assert_int_equal(INJECT(s, 93, 0, 0, 0, 0, 0, 0, 1, 0), 0);
	assert_int_equal(INJECT(s, 99, 0, 0, 0, 0), 0);
	assert_int_equal(INJECT(s, 96, 0, 0, 0, 0), 0);
	assert_int_equal(side_inject_data(s, 0, 100), SSHTAP_ERR_PROTOCOL);
	assert_string_equal(s->log, "");
	assert_int_equal(INJECT(s, 97, 0, 0, 0, 0), 0);
	assert_string_equal(s->log, "C");
	side_expect_nothing(s);
	assert_int_equal(INJECT(s, 97, 0, 0, 0, 0), SSHTAP_ERR_PROTOCOL);
}

static void
test_open_from_the_closed_handler(void **state)
{
	struct tables *p = *state;

	(void)side_open_tun(&p->client, 1000, 32768);
	p->client.reopens = true;
	assert_int_equal(INJECT(&p->client, 97, 0, 0, 0, 0), 0);
	assert_string_equal(p->client.log, "C");
	assert_int_equal(chans_count(p->client.cs), 1);
	assert_non_null(p->client.reopened);
	assert_false(chan_is_open(p->client.reopened));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_eof_each_way),
		PAIR(test_close_from_client),
		PAIR(test_close_from_server_with_late_frames),
		PAIR(test_close_from_both),
		PAIR(test_close_from_a_frame_handler),
		PAIR(test_close_before_the_answer),
		PAIR(test_late_messages_have_no_events),
		PAIR(test_open_from_the_closed_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Two sessions over sockets: what reaches the layer above, and every way in
 * which a connection can end.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/relay_util.h"
#include "transport/ssh2.h"

static struct relay_side *
client_of(void **state)
{
	struct relay_bench *b = *state;

	return &b->sides[SESSION_CLIENT];
}

static struct relay_side *
server_of(void **state)
{
	struct relay_bench *b = *state;

	return &b->sides[SESSION_SERVER];
}

/* A global request that nobody knows and nobody answers. */
static void
send_request(struct relay_side *s)
{
	static const uint8_t m[] = { SSH_MSG_GLOBAL_REQUEST, 0, 0, 0, 1, 'x',
	    0 };
	struct view v = view_of(m, sizeof(m));

	assert_int_equal(session_send(s->session, &v), 0);
}

/* The end was said once, and stays said. */
static void
expect_end(struct relay_side *s, int failure, int error)
{
	assert_true(s->wire.ended);
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->failure, failure);
	assert_int_equal(s->error, error);
	wire_flush(&s->wire);
	wire_check(&s->wire, SSHTAP_ERR_PROTOCOL);
	wire_ready(&s->wire, s->rfd, LOOP_IN | LOOP_HUP);
	relay_turn(s->bench);
	assert_int_equal(s->ends, 1);
}

static void
close_socket(struct relay_side *s)
{
	wire_end(&s->wire);
	assert_int_equal(close(s->rfd), 0);
	if (s->wfd != s->rfd)
		assert_int_equal(close(s->wfd), 0);
	s->rfd = s->wfd = -1;
}

static void
check_joined(bool two_fds)
{
	struct relay_bench b;
	unsigned i;

	relay_join(&b, two_fds);
	for (i = 0; i < 2; i++) {
		assert_true(b.sides[i].hears > 0);
		assert_true(b.sides[i].drains > 0);
		assert_true(b.sides[i].writables > 0);
		assert_int_equal(b.sides[i].packets, 0);
		assert_int_equal(b.sides[i].ends, 0);
	}
	relay_close(&b);
}

static void
test_keys_over_a_socket(void **state)
{
	(void)state;
	check_joined(false);
}

static void
test_keys_over_two_descriptors(void **state)
{
	(void)state;
	check_joined(true);
}

static void
test_heard_may_be_null(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);
	struct wire_ops ops = *s->wire.ops;

	ops.heard = NULL;
	s->wire.ops = &ops;
	s->hears = s->packets = 0;
	send_request(c);
	relay_run(*state);
	assert_int_equal(s->hears, 0);
	assert_int_equal(s->packets, 1);
}

static void
test_many_packets_of_one_read(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);
	unsigned i;

	s->packets = s->drains = s->hears = 0;
	for (i = 0; i < 100; i++)
		send_request(c);
	relay_run(*state);
	assert_int_equal(s->packets, 100);
	assert_int_equal(s->hears, 1);
	assert_int_equal(s->drains, 1);
}

static void
test_unknown_message_is_answered(void **state)
{
	static const uint8_t m[] = { 192, 1, 2, 3 };
	struct view v = view_of(m, sizeof(m));
	struct relay_side *c = client_of(state), *s = server_of(state);

	c->hears = s->packets = 0;
	assert_int_equal(session_send(c->session, &v), 0);
	relay_run(*state);
	assert_int_equal(s->packets, 1);
	assert_int_equal(s->ends, 0);
	assert_int_equal(c->hears, 1);
	assert_int_equal(c->ends, 0);
}

static void
test_error_of_a_packet_ends_it(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);
	uint32_t reason;

	s->packets = s->drains = 0;
	s->verdict = SSHTAP_ERR_PROTOCOL;
	send_request(c);
	send_request(c);
	relay_run(*state);
	assert_int_equal(s->packets, 1);
	assert_int_equal(s->drains, 0);
	expect_end(s, SSHTAP_ERR_PROTOCOL, 0);
	assert_int_equal(c->ends, 0);
	/* What is left to say goes out in the end. */
	wire_linger(&s->wire);
	assert_int_equal(session_output(s->session).len, 0);
	relay_run(*state);
	expect_end(c, SSHTAP_ERR_DISCONNECT, 0);
	assert_true(*session_peer_text(c->session, &reason) != '\0');
	assert_int_equal(reason, SSH_DISCONNECT_PROTOCOL_ERROR);
}

/* Whatever has been read already. */
static void
test_end_in_the_middle(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);

	s->packets = s->drains = 0;
	s->ends_on_packet = true;
	send_request(c);
	send_request(c);
	send_request(c);
	relay_run(*state);
	assert_int_equal(s->packets, 1);
	assert_int_equal(s->drains, 0);
	assert_int_equal(s->ends, 0);
	/* An error that comes with it is not a second end. */
	wire_check(&s->wire, SSHTAP_ERR_PROTOCOL);
	assert_int_equal(s->ends, 0);
	wire_end(&s->wire);
}

static void
test_check(void **state)
{
	struct relay_side *c = client_of(state);

	wire_check(&c->wire, 0);
	wire_check(&c->wire, SSHTAP_ERR_AGAIN);
	assert_false(c->wire.ended);
	wire_check(&c->wire, SSHTAP_ERR_TOO_BIG);
	expect_end(c, SSHTAP_ERR_TOO_BIG, 0);
	assert_true(session_output(c->session).len > 0);
}

static void
test_peer_closes(void **state)
{
	struct relay_side *c = client_of(state);

	close_socket(server_of(state));
	relay_run(*state);
	expect_end(c, 0, 0);
}

static void
test_peer_closes_one_of_two(void **state)
{
	struct relay_bench b;

	(void)state;
	relay_join(&b, true);
	close_socket(&b.sides[SESSION_SERVER]);
	relay_run(&b);
	expect_end(&b.sides[SESSION_CLIENT], 0, 0);
	relay_close(&b);
}

/*
 * It can send, but will not hear: where poll(2) tells, nothing has to be
 * written to notice.
 */
static void
test_peer_hears_no_more(void **state)
{
	struct relay_bench b;
	struct relay_side *c = &b.sides[SESSION_CLIENT];
	struct relay_side *s = &b.sides[SESSION_SERVER];

	(void)state;
	relay_join(&b, true);
	c->packets = 0;
	send_request(s);
	wire_flush(&s->wire);
	wire_end(&s->wire);
	assert_int_equal(close(s->rfd), 0);
	s->rfd = -1;
	wire_ready(&c->wire, c->wfd, LOOP_HUP);
	assert_int_equal(c->packets, 1);
	expect_end(c, 0, 0);
	relay_close(&b);
}

/* A local socket closed before its owner has read all is reset. */
static void
test_peer_resets(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);

	send_request(c);
	wire_flush(&c->wire);
	close_socket(s);
	relay_run(*state);
	expect_end(c, 0, 0);
}

static void
test_read_fails(void **state)
{
	struct relay_side *c = client_of(state);
	int fd = open("/dev/null", O_WRONLY), rfd = c->rfd;

	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, rfd), rfd);
	assert_int_equal(close(fd), 0);
	wire_ready(&c->wire, rfd, LOOP_IN);
	expect_end(c, 0, EBADF);
}

/* Its last words are read before the write's failure counts. */
static void
test_write_fails_after_disconnect(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);

	session_disconnect(s->session, SSH_DISCONNECT_BY_APPLICATION, "bye");
	wire_linger(&s->wire);
	close_socket(s);
	send_request(c);
	wire_flush(&c->wire);
	assert_string_equal(session_peer_text(c->session, NULL), "bye");
	expect_end(c, SSHTAP_ERR_DISCONNECT, 0);
}

/* What it said first explains nothing: then the write's failure does. */
static void
test_write_fails(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);

	c->packets = 0;
	send_request(s);
	wire_flush(&s->wire);
	close_socket(s);
	send_request(c);
	wire_flush(&c->wire);
	assert_int_equal(c->packets, 1);
	expect_end(c, 0, 0);
	/* Nobody is there to hear the rest. */
	wire_linger(&c->wire);
}

static void
test_garbage(void **state)
{
	struct relay_side *c = client_of(state), *s = server_of(state);
	uint8_t noise[4096];

	pair_fill(noise, sizeof(noise), 7);
	c->packets = 0;
	assert_int_equal(write(s->wfd, noise, sizeof(noise)), sizeof(noise));
	relay_run(*state);
	assert_int_equal(c->packets, 0);
	assert_true(c->failure != 0);
	expect_end(c, c->failure, 0);
	/* The session has told the peer already, once. */
	wire_linger(&c->wire);
	relay_run(*state);
	expect_end(s, SSHTAP_ERR_DISCONNECT, 0);
}

static void
test_garbage_instead_of_a_version(void **state)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	uint8_t noise[64 * 1024];
	struct relay_bench b;
	struct relay_side *c = &b.sides[SESSION_CLIENT];

	(void)state;
	relay_open(&b, false);
	memset(noise, 'x', sizeof(noise));
	assert_int_equal(write(b.sides[SESSION_SERVER].wfd, text,
	    strlen(text)), strlen(text));
	assert_int_equal(write(b.sides[SESSION_SERVER].wfd, noise,
	    sizeof(noise)), sizeof(noise));
	relay_turn(&b);
	assert_true(c->failure != 0);
	expect_end(c, c->failure, 0);
	relay_close(&b);
}

static void
test_start_fails_whole(void **state)
{
	struct relay_side *c = client_of(state);
	struct wire w = c->wire;

	wire_end(&c->wire);
	w.wfd = -1;
	assert_int_equal(wire_start(&w, RELAY_FD_NET), SSHTAP_ERR_ARGUMENT);
	w.wfd = w.rfd;
	assert_int_equal(wire_start(&w, RELAY_FD_COUNT), SSHTAP_ERR_ARGUMENT);
	assert_int_equal(wire_start(&w, RELAY_FD_NET), 0);
	wire_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_over_a_socket),
		cmocka_unit_test(test_keys_over_two_descriptors),
		BENCH(test_heard_may_be_null),
		BENCH(test_many_packets_of_one_read),
		BENCH(test_unknown_message_is_answered),
		BENCH(test_error_of_a_packet_ends_it),
		BENCH(test_end_in_the_middle),
		BENCH(test_check),
		BENCH(test_peer_closes),
		cmocka_unit_test(test_peer_closes_one_of_two),
		cmocka_unit_test(test_peer_hears_no_more),
		BENCH(test_peer_resets),
		BENCH(test_read_fails),
		BENCH(test_write_fails_after_disconnect),
		BENCH(test_write_fails),
		BENCH(test_garbage),
		cmocka_unit_test(test_garbage_instead_of_a_version),
		BENCH(test_start_fails_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames between devices through two sessions: both ways, with the peer or
 * the socket full, and every way in which a device or a channel can end.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/relay_util.h"
#include "transport/ssh2.h"
#include "tun/tap_impl.h"

/* Frames that a device in memory holds: RING_SLOTS of tap_memory.c. */
#define DEVICE_QUEUE	64
#define FRAME		60

static struct relay_plug *
near_of(void **state)
{
	struct relay_bench *b = *state;

	return &b->sides[SESSION_CLIENT].plugs[0];
}

static struct relay_plug *
far_of(void **state)
{
	struct relay_bench *b = *state;

	return &b->sides[SESSION_SERVER].plugs[0];
}

static void
expect_frame(struct relay_plug *g, uint8_t fill, size_t len)
{
	uint8_t got;
	size_t got_len;

	assert_true(relay_get(g, &got, &got_len));
	assert_int_equal(got, fill);
	assert_int_equal(got_len, len);
}

static void
expect_no_frame(struct relay_plug *g)
{
	uint8_t got;
	size_t len;

	assert_false(relay_get(g, &got, &len));
}

static void
close_host(struct relay_plug *g)
{
	tap_close(g->host);
	g->host = NULL;
}

/* A device that does as it is told. */
struct fake {
	unsigned left;		/* frames, all pending */
	unsigned drops;		/* before them */
	unsigned reads;
	int result;		/* of every read, with EIO */
	bool is_lost;		/* as tap_check finds */
};

static int
fake_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	struct fake *f = t->state;

	f->reads++;
	if (f->result != 0) {
		errno = EIO;
		return f->result;
	}
	if (f->drops > 0) {
		f->drops--;
		return SSHTAP_ERR_DROPPED;
	}
	if (f->left == 0)
		return SSHTAP_ERR_AGAIN;
	assert_true(size >= FRAME);
	relay_fill(frame, (uint8_t)f->left--, FRAME);
	*lenp = FRAME;
	return 0;
}

static bool
fake_has_pending(const struct tap *t)
{
	const struct fake *f = t->state;

	return f->left > 0;
}

static int
fake_check(struct tap *t)
{
	struct fake *f = t->state;

	return f->is_lost ? SSHTAP_ERR_GONE : 0;
}

static void
fake_close(struct tap *t)
{
	(void)t;
}

static const struct tap_ops fake_ops = {
	.name = "fake",
	.recv = fake_recv,
	.has_pending = fake_has_pending,
	.check = fake_check,
	.close = fake_close,
};

/* A second tunnel, whose near device is a fake. */
static struct relay_plug *
plug_fake(struct relay_bench *b, struct fake *f)
{
	struct tap *t = tap_new(&fake_ops, "fake0", TAP_ETHERNET);

	assert_non_null(t);
	memset(f, 0, sizeof(*f));
	t->state = f;
	return relay_plug(&b->sides[SESSION_CLIENT], t);
}

/* Carrying. */

static void
test_both_ways(void **state)
{
	static const size_t sizes[] = { TAP_FRAME_MIN, FRAME, 1514,
	    TAP_FRAME_MAX };
	struct relay_plug *near = near_of(state), *far = far_of(state);
	uint8_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_true(relay_put(near, i, sizes[i]));
		assert_true(relay_put(far, i | 0x80, sizes[i]));
	}
	relay_run(*state);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		expect_frame(far, i, sizes[i]);
		expect_frame(near, i | 0x80, sizes[i]);
	}
	expect_no_frame(far);
	expect_no_frame(near);
}

static void
test_stale_frames_are_dropped(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near, *far = &b->sides[SESSION_SERVER].plugs[1];

	near = relay_plug(&b->sides[SESSION_CLIENT], NULL);
	assert_true(relay_put(near, 1, FRAME));
	assert_true(relay_put(near, 2, FRAME));
	/* Nothing is read while it is only watched. */
	relay_run(b);
	assert_int_equal(tap_stats(near->tap)->received, 0);
	relay_tunnel(b);
	assert_int_equal(tap_stats(near->tap)->received, 2);
	assert_true(relay_put(near, 3, FRAME));
	relay_run(b);
	expect_frame(far, 3, FRAME);
	expect_no_frame(far);
}

/* Frames are numbered by their lengths. */
#define FLOOD_FRAMES	1000

/*
 * Keep the device full for a while.  Old frames make room when they have
 * waited for too long, so there may be gaps, but all stay in order.
 */
static void
flood(struct relay_bench *b, struct relay_plug *near, struct relay_plug *far,
    unsigned *sentp, unsigned *gotp)
{
	static size_t last;
	uint8_t fill;
	size_t len;
	int i;

	if (*gotp == 0)
		last = TAP_FRAME_MAX + 1;
	for (i = 0; i < 200; i++) {
		while (*sentp < FLOOD_FRAMES &&
		    relay_put(near, 0, TAP_FRAME_MAX - *sentp))
			++*sentp;
		relay_turn(b);
		for (; relay_get(far, &fill, &len); ++*gotp) {
			assert_true(len < last);
			last = len;
		}
	}
}

/* Frames that gave way to newer ones. */
static unsigned
dropped(const struct relay_plug *g)
{
	const struct flow_queue *q = &g->pump.egress.queue;

	return (unsigned)(q->dropped[FLOW_DROP_LATE] +
	    q->dropped[FLOW_DROP_FULL]);
}

/* All that is left arrives, but for what gave way, and in order. */
static void
expect_rest(struct relay_bench *b, struct relay_plug *near,
    struct relay_plug *far, unsigned sent, unsigned got)
{
	unsigned before = got;

	flood(b, near, far, &sent, &got);
	assert_true(got > before + 2 * DEVICE_QUEUE);
	assert_int_equal(got + dropped(near), sent);
}

/* The peer takes all, but gives no credit. */
static void
test_window_full(void **state)
{
	struct relay_plug *near = near_of(state), *far = far_of(state);
	struct relay_side *client = near->side, *server = far->side;
	unsigned sent = 0, got = 0;

	server->is_mute = true;
	flood(*state, near, far, &sent, &got);
	assert_true(got > 0 && got <= CHAN_TUN_WINDOW_OWN /
	    (TAP_FRAME_MAX - FLOOD_FRAMES));
	assert_true(session_is_writable(client->session));
	/* What is in neither of the queues gave way. */
	assert_int_equal(sent, got + dropped(near) + DEVICE_QUEUE +
	    near->pump.egress.queue.frames);
	server->is_mute = false;
	expect_rest(*state, near, far, sent, got);
}

/* The peer takes nothing at all. */
static void
test_socket_full(void **state)
{
	struct relay_plug *near = near_of(state), *far = far_of(state);
	struct relay_side *client = near->side, *server = far->side;
	unsigned sent = 0, got = 0;

	server->is_mute = true;
	loop_set(server->bench->loop, server->rfd, 0);
	flood(*state, near, far, &sent, &got);
	assert_int_equal(got, 0);
	assert_false(session_is_writable(client->session));
	assert_true(sent > DEVICE_QUEUE);
	server->is_mute = false;
	expect_rest(*state, near, far, sent, got);
}

static void
drain_socket(struct relay_side *s)
{
	uint8_t bytes[4096];

	while (read(s->rfd, bytes, sizeof(bytes)) > 0)
		;
}

/* A full loop does not spin, and is woken when there is room. */
static void
test_waits_for_room(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near = near_of(state), *far = far_of(state);
	unsigned sent = 0, got = 0;

	far->side->is_mute = true;
	loop_set(b->loop, far->side->rfd, 0);
	flood(b, near, far, &sent, &got);
	pump_stop(&far->pump);
	wire_end(&far->side->wire);
	assert_true(relay_is_quiet(b, 1));
	drain_socket(far->side);
	assert_false(relay_is_quiet(b, 5000));
}

/* The number of its descriptor may be another's by now. */
static void
test_stopped_twice(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near = near_of(state);
	int fd = near->bell[0];

	pump_stop(&near->pump);
	assert_int_equal(loop_add(b->loop, fd, RELAY_FD_DEVICE, near, 0), 0);
	pump_stop(&near->pump);
	assert_int_equal(loop_add(b->loop, fd, RELAY_FD_DEVICE, near, 0),
	    SSHTAP_ERR_ARGUMENT);
	loop_remove(b->loop, fd);
}

static void
test_writable_alone_starts_nothing(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near = near_of(state), *far = far_of(state), *idle;

	idle = relay_plug(&b->sides[SESSION_CLIENT], NULL);
	assert_true(relay_put(idle, 1, FRAME));
	pump_writable(&idle->pump);
	relay_run(b);
	assert_int_equal(idle->pump.state, PUMP_WATCHING);
	assert_int_equal(tap_stats(idle->tap)->received, 0);
	/* Nor after the end. */
	pump_stop(&near->pump);
	pump_start(&near->pump, near->pump.chan);
	assert_int_equal(near->pump.state, PUMP_STOPPED);
	assert_true(relay_put(near, 1, FRAME));
	pump_writable(&near->pump);
	relay_run(b);
	expect_no_frame(far);
	assert_int_equal(tap_stats(near->tap)->received, 0);
	pump_stop(&far->pump);
	assert_true(relay_is_quiet(b, 1));
}

static void
test_what_was_read_ahead(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near, *far;
	struct fake f;
	uint8_t byte;

	near = plug_fake(b, &f);
	relay_tunnel(b);
	far = &b->sides[SESSION_SERVER].plugs[1];
	f.left = 150;
	relay_ring(near);
	relay_turn(b);
	assert_int_equal(f.left, 150 - 64);
	/* A batch for each turn, though the descriptor shows nothing. */
	assert_int_equal(read(near->bell[0], &byte, 1), 1);
	relay_turn(b);
	assert_int_equal(f.left, 150 - 2 * 64);
	relay_run(b);
	assert_int_equal(f.left, 0);
	/* More than the far device has room for. */
	assert_int_equal(chan_tun_stats(far->pump.chan)->frames_in, 150);
	/* Nor does it tell what is waiting when there is a place again. */
	f.left = 5;
	relay_run(b);
	assert_int_equal(f.left, 5);
	near->pump.is_reading = false;
	pump_writable(&near->pump);
	relay_run(b);
	assert_int_equal(f.left, 0);
}

static void
test_dropped_frames_stop_nothing(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near, *far;
	struct fake f;

	near = plug_fake(b, &f);
	relay_tunnel(b);
	far = &b->sides[SESSION_SERVER].plugs[1];
	f.drops = 3;
	f.left = 2;
	relay_ring(near);
	relay_turn(b);
	assert_int_equal(f.left, 0);
	relay_run(b);
	expect_frame(far, 2, FRAME);
	expect_frame(far, 1, FRAME);
}

/* Ends. */

static void
test_device_gone(void **state)
{
	struct relay_plug *near = near_of(state), *far = far_of(state);

	close_host(near);
	relay_run(*state);
	assert_int_equal(near->gone, 1);
	assert_int_equal(near->pump.state, PUMP_STOPPED);
	assert_false(near->side->wire.ended);
	/* What still comes finds nobody. */
	assert_true(relay_put(far, 1, FRAME));
	relay_run(*state);
	pump_check(&near->pump);
	assert_int_equal(near->gone, 1);
	assert_int_equal(tap_stats(near->tap)->sent, 0);
}

static void
test_device_gone_on_a_frame(void **state)
{
	struct relay_plug *near = near_of(state);
	uint8_t frame[FRAME] = { 0 };

	close_host(near);
	pump_frame(&near->pump, frame, sizeof(frame));
	pump_frame(&near->pump, frame, sizeof(frame));
	assert_int_equal(near->gone, 1);
}

/* A hang-up is a reason to look, not a verdict. */
static void
test_device_hangs_up(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *g = relay_plug(&b->sides[SESSION_CLIENT], NULL);

	pump_ready(&g->pump, g->bell[0], LOOP_HUP);
	assert_int_equal(g->gone, 0);
	assert_int_equal(g->pump.state, PUMP_WATCHING);
	close_host(g);
	pump_ready(&g->pump, g->bell[0], LOOP_IN);
	assert_int_equal(g->gone, 0);
	pump_ready(&g->pump, g->bell[0], LOOP_HUP);
	assert_int_equal(g->gone, 1);
	assert_int_equal(g->pump.state, PUMP_STOPPED);
}

static void
test_check_finds_a_loss(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *g;
	struct fake f;

	g = plug_fake(b, &f);
	pump_check(&g->pump);
	assert_int_equal(g->gone, 0);
	f.is_lost = true;
	relay_run(b);
	assert_int_equal(g->gone, 0);
	pump_check(&g->pump);
	pump_check(&g->pump);
	assert_int_equal(g->gone, 1);
}

static void
test_device_cannot_be_read(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near;
	struct fake f;

	near = plug_fake(b, &f);
	relay_tunnel(b);
	f.result = SSHTAP_ERR_SYSTEM;
	f.reads = 0;
	relay_ring(near);
	relay_run(b);
	assert_int_equal(near->unreadable, 1);
	assert_int_equal(near->error, EIO);
	assert_int_equal(f.reads, 1);
	assert_int_equal(near->gone, 0);
	assert_false(near->side->wire.ended);
}

/* Any other code is the connection's affair, here in the channel's stead. */
static void
test_other_failure(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near;
	struct fake f;

	near = plug_fake(b, &f);
	relay_tunnel(b);
	f.result = SSHTAP_ERR_CRYPTO;
	relay_ring(near);
	relay_run(b);
	assert_int_equal(near->failure, SSHTAP_ERR_CRYPTO);
	assert_int_equal(near->pump.state, PUMP_STOPPED);
	assert_int_equal(near->side->ends, 1);
	assert_int_equal(near->side->failure, SSHTAP_ERR_CRYPTO);
}

/* A channel that takes no more leaves the device to itself. */
static void
test_channel_has_ended(void **state)
{
	struct relay_plug *near = near_of(state), *far = far_of(state);
	unsigned i;

	assert_int_equal(chan_send_eof(near->pump.chan), 0);
	/* But for the frame by which that is noticed. */
	for (i = 0; i < 1 + DEVICE_QUEUE; i++) {
		assert_true(relay_put(near, 1, FRAME));
		relay_run(*state);
	}
	assert_false(relay_put(near, 1, FRAME));
	assert_int_equal(near->failure, 0);
	assert_int_equal(near->pump.state, PUMP_RUNNING);
	/* The other way is open. */
	assert_true(relay_put(far, 2, FRAME));
	relay_run(*state);
	expect_frame(near, 2, FRAME);
	assert_int_equal(chan_close(far->pump.chan), 0);
	relay_run(*state);
	assert_int_equal(near->pump.state, PUMP_STOPPED);
	assert_int_equal(far->pump.state, PUMP_STOPPED);
	assert_false(near->side->wire.ended);
}

static void
test_two_tunnels(void **state)
{
	struct relay_bench *b = *state;
	struct relay_plug *near = b->sides[SESSION_CLIENT].plugs;
	struct relay_plug *far = b->sides[SESSION_SERVER].plugs;

	relay_tunnel(b);
	assert_true(relay_put(&near[0], 1, FRAME));
	assert_true(relay_put(&near[1], 2, FRAME));
	relay_run(b);
	expect_frame(&far[0], 1, FRAME);
	expect_frame(&far[1], 2, FRAME);
	close_host(&near[0]);
	relay_run(b);
	assert_int_equal(near[0].gone, 1);
	assert_int_equal(chan_close(near[0].pump.chan), 0);
	assert_true(relay_put(&near[1], 3, FRAME));
	assert_true(relay_put(&far[1], 4, FRAME));
	relay_run(b);
	expect_frame(&far[1], 3, FRAME);
	expect_frame(&near[1], 4, FRAME);
	assert_int_equal(near[1].gone, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(test_both_ways),
		BENCH(test_stale_frames_are_dropped),
		BENCH(test_window_full),
		BENCH(test_socket_full),
		BENCH(test_waits_for_room),
		BENCH(test_stopped_twice),
		BENCH(test_writable_alone_starts_nothing),
		BENCH(test_what_was_read_ahead),
		BENCH(test_dropped_frames_stop_nothing),
		BENCH(test_device_gone),
		BENCH(test_device_gone_on_a_frame),
		BENCH(test_device_hangs_up),
		BENCH(test_check_finds_a_loss),
		BENCH(test_device_cannot_be_read),
		BENCH(test_other_failure),
		BENCH(test_channel_has_ended),
		BENCH(test_two_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The public library on the simulated macOS: above all that no frame is left
 * behind when one read of the device took many, however the program waits.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>
#include <sys/event.h>
#include <sys/select.h>
#include <sys/sysctl.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openbsd-compat/bpf-batch.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/ethtap.h"

#define MANY		50
#define SIZE_FIRST	60	/* frame n is n bytes longer */
#define ROOM		1514
#define AROUND		0x55	/* in front of and behind a frame */
#define WAIT_MS		5000	/* for what is there already */

static struct ethtap *tap;
static struct darwin_device host;
static uint8_t memory[1 + ROOM + 1];
static uint8_t *const room = memory + 1;	/* at no alignment */

/* === Frames === */

static size_t
shape_frame(unsigned n, uint8_t *frame)
{
	memset(frame, (int)n + 1, SIZE_FIRST + n);
	return SIZE_FIRST + n;
}

static void
assert_shape(unsigned n, const uint8_t *frame, size_t len)
{
	uint8_t expected[ROOM];

	assert_int_equal(len, shape_frame(n, expected));
	assert_memory_equal(frame, expected, len);
}

/* All of them are there before anybody looks. */
static void
host_sends(unsigned first, unsigned count)
{
	uint8_t frame[ROOM];
	unsigned n;

	for (n = first; n < first + count; n++)
		mac_host_send(&host, frame, shape_frame(n, frame));
}

/* With nothing but the frame changed, and no more room than it needs. */
static void
take_frame(unsigned n)
{
	size_t len = 0, size = SIZE_FIRST + n;

	memset(memory, AROUND, sizeof(memory));
	assert_int_equal(ethtap_recv(tap, room, size, &len), 0);
	assert_shape(n, room, len);
	assert_int_equal(memory[0], AROUND);
	assert_int_equal(room[len], AROUND);
}

static void
assert_none(void)
{
	size_t len = 0;

	assert_int_equal(ethtap_recv(tap, room, ROOM, &len), ETHTAP_AGAIN);
	assert_false(ethtap_has_pending(tap));
}

/* Returns what ethtap_open did. */
static int
open_unit(int unit, struct ethtap **tp, struct ethtap_error *err)
{
	struct ethtap_options o;

	ethtap_options_init(&o, sizeof(o));
	o.unit = unit;
	return ethtap_open(&o, tp, err);
}

static int
open_both(void)
{
	struct ethtap_error err;

	if (ethtap_open(NULL, &tap, &err) != 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	mac_host_open(ethtap_name(tap), &host);
	return 0;
}

static int
open_mac(void **state)
{
	(void)mac_set_up(state);
	return open_both();
}

static int
close_mac(void **state)
{
	mac_host_close(&host);
	ethtap_close(tap);
	tap = NULL;
	return mac_tear_down(state);
}

/* === Ways to wait: each says whether the descriptor is readable === */

typedef bool (wait_fn)(int fd, int timeout_ms);

static bool
wait_poll(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) == 1;
}

static bool
wait_select(int fd, int timeout_ms)
{
	struct timeval tv = { .tv_sec = timeout_ms / 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv) == 1;
}

/* A queue of the program's own, which holds ours. */
static bool
wait_kevent(int fd, int timeout_ms)
{
	struct timespec ts = { .tv_sec = timeout_ms / 1000 };
	struct kevent ev;
	int kq = kqueue(), n;

	assert_true(kq >= 0);
	EV_SET(&ev, (uintptr_t)fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
	n = kevent(kq, &ev, 1, &ev, 1, &ts);
	(void)close(kq);
	return n == 1;
}

/*
 * As a system would have it that looks again whenever somebody asks: nothing
 * that has been taken keeps the queue readable.
 */
static bool
wait_strictly(int fd, int timeout_ms)
{
	struct timespec ts = { .tv_sec = timeout_ms / 1000 };
	struct kevent ev;

	return kevent(fd, NULL, 0, &ev, 1, &ts) == 1;
}

/* === Waiting === */

/* One frame for each time that the descriptor is readable. */
static void
take_one_by_one(wait_fn *wait_for)
{
	int fd = ethtap_fd(tap);
	unsigned n;

	assert_true(fd >= 0);
	assert_int_not_equal(fd, ethtap_read_fd(tap));
	assert_int_equal(ethtap_fd(tap), fd);
	assert_false(wait_for(fd, 0));
	host_sends(0, MANY);
	for (n = 0; n < MANY; n++) {
		assert_true(wait_for(fd, WAIT_MS));
		assert_int_equal(ethtap_has_pending(tap), n > 0);
		take_frame(n);
	}
	assert_none();
	assert_false(wait_for(fd, 0));
	/* And again, now that the queue has been in use. */
	host_sends(0, 2);
	assert_true(wait_for(fd, WAIT_MS));
	take_frame(0);
	assert_true(wait_for(fd, WAIT_MS));
	take_frame(1);
	assert_none();
	assert_false(wait_for(fd, 0));
}

static void
test_one_frame_for_each_poll(void **state)
{
	(void)state;
	take_one_by_one(wait_poll);
}

static void
test_one_frame_for_each_select(void **state)
{
	(void)state;
	take_one_by_one(wait_select);
}

static void
test_one_frame_for_each_kevent(void **state)
{
	(void)state;
	take_one_by_one(wait_kevent);
}

static void
test_one_frame_on_a_strict_system(void **state)
{
	(void)state;
	take_one_by_one(wait_strictly);
}

/* The descriptor is made when frames are in the library already. */
static void
test_descriptor_that_is_made_late(void **state)
{
	unsigned n;
	int fd;

	(void)state;
	host_sends(0, MANY);
	for (n = 0; n < MANY / 2; n++)
		take_frame(n);
	assert_true(ethtap_has_pending(tap));
	fd = ethtap_fd(tap);
	for (; n < MANY; n++) {
		assert_true(wait_poll(fd, WAIT_MS));
		take_frame(n);
	}
	assert_none();
	assert_false(wait_poll(fd, 0));
}

/* Frames arrive while others are in the library. */
static void
test_frames_that_come_between(void **state)
{
	int fd = ethtap_fd(tap);
	unsigned n;

	(void)state;
	host_sends(0, 3);
	take_frame(0);
	host_sends(3, 3);
	for (n = 1; n < 6; n++) {
		assert_true(wait_poll(fd, WAIT_MS));
		take_frame(n);
	}
	assert_none();
	assert_false(wait_poll(fd, 0));
}

/* Who drains can wait for the device itself, and pays for no queue. */
static void
test_draining_needs_no_queue(void **state)
{
	int fd = ethtap_read_fd(tap);
	unsigned fds = count_open(), n;

	(void)state;
	host_sends(0, MANY);
	assert_true(wait_select(fd, WAIT_MS));
	for (n = 0; n < MANY; n++)
		take_frame(n);
	assert_none();
	assert_false(wait_select(fd, 0));
	assert_int_equal(count_open(), fds);
}

/* A buffer of an odd size, which is full again and again. */
static void
test_odd_buffer(void **state)
{
	unsigned n, round;
	int fd;

	(void)state;
	mac_boot("--blen-clamp 4099");
	assert_int_equal(open_both(), 0);
	fd = ethtap_fd(tap);
	for (round = 0; round < 20; round++) {
		host_sends(0, MANY);
		for (n = 0; n < MANY; n++) {
			assert_true(wait_poll(fd, WAIT_MS));
			take_frame(n);
		}
		assert_none();
	}
}

static void
test_queue_that_cannot_be_made(void **state)
{
	unsigned fds = count_open(), n;
	int r = -1;

	(void)state;
	for (n = 1; r < 0; n++) {
		assert_true(n < 10);
		mac_fail_at(n);
		r = ethtap_fd(tap);
		if (r < 0) {
			assert_int_equal(r, ETHTAP_ERR_SYSTEM);
			assert_int_equal(count_open(), fds);
		}
	}
	mac_fail(NULL);
	/* Neither kqueue nor kevent was without consequence. */
	assert_true(n > 3);
	host_sends(0, 2);
	assert_true(wait_poll(r, WAIT_MS));
	take_frame(0);
	assert_true(wait_poll(r, WAIT_MS));
	take_frame(1);
}

/* === Batches === */

#define BATCH	16

static uint8_t store[BATCH][ROOM];

static void
fill_places(struct ethtap_frame places[BATCH], size_t size)
{
	size_t i;

	for (i = 0; i < BATCH; i++)
		places[i] = (struct ethtap_frame){ .data = store[i],
		    .size = size };
}

static void
test_batches_are_received(void **state)
{
	struct ethtap_frame places[BATCH];
	int fd = ethtap_fd(tap), i, k;
	unsigned n = 0;

	(void)state;
	fill_places(places, ROOM);
	host_sends(0, MANY);
	while (n < MANY) {
		assert_true(wait_poll(fd, WAIT_MS));
		k = ethtap_recv_batch(tap, places, BATCH);
		assert_int_equal(k, n + BATCH > MANY ? MANY % BATCH : BATCH);
		for (i = 0; i < k; i++, n++) {
			assert_int_equal(places[i].result, 0);
			assert_shape(n, store[i], places[i].len);
		}
	}
	assert_int_equal(ethtap_recv_batch(tap, places, BATCH), ETHTAP_AGAIN);
	assert_false(wait_poll(fd, 0));
	assert_int_equal(ethtap_stats(tap)->received, MANY);
}

/* Those that do not fit are passed over, and hold up nothing. */
static void
test_batches_of_what_does_not_fit(void **state)
{
	struct ethtap_frame places[BATCH];
	int fd = ethtap_fd(tap), dropped = 0;

	(void)state;
	fill_places(places, SIZE_FIRST);
	host_sends(1, MANY);
	host_sends(0, 1);
	while (ethtap_recv_batch(tap, places, BATCH) == ETHTAP_DROPPED) {
		dropped++;
		assert_true(wait_poll(fd, WAIT_MS));
	}
	assert_int_equal(dropped, MANY / BATCH);
	assert_int_equal(places[0].result, 0);
	assert_shape(0, store[0], places[0].len);
	assert_int_equal(ethtap_recv_batch(tap, places, BATCH), ETHTAP_AGAIN);
	assert_false(wait_poll(fd, 0));
	assert_int_equal(ethtap_stats(tap)->dropped_in, MANY);
}

static void
test_batches_are_sent(void **state)
{
	struct bpf_batch b = { .next = NULL };
	struct ethtap_frame places[BATCH];
	uint8_t *buf = malloc(host.read_size), *p;
	unsigned n;
	size_t len;
	long got;

	(void)state;
	assert_non_null(buf);
	fill_places(places, ROOM);
	for (n = 0; n < BATCH; n++)
		places[n].len = shape_frame(n, store[n]);
	/* Fewer bytes than a header: written, they would abort this. */
	places[3].len = ETHTAP_FRAME_MIN - 1;
	assert_int_equal(ethtap_send_batch(tap, places, BATCH), BATCH - 1);
	got = darwin_read(&host, buf);
	assert_true(got > 0);
	bpf_batch_start(&b, buf, (size_t)got);
	for (n = 0; n < BATCH; n++) {
		assert_int_equal(places[n].result, n == 3 ? ETHTAP_DROPPED :
		    0);
		if (n == 3)
			continue;
		p = bpf_batch_next(&b, &len);
		assert_non_null(p);
		assert_shape(n, p, len);
	}
	assert_null(bpf_batch_next(&b, &len));
	assert_int_equal(ethtap_stats(tap)->sent, BATCH - 1);
	assert_int_equal(ethtap_stats(tap)->dropped_out, 1);
	free(buf);
}

/* === The end of a device === */

static char user_side[ETHTAP_NAME_SIZE], io_side[ETHTAP_NAME_SIZE];

static int
note_names(void *ctx, const struct ethtap_info *info)
{
	(void)ctx;
	(void)snprintf(user_side, sizeof(user_side), "%s", info->name);
	(void)snprintf(io_side, sizeof(io_side), "%s", info->peer);
	return 0;
}

static void
assert_ended(void)
{
	size_t len;

	assert_int_equal(ethtap_check(tap), ETHTAP_GONE);
	assert_int_equal(ethtap_check(tap), ETHTAP_GONE);
	/* Whoever waits is told. */
	assert_true(wait_poll(ethtap_fd(tap), WAIT_MS));
	assert_true(wait_select(ethtap_fd(tap), WAIT_MS));
	(void)ethtap_recv(tap, room, ROOM, &len);
	assert_true(wait_poll(ethtap_fd(tap), WAIT_MS));
}

/* No descriptor tells. */
static void
test_user_side_is_lost(void **state)
{
	(void)state;
	assert_int_equal(ethtap_list(note_names, NULL, NULL), 0);
	assert_string_equal(user_side, ethtap_name(tap));
	(void)ethtap_fd(tap);
	assert_int_equal(ethtap_check(tap), 0);
	other_destroy(user_side);
	assert_none();
	assert_false(wait_poll(ethtap_fd(tap), 0));
	assert_ended();
}

/* What had been taken is given first. */
static void
test_io_side_is_lost(void **state)
{
	uint8_t frame[ROOM];
	unsigned n;
	size_t len;

	(void)state;
	assert_int_equal(ethtap_list(note_names, NULL, NULL), 0);
	(void)ethtap_fd(tap);
	host_sends(0, MANY);
	take_frame(0);
	other_destroy(io_side);
	len = shape_frame(0, frame);
	assert_int_equal(ethtap_send(tap, frame, len), ETHTAP_GONE);
	for (n = 1; n < MANY; n++) {
		assert_true(wait_poll(ethtap_fd(tap), WAIT_MS));
		take_frame(n);
	}
	assert_int_equal(ethtap_recv(tap, room, ROOM, &len), ETHTAP_GONE);
	assert_ended();
}

static void
test_lost_before_it_is_waited_for(void **state)
{
	(void)state;
	assert_int_equal(ethtap_list(note_names, NULL, NULL), 0);
	other_destroy(io_side);
	assert_int_equal(ethtap_fd(tap), ETHTAP_GONE);
	assert_int_equal(ethtap_check(tap), ETHTAP_GONE);
}

/* === Making, listing, reaping === */

struct seen {
	unsigned n;
	enum ethtap_owner owner;
	struct ethtap_info info;
	char name[ETHTAP_NAME_SIZE];
};

static int
note_device(void *ctx, const struct ethtap_info *info)
{
	struct seen *s = ctx;

	if (info->owner == ETHTAP_OWNER_FOREIGN)
		return 0;
	s->n++;
	s->info = *info;
	(void)snprintf(s->name, sizeof(s->name), "%s", info->name);
	return 0;
}

static struct seen
look(void)
{
	struct seen s = { .n = 0 };

	assert_int_equal(ethtap_list(note_device, &s, NULL), 0);
	return s;
}

static void
test_device_that_stays(void **state)
{
	struct ethtap_error err;
	struct ethtap *second;
	char name[ETHTAP_NAME_SIZE] = "";
	struct ethtap_options o;
	struct seen s;

	(void)state;
	ethtap_options_init(&o, sizeof(o));
	o.unit = 10007;
	o.mtu = 1400;
	assert_int_equal(ethtap_create(&o, name, &err), 0);
	assert_string_equal(name, "feth10007");
	assert_int_equal(ethtap_create(&o, name, &err), ETHTAP_ERR_FOREIGN);
	s = look();
	assert_int_equal(s.n, 1);
	assert_string_equal(s.name, name);
	assert_int_equal(s.info.owner, ETHTAP_OWNER_KEPT);
	assert_int_equal(s.info.mtu, 1400);
	assert_true(s.info.is_up);
	assert_true(s.info.has_lladdr);
	assert_false(s.info.is_used);

	assert_int_equal(open_unit(10007, &tap, &err), 0);
	assert_true(look().info.is_used);
	assert_int_equal(open_unit(10007, &second, &err), ETHTAP_ERR_BUSY);
	assert_null(second);
	assert_int_equal(ethtap_destroy(name, &err), ETHTAP_ERR_BUSY);
	assert_string_not_equal(err.text, "");
	ethtap_close(tap);
	assert_int_equal(look().n, 1);
	assert_int_equal(ethtap_reap(false, note_device, &s, &err), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(ethtap_destroy(name, &err), 0);
	assert_int_equal(ethtap_destroy(name, &err), ETHTAP_ERR_NOT_FOUND);
	mac_assert_clean();
}

static int
open_in_child(void *ctx)
{
	struct ethtap *t;

	return open_unit(*(int *)ctx, &t, NULL);
}

/* Exactly what the dead have left, beside what others have made. */
static void
test_reaping(void **state)
{
	char before[MAC_TEXT_MAX], now[MAC_TEXT_MAX];
	struct seen s = { .n = 0 };
	struct ethtap_error err;
	int unit = 10003;
	pid_t pid;

	(void)state;
	mac_make_foreign("feth10000", "feth20000");
	assert_int_equal(open_unit(10005, &tap, NULL), 0);
	(void)mac_text(before);
	pid = mac_fork(open_in_child, &unit);
	assert_int_equal(ethtap_reap(false, note_device, &s, &err), 0);
	assert_int_equal(s.n, 0);
	mac_kill(pid);

	assert_int_equal(look().n, 2);
	assert_int_equal(ethtap_reap(true, note_device, &s, &err), 0);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.name, "feth10003");
	assert_int_equal(s.info.owner, ETHTAP_OWNER_DEAD);
	assert_int_equal(s.info.pid, pid);
	assert_int_equal(look().n, 2);
	assert_int_equal(ethtap_reap(false, note_device, &s, &err), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(mac_text(now), before);
	assert_int_equal(ethtap_destroy("feth10000", &err),
	    ETHTAP_ERR_FOREIGN);
	assert_int_equal(open_unit(10000, &tap, &err), ETHTAP_ERR_FOREIGN);
	assert_string_equal(mac_text(now), before);
}

/* === Refusals === */

static void
test_mtu_that_is_too_large(void **state)
{
	struct ethtap_options o;
	struct ethtap_error err;
	struct ethtap *t;

	(void)state;
	ethtap_options_init(&o, sizeof(o));
	o.mtu = 9000;
	assert_int_equal(ethtap_open(&o, &t, &err), ETHTAP_ERR_MTU);
	assert_int_equal(err.mtu_max, 2048);
	assert_non_null(strstr(err.text, "2048"));
	mac_assert_clean();
}

static void
test_only_root(void **state)
{
	struct ethtap_error err;
	char name[ETHTAP_NAME_SIZE];
	struct ethtap *t;

	(void)state;
	mac_be_root(0);
	assert_int_equal(ethtap_open(NULL, &t, &err), ETHTAP_ERR_PERMISSION);
	assert_int_not_equal(err.error, 0);
	assert_int_equal(ethtap_create(NULL, name, &err),
	    ETHTAP_ERR_PERMISSION);
	assert_int_equal(ethtap_list(note_device, NULL, &err), 0);
	mac_be_root(1);
	mac_assert_clean();
}

static void
test_old_system(void **state)
{
	struct ethtap_error err;
	struct ethtap *t;

	(void)state;
	mac_boot("--no-feth");
	assert_int_equal(ethtap_open(NULL, &t, &err), ETHTAP_ERR_UNSUPPORTED);
	assert_null(t);
	mac_halt();
}

/* Only select knows those. */
static void
test_tuntaposx(void **state)
{
	struct ethtap_error err;

	(void)state;
	mac_boot("--no-feth --tuntaposx");
	assert_int_equal(open_unit(0, &tap, &err), 0);
	assert_string_equal(ethtap_name(tap), "tap0");
	assert_int_equal(ethtap_fd(tap), ETHTAP_ERR_UNSUPPORTED);
	assert_false(wait_select(ethtap_read_fd(tap), 0));
	assert_none();
	ethtap_close(tap);
	mac_halt();
}

static void
note_warning(void *ctx, const char *text)
{
	unsigned *np = ctx;

	assert_non_null(strstr(text, "hwcsum"));
	assert_null(strchr(text, '\n'));
	(*np)++;
}

static void
test_warnings(void **state)
{
	unsigned n = 0;
	int bad = 1;

	(void)state;
	ethtap_warnings(note_warning, &n);
	assert_int_equal(n, 0);
	assert_int_equal(sysctlbyname("net.link.fake.hwcsum", NULL, NULL,
	    &bad, sizeof(bad)), 0);
	ethtap_warnings(note_warning, &n);
	assert_int_equal(n, 1);
}

/* Nothing that fails on the way leaves anything, and each says why. */
static void
test_each_call_fails_once(void **state)
{
	struct ethtap_error err;
	unsigned fds, n;
	struct ethtap *t;

	(void)state;
	fds = count_open();
	assert_int_equal(ethtap_open(NULL, &t, &err), 0);
	assert_true(ethtap_fd(t) >= 0);
	ethtap_close(t);
	assert_int_equal(count_open(), fds);
	for (n = 1; n < 1000; n++) {
		mac_fail_at(n);
		if (ethtap_open(NULL, &t, &err) == 0)
			ethtap_close(t);
		else {
			assert_null(t);
			assert_string_not_equal(err.text, "");
		}
		if (mac_calls() < n)
			break;
		mac_fail(NULL);
		assert_int_equal(count_open(), fds);
		(void)ethtap_reap(false, NULL, NULL, NULL);
		mac_assert_clean();
	}
	assert_in_range(n, 20, 999);
}

#define FRAME_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, open_mac, close_mac)
#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FRAME_TEST(test_one_frame_for_each_poll),
		FRAME_TEST(test_one_frame_for_each_select),
		FRAME_TEST(test_one_frame_for_each_kevent),
		FRAME_TEST(test_one_frame_on_a_strict_system),
		FRAME_TEST(test_descriptor_that_is_made_late),
		FRAME_TEST(test_frames_that_come_between),
		FRAME_TEST(test_draining_needs_no_queue),
		cmocka_unit_test_teardown(test_odd_buffer, close_mac),
		FRAME_TEST(test_queue_that_cannot_be_made),
		FRAME_TEST(test_batches_are_received),
		FRAME_TEST(test_batches_of_what_does_not_fit),
		FRAME_TEST(test_batches_are_sent),
		FRAME_TEST(test_user_side_is_lost),
		FRAME_TEST(test_io_side_is_lost),
		FRAME_TEST(test_lost_before_it_is_waited_for),
		MAC_TEST(test_device_that_stays),
		MAC_TEST(test_reaping),
		MAC_TEST(test_mtu_that_is_too_large),
		MAC_TEST(test_only_root),
		cmocka_unit_test(test_old_system),
		cmocka_unit_test(test_tuntaposx),
		MAC_TEST(test_warnings),
		MAC_TEST(test_each_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

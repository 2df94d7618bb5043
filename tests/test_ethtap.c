/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The public library, as far as it needs no root and leaves the system as it
 * is: results, options, refusals, and frames over a pair in memory.  Devices
 * of the system are in regress/ethtap.sh and regress/darwin-sim.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tun/ethtap_impl.h"

#define RESULT_LAST	ETHTAP_ERR_NOT_FOUND

/* What fn may return to end a walk. */
#define STOP		17

/* A size that no slot of a ring in memory cares for. */
#define ROOM		200
#define BATCH		8

/* === Results === */

static void
test_each_result_has_a_text_of_its_own(void **state)
{
	int a, b;

	(void)state;
	for (a = 0; a >= RESULT_LAST; a--) {
		assert_string_not_equal(ethtap_strerror(a), "");
		assert_string_not_equal(ethtap_strerror(a), "unknown error");
		for (b = 0; b > a; b--)
			assert_string_not_equal(ethtap_strerror(a),
			    ethtap_strerror(b));
	}
	assert_string_equal(ethtap_strerror(RESULT_LAST - 1), "unknown error");
	assert_string_equal(ethtap_strerror(1), "unknown error");
}

/* === Options === */

static void
test_options_have_defaults(void **state)
{
	struct ethtap_options o;

	(void)state;
	memset(&o, 0xff, sizeof(o));
	ethtap_options_init(&o, sizeof(o));
	assert_int_equal(o.size, sizeof(o));
	assert_int_equal(o.unit, ETHTAP_UNIT_ANY);
	assert_int_equal(o.mtu, 0);
	assert_true(o.up);
	assert_false(o.has_lladdr);
	assert_false(o.has_owner);
}

/* Options of a later version of the library, as its programs have them. */
struct later_options {
	struct ethtap_options known;
	uint64_t more[4];
};

/* Nothing of these gets as far as a device. */
static int
open_refused(const struct ethtap_options *o, struct ethtap_error *err)
{
	struct ethtap *t = (struct ethtap *)err;
	int r;

	memset(err, 0xff, sizeof(*err));
	r = ethtap_open(o, &t, err);
	assert_null(t);
	assert_true(r < 0);
	assert_int_equal(err->result, r);
	assert_non_null(memchr(err->text, '\0', sizeof(err->text)));
	assert_string_not_equal(err->text, "");
	assert_int_equal(ethtap_open(o, &t, NULL), r);
	assert_null(t);
	return r;
}

static void
test_options_of_another_version(void **state)
{
	struct later_options later;
	struct ethtap_error err;

	(void)state;
	ethtap_options_init(&later.known, sizeof(later));
	assert_int_equal(later.known.size, sizeof(later));
	assert_int_equal(later.more[3], 0);
	later.known.unit = -1;
	assert_int_equal(open_refused(&later.known, &err),
	    ETHTAP_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "units"));
	later.more[3] = 1;
	assert_int_equal(open_refused(&later.known, &err),
	    ETHTAP_ERR_UNSUPPORTED);
}

static void
test_options_that_were_not_initialised(void **state)
{
	struct ethtap_options o;
	struct ethtap_error err;
	unsigned char one = 0xff;

	(void)state;
	memset(&o, 0, sizeof(o));
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
	memset(&o, 0xff, sizeof(o));
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
	/* Too short for any version: filled no further than it goes. */
	memset(&o, 0xff, sizeof(o));
	ethtap_options_init(&o, 4);
	assert_memory_equal((unsigned char *)&o + 4, &one, 1);
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
}

static void
test_options_out_of_range(void **state)
{
	static const uint8_t group[] = { 0x01, 0, 0x5e, 0, 0, 1 };
	struct ethtap_options o;
	struct ethtap_error err;
	char name[ETHTAP_NAME_SIZE] = "untouched";

	(void)state;
	ethtap_options_init(&o, sizeof(o));
	o.unit = -1;
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
	assert_int_equal(err.error, EINVAL);
	assert_int_equal(ethtap_create(&o, name, &err), ETHTAP_ERR_ARGUMENT);
	o.unit = ETHTAP_UNIT_ANY - 1;
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);

	ethtap_options_init(&o, sizeof(o));
	o.mtu = 1;
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_MTU);
	assert_true(err.mtu_max >= 1500);
	assert_int_equal(ethtap_create(&o, name, NULL), ETHTAP_ERR_MTU);

	ethtap_options_init(&o, sizeof(o));
	o.has_lladdr = true;
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
	memcpy(o.lladdr, group, sizeof(group));
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
	assert_int_equal(err.mtu_max, 0);

	ethtap_options_init(&o, sizeof(o));
	o.has_owner = true;
	assert_int_equal(open_refused(&o, &err), ETHTAP_ERR_ARGUMENT);
	o.size = 1;
	assert_int_equal(ethtap_create(&o, name, &err), ETHTAP_ERR_ARGUMENT);
	assert_string_equal(name, "untouched");
}

/* === The devices of this system === */

static void
test_names_that_are_no_devices(void **state)
{
	struct ethtap_error err;

	(void)state;
	assert_int_equal(ethtap_destroy("", &err), ETHTAP_ERR_ARGUMENT);
	assert_int_equal(ethtap_destroy("a-name-too-long0", &err),
	    ETHTAP_ERR_ARGUMENT);
	assert_int_equal(err.result, ETHTAP_ERR_ARGUMENT);
	assert_int_equal(ethtap_destroy("no-such-device0", &err),
	    ETHTAP_ERR_NOT_FOUND);
	assert_string_equal(err.text, ethtap_strerror(ETHTAP_ERR_NOT_FOUND));
	assert_int_equal(ethtap_destroy("no-such-device0", NULL),
	    ETHTAP_ERR_NOT_FOUND);
}

static void
test_foreign_interface_is_left_alone(void **state)
{
	struct ethtap_error err;
	char name[IF_NAMESIZE];

	(void)state;
	if (if_indextoname(1, name) == NULL) {
		print_message("no interface has the number 1\n");
		skip();
	}
	assert_int_equal(ethtap_destroy(name, &err), ETHTAP_ERR_FOREIGN);
	assert_non_null(strstr(err.text, name));
	assert_int_not_equal(err.error, 0);
	assert_int_equal(if_nametoindex(name), 1);
}

struct walk {
	int n;
	int answer;
};

static int
check_info(void *ctx, const struct ethtap_info *info)
{
	struct walk *w = ctx;

	w->n++;
	assert_in_range(strlen(info->name), 1, ETHTAP_NAME_SIZE - 1);
	assert_in_range(strlen(info->peer), 0, ETHTAP_NAME_SIZE - 1);
	assert_in_range(info->owner, ETHTAP_OWNER_FOREIGN, ETHTAP_OWNER_KEPT);
	return w->answer;
}

static void
test_walks(void **state)
{
	struct walk w = { .answer = 0 };
	struct ethtap_error err;

	(void)state;
	memset(&err, 0xff, sizeof(err));
	assert_int_equal(ethtap_list(check_info, &w, &err), 0);
	assert_int_equal(err.result, 0);
	assert_int_equal(ethtap_list(check_info, &w, NULL), 0);
	assert_int_equal(ethtap_reap(true, check_info, &w, &err), 0);
	assert_int_equal(ethtap_reap(true, NULL, NULL, NULL), 0);
	if (w.n == 0)
		return;
	w = (struct walk){ .answer = STOP };
	assert_int_equal(ethtap_list(check_info, &w, &err), STOP);
	assert_int_equal(w.n, 1);
	assert_int_equal(err.result, 0);
}

static void
check_line(void *ctx, const char *text)
{
	(void)ctx;
	assert_non_null(text);
	assert_null(strchr(text, '\n'));
}

static void
test_warnings_are_lines(void **state)
{
	(void)state;
	ethtap_warnings(check_line, NULL);
}

/* === Frames, over a pair in memory === */

static struct ethtap *a, *b;
static struct ethtap_frame frames[BATCH];
/* At no alignment, and with something around that must not change. */
static uint8_t room[BATCH][ROOM + 3];

static int
set_up(void **state)
{
	struct tap *ta, *tb;
	size_t i;

	(void)state;
	memset(room, 0x55, sizeof(room));
	for (i = 0; i < BATCH; i++)
		frames[i] = (struct ethtap_frame){ .data = room[i] + 1,
		    .size = ROOM, .len = STOP, .result = STOP };
	if (tap_memory_pair(&ta, &tb) != 0)
		return -1;
	a = ethtap_wrap(ta);
	b = ethtap_wrap(tb);
	return a != NULL && b != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	ethtap_close(a);
	ethtap_close(b);
	return 0;
}

static int
send_marked(struct ethtap *t, size_t len, uint8_t mark)
{
	uint8_t frame[ROOM * 2];

	memset(frame, mark, sizeof(frame));
	return ethtap_send(t, frame, len);
}

static void
assert_frame(const struct ethtap_frame *f, size_t len, uint8_t mark)
{
	const uint8_t *p = f->data;

	assert_int_equal(f->result, 0);
	assert_int_equal(f->len, len);
	assert_int_equal(p[-1], 0x55);
	assert_int_equal(p[0], mark);
	assert_int_equal(p[len - 1], mark);
	assert_int_equal(p[len], 0x55);
}

static void
assert_counters(struct ethtap *t, uint64_t received, uint64_t sent,
    uint64_t dropped_in, uint64_t dropped_out)
{
	const struct ethtap_counters *c = ethtap_stats(t);

	assert_int_equal(c->received, received);
	assert_int_equal(c->sent, sent);
	assert_int_equal(c->dropped_in, dropped_in);
	assert_int_equal(c->dropped_out, dropped_out);
}

static void
test_one_frame(void **state)
{
	size_t len = STOP;

	(void)state;
	assert_string_equal(ethtap_name(a), "memory0");
	assert_int_equal(ethtap_recv(b, frames[0].data, ROOM, &len),
	    ETHTAP_AGAIN);
	assert_int_equal(len, STOP);
	assert_int_equal(send_marked(a, 60, 1), 0);
	assert_int_equal(ethtap_recv(b, frames[0].data, ROOM, &len), 0);
	frames[0].len = len;
	frames[0].result = 0;
	assert_frame(&frames[0], 60, 1);
	assert_false(ethtap_has_pending(b));
	assert_int_equal(ethtap_check(b), 0);
	assert_int_equal(send_marked(a, ETHTAP_FRAME_MIN - 1, 1),
	    ETHTAP_DROPPED);
	assert_int_equal(send_marked(a, 61, 1), 0);
	assert_int_equal(ethtap_recv(b, frames[0].data, 60, &len),
	    ETHTAP_DROPPED);
	assert_counters(a, 0, 2, 0, 1);
	assert_counters(b, 1, 0, 1, 0);
}

static void
test_batch_passes_over_what_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), ETHTAP_AGAIN);
	assert_int_equal(ethtap_recv_batch(b, frames, 0),
	    ETHTAP_ERR_ARGUMENT);
	assert_int_equal(ethtap_recv_batch(b, frames, SIZE_MAX),
	    ETHTAP_ERR_ARGUMENT);
	assert_int_equal(send_marked(a, 60, 1), 0);
	assert_int_equal(send_marked(a, ROOM + 1, 2), 0);
	assert_int_equal(send_marked(a, 61, 3), 0);
	assert_int_equal(send_marked(a, ROOM, 4), 0);
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), 3);
	assert_frame(&frames[0], 60, 1);
	assert_frame(&frames[1], 61, 3);
	assert_frame(&frames[2], ROOM, 4);
	assert_int_equal(frames[3].result, STOP);
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), ETHTAP_AGAIN);
	assert_counters(b, 3, 0, 1, 0);
}

static void
test_batch_is_bounded(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < BATCH; i++)
		assert_int_equal(send_marked(a, ROOM + 1, 1), 0);
	assert_int_equal(send_marked(a, 60, 2), 0);
	/* Nothing but bad ones, and no more of them than places. */
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), ETHTAP_DROPPED);
	assert_int_equal(frames[0].result, STOP);
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), 1);
	assert_frame(&frames[0], 60, 2);

	for (i = 0; i < BATCH + 3; i++)
		assert_int_equal(send_marked(a, 60, (uint8_t)i), 0);
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), BATCH);
	for (i = 0; i < BATCH; i++)
		assert_int_equal(*(uint8_t *)frames[i].data, i);
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), 3);
	assert_int_equal(*(uint8_t *)frames[2].data, BATCH + 2);
}

static void
test_batch_is_sent(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < 4; i++)
		frames[i].len = 60 + i;
	frames[1].len = 5;
	memset(frames[0].data, 1, ROOM);
	memset(frames[3].data, 4, ROOM);
	assert_int_equal(ethtap_send_batch(a, frames, 4), 3);
	assert_int_equal(frames[0].result, 0);
	assert_int_equal(frames[1].result, ETHTAP_DROPPED);
	assert_int_equal(frames[2].result, 0);
	assert_int_equal(frames[3].result, 0);
	assert_int_equal(frames[4].result, STOP);
	assert_int_equal(ethtap_send_batch(a, frames, 0), 0);
	assert_counters(a, 0, 3, 0, 1);
	assert_int_equal(ethtap_recv(b, room[5], ROOM, &len), 0);
	assert_int_equal(len, 60);
	assert_int_equal(room[5][0], 1);
	assert_int_equal(ethtap_recv(b, room[5], ROOM, &len), 0);
	assert_int_equal(len, 62);
	assert_int_equal(ethtap_recv(b, room[5], ROOM, &len), 0);
	assert_int_equal(len, 63);
	assert_int_equal(room[5][0], 4);
}

/* What was on the way comes first; then the end lasts. */
static void
test_end_of_a_device(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(send_marked(a, 60, 1), 0);
	assert_int_equal(send_marked(a, 61, 2), 0);
	ethtap_close(a);
	a = NULL;
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), 2);
	assert_frame(&frames[1], 61, 2);
	assert_int_equal(ethtap_recv_batch(b, frames, BATCH), ETHTAP_GONE);
	assert_int_equal(ethtap_check(b), ETHTAP_GONE);
	for (i = 0; i < 3; i++)
		frames[i].len = 60;
	assert_int_equal(ethtap_send_batch(b, frames, 3), ETHTAP_GONE);
	for (i = 0; i < 3; i++)
		assert_int_equal(frames[i].result, ETHTAP_GONE);
	assert_int_equal(send_marked(b, 60, 1), ETHTAP_GONE);
	assert_counters(b, 2, 0, 0, 0);
}

static void
test_close_keeps_errno(void **state)
{
	(void)state;
	errno = STOP;
	ethtap_close(b);
	b = NULL;
	assert_int_equal(errno, STOP);
	ethtap_close(NULL);
}

#define FRAME_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_result_has_a_text_of_its_own),
		cmocka_unit_test(test_options_have_defaults),
		cmocka_unit_test(test_options_of_another_version),
		cmocka_unit_test(test_options_that_were_not_initialised),
		cmocka_unit_test(test_options_out_of_range),
		cmocka_unit_test(test_names_that_are_no_devices),
		cmocka_unit_test(test_foreign_interface_is_left_alone),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_warnings_are_lines),
		FRAME_TEST(test_one_frame),
		FRAME_TEST(test_batch_passes_over_what_is_dropped),
		FRAME_TEST(test_batch_is_bounded),
		FRAME_TEST(test_batch_is_sent),
		FRAME_TEST(test_end_of_a_device),
		FRAME_TEST(test_close_keeps_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

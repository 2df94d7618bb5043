/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The pairs of a simulated Mac over their whole life: what is listed as
 * whose, what is made to stay, what may be destroyed, and what is left over.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/registry.h"
#include "tun/tap.h"
#include "tun/tap_admin.h"

#define SEEN_MAX	8
#define NOBODY		((uid_t)-1)

static struct tap_fault fault;

/* === Help === */

struct seen {
	struct tap_info v[SEEN_MAX];
	unsigned n, stop_at;
};

static int
note_info(void *ctx, const struct tap_info *info)
{
	struct seen *s = ctx;

	assert_true(s->n < SEEN_MAX);
	s->v[s->n++] = *info;
	return s->n == s->stop_at ? 42 : 0;
}

/* An entry as somebody who then died had left it. */
static void
write_entry(const char *name, const char *peer, bool is_made)
{
	struct registry_entry e = { .pid = 1,
	    .lladdr = { 2, 0, 0, 0, 0, 1 },
	    .peer_lladdr = { 2, 0, 0, 0, 0, 2 } };
	int lock;

	memcpy(e.name, name, strlen(name));
	memcpy(e.peer, peer, strlen(peer));
	assert_int_equal(registry_claim(mac_registry(), &e, &lock), 0);
	if (is_made)
		assert_int_equal(registry_made(mac_registry(), name, lock),
		    0);
	(void)close(lock);
}

static void
assert_destroy(const char *name, enum tap_step step, int error)
{
	memset(&fault, 0xff, sizeof(fault));
	assert_int_equal(tap_destroy(name, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, error);
	assert_int_equal(fault.error, error);
	assert_int_equal(fault.step, step);
}

/* === Listing === */

static void
test_list_of_nothing(void **state)
{
	struct seen s = { .n = 0 };
	struct tap_info info;

	(void)state;
	assert_int_equal(tap_list(note_info, &s), 0);
	assert_int_equal(s.n, 0);
	assert_int_equal(tap_show("feth10000", &info), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(tap_show("", &info), SSHTAP_ERR_NOT_FOUND);
}

static void
test_list_tells_whose(void **state)
{
	struct seen s = { .n = 0 };
	struct tap *live, *kept;
	pid_t dead;

	(void)state;
	mac_make_foreign("feth700", "feth70");
	other_create("feth8");
	live = mac_open(TAP_UNIT_ANY);
	mac_make_kept(5);
	mac_make_kept(6);
	kept = mac_open(6);
	dead = mac_make_dead(77);
	assert_int_equal(tap_list(note_info, &s), 0);
	assert_int_equal(s.n, 6);
	assert_string_equal(s.v[0].name, "feth5");
	assert_string_equal(s.v[0].peer, "feth20005");
	assert_int_equal(s.v[0].owner, TAP_OWNER_KEPT);
	assert_false(s.v[0].is_used);
	assert_int_equal(s.v[0].pid, getpid());
	assert_string_equal(s.v[1].name, "feth6");
	assert_int_equal(s.v[1].owner, TAP_OWNER_KEPT);
	assert_true(s.v[1].is_used);
	assert_string_equal(s.v[2].name, "feth8");
	assert_string_equal(s.v[2].peer, "");
	assert_int_equal(s.v[2].owner, TAP_OWNER_FOREIGN);
	assert_int_equal(s.v[2].pid, 0);
	assert_string_equal(s.v[3].name, "feth77");
	assert_int_equal(s.v[3].owner, TAP_OWNER_DEAD);
	assert_false(s.v[3].is_used);
	assert_int_equal(s.v[3].pid, dead);
	/* A foreign pair once, under either name. */
	assert_int_equal(s.v[4].owner, TAP_OWNER_FOREIGN);
	assert_true((strcmp(s.v[4].name, "feth700") == 0 &&
	    strcmp(s.v[4].peer, "feth70") == 0) ||
	    (strcmp(s.v[4].name, "feth70") == 0 &&
	    strcmp(s.v[4].peer, "feth700") == 0));
	assert_string_equal(s.v[5].name, tap_name(live));
	assert_int_equal(s.v[5].owner, TAP_OWNER_LIVE);
	assert_true(s.v[5].is_used);
	assert_int_equal(tap_show("", &s.v[0]), SSHTAP_ERR_NOT_FOUND);
	s = (struct seen){ .stop_at = 2 };
	assert_int_equal(tap_list(note_info, &s), 42);
	assert_int_equal(s.n, 2);
	tap_close(live);
	tap_close(kept);
}

static void
test_show(void **state)
{
	struct tap_request rq = { .unit = 10000, .mode = TAP_ETHERNET,
	    .mtu = 1800, .has_lladdr = true,
	    .lladdr = { 2, 9, 8, 7, 6, 5 } };
	struct tap_info made, info;

	(void)state;
	/* Nobody but root can open one here, so it cannot be given away. */
	assert_int_equal(tap_create(&rq, 501, &made, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REQUEST);
	assert_int_equal(fault.error, EOPNOTSUPP);
	assert_int_equal(tap_show("feth10000", &info), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(tap_create(&rq, NOBODY, &made, &fault), 0);
	assert_int_equal(tap_show("feth10000", &info), 0);
	assert_string_equal(info.name, "feth10000");
	assert_string_equal(info.peer, "feth20000");
	assert_int_equal(info.mode, TAP_ETHERNET);
	assert_int_equal(info.mtu, 1800);
	assert_false(info.is_up);
	assert_true(info.has_lladdr);
	assert_memory_equal(info.lladdr, rq.lladdr, 6);
	assert_int_equal(info.uid, NOBODY);
	assert_memory_equal(&made, &info, sizeof(info));
	assert_int_equal(tap_show("feth20000", &info), 0);
	assert_string_equal(info.name, "feth10000");
	assert_int_equal(tap_show("feth1000", &info), SSHTAP_ERR_NOT_FOUND);
	/* What it is now, and not what it was made with. */
	other_up("feth10000");
	other_lladdr("feth10000", 33);
	assert_int_equal(tap_show("feth10000", &info), 0);
	assert_true(info.is_up);
	assert_int_equal(info.lladdr[5], 33);
	assert_int_equal(info.owner, TAP_OWNER_KEPT);
}

static void
test_others_under_our_names_are_foreign(void **state)
{
	struct seen s = { .n = 0 };

	(void)state;
	mac_make_dead(10000);
	other_destroy("feth10000");
	other_destroy("feth20000");
	mac_make_foreign("feth10000", "feth20000");
	assert_int_equal(tap_list(note_info, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].owner, TAP_OWNER_FOREIGN);
	assert_int_equal(s.v[0].pid, 0);
}

/* It is of no use any more, and the next one who comes removes it. */
static void
test_what_was_to_stay_and_broke(void **state)
{
	struct tap_info info;

	(void)state;
	mac_make_kept(5);
	other_destroy("feth20005");
	assert_int_equal(tap_show("feth5", &info), 0);
	assert_int_equal(info.owner, TAP_OWNER_DEAD);
	mac_make_kept(6);
	assert_int_equal(count_feth(), 2);
	assert_int_equal(mac_count_entries(), 1);
}

static void
test_list_without_root(void **state)
{
	struct seen s = { .n = 0 };

	(void)state;
	mac_make_kept(5);
	mac_be_root(0);
	assert_int_equal(tap_list(note_info, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].owner, TAP_OWNER_KEPT);
	assert_destroy("feth5", TAP_STEP_DESTROY, EPERM);
	mac_be_root(1);
	assert_int_equal(tap_destroy("feth5", &fault), 0);
	mac_assert_clean();
}

/* Another user indeed, to whom the registry is not open either. */
static int
look_as_another_user(void *ctx)
{
	struct seen s = { .n = 0 };

	(void)ctx;
	if (setuid(65534) == -1 || tap_list(note_info, &s) != 0 ||
	    s.n != 2 || s.v[0].owner != TAP_OWNER_KEPT ||
	    s.v[1].owner != TAP_OWNER_LIVE)
		return -1;
	if (tap_destroy("feth5", &fault) != SSHTAP_ERR_SYSTEM ||
	    fault.step != TAP_STEP_DESTROY || fault.error != EPERM)
		return -1;
	return tap_reap(false, NULL, NULL, &fault);
}

static void
test_another_user(void **state)
{
	struct tap *t;

	(void)state;
	if (geteuid() != 0)
		skip();
	mac_make_kept(5);
	t = mac_open(TAP_UNIT_ANY);
	mac_be_root(0);
	mac_kill(mac_fork(look_as_another_user, NULL));
	mac_be_root(1);
	tap_close(t);
	assert_int_equal(count_feth(), 2);
}

/* === Making and destroying === */

static void
test_create_and_destroy(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap_request rq = mac_request(5);
	unsigned fds = count_open();
	struct registry_entry e;
	struct tap_info info;
	struct tap *t;

	(void)state;
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault), 0);
	assert_string_equal(info.name, "feth5");
	assert_true(info.is_up);
	assert_int_equal(info.owner, TAP_OWNER_KEPT);
	assert_false(info.is_used);
	assert_int_equal(count_open(), fds);
	assert_int_equal(registry_look(mac_registry(), "feth5", &e), 0);
	assert_true(e.is_kept && e.is_made && !e.is_locked);
	(void)mac_text(before);
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_CREATE);
	assert_int_equal(fault.error, EEXIST);
	t = mac_open(5);
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_FOREIGN);
	assert_int_equal(fault.error, EBUSY);
	assert_destroy("feth5", TAP_STEP_DESTROY, EBUSY);
	assert_int_equal(tap_check(t), 0);
	tap_close(t);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(tap_destroy("feth5", &fault), 0);
	mac_assert_clean();
	assert_int_equal(tap_destroy("feth5", &fault), SSHTAP_ERR_NOT_FOUND);
	rq.unit = TAP_UNIT_ANY;
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault), 0);
	assert_string_equal(info.name, "feth10000");
	/* By the peer's name as well. */
	assert_int_equal(tap_destroy("feth20000", &fault), 0);
	mac_assert_clean();
	assert_int_equal(count_open(), fds);
}

static void
test_create_what_cannot_stay(void **state)
{
	struct tap_request rq = { .unit = 1, .mode = TAP_POINT_TO_POINT };
	struct tap_info info;

	(void)state;
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REQUEST);
	rq = mac_request(DARWIN_UNIT_MAX + 1);
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REQUEST);
	assert_int_equal(fault.limit, DARWIN_UNIT_MAX);
	rq = mac_request(3);
	mac_make_foreign("feth3", "feth4");
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_FOREIGN);
	assert_int_equal(fault.error, EEXIST);
	assert_int_equal(count_feth(), 2);
	assert_int_equal(mac_count_entries(), 0);
}

static void
test_destroy_what_is_not_ours(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap *t;

	(void)state;
	mac_make_foreign("feth10000", "feth20000");
	(void)mac_text(before);
	assert_destroy("feth10000", TAP_STEP_FOREIGN, ENODEV);
	assert_destroy("feth20000", TAP_STEP_FOREIGN, ENODEV);
	assert_destroy("lo0", TAP_STEP_FOREIGN, ENODEV);
	assert_int_equal(tap_destroy("feth1", &fault), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(tap_destroy("", &fault), SSHTAP_ERR_NOT_FOUND);
	/* Cut to 15 bytes it would be another. */
	assert_int_equal(tap_destroy("feth100000000000", &fault),
	    SSHTAP_ERR_NOT_FOUND);
	/* The registry has these names, and another pair has them now. */
	write_entry("feth10000", "feth20000", true);
	assert_destroy("feth10000", TAP_STEP_FOREIGN, ENODEV);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 0);
	t = mac_open(TAP_UNIT_ANY);
	assert_destroy(tap_name(t), TAP_STEP_DESTROY, EBUSY);
	tap_close(t);
	mac_make_dead(10002);
	assert_int_equal(tap_destroy("feth10002", &fault), 0);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 0);
}

static void
test_destroy_what_is_gone(void **state)
{
	(void)state;
	mac_make_kept(5);
	other_destroy("feth5");
	other_destroy("feth20005");
	assert_int_equal(tap_destroy("feth5", &fault), SSHTAP_ERR_NOT_FOUND);
	mac_assert_clean();
	mac_make_kept(5);
	other_destroy("feth5");
	assert_int_equal(tap_destroy("feth5", &fault), 0);
	mac_assert_clean();
}

static void
test_malformed_entry(void **state)
{
	char path[512];
	struct seen s = { .n = 0 };
	struct tap_info info;
	struct tap_request rq = mac_request(10000);
	struct tap *t = NULL;
	FILE *f;

	(void)state;
	mac_make_kept(5);
	(void)snprintf(path, sizeof(path), "%s/feth10000", mac_registry());
	assert_non_null(f = fopen(path, "w"));
	(void)fclose(f);
	assert_int_equal(tap_list(note_info, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
	assert_destroy("feth10000", TAP_STEP_REGISTRY, EINVAL);
	assert_int_equal(tap_open(&rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REGISTRY);
	assert_int_equal(tap_create(&rq, NOBODY, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REGISTRY);
	t = mac_open(TAP_UNIT_ANY);
	assert_string_equal(tap_name(t), "feth10001");
	tap_close(t);
	assert_int_equal(count_feth(), 2);
}

/* Well formed, and nothing that could ever be ours. */
static void
test_entry_of_no_pair(void **state)
{
	struct seen s = { .n = 0 };

	(void)state;
	write_entry("en0", "lo0", false);
	mac_make_dead(10000);
	assert_int_equal(tap_list(note_info, &s), 0);
	assert_int_equal(s.n, 1);
	errno = 0;
	assert_int_equal(tap_reap(false, NULL, NULL, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fault.error, EINVAL);
	assert_string_equal(fault.name, "en0");
	assert_int_equal(other_sees("en0"), 1);
	assert_int_equal(other_sees("lo0"), 1);
	/* That kept nobody from reaping the other. */
	assert_int_equal(count_feth(), 0);
	assert_int_equal(mac_count_entries(), 1);
}

static void
test_registry_that_others_may_write(void **state)
{
	struct tap_request rq = mac_request(TAP_UNIT_ANY);
	struct tap *t = NULL;
	struct seen s = { .n = 0 };

	(void)state;
	mac_make_kept(5);
	assert_int_equal(chmod(mac_registry(), 0777), 0);
	assert_int_equal(tap_open(&rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REGISTRY);
	assert_int_equal(fault.error, EPERM);
	assert_int_equal(tap_list(note_info, &s), SSHTAP_ERR_SYSTEM);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REGISTRY);
	assert_int_equal(fault.error, EPERM);
	assert_destroy("feth5", TAP_STEP_REGISTRY, EPERM);
	assert_int_equal(count_feth(), 2);
}

/* === Reaping === */

static void
test_reap(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct seen s = { .n = 0 };
	struct tap *live;
	pid_t pid;

	(void)state;
	mac_make_foreign("feth700", "feth70");
	mac_make_kept(5);
	live = mac_open(TAP_UNIT_ANY);
	(void)mac_text(before);
	assert_int_equal(tap_reap(false, note_info, &s, &fault), 0);
	assert_int_equal(s.n, 0);
	pid = mac_make_dead(10050);
	assert_int_equal(count_feth(), 8);
	assert_int_equal(tap_reap(true, note_info, &s, &fault), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(count_feth(), 8);
	assert_int_equal(mac_count_entries(), 3);
	assert_int_equal(tap_reap(false, note_info, &s, &fault), 0);
	assert_int_equal(s.n, 2);
	assert_memory_equal(&s.v[0], &s.v[1], sizeof(s.v[0]));
	assert_string_equal(s.v[0].name, "feth10050");
	assert_int_equal(s.v[0].owner, TAP_OWNER_DEAD);
	assert_int_equal(s.v[0].pid, pid);
	assert_false(s.v[0].is_used);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 2);
	tap_close(live);
}

static void
test_reap_is_ended_by_its_caller(void **state)
{
	struct seen s = { .stop_at = 1 };

	(void)state;
	mac_make_kept(5);
	other_destroy("feth5");
	mac_make_kept(7);
	other_destroy("feth20007");
	/* What remains of either is reaped, but for this. */
	write_entry("feth100", "feth101", false);
	assert_int_equal(tap_reap(false, note_info, &s, &fault), 42);
	assert_int_equal(s.n, 1);
	assert_true(count_feth() > 0);
	s.stop_at = 0;
	assert_int_equal(tap_reap(false, note_info, &s, &fault), 0);
	mac_assert_clean();
}

static void
test_reap_kept_ones_that_are_gone(void **state)
{
	struct seen s = { .n = 0 };

	(void)state;
	mac_make_kept(5);
	mac_make_kept(6);
	other_destroy("feth5");
	other_destroy("feth20005");
	assert_int_equal(tap_reap(true, note_info, &s, &fault), 0);
	assert_int_equal(mac_count_entries(), 2);
	assert_int_equal(tap_reap(false, note_info, &s, &fault), 0);
	/* There was nothing to destroy, so nothing to tell. */
	assert_int_equal(s.n, 0);
	assert_int_equal(mac_count_entries(), 1);
	assert_int_equal(count_feth(), 2);
}

/* Of a maker that died on the way, at each step of it. */
static void
test_reap_what_was_only_claimed(void **state)
{
	struct seen s = { .n = 0 };
	int steps;

	(void)state;
	for (steps = 0; steps < 6; steps++) {
		write_entry("feth10000", "feth20000", false);
		if (steps > 0)
			other_create("feth10000");
		if (steps > 1)
			other_lladdr("feth10000", 1);
		if (steps > 2)
			other_create("feth20000");
		if (steps > 3)
			other_lladdr("feth20000", 2);
		if (steps > 4)
			other_peer("feth10000", "feth20000");
		s.n = 0;
		assert_int_equal(tap_reap(false, note_info, &s, &fault), 0);
		assert_int_equal(s.n, steps > 0);
		mac_assert_clean();
	}
}

/* Once a pair was whole, new interfaces of its names are not of its maker. */
static void
test_reap_no_bare_ones_of_others(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct seen s = { .n = 0 };

	(void)state;
	write_entry("feth10000", "feth20000", true);
	other_create("feth10000");
	other_create("feth20000");
	(void)mac_text(before);
	assert_int_equal(tap_reap(false, note_info, &s, &fault), 0);
	assert_int_equal(s.n, 0);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 0);
}

static void
test_reap_ours_beside_others(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];

	(void)state;
	mac_make_dead(10000);
	other_destroy("feth10000");
	mac_make_foreign("feth10000", "feth3");
	(void)mac_text(before);
	assert_int_equal(count_feth(), 3);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
	assert_int_equal(count_feth(), 2);
	assert_int_equal(other_sees("feth10000"), 1);
	assert_int_equal(other_sees("feth3"), 1);
	assert_int_equal(mac_count_entries(), 0);
	/* The user's address for the primary, and the user's peer. */
	mac_make_dead(10005);
	other_lladdr("feth10005", 99);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
	assert_int_equal(count_feth(), 2);
	assert_string_equal(mac_text(after), mac_text(before));
}

static void
test_reap_without_root(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];

	(void)state;
	mac_make_dead(10000);
	(void)mac_text(before);
	mac_be_root(0);
	assert_int_equal(tap_reap(true, NULL, NULL, &fault), 0);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fault.step, TAP_STEP_DESTROY);
	assert_int_equal(fault.error, EPERM);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 1);
	mac_be_root(1);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
	mac_assert_clean();
}

#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAC_TEST(test_list_of_nothing),
		MAC_TEST(test_list_tells_whose),
		MAC_TEST(test_show),
		MAC_TEST(test_others_under_our_names_are_foreign),
		MAC_TEST(test_what_was_to_stay_and_broke),
		MAC_TEST(test_list_without_root),
		MAC_TEST(test_another_user),
		MAC_TEST(test_create_and_destroy),
		MAC_TEST(test_create_what_cannot_stay),
		MAC_TEST(test_destroy_what_is_not_ours),
		MAC_TEST(test_destroy_what_is_gone),
		MAC_TEST(test_malformed_entry),
		MAC_TEST(test_entry_of_no_pair),
		MAC_TEST(test_registry_that_others_may_write),
		MAC_TEST(test_reap),
		MAC_TEST(test_reap_is_ended_by_its_caller),
		MAC_TEST(test_reap_kept_ones_that_are_gone),
		MAC_TEST(test_reap_what_was_only_claimed),
		MAC_TEST(test_reap_no_bare_ones_of_others),
		MAC_TEST(test_reap_ours_beside_others),
		MAC_TEST(test_reap_without_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Devices as people and machines are shown them, with names of all kinds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/fault.h"
#include "ctl/json.h"
#include "ctl/show.h"
#include "lib/log.h"

static const struct tap_info pair = {
	.name = "feth10000", .peer = "feth20000", .mode = TAP_ETHERNET,
	.owner = TAP_OWNER_LIVE, .is_used = true, .is_up = true, .mtu = 1500,
	.has_lladdr = true, .lladdr = { 0x02, 0, 0x5e, 0, 0x53, 0xfe },
	.pid = 4711, .uid = 501,
};

static const struct tap_info bare = {
	.name = "x", .mode = TAP_POINT_TO_POINT, .owner = TAP_OWNER_FOREIGN,
	.uid = (uid_t)-1,
};

/* What was written to a stream. */
struct sink {
	FILE *out;
	char *text;
	size_t len;
};

static void
sink_open(struct sink *s)
{
	s->text = NULL;
	assert_non_null(s->out = open_memstream(&s->text, &s->len));
}

static void
assert_sunk(struct sink *s, const char *expected)
{
	assert_int_equal(fclose(s->out), 0);
	assert_string_equal(s->text, expected);
	free(s->text);
}

static void
assert_json_text(const char *text, const char *expected)
{
	struct sink s;
	struct json j;

	sink_open(&s);
	json_init(&j, s.out);
	json_text(&j, "t", text);
	assert_sunk(&s, expected);
}

static void
test_json_escapes(void **state)
{
	(void)state;
	assert_json_text("feth0", "\"t\":\"feth0\"");
	assert_json_text("", "\"t\":\"\"");
	assert_json_text(NULL, "\"t\":null");
	assert_json_text("a\"b\\c", "\"t\":\"a\\\"b\\\\c\"");
	assert_json_text("a\x1b[31m\x01\x7f", "\"t\":\"a?[31m??\"");
	assert_json_text("line\nend\t", "\"t\":\"line?end \"");
	assert_json_text("gr\xc3\xbc\xc3\x9f", "\"t\":\"gr\xc3\xbc\xc3\x9f\"");
	/* Not UTF-8, which JSON has to be. */
	assert_json_text("\xff\xc3", "\"t\":\"??\"");
	assert_json_text("a\xe2\x80\xae" "b", "\"t\":\"a?b\"");
}

static void
test_json_values(void **state)
{
	struct sink s;
	struct json j;

	(void)state;
	sink_open(&s);
	json_init(&j, s.out);
	json_open(&j, '[');
	json_open(&j, '{');
	json_number(&j, "n", 4294967295ul);
	json_bool(&j, "b", true);
	json_bool(&j, "c", false);
	json_null(&j, "d");
	json_close(&j, '}');
	json_open(&j, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	assert_sunk(&s, "[{\"n\":4294967295,\"b\":true,\"c\":false,\"d\":null},"
	    "{}]");
}

static void
test_json_of_devices(void **state)
{
	struct sink s;
	struct json j;

	(void)state;
	sink_open(&s);
	json_init(&j, s.out);
	show_json(&j, &pair);
	show_json(&j, &bare);
	assert_sunk(&s, "{\"name\":\"feth10000\",\"peer\":\"feth20000\","
	    "\"mode\":\"ethernet\",\"owner\":\"live\",\"used\":true,"
	    "\"up\":true,\"mtu\":1500,\"address\":\"02:00:5e:00:53:fe\","
	    "\"pid\":4711,\"uid\":501},"
	    "{\"name\":\"x\",\"peer\":null,\"mode\":\"point-to-point\","
	    "\"owner\":\"foreign\",\"used\":false,\"up\":false,\"mtu\":null,"
	    "\"address\":null,\"pid\":null,\"uid\":null}");
}

static void
test_table(void **state)
{
	struct tap_info infos[2] = { pair, bare };
	struct sink s;

	(void)state;
	infos[1].owner = TAP_OWNER_DEAD;
	sink_open(&s);
	show_table(s.out, infos, 2);
	assert_sunk(&s,
	    "NAME       PEER       MODE            OWNER      USED  UP   MTU"
	    "   ADDRESS            PID   UID\n"
	    "feth10000  feth20000  ethernet        live       yes   yes  1500"
	    "  02:00:5e:00:53:fe  4711  501\n"
	    "x          -          point-to-point  left-over  no    no   -"
	    "     -                  -     -\n");
}

static void
test_lines(void **state)
{
	struct tap_info info = pair;
	struct sink s;

	(void)state;
	info.owner = TAP_OWNER_KEPT;
	info.name[0] = '\x1b';
	sink_open(&s);
	show_lines(s.out, &info);
	show_name(s.out, info.name);
	assert_sunk(&s,
	    "name     ?eth10000\npeer     feth20000\nmode     ethernet\n"
	    "owner    kept\nused     yes\nup       yes\nmtu      1500\n"
	    "address  02:00:5e:00:53:fe\npid      4711\nuid      501\n"
	    "?eth10000");
}

static void
test_names(void **state)
{
	static const char *const good[] = { "a", "feth10000", "tap-0.1",
	    "123456789012345" };
	static const char *const bad[] = { "", ".", "..", "a/b", "../x", "a b",
	    "a\tb", "a\n", "a:b", "1234567890123456" };
	size_t i;

	(void)state;
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(fault_check_name(good[i]), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(fault_check_name(bad[i]), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_json_values),
		cmocka_unit_test(test_json_of_devices),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

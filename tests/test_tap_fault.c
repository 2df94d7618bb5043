/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Every failure of a device has its line, whichever system it is of. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tun/tap.h"

static const int errors[] = { 0, 1, EPERM, ENOENT, EINTR, EIO, ENXIO, EBADF,
    ENOMEM, EACCES, EBUSY, EEXIST, ENODEV, ENOTDIR, EINVAL, EMFILE, ENOSPC,
    EROFS, ERANGE, ELOOP, EMSGSIZE, EOPNOTSUPP, EAFNOSUPPORT, EADDRNOTAVAIL,
    ENETDOWN, ENOBUFS, ETIMEDOUT, 9999, -1 };
static const char *const names[] = { "", "tap3", "tun0", "feth10000",
    "0123456789abcde", "a\nb\033[m" };
static const unsigned limits[] = { 0, 2048, UINT32_MAX };

static void
assert_line(const struct tap_fault *f, const char *line)
{
	size_t i, len = strlen(line);

	if (len == 0 || len + 1 >= TAP_FAULT_TEXT_MAX ||
	    line[len - 1] == '.' || line[len - 1] == ' ' || line[0] == ' ')
		fail_msg("step %d, errno %d: \"%s\"", (int)f->step, f->error,
		    line);
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			fail_msg("step %d, errno %d: \"%s\"", (int)f->step,
			    f->error, line);
	/* What stands for something else in the table. */
	assert_null(strpbrk(line, "@$"));
	assert_true(f->step == TAP_STEP_COUNT || strchr(line, '#') == NULL);
}

/* Every cut is the whole line's beginning and ends inside its room. */
static void
assert_cuts(const struct tap_fault *f, const char *line)
{
	size_t len = strlen(line), size;
	char *out;

	for (size = 0; size <= len + 1; size++) {
		assert_non_null(out = malloc(size + 1));
		memset(out, 0x55, size + 1);
		assert_ptr_equal(tap_fault_text(f, out, size), out);
		assert_int_equal(out[size], 0x55);
		if (size > 0) {
			assert_int_equal(strlen(out), size - 1);
			assert_memory_equal(out, line, size - 1);
		}
		free(out);
	}
}

static void
test_every_fault_has_a_line(void **state)
{
	char line[TAP_FAULT_TEXT_MAX];
	struct tap_fault f;
	size_t i, j, k;
	int step;

	(void)state;
	for (step = -1; step <= TAP_STEP_COUNT; step++)
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
	for (j = 0; j < sizeof(names) / sizeof(names[0]); j++)
	for (k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
		memset(&f, 0, sizeof(f));
		f.step = (enum tap_step)step;
		f.error = errors[i];
		f.limit = limits[k];
		memcpy(f.name, names[j], strlen(names[j]));
		assert_ptr_equal(tap_fault_text(&f, line, sizeof(line)),
		    line);
		assert_line(&f, line);
		assert_cuts(&f, line);
	}
}

/* A name that fills its array has no NUL. */
static void
test_name_without_end(void **state)
{
	struct tap_fault f = { .step = TAP_STEP_UP, .error = EIO,
	    .limit = UINT32_MAX };
	char line[TAP_FAULT_TEXT_MAX];

	(void)state;
	memset(f.name, 'x', sizeof(f.name));
	(void)tap_fault_text(&f, line, sizeof(line));
	assert_non_null(strstr(line, " xxxxxxxxxxxxxxxx:"));
	assert_null(strstr(line, "xxxxxxxxxxxxxxxxx"));
}

struct advice {
	struct tap_fault f;
	const char *has;
};

static const struct advice advices[] = {
	{ { TAP_STEP_REQUEST, EINVAL, 32767, "" }, "0 to 32767" },
	{ { TAP_STEP_REQUEST, EINVAL, 0, "" }, "no device of this kind" },
	{ { TAP_STEP_DRIVER, ENOENT, 0, "tap3" }, "modprobe tun" },
	{ { TAP_STEP_DRIVER, EACCES, 0, "tap3" },
	    "ip tuntap add tap3 mode tap user" },
	{ { TAP_STEP_DRIVER, EPERM, 0, "tunN" },
	    "ip tuntap add tunN mode tun user" },
	{ { TAP_STEP_DRIVER, EOPNOTSUPP, 0, "" }, "macOS 10.13" },
	{ { TAP_STEP_REGISTRY, EACCES, 0, "" }, "run as root" },
	{ { TAP_STEP_REGISTRY, EPERM, 0, "" }, "/var/run/ethtap" },
	{ { TAP_STEP_CREATE, EPERM, 0, "feth10000" }, "run as root" },
	{ { TAP_STEP_CREATE, EBUSY, 0, "feth10000" }, "being destroyed" },
	{ { TAP_STEP_FOREIGN, EBUSY, 0, "tap3" }, "program uses tap3" },
	{ { TAP_STEP_FOREIGN, EINVAL, 0, "tap3" }, "not a tap device" },
	{ { TAP_STEP_FOREIGN, EINVAL, 0, "tun3" }, "not a tun device" },
	{ { TAP_STEP_FOREIGN, EEXIST, 0, "feth12" },
	    "feth12 exists and is not ours" },
	{ { TAP_STEP_FOREIGN, EEXIST, 0, "feth12" },
	    "ifconfig feth12 destroy" },
	{ { TAP_STEP_FOREIGN, ENODEV, 0, "en0" }, "en0 is not ours" },
	{ { TAP_STEP_MTU, ERANGE, 65521, "tap3" }, "68 to 65521" },
	{ { TAP_STEP_MTU, EINVAL, 2048, "feth12" }, "72 to 2048" },
	{ { TAP_STEP_MTU, EINVAL, 2048, "feth12" },
	    "net.link.fake.max_mtu" },
	{ { TAP_STEP_MTU, EINVAL, 0, "feth12" }, "MTU of feth12" },
	{ { TAP_STEP_BPF, EBUSY, 0, "feth12" }, "bpf device is in use" },
	{ { TAP_STEP_BPF, EACCES, 0, "feth12" }, "/dev/bpf" },
	{ { TAP_STEP_DESTROY, EBUSY, 0, "feth12" }, "uses feth12" },
	{ { TAP_STEP_UP, EPERM, 0, "" }, "the device" },
	{ { TAP_STEP_INET, EPERM, 0, "tap3" }, "run as root" },
	{ { TAP_STEP_INET, EADDRNOTAVAIL, 0, "tap3" }, "one host's" },
	{ { TAP_STEP_INET, EINVAL, 32, "tap3" }, "1 to 32 bits" },
	{ { TAP_STEP_INET, EINVAL, 0, "tap3" },
	    "tap3 cannot have this IP address" },
	{ { TAP_STEP_INET, EAFNOSUPPORT, 0, "tap3" }, "family" },
	{ { TAP_STEP_INET, EACCES, 0, "tap3" },
	    "net.ipv6.conf.tap3.disable_ipv6" },
	{ { TAP_STEP_INET, ERANGE, 1200, "tap3" }, "tap3 is 1200" },
	{ { TAP_STEP_INET, ENXIO, 0, "tap3" }, "tap3 has gone" },
	{ { TAP_STEP_INET, ENOENT, 0, "feth12" }, "/sbin/ifconfig" },
	{ { TAP_STEP_BRIDGE, EPERM, 0, "tap3" }, "run as root" },
	{ { TAP_STEP_BRIDGE, ENODEV, 0, "br0" }, "no bridge br0" },
	{ { TAP_STEP_BRIDGE, EOPNOTSUPP, 0, "eth0" }, "eth0 is not a bridge" },
	{ { TAP_STEP_BRIDGE, EBUSY, 0, "tap3" }, "tap3 is in another bridge" },
	{ { TAP_STEP_BRIDGE, EINVAL, 0, "tun3" },
	    "tun3 cannot be in this bridge" },
	{ { TAP_STEP_BRIDGE, ENXIO, 0, "tap3" }, "tap3 has gone" },
	{ { TAP_STEP_BRIDGE, ENOENT, 0, "feth12" }, "/sbin/ifconfig" },
};

static void
test_advice(void **state)
{
	char line[TAP_FAULT_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		(void)tap_fault_text(&advices[i].f, line, sizeof(line));
		if (strstr(line, advices[i].has) == NULL)
			fail_msg("no \"%s\" in \"%s\"", advices[i].has, line);
	}
}

/* What has no words of its own is told by step and by the system's text. */
static void
test_other_errors(void **state)
{
	struct tap_fault f = { .step = TAP_STEP_PEER, .error = EIO,
	    .name = "feth12" };
	char line[TAP_FAULT_TEXT_MAX];

	(void)state;
	(void)tap_fault_text(&f, line, sizeof(line));
	assert_non_null(strstr(line, "feth12"));
	assert_non_null(strstr(line, strerror(EIO)));
	f.error = 0;
	(void)tap_fault_text(&f, line, sizeof(line));
	assert_null(strchr(line, ':'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fault_has_a_line),
		cmocka_unit_test(test_name_without_end),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_other_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

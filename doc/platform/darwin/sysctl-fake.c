/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Settings that change frames of interfaces made while they are set.  They
 * belong to the whole system, so that a row that differs may be somebody's
 * doing; ZeroTier sets max_mtu to 10000.
 */

#include <errno.h>
#include <stdio.h>

#include "doc/platform/darwin/platform.h"

#define PREFIX		"net.link.fake."

static void
check_setting(const char *name, int expected)
{
	char path[64];
	int value;

	(void)snprintf(path, sizeof(path), PREFIX "%s", name);
	if (setting(path, &value) == 0)
		check_number(path, expected, value);
	else if (errno == ENOENT)
		check_skip(path, "this system does not have it");
	else
		check_errno(path, 0, -1);
}

int
main(void)
{
	int value = 0;

	check_begin("sysctl-fake");
	check_setting("txstart", 1);
	check_setting("hwcsum", 0);
	check_setting("bsd_mode", 1);
	check_setting("max_mtu", 2048);
	check_setting("fcs", 0);
	check_setting("trailer_length", 0);
	check_setting("tso_support", 0);
	check_errno("one that does not exist", ENOENT,
	    setting(PREFIX "platform", &value));
	return check_end();
}

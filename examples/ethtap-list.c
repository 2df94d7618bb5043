/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ethtap-list [-r]: print the devices of this host; with -r destroy those
 * that dead processes left over, and print these.
 */

#include <ethtap.h>
#include <stdio.h>
#include <string.h>

static int
print_info(void *ctx, const struct ethtap_info *info)
{
	static const char *const owners[] = {
		"foreign", "live", "dead", "kept"
	};

	(void)ctx;
	printf("%s %s mtu %u%s%s\n", info->name, owners[info->owner],
	    info->mtu, info->is_up ? " up" : "", info->is_used ? " used" : "");
	return 0;
}

static void
print_warning(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "ethtap-list: %s\n", text);
}

int
main(int argc, char **argv)
{
	struct ethtap_error error;
	int r;

	ethtap_warnings(print_warning, NULL);
	if (argc > 1 && strcmp(argv[1], "-r") == 0)
		r = ethtap_reap(false, print_info, NULL, &error);
	else
		r = ethtap_list(print_info, NULL, &error);
	if (r != 0)
		fprintf(stderr, "ethtap-list: %s\n", error.text);
	return r != 0;
}

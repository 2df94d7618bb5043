/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ethtap-make [unit [mtu]]: make a device that stays, and print its name.
 * ethtap-make -d name: destroy one.
 */

#include <ethtap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
	struct ethtap_options options;
	struct ethtap_error error;
	char name[ETHTAP_NAME_SIZE] = "";
	int r;

	ethtap_options_init(&options, sizeof(options));
	if (argc > 1 && strcmp(argv[1], "-d") == 0)
		r = ethtap_destroy(argc > 2 ? argv[2] : "", &error);
	else {
		if (argc > 1)
			options.unit = atoi(argv[1]);
		if (argc > 2)
			options.mtu = (unsigned)atoi(argv[2]);
		if ((r = ethtap_create(&options, name, &error)) == 0)
			printf("%s\n", name);
	}
	if (r == ETHTAP_ERR_MTU)
		fprintf(stderr, "ethtap-make: at most %u\n", error.mtu_max);
	if (r != 0)
		fprintf(stderr, "ethtap-make: %s\n", error.text);
	return r != 0;
}

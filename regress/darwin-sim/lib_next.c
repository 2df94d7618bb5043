/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The functions that ours hide, from the library that is searched next. */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/lib.h"

static struct next next;

static const struct {
	const char *name;
	void *place;		/* of a pointer to a function */
} symbols[] = {
	{ "open", &next.open },
	{ "openat", &next.openat },
	{ "close", &next.close },
	{ "read", &next.read },
	{ "readv", &next.readv },
	{ "write", &next.write },
	{ "writev", &next.writev },
	{ "recvfrom", &next.recvfrom },
	{ "recvmsg", &next.recvmsg },
	{ "sendto", &next.sendto },
	{ "sendmsg", &next.sendmsg },
	{ "ioctl", &next.ioctl },
	{ "socket", &next.socket },
	{ "bind", &next.bind },
	{ "connect", &next.connect },
	{ "shutdown", &next.shutdown },
	{ "getsockopt", &next.getsockopt },
	{ "setsockopt", &next.setsockopt },
	{ "getsockname", &next.getsockname },
	{ "poll", &next.poll },
	{ "ppoll", &next.ppoll },
	{ "getifaddrs", &next.getifaddrs },
	{ "freeifaddrs", &next.freeifaddrs },
	{ "if_nametoindex", &next.if_nametoindex },
	{ "if_indextoname", &next.if_indextoname },
};

static void __attribute__((constructor))
find_all(void)
{
	void *symbol;
	size_t i;

	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		symbol = dlsym(RTLD_NEXT, symbols[i].name);
		if (symbol == NULL) {
			fprintf(stderr, "libdarwinsim: no %s\n",
			    symbols[i].name);
			abort();
		}
		memcpy(symbols[i].place, &symbol, sizeof(symbol));
	}
}

const struct next *
lib_next(void)
{
	/* Somebody's constructor may run before ours. */
	if (next.if_indextoname == NULL)
		find_all();
	return &next;
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_NET_IF_DL_H
#define DARWIN_SIM_NET_IF_DL_H

#include <stdint.h>

/*
 * Link-layer addresses as getifaddrs(3) of macOS has them.  The family is
 * where struct sockaddr of this system has its own, in two bytes, so there is
 * no sdl_len; what follows lies where it does on macOS.
 */
#ifndef AF_LINK
#define AF_LINK		18
#endif

struct sockaddr_dl {
	uint16_t sdl_family;
	uint16_t sdl_index;
	uint8_t sdl_type;
	uint8_t sdl_nlen;	/* bytes of the name, which has no NUL */
	uint8_t sdl_alen;	/* bytes of the address behind it */
	uint8_t sdl_slen;
	char sdl_data[12];	/* may be longer */
};

#define LLADDR(s)	((s)->sdl_data + (s)->sdl_nlen)

#endif /* DARWIN_SIM_NET_IF_DL_H */

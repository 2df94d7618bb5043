/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is an address family and what ought to be an IP packet.  What is
 * translated comes back the same; what is not is unchanged.
 */

#include <stdlib.h>
#include <string.h>

#include "openbsd-compat/tun-af.h"
#include "tests/fuzz/fuzz.h"

typedef int (translate_fn)(uint8_t *packet, size_t len);

static void
check(const uint8_t *data, size_t size, translate_fn *there,
    translate_fn *back)
{
	struct view v = view_of(data, size);
	uint8_t *packet = fuzz_copy(&v);
	int r = there(packet, size);

	require(r == 0 || r == -1);
	if (r == 0) {
		require(size > TUN_AF_LEN && tun_af_of_packet(packet +
		    TUN_AF_LEN, size - TUN_AF_LEN) != 0);
		require(memcmp(packet + TUN_AF_LEN, data + TUN_AF_LEN,
		    size - TUN_AF_LEN) == 0);
		require(back(packet, size) == 0);
	}
	require(size == 0 || memcmp(packet, data, size) == 0);
	free(packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t family = tun_af_of_packet(data, size);

	require(family == 0 || family == TUN_AF_INET ||
	    family == TUN_AF_INET6);
	check(data, size, darwin_af_to_wire, darwin_af_from_wire);
	check(data, size, darwin_af_from_wire, darwin_af_to_wire);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BYTES_H
#define BYTES_H

#include <stdint.h>

/*
 * Big-endian numbers in the headers of a frame, at any address.  Nothing is
 * checked: who calls has held the length of the frame against the place.
 */
static inline uint16_t
bytes_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
bytes_u32(const uint8_t *p)
{
	return (uint32_t)bytes_u16(p) << 16 | bytes_u16(p + 2);
}

static inline void
bytes_put_u16(uint8_t *p, uint16_t n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static inline void
bytes_put_u32(uint8_t *p, uint32_t n)
{
	bytes_put_u16(p, (uint16_t)(n >> 16));
	bytes_put_u16(p + 2, (uint16_t)n);
}

#endif /* BYTES_H */

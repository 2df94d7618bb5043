/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FRAMING_H
#define FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "lib/view.h"

/*
 * Frames in a stream of bytes: in front of each its length, big-endian, in
 * two or four bytes.  Memory only; whoever has descriptors moves the bytes.
 * Nothing is allocated after framing_new.
 */
#define FRAMING_VDE	2	/* bytes of a length: vde_plug(1) */
#define FRAMING_QEMU	4	/* -netdev stream of QEMU */

struct framing;

/* Returns 0 or SSHTAP_ERR_ALLOC. */
int framing_new(size_t length_size, struct framing **fp);
void framing_free(struct framing *f);

/* Forget what is held: a new stream begins. */
void framing_reset(struct framing *f);

/*
 * Room for bytes that arrive, never none once framing_next has returned
 * SSHTAP_ERR_AGAIN; how many of it were filled.
 */
uint8_t *framing_space(struct framing *f, size_t *sizep);
void framing_filled(struct framing *f, size_t len);

/*
 * Take the next frame that has arrived.
 *
 * framep:  stays valid until framing_space is called; may be modified.
 * Returns 0, SSHTAP_ERR_AGAIN (more bytes are needed), SSHTAP_ERR_DROPPED (a
 * runt was passed over: go on), SSHTAP_ERR_TOO_BIG (a length that no frame
 * has: where the next one begins is not known any more).
 */
int framing_next(struct framing *f, uint8_t **framep, size_t *lenp);

/*
 * Place for a frame that is to leave, of TAP_FRAME_MAX bytes.  It leaves once
 * framing_commit says how long it is.
 * Returns 0 or SSHTAP_ERR_AGAIN (the place is used up).
 */
int framing_reserve(struct framing *f, uint8_t **framep);
void framing_commit(struct framing *f, size_t len);

/* Bytes that are to leave, and how many of them have. */
struct view framing_pending(const struct framing *f);
void framing_sent(struct framing *f, size_t len);

#endif /* FRAMING_H */

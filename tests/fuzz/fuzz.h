/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/view.h"

/*
 * What the programs for libFuzzer share.  Each defines LLVMFuzzerTestOneInput
 * and nothing else that is seen; lines of the log are held against the
 * promise of lib/log.h, whatever the program does.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is; otherwise the input is kept. */
void require(bool holds);

/*
 * Input as a script: each takes bytes off the front, and gives zero bytes
 * when there are none left.
 */
uint8_t fuzz_u8(struct view *v);
uint16_t fuzz_u16(struct view *v);
uint32_t fuzz_u32(struct view *v);

/* A length of two bytes and so many, or what is left of them. */
struct view fuzz_piece(struct view *v);

/*
 * A copy on the heap that ends where the bytes do, so that a sanitizer sees
 * the first one that is read past them; free(3) takes it.
 */
uint8_t *fuzz_copy(const struct view *v);

/* The bytes up to the first NUL as a string, of exactly its size. */
char *fuzz_string(const struct view *v);

/* Does part lie in whole?  An empty one may lie anywhere. */
bool fuzz_is_inside(const struct view *part, const struct view *whole);

/* Nothing in it that a terminal could act on, but line feeds if allowed. */
bool fuzz_is_clean(const char *s, bool lf_allowed);

/* Bytes on the heap now.  For bounds: compare before and after. */
size_t fuzz_heap(void);

#endif /* FUZZ_H */

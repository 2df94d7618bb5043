/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FUZZ_SCRIPT_H
#define FUZZ_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

/*
 * A mutator for inputs that are scripts: a byte of flags, then steps, each of
 * a byte, a length of two bytes and so many bytes.  Steps are left out, told
 * twice, exchanged, cut, altered within, and added: an added one is what
 * insert says, followed by a well-formed message of any number.
 *
 * insert:  the byte of a step whose bytes are a message.
 * Returns the new size; for LLVMFuzzerCustomMutator.
 */
size_t script_mutate(uint8_t *data, size_t size, size_t max, unsigned seed,
    uint8_t insert);

/* libFuzzer looks them up; a program that has scripts defines the first. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

#endif /* FUZZ_SCRIPT_H */

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The machine that filters run on.  An instruction that reads beyond the
 * frame, or divides by zero, ends with 0: the frame is not wanted.
 */

#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define MEMORY_WORDS	16

/* Classes. */
#define CLASS(code)	((code) & 0x07)
#define C_LD		0x00
#define C_LDX		0x01
#define C_ST		0x02
#define C_STX		0x03
#define C_ALU		0x04
#define C_JMP		0x05
#define C_RET		0x06
#define C_MISC		0x07
/* Sizes and modes of loads. */
#define SIZE(code)	((code) & 0x18)
#define S_W		0x00
#define S_H		0x08
#define S_B		0x10
#define MODE(code)	((code) & 0xe0)
#define M_IMM		0x00
#define M_ABS		0x20
#define M_IND		0x40
#define M_MEM		0x60
#define M_LEN		0x80
#define M_MSH		0xa0
/* Operations, and where the operand comes from. */
#define OP(code)	((code) & 0xf0)
#define FROM_X(code)	(((code) & 0x08) != 0)
#define RETURNS_A(code)	(((code) & 0x18) == 0x10)
#define IS_TXA(code)	(((code) & 0xf8) == 0x80)

struct machine {
	uint32_t a, x, memory[MEMORY_WORDS];
	const uint8_t *p;
	size_t len;
};

/* Returns false when it is not inside of the frame. */
static bool
load(const struct machine *m, uint64_t at, size_t size, uint32_t *valuep)
{
	uint32_t value = 0;
	size_t i;

	if (at > m->len || size > m->len - at)
		return false;
	for (i = 0; i < size; i++)
		value = value << 8 | m->p[at + i];
	*valuep = value;
	return true;
}

static bool
run_load(struct machine *m, const struct bpf_insn *i, uint32_t *valuep)
{
	size_t size = SIZE(i->code) == S_W ? 4 : SIZE(i->code) == S_H ? 2 : 1;
	uint32_t byte;

	switch (MODE(i->code)) {
	case M_ABS:
		return load(m, i->k, size, valuep);
	case M_IND:
		return load(m, (uint64_t)i->k + m->x, size, valuep);
	case M_MSH:
		if (!load(m, i->k, 1, &byte))
			return false;
		*valuep = (byte & 0xf) << 2;
		return true;
	case M_MEM:
		*valuep = m->memory[i->k % MEMORY_WORDS];
		return true;
	case M_LEN:
		*valuep = (uint32_t)m->len;
		return true;
	default:
		*valuep = i->k;
		return true;
	}
}

static bool
run_alu(struct machine *m, const struct bpf_insn *i)
{
	uint32_t n = FROM_X(i->code) ? m->x : i->k;

	switch (OP(i->code)) {
	case 0x00:
		m->a += n;
		return true;
	case 0x10:
		m->a -= n;
		return true;
	case 0x20:
		m->a *= n;
		return true;
	case 0x30:
		m->a = n == 0 ? 0 : m->a / n;
		return n != 0;
	case 0x40:
		m->a |= n;
		return true;
	case 0x50:
		m->a &= n;
		return true;
	case 0x60:
		m->a = n > 31 ? 0 : m->a << n;
		return true;
	case 0x70:
		m->a = n > 31 ? 0 : m->a >> n;
		return true;
	case 0x80:
		m->a = 0 - m->a;
		return true;
	default:
		return false;
	}
}

/* Returns how many instructions are jumped over. */
static uint32_t
run_jump(const struct machine *m, const struct bpf_insn *i)
{
	uint32_t n = FROM_X(i->code) ? m->x : i->k;
	bool holds;

	switch (OP(i->code)) {
	case 0x00:
		return i->k;
	case 0x10:
		holds = m->a == n;
		break;
	case 0x20:
		holds = m->a > n;
		break;
	case 0x30:
		holds = m->a >= n;
		break;
	default:
		holds = (m->a & n) != 0;
		break;
	}
	return holds ? i->jt : i->jf;
}

/* Everything but jumps and returns. */
static bool
run_step(struct machine *m, const struct bpf_insn *i)
{
	switch (CLASS(i->code)) {
	case C_LD:
		return run_load(m, i, &m->a);
	case C_LDX:
		return run_load(m, i, &m->x);
	case C_ST:
		m->memory[i->k % MEMORY_WORDS] = m->a;
		return true;
	case C_STX:
		m->memory[i->k % MEMORY_WORDS] = m->x;
		return true;
	case C_ALU:
		return run_alu(m, i);
	default:
		if (IS_TXA(i->code))
			m->a = m->x;
		else
			m->x = m->a;
		return true;
	}
}

uint32_t
bpf_filter(const struct bpf_insn *insns, unsigned n, const uint8_t *p,
    size_t len)
{
	struct machine m = { .p = p, .len = len };
	const struct bpf_insn *i;
	unsigned pc;

	/* A valid program's jumps lead forward, to one of its own. */
	for (pc = 0; pc < n; pc++) {
		i = &insns[pc];
		if (CLASS(i->code) == C_RET)
			return RETURNS_A(i->code) ? m.a : i->k;
		if (CLASS(i->code) == C_JMP)
			pc += run_jump(&m, i);
		else if (!run_step(&m, i))
			return 0;
	}
	return 0;
}

bool
bpf_filter_is_valid(const struct bpf_insn *insns, unsigned n)
{
	unsigned pc, left;

	for (pc = 0; pc < n; pc++) {
		left = n - pc - 1;
		if (CLASS(insns[pc].code) != C_JMP)
			continue;
		if (OP(insns[pc].code) == 0x00 ? insns[pc].k >= left :
		    insns[pc].jt >= left || insns[pc].jf >= left)
			return false;
	}
	return n > 0 && CLASS(insns[n - 1].code) == C_RET;
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/fuzz/fuzz_script.h"

#include <stdbool.h>
#include <string.h>

#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_wire.h"
#include "transport/cipher.h"
#include "transport/kex.h"
#include "transport/proposal.h"

#define STEPS_MAX	128
#define SCRIPT_MAX	(64 * 1024)
#define STEP_MAX	4096
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct step {
	uint8_t op;
	struct view bytes;
};

struct script {
	struct step step[STEPS_MAX];
	size_t n;
	uint32_t random;
	uint8_t fresh[SCRIPT_MAX];	/* bytes that were not in the input */
	size_t used;
};

/*
 * What messages are made of: s a word or bytes, u a number, b a yes or no, k
 * the user's key, c a channel's number, q a public value, l a list.
 */
struct layout {
	uint8_t number;
	const char *fields;
};

static const struct layout layouts[] = {
	{ 1, "uss" }, { 2, "s" }, { 3, "u" }, { 4, "bss" }, { 5, "s" },
	{ 6, "s" }, { 7, "uss" }, { 20, "" }, { 21, "" }, { 30, "q" },
	{ 31, "kqs" }, { 50, "ssss" }, { 50, "sssbsk" }, { 50, "sssbsks" },
	{ 50, "sssbskks" }, { 50, "sssbs" }, { 51, "lb" }, { 52, "" },
	{ 53, "ss" }, { 60, "sk" }, { 60, "sssusb" }, { 61, "us" },
	{ 80, "sb" }, { 81, "" }, { 82, "" }, { 90, "scuuuu" },
	{ 90, "scuu" }, { 91, "ccuu" }, { 92, "cuss" }, { 93, "cu" },
	{ 94, "cs" }, { 95, "cus" }, { 96, "c" }, { 97, "c" },
	{ 98, "csb" }, { 98, "csbu" }, { 98, "csbsbss" }, { 99, "c" },
	{ 100, "c" }, { 192, "s" }
};

static const char *const words[] = {
	"", "user", "ssh-userauth", "ssh-connection", "publickey", "none",
	"password", "keyboard-interactive", "correct horse",
	"publickey-hostbound-v00@openssh.com", "ssh-ed25519",
	"server-sig-algs", "publickey-hostbound@openssh.com", "0",
	"tun@openssh.com", "session", "keepalive@openssh.com",
	"exit-status", "exit-signal", "hostkeys-00@openssh.com",
	"tap-offload@sshtap",
	"\x1b]0;title\x07", "0123456789abcdef"
};

static const uint32_t numbers[] = {
	0, 1, 2, 3, 7, 14, 24, 1000, 1514, 32764, 32768, 262144, 2097152,
	0x7ffffffe, 0x7fffffff, 0x80000000, 0xfe544150, 0xfffffffe,
	0xffffffff
};

/* Below n; never 0 for n. */
static uint32_t
pick(struct script *s, size_t n)
{
	s->random = s->random * 1664525u + 1013904223u;
	return (uint32_t)((s->random >> 8) % n);
}

static void
put_word(struct script *s, struct buf *b)
{
	static const uint8_t zeros[1600];

	if (pick(s, 6) == 0)
		(void)buf_put_string(b, zeros, pick(s, sizeof(zeros)));
	else
		(void)buf_put_cstring(b, words[pick(s, COUNT(words))]);
}

static void
put_value(struct buf *b)
{
	uint8_t value[KEX_X25519_SIZE] = { 9 };

	(void)buf_put_string(b, value, sizeof(value));
}

static void
put_kexinit(struct script *s, struct buf *b)
{
	static const uint8_t cookie[PROPOSAL_COOKIE_SIZE];
	const char *lists[PROPOSAL_COUNT] = {
		"curve25519-sha256", "ssh-ed25519", CIPHER_DEFAULT_LIST,
		CIPHER_DEFAULT_LIST, "hmac-sha2-256", "hmac-sha2-256",
		"none,zlib@openssh.com", "none,zlib@openssh.com", "", ""
	};

	if (pick(s, 2) == 0)
		lists[PROPOSAL_KEX] = "curve25519-sha256," PROPOSAL_EXT_INFO_C
		    "," PROPOSAL_STRICT_C "," PROPOSAL_STRICT_S;
	(void)proposal_put(b, cookie, lists);
	if (b->len > 5 && pick(s, 4) == 0)
		b->base[b->head + b->len - 5] = 1;
}

static void
put_field(struct script *s, struct buf *b, char field)
{
	struct view key;

	switch (field) {
	case 's':
		put_word(s, b);
		break;
	case 'u':
		(void)buf_put_u32(b, numbers[pick(s, COUNT(numbers))]);
		break;
	case 'c':
		(void)buf_put_u32(b, pick(s, 3));
		break;
	case 'b':
		(void)buf_put_bool(b, pick(s, 2) == 0);
		break;
	case 'k':
		key = key_blob(pick(s, 4) == 0 ? wire_host_key() :
		    wire_user_key());
		(void)buf_put_string_view(b, &key);
		break;
	case 'q':
		put_value(b);
		break;
	default:
		(void)buf_put_cstring(b, "publickey,password");
		break;
	}
}

/* The bytes stay where they are as long as the script. */
static struct view
keep(struct script *s, const struct view *v)
{
	uint8_t *p = s->fresh + s->used;

	if (v->len > sizeof(s->fresh) - s->used)
		return view_of(NULL, 0);
	if (v->len > 0)
		memcpy(p, v->p, v->len);
	s->used += v->len;
	return view_of(p, v->len);
}

static struct view
make_message(struct script *s)
{
	const struct layout *l = &layouts[pick(s, COUNT(layouts))];
	const char *field;
	struct view v;
	struct buf b;

	buf_init(&b, STEP_MAX);
	if (l->number == 20)
		put_kexinit(s, &b);
	else {
		(void)buf_put_u8(&b, l->number);
		for (field = l->fields; *field != '\0'; field++)
			put_field(s, &b, *field);
	}
	v = buf_view(&b);
	v = keep(s, &v);
	buf_clear(&b);
	return v;
}

static void
parse(struct script *s, struct view v)
{
	while (v.len > 0 && s->n < STEPS_MAX / 2) {
		s->step[s->n].op = fuzz_u8(&v);
		s->step[s->n++].bytes = fuzz_piece(&v);
	}
}

static void
add_step(struct script *s, size_t at, uint8_t op, struct view bytes)
{
	if (s->n == STEPS_MAX)
		return;
	memmove(&s->step[at + 1], &s->step[at],
	    (s->n - at) * sizeof(s->step[0]));
	s->step[at].op = op;
	s->step[at].bytes = bytes;
	s->n++;
}

static void
drop_step(struct script *s, size_t at)
{
	s->n--;
	memmove(&s->step[at], &s->step[at + 1],
	    (s->n - at) * sizeof(s->step[0]));
}

static void
alter_bytes(struct script *s, struct step *step)
{
	uint8_t bytes[STEP_MAX];
	size_t len = step->bytes.len < STEP_MAX ? step->bytes.len : STEP_MAX;
	struct view v;

	if (len > 0)
		memcpy(bytes, step->bytes.p, len);
	len = LLVMFuzzerMutate(bytes, len, STEP_MAX);
	v = view_of(bytes, len);
	step->bytes = keep(s, &v);
}

static void
change(struct script *s, uint8_t insert)
{
	size_t at = s->n > 0 ? pick(s, s->n) : 0, other;
	struct step *step = &s->step[at], kept;

	if (s->n == 0 || pick(s, 3) == 0) {
		add_step(s, at, insert, make_message(s));
		return;
	}
	switch (pick(s, 7)) {
	case 0:
		drop_step(s, at);
		break;
	case 1:
		add_step(s, at, step->op, step->bytes);
		break;
	case 2:
		other = pick(s, s->n);
		kept = *step;
		*step = s->step[other];
		s->step[other] = kept;
		break;
	case 3:
		step->op = (uint8_t)pick(s, 256);
		break;
	case 4:
		if (step->bytes.len > 0)
			step->bytes.len = pick(s, step->bytes.len);
		break;
	default:
		alter_bytes(s, step);
		break;
	}
}

static size_t
write_script(const struct script *s, uint8_t flags, uint8_t *data, size_t max)
{
	size_t i, len, used = 0;

	if (max > 0)
		data[used++] = flags;
	for (i = 0; i < s->n; i++) {
		len = s->step[i].bytes.len;
		if (len > UINT16_MAX || used + 3 + len > max)
			break;
		data[used++] = s->step[i].op;
		data[used++] = (uint8_t)(len >> 8);
		data[used++] = (uint8_t)len;
		if (len > 0)
			memcpy(data + used, s->step[i].bytes.p, len);
		used += len;
	}
	return used;
}

size_t
script_mutate(uint8_t *data, size_t size, size_t max, unsigned seed,
    uint8_t insert)
{
	static uint8_t out[SCRIPT_MAX];
	static struct script s;
	struct view v = view_of(data, size);
	uint8_t flags = fuzz_u8(&v);
	size_t n;

	s.n = 0;
	s.random = seed;
	if (pick(&s, 16) == 0)
		return LLVMFuzzerMutate(data, size, max);
	s.used = 0;
	if (pick(&s, 16) == 0)
		flags = (uint8_t)pick(&s, 256);
	parse(&s, v);
	for (n = 1 + pick(&s, 3); n > 0; n--)
		change(&s, insert);
	n = write_script(&s, flags, out, max < sizeof(out) ? max :
	    sizeof(out));
	memcpy(data, out, n);
	return n;
}

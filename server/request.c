/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/request.h"

#include <assert.h>
#include <string.h>

#include "lib/err.h"
#include "lib/log.h"
#include "transport/auth_server.h"

/* Lines that a stranger's network process may write. */
#define EARLY_LINES	64

const struct request_rule request_rules[] = {
	{ REQUEST_LOG, REQUEST_PHASE_START, EARLY_LINES },
	{ REQUEST_LOG, REQUEST_PHASE_AUTH, EARLY_LINES },
	{ REQUEST_LOG, REQUEST_PHASE_USER, 0 },
	/* The first exchange, and each rekey of a known user's. */
	{ REQUEST_SIGN, REQUEST_PHASE_START, 1 },
	{ REQUEST_SIGN, REQUEST_PHASE_USER, 0 },
	{ REQUEST_KEY, REQUEST_PHASE_AUTH, AUTH_SERVER_REQUESTS_MAX },
	{ REQUEST_TUNNEL, REQUEST_PHASE_USER, 0 },
	{ REQUEST_TUNNEL_END, REQUEST_PHASE_USER, 0 },
	{ REQUEST_KIND_COUNT, REQUEST_PHASE_COUNT, 0 }
};

static const char *const names[] = {
	[REQUEST_LOG] = "log",
	[REQUEST_SIGN] = "sign",
	[REQUEST_KEY] = "key",
	[REQUEST_TUNNEL] = "tunnel",
	[REQUEST_TUNNEL_END] = "tunnel-end",
};
static_assert(sizeof(names) / sizeof(names[0]) == REQUEST_KIND_COUNT,
    "a request without a name");

const char *
request_name(uint8_t kind)
{
	return kind < REQUEST_KIND_COUNT ? names[kind] : "unknown";
}

int
request_check(struct request_state *st, uint8_t kind)
{
	const struct request_rule *rule;

	if (kind >= REQUEST_KIND_COUNT)
		return SSHTAP_ERR_PROTOCOL;
	for (rule = request_rules; rule->kind != REQUEST_KIND_COUNT; rule++)
		if (rule->kind == kind && rule->phase == st->phase)
			break;
	if (rule->kind == REQUEST_KIND_COUNT)
		return SSHTAP_ERR_STATE;
	if (rule->limit != 0 && st->used[kind] >= rule->limit)
		return SSHTAP_ERR_TOO_BIG;
	if (rule->limit != 0)
		st->used[kind]++;
	return 0;
}

void
request_set_phase(struct request_state *st, enum request_phase phase)
{
	memset(st, 0, sizeof(*st));
	st->phase = phase;
}

/* The kind was looked at already. */
static int
skip_kind(struct view *record)
{
	uint8_t kind;

	return view_get_u8(record, &kind);
}

int
request_put_log(struct buf *out, unsigned level, const char *text)
{
	int r;

	if ((r = buf_put_u8(out, REQUEST_LOG)) != 0 ||
	    (r = buf_put_u8(out, (uint8_t)level)) != 0)
		return r;
	return buf_put_cstring(out, text);
}

int
request_get_log(struct view record, unsigned *levelp, struct view *textp)
{
	uint8_t level;
	int r;

	if ((r = skip_kind(&record)) != 0 ||
	    (r = view_get_u8(&record, &level)) != 0 ||
	    (r = view_get_string(&record, textp)) != 0 ||
	    (r = view_end(&record)) != 0)
		return r;
	if (level <= LOG_LEVEL_QUIET || level >= LOG_LEVEL_COUNT ||
	    textp->len > REQUEST_TEXT_MAX)
		return SSHTAP_ERR_FORMAT;
	*levelp = level;
	return 0;
}

int
request_put_sign(struct buf *out, const struct view *algorithm,
    const struct view *hash)
{
	int r;

	if ((r = buf_put_u8(out, REQUEST_SIGN)) != 0 ||
	    (r = buf_put_string_view(out, algorithm)) != 0)
		return r;
	return buf_put_string_view(out, hash);
}

int
request_get_sign(struct view record, struct view *algorithmp,
    struct view *hashp)
{
	int r;

	if ((r = skip_kind(&record)) != 0 ||
	    (r = view_get_string(&record, algorithmp)) != 0 ||
	    (r = view_get_string(&record, hashp)) != 0)
		return r;
	return view_end(&record);
}

int
request_put_key(struct buf *out, const struct auth_publickey *pk,
    const struct view *signature)
{
	struct view none = view_of("", 0);
	int r;

	if (signature != NULL && signature->len == 0)
		return SSHTAP_ERR_ARGUMENT;
	if ((r = buf_put_u8(out, REQUEST_KEY)) != 0 ||
	    (r = buf_put_bool(out, pk->hostbound)) != 0 ||
	    (r = buf_put_string_view(out, &pk->user)) != 0 ||
	    (r = buf_put_string_view(out, &pk->algorithm)) != 0 ||
	    (r = buf_put_string_view(out, &pk->blob)) != 0)
		return r;
	return buf_put_string_view(out, signature != NULL ? signature : &none);
}

int
request_get_key(struct view record, struct auth_publickey *pk,
    struct view *signaturep)
{
	int r;

	memset(pk, 0, sizeof(*pk));
	if ((r = skip_kind(&record)) != 0 ||
	    (r = view_get_bool(&record, &pk->hostbound)) != 0 ||
	    (r = view_get_string(&record, &pk->user)) != 0 ||
	    (r = view_get_string(&record, &pk->algorithm)) != 0 ||
	    (r = view_get_string(&record, &pk->blob)) != 0 ||
	    (r = view_get_string(&record, signaturep)) != 0)
		return r;
	return view_end(&record);
}

int
request_put_tunnel(struct buf *out, const struct request_tunnel *t)
{
	int r;

	if ((r = buf_put_u8(out, REQUEST_TUNNEL)) != 0 ||
	    (r = buf_put_u32(out, t->mode)) != 0)
		return r;
	return buf_put_u32(out, t->unit);
}

int
request_get_tunnel(struct view record, struct request_tunnel *t)
{
	int r;

	if ((r = skip_kind(&record)) != 0 ||
	    (r = view_get_u32(&record, &t->mode)) != 0 ||
	    (r = view_get_u32(&record, &t->unit)) != 0)
		return r;
	return view_end(&record);
}

int
request_put_device(struct buf *out, const struct request_device *d)
{
	int r;

	if ((r = buf_put_u32(out, d->reason)) != 0 ||
	    (r = buf_put_string_view(out, &d->text)) != 0 ||
	    (r = buf_put_u32(out, d->slot)) != 0 ||
	    (r = buf_put_u32(out, d->offloads)) != 0)
		return r;
	return buf_put_cstring(out, d->name);
}

int
request_get_device(struct view record, struct request_device *d)
{
	struct view name;
	int r;

	memset(d, 0, sizeof(*d));
	if ((r = view_get_u32(&record, &d->reason)) != 0 ||
	    (r = view_get_string(&record, &d->text)) != 0 ||
	    (r = view_get_u32(&record, &d->slot)) != 0 ||
	    (r = view_get_u32(&record, &d->offloads)) != 0 ||
	    (r = view_get_string(&record, &name)) != 0 ||
	    (r = view_end(&record)) != 0)
		return r;
	if (name.len >= sizeof(d->name))
		return SSHTAP_ERR_FORMAT;
	memcpy(d->name, name.p, name.len);
	return 0;
}

int
request_put_tunnel_end(struct buf *out, uint32_t slot)
{
	int r;

	if ((r = buf_put_u8(out, REQUEST_TUNNEL_END)) != 0)
		return r;
	return buf_put_u32(out, slot);
}

int
request_get_tunnel_end(struct view record, uint32_t *slotp)
{
	int r;

	if ((r = skip_kind(&record)) != 0 ||
	    (r = view_get_u32(&record, slotp)) != 0)
		return r;
	return view_end(&record);
}

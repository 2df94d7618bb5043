/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Each message is a list of fields, and one table holds the lists, so that
 * reading and writing cannot disagree.  A message is taken whole or not at
 * all: bytes left over are an error, unless the list ends with the field that
 * takes them all, which stands where a name decides what follows.
 */

#include "channels/chan_msg.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "transport/ssh2.h"

#define FIELDS_MAX	6

enum field {
	FIELD_END,
	FIELD_RECIPIENT,
	FIELD_SENDER,
	FIELD_WINDOW,
	FIELD_PACKET_MAX,
	FIELD_CODE,
	FIELD_NAME,
	FIELD_WANT_REPLY,
	FIELD_BYTES,
	FIELD_LANGUAGE,		/* of a text; ignored, sent empty */
	FIELD_REST
};

#define ROW(number)	[(number) - CHAN_MSG_FIRST]

/* RFC 4254 sections 4, 5.1, 5.2, 5.3 and 5.4; an empty row is no message. */
static const uint8_t layouts[CHAN_MSG_LAST - CHAN_MSG_FIRST + 1]
    [FIELDS_MAX] = {
	ROW(SSH_MSG_GLOBAL_REQUEST) = {
		FIELD_NAME, FIELD_WANT_REPLY, FIELD_REST
	},
	ROW(SSH_MSG_REQUEST_SUCCESS) = { FIELD_REST },
	ROW(SSH_MSG_REQUEST_FAILURE) = { FIELD_END },
	ROW(SSH_MSG_CHANNEL_OPEN) = {
		FIELD_NAME, FIELD_SENDER, FIELD_WINDOW, FIELD_PACKET_MAX,
		FIELD_REST
	},
	ROW(SSH_MSG_CHANNEL_OPEN_CONFIRMATION) = {
		FIELD_RECIPIENT, FIELD_SENDER, FIELD_WINDOW, FIELD_PACKET_MAX,
		FIELD_REST
	},
	ROW(SSH_MSG_CHANNEL_OPEN_FAILURE) = {
		FIELD_RECIPIENT, FIELD_CODE, FIELD_BYTES, FIELD_LANGUAGE
	},
	ROW(SSH_MSG_CHANNEL_WINDOW_ADJUST) = { FIELD_RECIPIENT, FIELD_CODE },
	ROW(SSH_MSG_CHANNEL_DATA) = { FIELD_RECIPIENT, FIELD_BYTES },
	ROW(SSH_MSG_CHANNEL_EXTENDED_DATA) = {
		FIELD_RECIPIENT, FIELD_CODE, FIELD_BYTES
	},
	ROW(SSH_MSG_CHANNEL_EOF) = { FIELD_RECIPIENT },
	ROW(SSH_MSG_CHANNEL_CLOSE) = { FIELD_RECIPIENT },
	ROW(SSH_MSG_CHANNEL_REQUEST) = {
		FIELD_RECIPIENT, FIELD_NAME, FIELD_WANT_REPLY, FIELD_REST
	},
	ROW(SSH_MSG_CHANNEL_SUCCESS) = { FIELD_RECIPIENT },
	ROW(SSH_MSG_CHANNEL_FAILURE) = { FIELD_RECIPIENT },
};

/* The fields of a message, or NULL; REQUEST_FAILURE is the one without any. */
static const uint8_t *
find_layout(uint8_t number)
{
	const uint8_t *layout;

	if (number < CHAN_MSG_FIRST || number > CHAN_MSG_LAST)
		return NULL;
	layout = layouts[number - CHAN_MSG_FIRST];
	if (layout[0] == FIELD_END && number != SSH_MSG_REQUEST_FAILURE)
		return NULL;
	return layout;
}

static int
get_field(struct view *v, enum field field, struct chan_msg *m)
{
	struct view language;

	switch (field) {
	case FIELD_RECIPIENT:
		return view_get_u32(v, &m->recipient);
	case FIELD_SENDER:
		return view_get_u32(v, &m->sender);
	case FIELD_WINDOW:
		return view_get_u32(v, &m->window);
	case FIELD_PACKET_MAX:
		return view_get_u32(v, &m->packet_max);
	case FIELD_CODE:
		return view_get_u32(v, &m->code);
	case FIELD_NAME:
		return view_get_string(v, &m->name);
	case FIELD_WANT_REPLY:
		return view_get_bool(v, &m->want_reply);
	case FIELD_BYTES:
		return view_get_string(v, &m->bytes);
	case FIELD_LANGUAGE:
		return view_get_string(v, &language);
	case FIELD_REST:
		return view_get_bytes(v, v->len, &m->rest);
	case FIELD_END:
		break;
	}
	return SSHTAP_ERR_INTERNAL;
}

static int
put_field(struct buf *b, enum field field, const struct chan_msg *m)
{
	switch (field) {
	case FIELD_RECIPIENT:
		return buf_put_u32(b, m->recipient);
	case FIELD_SENDER:
		return buf_put_u32(b, m->sender);
	case FIELD_WINDOW:
		return buf_put_u32(b, m->window);
	case FIELD_PACKET_MAX:
		return buf_put_u32(b, m->packet_max);
	case FIELD_CODE:
		return buf_put_u32(b, m->code);
	case FIELD_NAME:
		return buf_put_string_view(b, &m->name);
	case FIELD_WANT_REPLY:
		return buf_put_bool(b, m->want_reply);
	case FIELD_BYTES:
		return buf_put_string_view(b, &m->bytes);
	case FIELD_LANGUAGE:
		return buf_put_cstring(b, "");
	case FIELD_REST:
		return buf_put_view(b, &m->rest);
	case FIELD_END:
		break;
	}
	return SSHTAP_ERR_INTERNAL;
}

int
chan_msg_get(const struct view *payload, struct chan_msg *mp)
{
	struct view v = *payload;
	struct chan_msg m = { .number = 0 };
	const uint8_t *layout;
	size_t i;
	int r;

	if ((r = view_get_u8(&v, &m.number)) != 0)
		return r;
	if ((layout = find_layout(m.number)) == NULL)
		return SSHTAP_ERR_UNSUPPORTED;
	for (i = 0; i < FIELDS_MAX && layout[i] != FIELD_END; i++) {
		if ((r = get_field(&v, (enum field)layout[i], &m)) != 0)
			return r;
	}
	if ((r = view_end(&v)) != 0)
		return r;
	*mp = m;
	return 0;
}

int
chan_msg_put(struct buf *b, const struct chan_msg *m)
{
	const uint8_t *layout = find_layout(m->number);
	size_t i;
	int r;

	if (layout == NULL)
		return SSHTAP_ERR_UNSUPPORTED;
	if ((r = buf_put_u8(b, m->number)) != 0)
		return r;
	for (i = 0; i < FIELDS_MAX && layout[i] != FIELD_END; i++) {
		if ((r = put_field(b, (enum field)layout[i], m)) != 0)
			return r;
	}
	return 0;
}

void
chan_msg_put_data(uint8_t *p, uint32_t recipient, uint32_t len)
{
	p[0] = SSH_MSG_CHANNEL_DATA;
	put_be32(p + 1, recipient);
	put_be32(p + 5, len);
}

void
chan_msg_put_extended(uint8_t *p, uint32_t recipient, uint32_t type,
    uint32_t len)
{
	p[0] = SSH_MSG_CHANNEL_EXTENDED_DATA;
	put_be32(p + 1, recipient);
	put_be32(p + 5, type);
	put_be32(p + 9, len);
}

int
chan_msg_get_tun(const struct view *rest, uint32_t *modep, uint32_t *unitp)
{
	struct view v = *rest;
	uint32_t mode, unit;
	int r;

	if ((r = view_get_u32(&v, &mode)) != 0 ||
	    (r = view_get_u32(&v, &unit)) != 0 ||
	    (r = view_end(&v)) != 0)
		return r;
	*modep = mode;
	*unitp = unit;
	return 0;
}

void
chan_msg_put_tun(uint8_t rest[CHAN_MSG_TUN_SIZE], uint32_t mode,
    uint32_t unit)
{
	put_be32(rest, mode);
	put_be32(rest + 4, unit);
}

/* One number and nothing else. */
static int
get_number(const struct view *rest, uint32_t *valuep)
{
	struct view v = *rest;
	uint32_t value;
	int r;

	if ((r = view_get_u32(&v, &value)) != 0 || (r = view_end(&v)) != 0)
		return r;
	*valuep = value;
	return 0;
}

int
chan_msg_get_offload(const struct view *rest, uint32_t *flagsp)
{
	return get_number(rest, flagsp);
}

void
chan_msg_put_offload(uint8_t rest[CHAN_MSG_OFFLOAD_SIZE], uint32_t flags)
{
	put_be32(rest, flags);
}

int
chan_msg_get_exit_status(const struct view *rest, uint32_t *statusp)
{
	return get_number(rest, statusp);
}

int
chan_msg_get_exit_signal(const struct view *rest, struct view *namep)
{
	struct view v = *rest, name, text, language;
	bool dumped_core;
	int r;

	if ((r = view_get_string(&v, &name)) != 0 ||
	    (r = view_get_bool(&v, &dumped_core)) != 0 ||
	    (r = view_get_string(&v, &text)) != 0 ||
	    (r = view_get_string(&v, &language)) != 0 ||
	    (r = view_end(&v)) != 0)
		return r;
	*namep = name;
	return 0;
}

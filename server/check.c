/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/check.h"

#include <string.h>

#include "lib/err.h"
#include "transport/key.h"

int
check_put_query(struct buf *out, const struct check_query *q)
{
	int r;

	if ((r = buf_put_string_view(out, &q->text)) != 0 ||
	    (r = buf_put_string_view(out, &q->address)) != 0 ||
	    (r = buf_put_u64(out, (uint64_t)q->now)) != 0 ||
	    (r = buf_put_string_view(out, &q->session_id)) != 0 ||
	    (r = buf_put_bool(out, q->pk.hostbound)) != 0 ||
	    (r = buf_put_string_view(out, &q->pk.user)) != 0 ||
	    (r = buf_put_string_view(out, &q->pk.algorithm)) != 0 ||
	    (r = buf_put_string_view(out, &q->pk.blob)) != 0 ||
	    (r = buf_put_string_view(out, &q->pk.hostkey)) != 0)
		return r;
	return buf_put_string_view(out, &q->signature);
}

int
check_get_query(struct view record, struct check_query *q)
{
	uint64_t now;
	int r;

	memset(q, 0, sizeof(*q));
	if ((r = view_get_string(&record, &q->text)) != 0 ||
	    (r = view_get_string(&record, &q->address)) != 0 ||
	    (r = view_get_u64(&record, &now)) != 0 ||
	    (r = view_get_string(&record, &q->session_id)) != 0 ||
	    (r = view_get_bool(&record, &q->pk.hostbound)) != 0 ||
	    (r = view_get_string(&record, &q->pk.user)) != 0 ||
	    (r = view_get_string(&record, &q->pk.algorithm)) != 0 ||
	    (r = view_get_string(&record, &q->pk.blob)) != 0 ||
	    (r = view_get_string(&record, &q->pk.hostkey)) != 0 ||
	    (r = view_get_string(&record, &q->signature)) != 0)
		return r;
	q->now = (int64_t)now;
	return view_end(&record);
}

int
check_put_verdict(struct buf *out, const struct check_verdict *v)
{
	int r;

	if ((r = buf_put_u32(out, (uint32_t)-v->result)) != 0 ||
	    (r = buf_put_u8(out, (uint8_t)v->answer.reason)) != 0 ||
	    (r = buf_put_u64(out, v->answer.line)) != 0 ||
	    (r = buf_put_bool(out, v->answer.permits_tunnel)) != 0 ||
	    (r = buf_put_bool(out, v->answer.has_unit)) != 0)
		return r;
	return buf_put_u32(out, v->answer.unit);
}

int
check_get_verdict(struct view record, struct check_verdict *v)
{
	uint32_t result;
	uint64_t line;
	uint8_t reason;
	int r;

	memset(v, 0, sizeof(*v));
	if ((r = view_get_u32(&record, &result)) != 0 ||
	    (r = view_get_u8(&record, &reason)) != 0 ||
	    (r = view_get_u64(&record, &line)) != 0 ||
	    (r = view_get_bool(&record, &v->answer.permits_tunnel)) != 0 ||
	    (r = view_get_bool(&record, &v->answer.has_unit)) != 0 ||
	    (r = view_get_u32(&record, &v->answer.unit)) != 0 ||
	    (r = view_end(&record)) != 0)
		return r;
	if (result > (uint32_t)-SSHTAP_ERR_LAST ||
	    reason > AUTHORIZED_KEYS_FROM ||
	    v->answer.unit > AUTHORIZED_KEYS_UNIT_MAX)
		return SSHTAP_ERR_FORMAT;
	v->result = -(int)result;
	v->answer.reason = (enum authorized_keys_reason)reason;
	v->answer.line = (unsigned long)line;
	return 0;
}

/* An algorithm that the key cannot sign with is no better in a probe. */
static int
check_algorithm(const struct auth_publickey *pk)
{
	struct view blob = pk->blob, name;
	enum key_type type;
	int r;

	if ((r = view_get_string(&blob, &name)) != 0 ||
	    (r = key_type_from_name(&name, &type)) != 0)
		return r;
	return key_type_has_algorithm(type, &pk->algorithm) ? 0 :
	    SSHTAP_ERR_UNSUPPORTED;
}

void
check_judge(const struct check_query *q, struct check_verdict *v)
{
	struct authorized_keys_query keys = { .blob = q->pk.blob,
	    .address = q->address, .now = q->now };

	memset(v, 0, sizeof(*v));
	if ((v->result = check_algorithm(&q->pk)) != 0 ||
	    (v->result = authorized_keys_check(&q->text, &keys,
	    &v->answer)) != 0)
		return;
	if (q->signature.len > 0)
		v->result = auth_verify_publickey(&q->pk, &q->session_id,
		    &q->signature);
}

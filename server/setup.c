/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/setup.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "transport/key.h"

static int
put_layout(struct buf *out)
{
	return buf_put_u32(out, SETUP_LAYOUT);
}

static int
get_layout(struct view *record)
{
	uint32_t layout;
	int r;

	if ((r = view_get_u32(record, &layout)) != 0)
		return r;
	return layout == SETUP_LAYOUT ? 0 : SSHTAP_ERR_VERSION;
}

int
setup_set(char **textp, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return SSHTAP_ERR_ALLOC;
	free(*textp);
	*textp = copy;
	return 0;
}

static int
get_text(struct view *record, char **textp)
{
	struct view v;
	int r;

	if ((r = view_get_string(record, &v)) != 0)
		return r;
	return view_to_cstring(&v, textp);
}

static int
put_rights(struct buf *out, const struct setup_rights *rights)
{
	int r;

	if ((r = buf_put_bool(out, rights->has_ids)) != 0 ||
	    (r = buf_put_u32(out, rights->uid)) != 0 ||
	    (r = buf_put_u32(out, rights->gid)) != 0 ||
	    (r = buf_put_bool(out, rights->chroot_dir != NULL)) != 0)
		return r;
	return buf_put_cstring(out, rights->chroot_dir != NULL ?
	    rights->chroot_dir : "");
}

static int
get_rights(struct view *record, struct setup_rights *rights)
{
	bool has_dir;
	int r;

	if ((r = view_get_bool(record, &rights->has_ids)) != 0 ||
	    (r = view_get_u32(record, &rights->uid)) != 0 ||
	    (r = view_get_u32(record, &rights->gid)) != 0 ||
	    (r = view_get_bool(record, &has_dir)) != 0 ||
	    (r = get_text(record, &rights->chroot_dir)) != 0)
		return r;
	if (!has_dir) {
		free(rights->chroot_dir);
		rights->chroot_dir = NULL;
	}
	return 0;
}

void
setup_network_init(struct setup_network *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < SETUP_HOSTKEYS_MAX; i++)
		buf_init(&s->hostkeys[i], KEY_BLOB_MAX);
}

void
setup_network_clear(struct setup_network *s)
{
	size_t i;

	free(s->rights.chroot_dir);
	free(s->software);
	free(s->kex);
	free(s->hostkey_algs);
	free(s->ciphers);
	free(s->compression);
	free(s->sig_algs);
	for (i = 0; i < SETUP_HOSTKEYS_MAX; i++)
		buf_clear(&s->hostkeys[i]);
	setup_network_init(s);
}

static int
put_hostkeys(struct buf *out, const struct setup_network *s)
{
	struct view blob;
	size_t i;
	int r;

	if ((r = buf_put_u32(out, (uint32_t)s->nhostkeys)) != 0)
		return r;
	for (i = 0; i < s->nhostkeys; i++) {
		blob = buf_view(&s->hostkeys[i]);
		if ((r = buf_put_string_view(out, &blob)) != 0)
			return r;
	}
	return 0;
}

static int
get_hostkeys(struct view *record, struct setup_network *s)
{
	struct view blob;
	uint32_t n;
	int r;

	if ((r = view_get_u32(record, &n)) != 0)
		return r;
	if (n > SETUP_HOSTKEYS_MAX)
		return SSHTAP_ERR_FORMAT;
	for (; s->nhostkeys < n; s->nhostkeys++)
		if ((r = view_get_string(record, &blob)) != 0 ||
		    (r = buf_put_view(&s->hostkeys[s->nhostkeys],
		    &blob)) != 0)
			return r;
	return 0;
}

int
setup_network_put(struct buf *out, const struct setup_network *s)
{
	int r;

	if ((r = put_layout(out)) != 0 ||
	    (r = put_rights(out, &s->rights)) != 0 ||
	    (r = buf_put_u32(out, s->log_level)) != 0 ||
	    (r = buf_put_bool(out, s->is_socket)) != 0 ||
	    (r = buf_put_cstring(out, s->software)) != 0 ||
	    (r = buf_put_cstring(out, s->kex)) != 0 ||
	    (r = buf_put_cstring(out, s->hostkey_algs)) != 0 ||
	    (r = buf_put_cstring(out, s->ciphers)) != 0 ||
	    (r = buf_put_cstring(out, s->compression)) != 0 ||
	    (r = buf_put_cstring(out, s->sig_algs)) != 0 ||
	    (r = buf_put_u64(out, s->rekey_bytes)) != 0 ||
	    (r = buf_put_u64(out, s->rekey_ms)) != 0 ||
	    (r = buf_put_u32(out, s->max_auth_tries)) != 0 ||
	    (r = buf_put_u32(out, s->alive_interval)) != 0 ||
	    (r = buf_put_u32(out, s->alive_count_max)) != 0 ||
	    (r = buf_put_bool(out, s->offload)) != 0 ||
	    (r = buf_put_u32(out, s->busy_poll)) != 0)
		return r;
	return put_hostkeys(out, s);
}

int
setup_network_get(struct view record, struct setup_network *s)
{
	int r;

	if ((r = get_layout(&record)) != 0 ||
	    (r = get_rights(&record, &s->rights)) != 0 ||
	    (r = view_get_u32(&record, &s->log_level)) != 0 ||
	    (r = view_get_bool(&record, &s->is_socket)) != 0 ||
	    (r = get_text(&record, &s->software)) != 0 ||
	    (r = get_text(&record, &s->kex)) != 0 ||
	    (r = get_text(&record, &s->hostkey_algs)) != 0 ||
	    (r = get_text(&record, &s->ciphers)) != 0 ||
	    (r = get_text(&record, &s->compression)) != 0 ||
	    (r = get_text(&record, &s->sig_algs)) != 0 ||
	    (r = view_get_u64(&record, &s->rekey_bytes)) != 0 ||
	    (r = view_get_u64(&record, &s->rekey_ms)) != 0 ||
	    (r = view_get_u32(&record, &s->max_auth_tries)) != 0 ||
	    (r = view_get_u32(&record, &s->alive_interval)) != 0 ||
	    (r = view_get_u32(&record, &s->alive_count_max)) != 0 ||
	    (r = view_get_bool(&record, &s->offload)) != 0 ||
	    (r = view_get_u32(&record, &s->busy_poll)) != 0 ||
	    (r = get_hostkeys(&record, s)) != 0)
		return r;
	return view_end(&record);
}

void
setup_checker_clear(struct setup_checker *s)
{
	free(s->rights.chroot_dir);
	memset(s, 0, sizeof(*s));
}

int
setup_checker_put(struct buf *out, const struct setup_checker *s)
{
	int r;

	if ((r = put_layout(out)) != 0)
		return r;
	return put_rights(out, &s->rights);
}

int
setup_checker_get(struct view record, struct setup_checker *s)
{
	int r;

	if ((r = get_layout(&record)) != 0 ||
	    (r = get_rights(&record, &s->rights)) != 0)
		return r;
	return view_end(&record);
}

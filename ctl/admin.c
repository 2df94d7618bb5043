/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "ctl/admin.h"

#include <stdlib.h>

#include "ctl/fault.h"
#include "ctl/show.h"
#include "lib/err.h"
#include "lib/log.h"
#include "tun/tap_admin.h"

/* More interfaces than a system has. */
#define DEVICES_MAX	65536

struct gathered {
	struct tap_info *infos;
	size_t n, room;
	int r;			/* why it ended */
};

static int
gather(void *ctx, const struct tap_info *info)
{
	struct gathered *g = ctx;
	struct tap_info *infos;

	if (g->n == g->room) {
		g->room = g->room == 0 ? 16 : 2 * g->room;
		infos = g->room > DEVICES_MAX ? NULL :
		    realloc(g->infos, g->room * sizeof(*infos));
		if (infos == NULL)
			return g->r = SSHTAP_ERR_ALLOC;
		g->infos = infos;
	}
	g->infos[g->n++] = *info;
	return 0;
}

static void
put_json(FILE *out, const struct gathered *g)
{
	struct json j;
	size_t i;

	json_init(&j, out);
	json_open(&j, '[');
	for (i = 0; i < g->n; i++)
		show_json(&j, &g->infos[i]);
	json_close(&j, ']');
	(void)fputc('\n', out);
}

static void
put_one(const struct cmdline *c, FILE *out, const struct tap_info *info)
{
	struct json j;

	if (!c->json) {
		show_lines(out, info);
		return;
	}
	json_init(&j, out);
	show_json(&j, info);
	(void)fputc('\n', out);
}

int
admin_list(const struct cmdline *c, FILE *out)
{
	struct gathered g = { .infos = NULL };
	int r;

	if ((r = tap_list(gather, &g)) != 0)
		log_error_r(r, "cannot list the devices of this system");
	else if (c->json)
		put_json(out, &g);
	else
		show_table(out, g.infos, g.n);
	free(g.infos);
	return r;
}

int
admin_create(const struct cmdline *c, FILE *out)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	struct tap_info info;
	int r;

	if ((r = tap_create(&c->request, c->uid, &info, &fault)) != 0)
		fault_report(r, &fault);
	else if (c->json)
		put_one(c, out, &info);
	else {
		show_name(out, info.name);
		(void)fputc('\n', out);
	}
	return r;
}

int
admin_show(const struct cmdline *c, FILE *out)
{
	const char *name = c->names[0];
	struct tap_info info;
	int r;

	if ((r = fault_check_name(name)) != 0)
		return r;
	if ((r = tap_show(name, &info)) == 0)
		put_one(c, out, &info);
	else
		fault_report_device(name, r);
	return r;
}

/* All of them, even if one cannot be. */
int
admin_destroy(const struct cmdline *c, FILE *out)
{
	struct tap_fault fault;
	int r, first = 0;
	size_t i;

	(void)out;
	for (i = 0; i < c->n_names; i++) {
		fault = (struct tap_fault){ .step = TAP_STEP_NONE };
		if ((r = fault_check_name(c->names[i])) == 0 &&
		    (r = tap_destroy(c->names[i], &fault)) != 0) {
			if (r == SSHTAP_ERR_NOT_FOUND)
				fault_report_device(c->names[i], r);
			else
				fault_report(r, &fault);
		}
		if (first == 0)
			first = r;
	}
	return first;
}

/* What could not be destroyed was not. */
static void
keep_gone(struct gathered *g)
{
	struct tap_info info;
	size_t i, n = 0;

	for (i = 0; i < g->n; i++)
		if (tap_show(g->infos[i].name, &info) ==
		    SSHTAP_ERR_NOT_FOUND)
			g->infos[n++] = g->infos[i];
	g->n = n;
}

static void
put_reaped(const struct cmdline *c, FILE *out, const struct gathered *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		(void)fputs(c->dry_run ? "would destroy " : "destroyed ",
		    out);
		show_name(out, g->infos[i].name);
		if (*g->infos[i].peer != '\0') {
			(void)fputc(' ', out);
			show_name(out, g->infos[i].peer);
		}
		(void)fputc('\n', out);
	}
}

int
admin_cleanup(const struct cmdline *c, FILE *out)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	struct gathered g = { .infos = NULL };
	int r;

	if ((r = tap_reap(c->dry_run, gather, &g, &fault)) != 0)
		fault_report(r, &fault);
	if (!c->dry_run)
		keep_gone(&g);
	if (c->json)
		put_json(out, &g);
	else
		put_reaped(c, out, &g);
	free(g.infos);
	return r;
}

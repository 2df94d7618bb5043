/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The properties of a device are in one table; a cell is text, and what a
 * device does not have is "-" for people and null for machines.  Names may be
 * anybody's, so they are cleaned before they are shown.
 */

#include "ctl/show.h"

#include <assert.h>
#include <string.h>

#include "ctl/value.h"
#include "lib/text.h"

#define CELL_SIZE	64

/* The words of the manual page. */
static const char *const owner_words[] = {
	[TAP_OWNER_FOREIGN] = "foreign",
	[TAP_OWNER_LIVE] = "live",
	[TAP_OWNER_DEAD] = "left-over",
	[TAP_OWNER_KEPT] = "kept",
};

static_assert(sizeof(owner_words) / sizeof(owner_words[0]) ==
    TAP_OWNER_COUNT, "each owner has a word");

typedef void (cell_fn)(const struct tap_info *info, char cell[CELL_SIZE]);

static void
put_text(char cell[CELL_SIZE], const char *text)
{
	if (*text == '\0')
		text = "-";
	(void)text_clean(cell, CELL_SIZE, text, strlen(text), false);
}

/* Not known, or does not apply. */
static void
put_number(char cell[CELL_SIZE], unsigned long value, bool is_known)
{
	if (is_known)
		(void)snprintf(cell, CELL_SIZE, "%lu", value);
	else
		put_text(cell, "");
}

static const char *
mode_word(const struct tap_info *info)
{
	return info->mode == TAP_ETHERNET ? "ethernet" : "point-to-point";
}

static void
put_name(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_text(cell, info->name);
}

static void
put_peer(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_text(cell, info->peer);
}

static void
put_mode(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_text(cell, mode_word(info));
}

static void
put_owner(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_text(cell, owner_words[info->owner]);
}

static void
put_used(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_text(cell, info->is_used ? "yes" : "no");
}

static void
put_up(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_text(cell, info->is_up ? "yes" : "no");
}

static void
put_mtu(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_number(cell, info->mtu, info->mtu != 0);
}

static void
put_lladdr(const struct tap_info *info, char cell[CELL_SIZE])
{
	if (info->has_lladdr)
		value_put_lladdr(info->lladdr, cell);
	else
		put_text(cell, "");
}

static void
put_pid(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_number(cell, (unsigned long)info->pid, info->pid > 0);
}

static void
put_uid(const struct tap_info *info, char cell[CELL_SIZE])
{
	put_number(cell, info->uid, info->uid != (uid_t)-1);
}

static const struct column {
	const char *title;
	cell_fn *put;
} columns[] = {
	{ "NAME", put_name },
	{ "PEER", put_peer },
	{ "MODE", put_mode },
	{ "OWNER", put_owner },
	{ "USED", put_used },
	{ "UP", put_up },
	{ "MTU", put_mtu },
	{ "ADDRESS", put_lladdr },
	{ "PID", put_pid },
	{ "UID", put_uid },
};

#define COLUMN_COUNT	(sizeof(columns) / sizeof(columns[0]))

static int
find_width(const struct column *c, const struct tap_info *infos, size_t n)
{
	size_t i, widest = strlen(c->title);
	char cell[CELL_SIZE];

	for (i = 0; i < n; i++) {
		c->put(&infos[i], cell);
		if (strlen(cell) > widest)
			widest = strlen(cell);
	}
	return (int)widest;
}

void
show_name(FILE *out, const char *name)
{
	char cell[CELL_SIZE];

	put_text(cell, name);
	(void)fputs(cell, out);
}

/* Nothing is padded behind the last column. */
static void
put_cell(FILE *out, size_t column, int width, const char *cell)
{
	if (column == COLUMN_COUNT - 1)
		(void)fprintf(out, "%s\n", cell);
	else
		(void)fprintf(out, "%-*s  ", width, cell);
}

void
show_table(FILE *out, const struct tap_info *infos, size_t n)
{
	int widths[COLUMN_COUNT];
	char cell[CELL_SIZE];
	size_t i, k;

	for (k = 0; k < COLUMN_COUNT; k++) {
		widths[k] = find_width(&columns[k], infos, n);
		put_cell(out, k, widths[k], columns[k].title);
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < COLUMN_COUNT; k++) {
			columns[k].put(&infos[i], cell);
			put_cell(out, k, widths[k], cell);
		}
	}
}

void
show_lines(FILE *out, const struct tap_info *info)
{
	char cell[CELL_SIZE], title[CELL_SIZE];
	size_t i, k;

	for (k = 0; k < COLUMN_COUNT; k++) {
		for (i = 0; columns[k].title[i] != '\0'; i++)
			title[i] = (char)text_lower(
			    (uint8_t)columns[k].title[i]);
		title[i] = '\0';
		columns[k].put(info, cell);
		(void)fprintf(out, "%-9s%s\n", title, cell);
	}
}

static void
put_known(struct json *j, const char *name, unsigned long value, bool is_known)
{
	if (is_known)
		json_number(j, name, value);
	else
		json_null(j, name);
}

void
show_json(struct json *j, const struct tap_info *info)
{
	char lladdr[VALUE_LLADDR_TEXT];

	value_put_lladdr(info->lladdr, lladdr);
	json_open(j, '{');
	json_text(j, "name", info->name);
	json_text(j, "peer", *info->peer != '\0' ? info->peer : NULL);
	json_text(j, "mode", mode_word(info));
	json_text(j, "owner", owner_words[info->owner]);
	json_bool(j, "used", info->is_used);
	json_bool(j, "up", info->is_up);
	put_known(j, "mtu", info->mtu, info->mtu != 0);
	json_text(j, "address", info->has_lladdr ? lladdr : NULL);
	put_known(j, "pid", (unsigned long)info->pid, info->pid > 0);
	put_known(j, "uid", info->uid, info->uid != (uid_t)-1);
	json_close(j, '}');
}

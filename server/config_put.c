/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The configuration as text: for each setter of config_set.c what writes a
 * line that it reads to the same value.
 */

#include <string.h>

#include "lib/text.h"
#include "server/config_impl.h"

#define CONST		SERVER_CONFIG_CONST

int
server_config_put_name(struct buf *out, const struct server_config_key *k)
{
	const char *s;
	int r = 0;

	for (s = k->name; *s != '\0' && r == 0; s++)
		r = buf_put_u8(out, text_lower((uint8_t)*s));
	return r;
}

/* Not read back as it stands. */
static bool
needs_quotes(const char *s)
{
	return *s == '\0' || *s == '#' || *s == '=' ||
	    strpbrk(s, " \t\"'\\") != NULL;
}

int
server_config_put_word(struct buf *out, const char *s)
{
	int r;

	if (!needs_quotes(s))
		return buf_put_format(out, " %s", s);
	if ((r = buf_put(out, " \"", 2)) != 0)
		return r;
	for (; *s != '\0' && r == 0; s++) {
		if (*s == '"' || *s == '\\')
			r = buf_put_u8(out, '\\');
		if (r == 0)
			r = buf_put_u8(out, (uint8_t)*s);
	}
	return r != 0 ? r : buf_put_u8(out, '"');
}

/* A line of one word. */
static int
put_line(struct buf *out, const struct server_config_key *k, const char *s)
{
	int r;

	if ((r = server_config_put_name(out, k)) != 0 ||
	    (r = server_config_put_word(out, s)) != 0)
		return r;
	return buf_put_u8(out, '\n');
}

/* A line of one number. */
static int
put_number_line(struct buf *out, const struct server_config_key *k,
    unsigned value)
{
	int r;

	if ((r = server_config_put_name(out, k)) != 0)
		return r;
	return buf_put_format(out, " %u\n", value);
}

int
server_config_put_number(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const unsigned *member = CONST(c, k);

	return put_number_line(out, k, *member);
}

int
server_config_put_or_none(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const unsigned *member = CONST(c, k);

	return *member == 0 ? put_line(out, k, "none") :
	    put_number_line(out, k, *member);
}

int
server_config_put_yesno(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const bool *member = CONST(c, k);

	return put_line(out, k, *member ? "yes" : "no");
}

int
server_config_put_string(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	char *const *member = CONST(c, k);

	return put_line(out, k, *member);
}

int
server_config_put_pid_file(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	return put_line(out, k, c->pid_file != NULL ? c->pid_file : "none");
}

int
server_config_put_congestion(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	return put_line(out, k, c->congestion != NULL ? c->congestion :
	    "system");
}

int
server_config_put_choice(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const int *member = CONST(c, k);
	const struct setting_choice *choice = k->choices;

	while (choice[1].name != NULL && choice->value != *member)
		choice++;
	return put_line(out, k, choice->name);
}

int
server_config_put_level(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	/* sshd_config(5) has none between INFO and ERROR. */
	static const char *const names[LOG_LEVEL_COUNT] = {
		[LOG_LEVEL_QUIET] = "QUIET",
		[LOG_LEVEL_ERROR] = "ERROR",
		[LOG_LEVEL_WARN] = "ERROR",
		[LOG_LEVEL_INFO] = "INFO",
		[LOG_LEVEL_VERBOSE] = "VERBOSE",
		[LOG_LEVEL_DEBUG] = "DEBUG",
	};

	return put_line(out, k, names[c->log_level]);
}

/* A line for each. */
int
server_config_put_list(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const struct server_config_list *l = CONST(c, k);
	size_t i;
	int r = 0;

	for (i = 0; i < l->n && r == 0; i++)
		r = put_line(out, k, l->item[i]);
	return r;
}

/* All in one line. */
int
server_config_put_files(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const struct server_config_list *l = CONST(c, k);
	size_t i;
	int r = server_config_put_name(out, k);

	for (i = 0; i < l->n && r == 0; i++)
		r = server_config_put_word(out, l->item[i]);
	return r != 0 ? r : buf_put_u8(out, '\n');
}

int
server_config_put_ports(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	size_t i;
	int r = 0;

	for (i = 0; i < c->ports_n && r == 0; i++)
		r = put_number_line(out, k, c->ports[i]);
	return r;
}

/* A colon is in addresses only, in which nothing needs quotes. */
static int
put_listen(struct buf *out, const struct server_config_listen *l)
{
	int r;

	if (l->port == 0)
		return server_config_put_word(out, l->host);
	if ((r = buf_put_u8(out, ' ')) != 0)
		return r;
	return buf_put_format(out, strchr(l->host, ':') != NULL ? "[%s]:%u" :
	    "%s:%u", l->host, l->port);
}

int
server_config_put_listen(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	size_t i;
	int r = 0;

	for (i = 0; i < c->listen_n && r == 0; i++) {
		if ((r = server_config_put_name(out, k)) == 0 &&
		    (r = put_listen(out, &c->listen[i])) == 0)
			r = buf_put_u8(out, '\n');
	}
	return r;
}

int
server_config_put_rekey(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	int r;

	if ((r = server_config_put_name(out, k)) != 0)
		return r;
	return buf_put_format(out, " %llu %llu\n",
	    (unsigned long long)c->rekey_bytes,
	    (unsigned long long)c->rekey_ms / 1000);
}

int
server_config_put_startups(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	int r;

	if ((r = server_config_put_name(out, k)) != 0)
		return r;
	return buf_put_format(out, " %u:%u:%u\n", c->startups_begin,
	    c->startups_rate, c->startups_full);
}

int
server_config_put_source(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	int r;

	if ((r = server_config_put_name(out, k)) != 0)
		return r;
	return buf_put_format(out, " %u:%u\n", c->per_source_v4,
	    c->per_source_v6);
}

int
server_config_dump(const struct server_config *c, struct buf *out)
{
	const struct server_config_key *k;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && (k = server_config_key(i)) != NULL; i++) {
		if (k->put != NULL)
			r = k->put(c, k, out);
	}
	return r;
}

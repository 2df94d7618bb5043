/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One table for what waits and for what still counts against its source
 * after its end.  Everything is a walk over it.  Only to find the heaviest of
 * a thousand sources takes long, some milliseconds, as starting the processes
 * of a connection does.
 *
 * Who counts only because of what was (a ghost) can take all the places of its
 * own source, never one of another's: the table is as large as both limits
 * together, and the oldest ghost gives way.
 */

#include "server/startups.h"

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/ipaddr.h"

#define GHOSTS_MAX	STARTUPS_MAX
#define ROWS		(STARTUPS_MAX + GHOSTS_MAX)


enum row_state {
	ROW_FREE,
	ROW_WAITING,
	ROW_GHOST		/* over, and counted until its time */
};

struct row {
	enum row_state state;
	struct ipaddr source;	/* without the bits that tell its hosts apart;
				 * of length 0 for all that is no address */
	uint64_t began_ms;
	uint64_t order;		/* the older, the smaller */
};

struct startups {
	struct startups_limits limits;
	struct row rows[ROWS];
	unsigned waiting, ghosts;
	uint64_t order;
};

static int
check_limits(const struct startups_limits *l)
{
	return l->full == 0 || l->full > STARTUPS_MAX || l->rate > 100 ||
	    l->v4_bits > 32 || l->v6_bits > 128 ? SSHTAP_ERR_ARGUMENT : 0;
}

int
startups_new(const struct startups_limits *limits, struct startups **sp)
{
	struct startups *s;
	int r;

	if ((r = check_limits(limits)) != 0)
		return r;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return SSHTAP_ERR_ALLOC;
	s->limits = *limits;
	*sp = s;
	return 0;
}

void
startups_free(struct startups *s)
{
	free(s);
}

int
startups_set_limits(struct startups *s, const struct startups_limits *limits)
{
	int r;

	if ((r = check_limits(limits)) == 0)
		s->limits = *limits;
	return r;
}

unsigned
startups_count(const struct startups *s)
{
	return s->waiting;
}

static struct ipaddr
source_of(const struct startups *s, const struct sockaddr *from)
{
	struct ipaddr source = { .len = 0 };
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (from->sa_family == AF_INET) {
		memcpy(&in, from, sizeof(in));
		source.len = sizeof(in.sin_addr);
		memcpy(source.bytes, &in.sin_addr, source.len);
	} else if (from->sa_family == AF_INET6) {
		memcpy(&in6, from, sizeof(in6));
		source.len = sizeof(in6.sin6_addr);
		memcpy(source.bytes, &in6.sin6_addr, source.len);
		/* An IPv4 host that came through an IPv6 socket. */
		ipaddr_unmap(&source);
	}
	if (source.len > 0)
		ipaddr_mask(&source, source.len == sizeof(in.sin_addr) ?
		    s->limits.v4_bits : s->limits.v6_bits);
	return source;
}

static void
free_row(struct startups *s, struct row *row)
{
	if (row->state == ROW_WAITING)
		s->waiting--;
	else if (row->state == ROW_GHOST)
		s->ghosts--;
	row->state = ROW_FREE;
}

static void
forget_old_ghosts(struct startups *s, uint64_t now_ms)
{
	unsigned i;

	if (s->ghosts == 0)
		return;
	for (i = 0; i < ROWS; i++)
		if (s->rows[i].state == ROW_GHOST &&
		    now_ms - s->rows[i].began_ms >= STARTUPS_LINGER_MS)
			free_row(s, &s->rows[i]);
}

/* Rows of a source: those that wait, and with is_all its ghosts too. */
static unsigned
count_source(const struct startups *s, const struct ipaddr *source,
    bool is_all)
{
	unsigned i, n = 0;

	for (i = 0; i < ROWS; i++)
		if ((s->rows[i].state == ROW_WAITING ||
		    (is_all && s->rows[i].state == ROW_GHOST)) &&
		    ipaddr_equals(&s->rows[i].source, source))
			n++;
	return n;
}

/*
 * The oldest row that waits of the source that has the most of them, unless
 * that is no more than what is there of this one already.
 */
static uint32_t
find_heaviest(const struct startups *s, const struct ipaddr *other_than)
{
	unsigned most = count_source(s, other_than, false), n, i;
	uint32_t found = STARTUPS_NONE;

	for (i = 0; i < ROWS; i++) {
		if (s->rows[i].state != ROW_WAITING)
			continue;
		n = count_source(s, &s->rows[i].source, false);
		if (n > most || (n == most && found != STARTUPS_NONE &&
		    s->rows[i].order < s->rows[found].order)) {
			most = n;
			found = i;
		}
	}
	return found;
}

/*
 * Is it time for one to go?  sshd_config(5), MaxStartups: with the rate at
 * begin, rising evenly to always at full.
 */
static bool
is_crowded(const struct startups *s, uint32_t chance)
{
	const struct startups_limits *l = &s->limits;
	unsigned percent;

	if (s->waiting >= l->full)
		return true;
	if (s->waiting < l->begin || l->full <= l->begin)
		return false;
	percent = l->rate + (100 - l->rate) * (s->waiting - l->begin) /
	    (l->full - l->begin);
	return chance % 100 < percent;
}

static uint32_t
find_row(const struct startups *s, enum row_state state)
{
	uint32_t found = STARTUPS_NONE, i;

	for (i = 0; i < ROWS; i++)
		if (s->rows[i].state == state && (found == STARTUPS_NONE ||
		    s->rows[i].order < s->rows[found].order))
			found = i;
	return found;
}

static uint32_t
add_row(struct startups *s, const struct ipaddr *source, uint64_t now_ms)
{
	uint32_t id = find_row(s, ROW_FREE);

	if (id == STARTUPS_NONE && (id = find_row(s, ROW_GHOST)) !=
	    STARTUPS_NONE)
		free_row(s, &s->rows[id]);
	if (id == STARTUPS_NONE)
		return id;
	s->rows[id] = (struct row){ .state = ROW_WAITING, .source = *source,
	    .began_ms = now_ms, .order = ++s->order };
	s->waiting++;
	return id;
}

enum startups_verdict
startups_begin(struct startups *s, const struct sockaddr *from,
    uint32_t chance, uint64_t now_ms, uint32_t *idp, uint32_t *evictp)
{
	struct ipaddr source = source_of(s, from);

	*evictp = STARTUPS_NONE;
	forget_old_ghosts(s, now_ms);
	if (s->limits.per_source != 0 &&
	    count_source(s, &source, true) >= s->limits.per_source)
		return STARTUPS_SOURCE_FULL;
	if (is_crowded(s, chance)) {
		*evictp = find_heaviest(s, &source);
		if (*evictp == STARTUPS_NONE)
			return STARTUPS_FULL;
	}
	/* Full although somebody had to go: the caller did not end them. */
	*idp = add_row(s, &source, now_ms);
	return *idp == STARTUPS_NONE ? STARTUPS_FULL : STARTUPS_TAKEN;
}

void
startups_end(struct startups *s, uint32_t id, bool has_logged_in,
    uint64_t now_ms)
{
	struct row *row;

	if (id >= ROWS || s->rows[id].state != ROW_WAITING)
		return;
	row = &s->rows[id];
	free_row(s, row);
	if (has_logged_in || s->limits.per_source == 0 ||
	    now_ms - row->began_ms >= STARTUPS_LINGER_MS)
		return;
	row->state = ROW_GHOST;
	s->ghosts++;
}

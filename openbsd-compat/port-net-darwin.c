/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Pairs of feth(4): making, judging and destroying them.  The order of making
 * one is the one that the kernel accepts: an interface and its address at
 * once, so that it can be told from others as soon as may be; the other one;
 * the MTU, peers of each other, up.  A step that fails takes back those
 * before it.
 *
 * Whose is an interface?  Names prove nothing: a pair of ours can be
 * destroyed by anybody, and another one made under its names.  The proof is
 * the address of the peer, 46 random bits that we gave it and that nobody
 * else has a reason to set:
 *
 *   the peer is ours     if it has that address;
 *   the primary is ours  if it and the peer, which is ours, name each other
 *                        (its own address is the user's to change), or if it
 *                        has the address we gave it and no peer.
 *
 * What is known of an interface comes from several calls, and one interface
 * may give way to another under the same name between two of them.  So the
 * addresses are read before and after everything else, and unless they are
 * the same all is read again: an interface that has our address at both ends
 * was there in between, since no later one gets that address.
 *
 * The primary goes first, because the peer carries the proof for it.  Each
 * side is judged just before it is destroyed.  The kernel takes only a name
 * to destroy, so the moment between the two remains; programs that share a
 * registry close it by holding the claim of the pair.
 */

#include "openbsd-compat/port-net-darwin.h"

#include <sys/types.h>
#include <sys/random.h>

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "openbsd-compat/darwin-if.h"
#include "openbsd-compat/darwin-net.h"

#define PEER_UNITS	10000	/* primaries whose peers start apart */
#define BUSY_PAUSE_MS	10
#define CLAIM_TRIES	16	/* peers refused for a unit that is given */
#define VIEW_TRIES	8	/* until nothing changes while looking */

/* === Whose a pair is === */

/* What there is under one name. */
struct side {
	int is_there;
	int is_up;
	uint8_t lladdr[DARWIN_LLADDR_LEN];
	char peer[DARWIN_NAME_SIZE];
};

/* What that is to us. */
enum owner {
	OWNER_NONE,	/* nothing there */
	OWNER_US,
	OWNER_BARE,	/* just created, by whomever */
	OWNER_OTHER
};

/* The sides in the order in which they are destroyed. */
enum { PRIMARY, PEER, SIDES };

static const char *
side_name(const struct darwin_pair *pair, int i)
{
	return i == PRIMARY ? pair->name : pair->peer;
}

static const uint8_t *
side_lladdr(const struct darwin_pair *pair, int i)
{
	return i == PRIMARY ? pair->lladdr : pair->peer_lladdr;
}

/* The address that every feth of this unit has at first, on every Mac. */
static int
has_first_lladdr(const uint8_t *lladdr, int unit)
{
	return memcmp(lladdr, DARWIN_FETH_LLADDR_PREFIX, 4) == 0 &&
	    lladdr[4] == unit >> 8 && lladdr[5] == (unit & 0xff);
}

/* One that can be told from any that an interface has by itself. */
static int
is_proof(const uint8_t *lladdr)
{
	static const uint8_t zero[DARWIN_LLADDR_LEN];

	return (lladdr[0] & 1) == 0 &&
	    memcmp(lladdr, zero, DARWIN_LLADDR_LEN) != 0 &&
	    memcmp(lladdr, DARWIN_FETH_LLADDR_PREFIX, 4) != 0;
}

/* Random, locally administered, of one station. */
static int
make_lladdr(uint8_t *lladdr)
{
	do {
		if (getentropy(lladdr, DARWIN_LLADDR_LEN) == -1)
			return -1;
		lladdr[0] = (uint8_t)((lladdr[0] & 0xfc) | 2);
	} while (!is_proof(lladdr));
	return 0;
}

/* One whose address was taken away is there, too. */
static void
find_side(const struct ifaddrs *ifa, const char *name, struct side *side)
{
	const uint8_t *lladdr;

	memset(side, 0, sizeof(*side));
	for (; ifa != NULL; ifa = ifa->ifa_next) {
		if (strcmp(ifa->ifa_name, name) != 0)
			continue;
		side->is_there = 1;
		if ((lladdr = darwin_if_lladdr(ifa)) != NULL)
			memcpy(side->lladdr, lladdr, DARWIN_LLADDR_LEN);
	}
}

static int
find_sides(const struct darwin_pair *pair, struct side sides[SIDES])
{
	struct ifaddrs *list;

	if (getifaddrs(&list) == -1)
		return -1;
	find_side(list, pair->name, &sides[PRIMARY]);
	find_side(list, pair->peer, &sides[PEER]);
	freeifaddrs(list);
	return 0;
}

static int
read_side(int s, const char *name, struct side *side)
{
	int flags;

	if (!side->is_there)
		return 0;
	if (darwin_if_get_flags(s, name, &flags) == -1)
		return -1;
	side->is_up = (flags & DARWIN_IFF_UP) != 0;
	return darwin_if_get_peer(s, name, side->peer);
}

static int
is_same(const struct side *a, const struct side *b)
{
	return a->is_there == b->is_there &&
	    memcmp(a->lladdr, b->lladdr, sizeof(a->lladdr)) == 0;
}

/* Both sides as they were at one time (see the top of the file). */
static int
read_sides(int s, const struct darwin_pair *pair, struct side sides[SIDES])
{
	struct side after[SIDES];
	int r, tries;

	for (tries = 0; tries < VIEW_TRIES; tries++) {
		if (find_sides(pair, sides) == -1)
			return -1;
		r = read_side(s, pair->name, &sides[PRIMARY]);
		if (r == 0)
			r = read_side(s, pair->peer, &sides[PEER]);
		if (r == -1 && errno != ENXIO)
			return -1;
		if (r == -1)
			continue;	/* it went away meanwhile */
		if (find_sides(pair, after) == -1)
			return -1;
		if (is_same(&sides[PRIMARY], &after[PRIMARY]) &&
		    is_same(&sides[PEER], &after[PEER]))
			return 0;
	}
	errno = EBUSY;
	return -1;
}

static int
is_bare(const struct side *side, const char *name)
{
	return !side->is_up && side->peer[0] == '\0' &&
	    has_first_lladdr(side->lladdr, darwin_feth_unit(name));
}

static int
are_linked(const struct darwin_pair *pair, const struct side sides[SIDES])
{
	return strcmp(sides[PRIMARY].peer, pair->peer) == 0 &&
	    strcmp(sides[PEER].peer, pair->name) == 0;
}

static void
judge(const struct darwin_pair *pair, const struct side sides[SIDES],
    enum owner owners[SIDES])
{
	const struct side *primary = &sides[PRIMARY], *peer = &sides[PEER];

	owners[PEER] = owners[PRIMARY] = OWNER_NONE;
	if (peer->is_there)
		owners[PEER] = memcmp(peer->lladdr, pair->peer_lladdr,
		    DARWIN_LLADDR_LEN) == 0 ? OWNER_US :
		    is_bare(peer, pair->peer) ? OWNER_BARE : OWNER_OTHER;
	if (!primary->is_there)
		return;
	if (owners[PEER] == OWNER_US && are_linked(pair, sides))
		owners[PRIMARY] = OWNER_US;
	else if (is_bare(primary, pair->name))
		owners[PRIMARY] = OWNER_BARE;
	else if (primary->peer[0] == '\0' && is_proof(pair->lladdr) &&
	    memcmp(primary->lladdr, pair->lladdr, DARWIN_LLADDR_LEN) == 0)
		owners[PRIMARY] = OWNER_US;
	else
		owners[PRIMARY] = OWNER_OTHER;
}

/* Pairs come from files, too. */
static int
is_valid(const struct darwin_pair *pair)
{
	return memchr(pair->name, '\0', sizeof(pair->name)) != NULL &&
	    memchr(pair->peer, '\0', sizeof(pair->peer)) != NULL &&
	    darwin_feth_unit(pair->name) != -1 &&
	    darwin_feth_unit(pair->peer) != -1 &&
	    strcmp(pair->name, pair->peer) != 0 &&
	    is_proof(pair->peer_lladdr);
}

static int
get_state(int s, const struct darwin_pair *pair,
    enum darwin_pair_state *statep)
{
	struct side sides[SIDES];
	enum owner owners[SIDES];

	if (read_sides(s, pair, sides) == -1)
		return -1;
	judge(pair, sides, owners);
	if (owners[PRIMARY] == OWNER_OTHER || owners[PEER] == OWNER_OTHER)
		*statep = DARWIN_PAIR_FOREIGN;
	else if (owners[PRIMARY] == OWNER_BARE || owners[PEER] == OWNER_BARE)
		*statep = DARWIN_PAIR_BARE;
	else if (owners[PRIMARY] == OWNER_NONE && owners[PEER] == OWNER_NONE)
		*statep = DARWIN_PAIR_NONE;
	else if (are_linked(pair, sides))
		*statep = DARWIN_PAIR_WHOLE;
	else
		*statep = DARWIN_PAIR_PART;
	return 0;
}

int
darwin_pair_state(const struct darwin_pair *pair,
    enum darwin_pair_state *statep)
{
	int r, s;

	if (!is_valid(pair)) {
		errno = EINVAL;
		return -1;
	}
	if ((s = darwin_control_open()) == -1)
		return -1;
	r = get_state(s, pair, statep);
	darwin_close(s);
	return r;
}

int
darwin_pair_expect(int s, const struct darwin_pair *pair,
    struct darwin_fault *fault)
{
	enum darwin_pair_state state;

	if (!is_valid(pair))
		return darwin_fail_with(fault, DARWIN_STEP_ARGUMENT, "",
		    EINVAL);
	if (get_state(s, pair, &state) == -1)
		return darwin_fail(fault, DARWIN_STEP_IDENTITY, pair->name);
	if (state == DARWIN_PAIR_WHOLE)
		return 0;
	return darwin_fail_with(fault, DARWIN_STEP_IDENTITY, pair->name,
	    state == DARWIN_PAIR_FOREIGN ? EEXIST : ENXIO);
}

/* === Destroying === */

/*
 * Both sides, as far as they may be.  The first failure ends it: as long as
 * the primary is there its proof, the peer, has to stay.
 */
static int
destroy_sides(int s, const struct darwin_pair *pair, int is_bare_too,
    struct darwin_fault *fault)
{
	const char *foreign = NULL, *name;
	struct side sides[SIDES];
	enum owner owners[SIDES];
	int i;

	for (i = 0; i < SIDES; i++) {
		name = side_name(pair, i);
		if (read_sides(s, pair, sides) == -1)
			return darwin_fail(fault, DARWIN_STEP_IDENTITY, name);
		judge(pair, sides, owners);
		if (owners[i] == OWNER_NONE)
			continue;
		if (owners[i] == OWNER_OTHER ||
		    (owners[i] == OWNER_BARE && !is_bare_too)) {
			foreign = foreign == NULL ? name : foreign;
			continue;
		}
		if (darwin_if_destroy(s, name) == -1)
			return darwin_fail(fault, DARWIN_STEP_DESTROY, name);
	}
	if (foreign == NULL)
		return 0;
	return darwin_fail_with(fault, DARWIN_STEP_IDENTITY, foreign, EEXIST);
}

static int
destroy_pair(const struct darwin_pair *pair, int is_bare_too,
    struct darwin_fault *fault)
{
	int r, s;

	if (!is_valid(pair))
		return darwin_fail_with(fault, DARWIN_STEP_ARGUMENT, "",
		    EINVAL);
	if ((s = darwin_control_open()) == -1)
		return darwin_fail(fault, DARWIN_STEP_SOCKET, "");
	r = destroy_sides(s, pair, is_bare_too, fault);
	darwin_close(s);
	return r;
}

int
darwin_pair_destroy(const struct darwin_pair *pair,
    struct darwin_fault *fault)
{
	return destroy_pair(pair, 0, fault);
}

int
darwin_pair_reclaim(const struct darwin_pair *pair,
    struct darwin_fault *fault)
{
	return destroy_pair(pair, 1, fault);
}

/* === Making === */

static int64_t
now_ms(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* How far one side has come. */
enum progress {
	NOT_MADE,
	CREATED,	/* with the address of its creation */
	ADDRESSED	/* with that of the pair */
};

struct maker {
	const struct darwin_request *rq;
	struct darwin_fault *fault;
	struct darwin_pair pair;
	int s;
	int64_t deadline;	/* of waiting for names, monotonic ms */
	enum progress progress[SIDES];
};

/*
 * EINVAL is the answer to a name that no driver knows, and ours is in order:
 * there is no feth.
 */
static int
create(struct maker *m, const char *name)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };
	int r;

	while ((r = darwin_if_create(m->s, name)) == -1 && errno == EBUSY &&
	    now_ms() < m->deadline)
		(void)nanosleep(&pause, NULL);
	if (r == 0)
		return 0;
	if (errno == EINVAL)
		errno = EOPNOTSUPP;
	return darwin_fail(m->fault, DARWIN_STEP_CREATE, name);
}

static int
make_side(struct maker *m, int i)
{
	const char *name = side_name(&m->pair, i);

	if (create(m, name) == -1)
		return -1;
	m->progress[i] = CREATED;
	if (darwin_if_set_lladdr(m->s, name, side_lladdr(&m->pair, i)) == -1)
		return darwin_fail(m->fault, DARWIN_STEP_ADDRESS, name);
	m->progress[i] = ADDRESSED;
	return 0;
}

static int
set_mtu(struct maker *m)
{
	const char *name = m->pair.name;
	struct darwin_ifdevmtu mtu;
	int saved_errno;

	if (m->rq->mtu == 0 ||
	    darwin_if_set_mtu(m->s, name, m->rq->mtu) == 0)
		return 0;
	saved_errno = errno;
	(void)darwin_fail(m->fault, DARWIN_STEP_MTU, name);
	if (darwin_if_get_devmtu(m->s, name, &mtu) == 0)
		m->fault->limit = (unsigned)mtu.ifdm_max;
	errno = saved_errno;
	return -1;
}

/* It has the address that it had last, so nothing else is in its place. */
static int
is_as_made(const struct maker *m, int i, const struct side *side)
{
	switch (m->progress[i]) {
	case CREATED:
		return has_first_lladdr(side->lladdr,
		    darwin_feth_unit(side_name(&m->pair, i)));
	case ADDRESSED:
		return memcmp(side->lladdr, side_lladdr(&m->pair, i),
		    DARWIN_LLADDR_LEN) == 0;
	default:
		return 0;
	}
}

/*
 * What was linked is whatever had the names, and a link to our peer proves an
 * interface ours from here on: so it must be the one that was made.
 */
static int
check_made(struct maker *m)
{
	const struct darwin_pair *p = &m->pair;
	struct side sides[SIDES];
	int i;

	if (find_sides(p, sides) == -1)
		return darwin_fail(m->fault, DARWIN_STEP_IDENTITY, p->name);
	for (i = 0; i < SIDES; i++)
		if (sides[i].is_there && !is_as_made(m, i, &sides[i]))
			return darwin_fail_with(m->fault,
			    DARWIN_STEP_IDENTITY, side_name(p, i), EEXIST);
	return darwin_pair_expect(m->s, p, m->fault);
}

static int
set_up(struct maker *m)
{
	const struct darwin_pair *p = &m->pair;

	if (set_mtu(m) == -1)
		return -1;
	if (darwin_if_set_peer(m->s, p->name, p->peer) == -1)
		return darwin_fail(m->fault, DARWIN_STEP_PEER, p->name);
	/* The kernel never does it to the peer, which gets no address. */
	if (darwin_if_raise(m->s, p->peer) == -1)
		return darwin_fail(m->fault, DARWIN_STEP_UP, p->peer);
	if (m->rq->up && darwin_if_raise(m->s, p->name) == -1)
		return darwin_fail(m->fault, DARWIN_STEP_UP, p->name);
	return check_made(m);
}

/*
 * Take back what is made; leaves errno and the fault alone.  What cannot be
 * destroyed stays claimed, and the peer with it, as its proof.
 */
static void
undo(struct maker *m)
{
	int i, saved_errno = errno;
	struct side sides[SIDES];

	if (find_sides(&m->pair, sides) == -1)
		goto out;
	for (i = 0; i < SIDES; i++)
		if (sides[i].is_there && is_as_made(m, i, &sides[i]) &&
		    darwin_if_destroy(m->s, side_name(&m->pair, i)) == -1)
			goto out;
	if (m->rq->unclaim != NULL)
		m->rq->unclaim(m->rq->ctx, &m->pair);
 out:
	errno = saved_errno;
}

/* The pair of these two names, or nothing. */
static int
make_pair(struct maker *m)
{
	m->progress[PRIMARY] = m->progress[PEER] = NOT_MADE;
	if (m->rq->claim != NULL &&
	    m->rq->claim(m->rq->ctx, &m->pair) == -1)
		return darwin_fail(m->fault, DARWIN_STEP_CLAIM, m->pair.name);
	if (make_side(m, PRIMARY) == 0 && make_side(m, PEER) == 0 &&
	    set_up(m) == 0)
		return 0;
	undo(m);
	return -1;
}

/* Spares claims that would be in vain. */
static int
is_there(const struct maker *m, const char *name)
{
	int flags;

	return darwin_if_get_flags(m->s, name, &flags) == 0;
}

/* The last failure was that of a name which is in use. */
static int
is_taken(const struct maker *m)
{
	return (m->fault->step == DARWIN_STEP_CLAIM ||
	    m->fault->step == DARWIN_STEP_CREATE) &&
	    (errno == EEXIST || errno == EBUSY);
}

/*
 * Look for a peer to this primary.  A claim does not say which of the names
 * it refuses; when the primary is given, it may be that of the peer.
 */
static int
find_peer(struct maker *m, unsigned unit)
{
	struct darwin_pair *p = &m->pair;
	unsigned peer = DARWIN_PEER_UNIT_FIRST + unit % PEER_UNITS;
	int refused = 0;

	darwin_feth_name(unit, p->name);
	if (is_there(m, p->name))
		return darwin_fail_with(m->fault, DARWIN_STEP_CREATE, p->name,
		    EEXIST);
	for (; peer <= DARWIN_UNIT_MAX; peer++) {
		darwin_feth_name(peer, p->peer);
		if (peer == unit || is_there(m, p->peer))
			continue;
		if (make_pair(m) == 0)
			return 0;
		if (!is_taken(m))
			return -1;
		if (m->fault->step == DARWIN_STEP_CLAIM) {
			if (m->rq->unit == DARWIN_UNIT_ANY ||
			    ++refused == CLAIM_TRIES)
				return -1;
		} else if (strcmp(m->fault->name, p->peer) != 0)
			return -1;
	}
	return darwin_fail_with(m->fault, DARWIN_STEP_CREATE, p->peer, EEXIST);
}

static int
find_pair(struct maker *m)
{
	unsigned unit;

	if (m->rq->unit != DARWIN_UNIT_ANY)
		return find_peer(m, (unsigned)m->rq->unit);
	for (unit = DARWIN_UNIT_FIRST; unit < DARWIN_PEER_UNIT_FIRST; unit++) {
		if (find_peer(m, unit) == 0)
			return 0;
		if (!is_taken(m))
			break;
	}
	return -1;
}

static int
check_request(const struct darwin_request *rq)
{
	static const uint8_t zero[DARWIN_LLADDR_LEN];

	return (rq->unit == DARWIN_UNIT_ANY ||
	    (rq->unit >= 0 && rq->unit <= DARWIN_UNIT_MAX)) &&
	    (rq->lladdr == NULL || ((rq->lladdr[0] & 1) == 0 &&
	    memcmp(rq->lladdr, zero, sizeof(zero)) != 0));
}

int
darwin_pair_create(const struct darwin_request *rq, struct darwin_pair *pair,
    struct darwin_fault *fault)
{
	struct maker m = { .rq = rq, .fault = fault, .s = -1 };
	int r;

	if (!check_request(rq))
		return darwin_fail_with(fault, DARWIN_STEP_ARGUMENT, "",
		    EINVAL);
	if (make_lladdr(m.pair.lladdr) == -1 ||
	    make_lladdr(m.pair.peer_lladdr) == -1)
		return darwin_fail(fault, DARWIN_STEP_ADDRESS, "");
	if (rq->lladdr != NULL)
		memcpy(m.pair.lladdr, rq->lladdr, DARWIN_LLADDR_LEN);
	if ((m.s = darwin_control_open()) == -1)
		return darwin_fail(fault, DARWIN_STEP_SOCKET, "");
	m.deadline = now_ms() + DARWIN_BUSY_MS;
	if ((r = find_pair(&m)) == 0)
		*pair = m.pair;
	darwin_close(m.s);
	return r;
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Pairs of feth(4) over their whole life, which no process has to share.
 *
 * A pair is written down in the registry before anything of it exists, and
 * struck out after all of it is gone, so that at no moment there is one of
 * ours that nobody knows of.  Who holds the lock of the entry has the pair;
 * an entry that nobody holds is of a pair that was made to stay, or is left
 * over.  The addresses in it prove, beside the names, what is ours (see
 * port-net-darwin.c): what cannot be proved to be is left alone, and when
 * nothing else remains the entry goes.
 *
 * Interfaces that have just been made prove nothing, as they all look alike.
 * They are ours only if the maker died while making them: is_made, which is
 * set once a pair is whole, ends that.
 */

#include "tun/tap_admin.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "openbsd-compat/port-net-darwin.h"
#include "tun/registry.h"
#include "tun/tap_impl.h"
#include "tun/tap_impl_darwin.h"

static_assert(REGISTRY_NAME_SIZE == DARWIN_NAME_SIZE &&
    REGISTRY_LLADDR_LEN == DARWIN_LLADDR_LEN &&
    TAP_NAME_SIZE == DARWIN_NAME_SIZE && TAP_LLADDR_LEN == DARWIN_LLADDR_LEN,
    "names and addresses are of one size");

/* On this system none but root opens a device. */
#define NOBODY		((uid_t)-1)
#define NO_GROUP	((gid_t)-1)

#define INFOS_MAX	(DARWIN_UNIT_MAX + 1)

/* === Faults === */

static const enum tap_step steps[] = {
	[DARWIN_STEP_NONE] = TAP_STEP_NONE,
	[DARWIN_STEP_ARGUMENT] = TAP_STEP_REQUEST,
	[DARWIN_STEP_CLAIM] = TAP_STEP_REGISTRY,
	[DARWIN_STEP_SOCKET] = TAP_STEP_CREATE,
	[DARWIN_STEP_CREATE] = TAP_STEP_CREATE,
	[DARWIN_STEP_ADDRESS] = TAP_STEP_ADDRESS,
	[DARWIN_STEP_MTU] = TAP_STEP_MTU,
	[DARWIN_STEP_PEER] = TAP_STEP_PEER,
	[DARWIN_STEP_UP] = TAP_STEP_UP,
	[DARWIN_STEP_IDENTITY] = TAP_STEP_FOREIGN,
	[DARWIN_STEP_BPF_OPEN] = TAP_STEP_BPF,
	[DARWIN_STEP_BPF_SETUP] = TAP_STEP_BPF,
	[DARWIN_STEP_NDRV] = TAP_STEP_NDRV,
	[DARWIN_STEP_UTUN] = TAP_STEP_CREATE,
	[DARWIN_STEP_TUNTAPOSX] = TAP_STEP_CREATE,
	[DARWIN_STEP_DESTROY] = TAP_STEP_DESTROY,
};

static_assert(sizeof(steps) / sizeof(steps[0]) == DARWIN_STEP_COUNT,
    "each step has a name here");

/* Failures whose errno says more than the step. */
static const struct {
	enum darwin_step from;
	int error;
	enum tap_step to;
	int new_error;
} special[] = {
	{ DARWIN_STEP_CREATE, EOPNOTSUPP, TAP_STEP_DRIVER, EOPNOTSUPP },
	{ DARWIN_STEP_CREATE, EEXIST, TAP_STEP_FOREIGN, EEXIST },
	/* Another process of ours was quicker, or had it all the time. */
	{ DARWIN_STEP_CLAIM, EEXIST, TAP_STEP_FOREIGN, EBUSY },
	{ DARWIN_STEP_IDENTITY, ENXIO, TAP_STEP_BPF, ENXIO },
	{ DARWIN_STEP_UTUN, EBUSY, TAP_STEP_FOREIGN, EBUSY },
	{ DARWIN_STEP_TUNTAPOSX, EBUSY, TAP_STEP_FOREIGN, EBUSY },
	/* Without utun: no such family, no such protocol, no such control. */
	{ DARWIN_STEP_UTUN, EAFNOSUPPORT, TAP_STEP_DRIVER, EOPNOTSUPP },
	{ DARWIN_STEP_UTUN, EPROTONOSUPPORT, TAP_STEP_DRIVER, EOPNOTSUPP },
	{ DARWIN_STEP_UTUN, ENOENT, TAP_STEP_DRIVER, EOPNOTSUPP },
};

int
tap_darwin_fault(const struct darwin_fault *df, struct tap_fault *fault)
{
	enum tap_step step = steps[df->step];
	size_t i;
	int r;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (special[i].from == df->step && special[i].error == errno) {
			step = special[i].to;
			errno = special[i].new_error;
			break;
		}
	}
	r = tap_fault_set(fault, step, df->name);
	fault->limit = step == TAP_STEP_REQUEST ? DARWIN_UNIT_MAX : df->limit;
	return r;
}

/* === Pairs === */

static void
let_go(int *lockp)
{
	int saved_errno = errno;

	if (*lockp != -1)
		(void)close(*lockp);
	*lockp = -1;
	errno = saved_errno;
}

static void
set_pair(struct darwin_pair *pair, const struct registry_entry *e)
{
	memcpy(pair->name, e->name, sizeof(pair->name));
	memcpy(pair->peer, e->peer, sizeof(pair->peer));
	memcpy(pair->lladdr, e->lladdr, sizeof(pair->lladdr));
	memcpy(pair->peer_lladdr, e->peer_lladdr, sizeof(pair->peer_lladdr));
}

/* A lock that is still held is that of a pair that could not be undone. */
static int
claim_pair(void *ctx, const struct darwin_pair *pair)
{
	struct registry_entry e = { .pid = getpid() };
	int *lockp = ctx;

	memcpy(e.name, pair->name, sizeof(e.name));
	memcpy(e.peer, pair->peer, sizeof(e.peer));
	memcpy(e.lladdr, pair->lladdr, sizeof(e.lladdr));
	memcpy(e.peer_lladdr, pair->peer_lladdr, sizeof(e.peer_lladdr));
	let_go(lockp);
	return registry_claim(registry_dir(), &e, lockp) == 0 ? 0 : -1;
}

static void
unclaim_pair(void *ctx, const struct darwin_pair *pair)
{
	int *lockp = ctx;

	(void)registry_strike(registry_dir(), pair->name, lockp);
}

static int
fail_pair(const struct darwin_pair *pair, enum darwin_step step,
    struct darwin_fault *df)
{
	*df = (struct darwin_fault){ .step = step };
	memcpy(df->name, pair->name, sizeof(df->name));
	return -1;
}

/* There is something, and it is provably ours. */
static bool
is_ours(bool is_made, enum darwin_pair_state state)
{
	return state == DARWIN_PAIR_WHOLE || state == DARWIN_PAIR_PART ||
	    (state == DARWIN_PAIR_BARE && !is_made);
}

/* Returns 0 when nothing is left that is ours, or -1 with errno and *df. */
static int
destroy_pair(const struct darwin_pair *pair, bool is_made,
    struct darwin_fault *df)
{
	enum darwin_pair_state state;
	int r;

	r = is_made ? darwin_pair_destroy(pair, df) :
	    darwin_pair_reclaim(pair, df);
	if (r == -1 && (df->step != DARWIN_STEP_IDENTITY || errno != EEXIST))
		return -1;
	/* The proof is given up next, so this is looked at, not believed. */
	if (darwin_pair_state(pair, &state) == -1)
		return fail_pair(pair, DARWIN_STEP_DESTROY, df);
	if (!is_ours(is_made, state))
		return 0;
	errno = EBUSY;
	return fail_pair(pair, DARWIN_STEP_DESTROY, df);
}

/*
 * Destroy what is provably left of a pair, and strike it out, whatever else
 * there is under its names.  The lock is let go.
 *
 * Returns 0, or -1 with errno and *df; then the entry remains.
 */
static int
dispose(const struct darwin_pair *pair, bool is_made, int *lockp,
    struct darwin_fault *df)
{
	if (destroy_pair(pair, is_made, df) == -1) {
		let_go(lockp);
		return -1;
	}
	if (registry_strike(registry_dir(), pair->name, lockp) != 0)
		return fail_pair(pair, DARWIN_STEP_CLAIM, df);
	return 0;
}

static int
dispose_entry(const struct registry_entry *e, int *lockp,
    struct tap_fault *fault)
{
	struct darwin_fault df;
	struct darwin_pair pair;

	set_pair(&pair, e);
	if (dispose(&pair, e->is_made, lockp, &df) == -1)
		return tap_darwin_fault(&df, fault);
	return 0;
}

static int
get_state(const struct registry_entry *e, enum darwin_pair_state *statep)
{
	struct darwin_pair pair;

	set_pair(&pair, e);
	return darwin_pair_state(&pair, statep);
}

void
tap_pair_close(struct tap_pair *tp)
{
	int saved_errno = errno;
	struct darwin_fault df;

	if (tp->lock == -1)
		return;
	if (tp->is_kept)
		let_go(&tp->lock);
	else
		(void)dispose(&tp->pair, true, &tp->lock, &df);
	errno = saved_errno;
}

static int
make_pair(const struct tap_request *rq, struct tap_pair *tp,
    struct tap_fault *fault)
{
	const struct darwin_request wanted = {
		.unit = rq->unit,
		.mtu = rq->mtu,
		.lladdr = rq->has_lladdr ? rq->lladdr : NULL,
		.up = rq->up,
		.claim = claim_pair,
		.unclaim = unclaim_pair,
		.ctx = &tp->lock,
	};
	struct darwin_fault df;
	int r;

	*tp = (struct tap_pair){ .lock = -1 };
	if (darwin_pair_create(&wanted, &tp->pair, &df) == -1) {
		let_go(&tp->lock);
		r = tap_darwin_fault(&df, fault);
		if (rq->unit != TAP_UNIT_ANY ||
		    fault->step != TAP_STEP_FOREIGN)
			return r;
		errno = ENOSPC;
		return tap_fault_set(fault, TAP_STEP_CREATE, "");
	}
	if (registry_made(registry_dir(), tp->pair.name, tp->lock) == 0)
		return 0;
	r = tap_fault_set(fault, TAP_STEP_REGISTRY, tp->pair.name);
	tap_pair_close(tp);
	return r;
}

int
tap_pair_configure(const struct tap_request *rq, const char *name,
    struct tap_fault *fault)
{
	unsigned max;
	int r;

	/* This one has a limit, so it comes before anything is changed. */
	if (rq->mtu != 0 && darwin_interface_set_mtu(name, rq->mtu) == -1) {
		r = tap_fault_set(fault, TAP_STEP_MTU, name);
		if (darwin_interface_mtu(name, NULL, &max) == 0)
			fault->limit = max;
		errno = fault->error;
		return r;
	}
	if (rq->has_lladdr &&
	    darwin_interface_set_lladdr(name, rq->lladdr) == -1)
		return tap_fault_set(fault, TAP_STEP_ADDRESS, name);
	return 0;
}

/* What the registry says when an entry cannot be had. */
static int
fault_of_lock(int r, const char *name, struct tap_fault *fault)
{
	enum tap_step step = TAP_STEP_REGISTRY;

	if (r != SSHTAP_ERR_SYSTEM)
		errno = EINVAL;		/* malformed */
	else if (errno == EBUSY)
		step = TAP_STEP_FOREIGN;
	return tap_fault_set(fault, step, name);
}

/*
 * The pair of this name if it was made to stay.  What is there of another,
 * tap_reap has left for a reason, which is found here once more.
 *
 * Returns 0, SSHTAP_ERR_NOT_FOUND, or SSHTAP_ERR_SYSTEM with *fault set.
 */
static int
attach_kept(const struct tap_request *rq, const char *name,
    struct tap_pair *tp, struct tap_fault *fault)
{
	enum darwin_pair_state state;
	struct registry_entry e;
	int lock, r;

	r = registry_lock(registry_dir(), name, &e, &lock);
	if (r != 0)
		return r == SSHTAP_ERR_NOT_FOUND ? r :
		    fault_of_lock(r, name, fault);
	if (get_state(&e, &state) == -1) {
		r = tap_fault_set(fault, TAP_STEP_CREATE, name);
		let_go(&lock);
		return r;
	}
	if (!e.is_kept || state != DARWIN_PAIR_WHOLE) {
		r = dispose_entry(&e, &lock, fault);
		return r == 0 ? SSHTAP_ERR_NOT_FOUND : r;
	}
	*tp = (struct tap_pair){ .lock = lock, .is_kept = true };
	set_pair(&tp->pair, &e);
	if ((r = tap_pair_configure(rq, name, fault)) != 0)
		tap_pair_close(tp);
	return r;
}

int
tap_pair_open(const struct tap_request *rq, struct tap_pair *tp,
    struct tap_fault *fault)
{
	char name[DARWIN_NAME_SIZE];
	struct tap_fault ignored;
	int r;

	(void)tap_reap(false, NULL, NULL, &ignored);
	if (rq->unit <= DARWIN_UNIT_MAX) {
		darwin_feth_name((unsigned)rq->unit, name);
		r = attach_kept(rq, name, tp, fault);
		if (r != SSHTAP_ERR_NOT_FOUND)
			return r;
	}
	return make_pair(rq, tp, fault);
}

/* === Listing === */

static void
look_at_interface(struct tap_info *info)
{
	info->mode = TAP_ETHERNET;
	info->uid = NOBODY;
	info->gid = NO_GROUP;
	info->is_up = darwin_interface_is_up(info->name) == 1;
	if (darwin_interface_mtu(info->name, &info->mtu, NULL) == -1)
		info->mtu = 0;
	info->has_lladdr = darwin_interface_lladdr(info->name,
	    info->lladdr) == 0;
}

static void
set_info(struct tap_info *info, const struct registry_entry *e,
    enum darwin_pair_state state)
{
	*info = (struct tap_info){ .pid = e->pid, .is_used = e->is_locked };
	memcpy(info->name, e->name, sizeof(info->name));
	memcpy(info->peer, e->peer, sizeof(info->peer));
	if (e->is_kept && (e->is_locked || state == DARWIN_PAIR_WHOLE))
		info->owner = TAP_OWNER_KEPT;
	else
		info->owner = e->is_locked ? TAP_OWNER_LIVE : TAP_OWNER_DEAD;
	look_at_interface(info);
}

struct infos {
	struct tap_info *v;
	size_t n, room;
};

static int
add_info(struct infos *is, const struct tap_info *info)
{
	size_t room = is->room == 0 ? 16 : is->room * 2;
	struct tap_info *v;

	if (is->n == INFOS_MAX) {
		errno = E2BIG;
		return SSHTAP_ERR_SYSTEM;
	}
	if (is->n == is->room) {
		if ((v = realloc(is->v, room * sizeof(*v))) == NULL)
			return SSHTAP_ERR_SYSTEM;
		is->v = v;
		is->room = room;
	}
	is->v[is->n++] = *info;
	return 0;
}

static bool
is_side(const struct tap_info *info, const char *name)
{
	return strcmp(info->name, name) == 0 ||
	    strcmp(info->peer, name) == 0;
}

static const struct tap_info *
find_info(const struct infos *is, const char *name)
{
	size_t i;

	for (i = 0; i < is->n; i++)
		if (is_side(&is->v[i], name))
			return &is->v[i];
	return NULL;
}

static int
add_entry(void *ctx, const struct registry_entry *e)
{
	enum darwin_pair_state state;
	struct tap_info info;

	/* EINVAL: nobody could ever prove anything with such an entry. */
	if (get_state(e, &state) == -1)
		return errno == EINVAL ? 0 : SSHTAP_ERR_SYSTEM;
	if (!is_ours(e->is_made, state))
		return 0;
	set_info(&info, e, state);
	return add_info(ctx, &info);
}

/* After the entries: those, and what was seen as a peer, are known. */
static int
add_interface(void *ctx, const char *name, const char *peer)
{
	struct tap_info info = { .owner = TAP_OWNER_FOREIGN };

	if (find_info(ctx, name) != NULL)
		return 0;
	memcpy(info.name, name, strnlen(name, sizeof(info.name) - 1));
	memcpy(info.peer, peer, strnlen(peer, sizeof(info.peer) - 1));
	look_at_interface(&info);
	return add_info(ctx, &info);
}

/* Shorter ones first, so that units come in their order. */
static int
compare_infos(const void *ap, const void *bp)
{
	const struct tap_info *a = ap, *b = bp;
	size_t alen = strlen(a->name), blen = strlen(b->name);

	if (alen != blen)
		return alen < blen ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* is->v is the caller's to free, also after a failure. */
static int
get_infos(struct infos *is)
{
	*is = (struct infos){ .v = NULL };
	if (registry_each(registry_dir(), add_entry, is) != 0 ||
	    darwin_feth_each(add_interface, is) != 0)
		return SSHTAP_ERR_SYSTEM;
	if (is->n > 0)
		qsort(is->v, is->n, sizeof(*is->v), compare_infos);
	return 0;
}

int
tap_list(tap_info_fn *fn, void *ctx)
{
	int r, saved_errno;
	struct infos is;
	size_t i;

	r = get_infos(&is);
	for (i = 0; r == 0 && i < is.n; i++)
		r = fn(ctx, &is.v[i]);
	saved_errno = errno;
	free(is.v);
	errno = saved_errno;
	return r;
}

int
tap_show(const char *name, struct tap_info *info)
{
	const struct tap_info *found;
	int r, saved_errno;
	struct infos is;

	if ((r = get_infos(&is)) == 0) {
		found = name[0] != '\0' ? find_info(&is, name) : NULL;
		if (found != NULL)
			*info = *found;
		else
			r = SSHTAP_ERR_NOT_FOUND;
	}
	saved_errno = errno;
	free(is.v);
	errno = saved_errno;
	return r;
}

/* === Making and destroying === */

/* A unit that the registry has is not made again. */
static int
refuse_known(const struct tap_request *rq, struct tap_fault *fault)
{
	char name[DARWIN_NAME_SIZE];
	struct registry_entry e;
	int r;

	if (rq->unit > DARWIN_UNIT_MAX)
		return 0;
	darwin_feth_name((unsigned)rq->unit, name);
	r = registry_look(registry_dir(), name, &e);
	if (r == SSHTAP_ERR_NOT_FOUND)
		return 0;
	if (r != 0)
		return fault_of_lock(r, name, fault);
	if (e.is_locked) {
		errno = EBUSY;
		return tap_fault_set(fault, TAP_STEP_FOREIGN, name);
	}
	errno = EEXIST;
	return tap_fault_set(fault, TAP_STEP_CREATE, name);
}

int
tap_create(const struct tap_request *rq, uid_t uid, struct tap_info *info,
    struct tap_fault *fault)
{
	struct registry_entry e;
	struct tap_fault ignored;
	struct tap_pair tp;
	int r;

	if ((r = tap_check_request(rq, fault)) != 0)
		return r;
	if (uid != NOBODY) {
		errno = EOPNOTSUPP;
		return tap_fault_set(fault, TAP_STEP_REQUEST, "");
	}
	/* A utun goes with its descriptor. */
	if (rq->mode != TAP_ETHERNET) {
		errno = EINVAL;
		return tap_fault_set(fault, TAP_STEP_REQUEST, "");
	}
	(void)tap_reap(false, NULL, NULL, &ignored);
	if ((r = refuse_known(rq, fault)) != 0 ||
	    (r = make_pair(rq, &tp, fault)) != 0)
		return r;
	if (registry_keep(registry_dir(), tp.pair.name, tp.lock) != 0 ||
	    registry_look(registry_dir(), tp.pair.name, &e) != 0) {
		r = tap_fault_set(fault, TAP_STEP_REGISTRY, tp.pair.name);
		tap_pair_close(&tp);
		return r;
	}
	tp.is_kept = true;
	tap_pair_close(&tp);
	e.is_locked = false;
	set_info(info, &e, DARWIN_PAIR_WHOLE);
	return 0;
}

struct search {
	const char *peer;
	char name[REGISTRY_NAME_SIZE];
};

static int
match_peer(void *ctx, const struct registry_entry *e)
{
	struct search *s = ctx;

	if (strcmp(e->peer, s->peer) != 0)
		return 0;
	memcpy(s->name, e->name, sizeof(s->name));
	return 1;
}

/* By either name of a pair. */
static int
lock_by_name(const char *name, struct registry_entry *e, int *lockp)
{
	struct search s = { .peer = name };
	int r;

	r = registry_lock(registry_dir(), name, e, lockp);
	if (r != SSHTAP_ERR_NOT_FOUND)
		return r;
	r = registry_each(registry_dir(), match_peer, &s);
	if (r != 1)
		return r == 0 ? SSHTAP_ERR_NOT_FOUND : r;
	return registry_lock(registry_dir(), s.name, e, lockp);
}

/* Nothing of ours has the name: is there something else? */
static int
refuse_foreign(const char *name, struct tap_fault *fault)
{
	if (strlen(name) >= DARWIN_NAME_SIZE ||
	    darwin_interface_is_up(name) == -1)
		return SSHTAP_ERR_NOT_FOUND;
	errno = ENODEV;
	return tap_fault_set(fault, TAP_STEP_FOREIGN, name);
}

static int
refuse_locked(int r, const char *name, struct tap_fault *fault)
{
	if (r == SSHTAP_ERR_SYSTEM && (errno == EBUSY || errno == EACCES)) {
		errno = errno == EACCES ? EPERM : EBUSY;
		return tap_fault_set(fault, TAP_STEP_DESTROY, name);
	}
	return fault_of_lock(r, name, fault);
}

int
tap_destroy(const char *name, struct tap_fault *fault)
{
	enum darwin_pair_state state;
	struct registry_entry e;
	int lock, r;

	r = lock_by_name(name, &e, &lock);
	if (r == SSHTAP_ERR_NOT_FOUND)
		return refuse_foreign(name, fault);
	if (r != 0)
		return refuse_locked(r, name, fault);
	if (get_state(&e, &state) == -1) {
		r = tap_fault_set(fault, TAP_STEP_DESTROY, e.name);
		let_go(&lock);
		return r;
	}
	if ((r = dispose_entry(&e, &lock, fault)) != 0)
		return r;
	return is_ours(e.is_made, state) ? 0 : refuse_foreign(name, fault);
}

struct reaper {
	bool dry_run;
	tap_info_fn *fn;
	void *ctx;
	struct tap_fault *fault;
	int r;			/* of the last one that could not be */
	int error;
	int answer;		/* of fn, which ends the walk */
};

/* It is not what was made to stay. */
static bool
is_left_over(const struct registry_entry *e, enum darwin_pair_state state)
{
	return !e->is_kept || state != DARWIN_PAIR_WHOLE;
}

static int
tell(struct reaper *rp, const struct registry_entry *e,
    enum darwin_pair_state state)
{
	struct tap_info info;

	if (rp->fn == NULL || !is_ours(e->is_made, state))
		return 0;
	set_info(&info, e, state);
	info.is_used = false;
	info.owner = TAP_OWNER_DEAD;
	rp->answer = rp->fn(rp->ctx, &info);
	return rp->answer;
}

/* One that could not be reaped does not keep us from the others. */
static int
go_on(struct reaper *rp, int r)
{
	if (r != 0) {
		rp->r = r;
		rp->error = errno;
	}
	return 0;
}

/* Under the lock all is asked once more: much may have happened before. */
static int
reap_locked(struct reaper *rp, const struct registry_entry *e, int *lockp)
{
	enum darwin_pair_state state;

	if (get_state(e, &state) == -1)
		return go_on(rp, tap_fault_set(rp->fault, TAP_STEP_DESTROY,
		    e->name));
	if (!is_left_over(e, state))
		return 0;
	if (tell(rp, e, state) != 0)
		return rp->answer;
	return go_on(rp, dispose_entry(e, lockp, rp->fault));
}

static int
reap_entry(void *ctx, const struct registry_entry *seen)
{
	enum darwin_pair_state state;
	struct registry_entry e;
	struct reaper *rp = ctx;
	int lock, r;

	if (seen->is_locked)
		return 0;
	if (get_state(seen, &state) == -1)
		return go_on(rp, tap_fault_set(rp->fault, TAP_STEP_DESTROY,
		    seen->name));
	/* What stays is not locked just to look: someone may want it. */
	if (!is_left_over(seen, state))
		return 0;
	if (rp->dry_run)
		return tell(rp, seen, state);
	r = registry_lock(registry_dir(), seen->name, &e, &lock);
	if (r == SSHTAP_ERR_SYSTEM && errno != EBUSY)
		return go_on(rp, refuse_locked(r, seen->name, rp->fault));
	/* Else somebody else is about to do it, or has done it. */
	if (r != 0)
		return 0;
	r = reap_locked(rp, &e, &lock);
	let_go(&lock);
	return r;
}

int
tap_reap(bool dry_run, tap_info_fn *fn, void *ctx, struct tap_fault *fault)
{
	struct reaper rp = { .dry_run = dry_run, .fn = fn, .ctx = ctx,
	    .fault = fault };
	int r;

	r = registry_each(registry_dir(), reap_entry, &rp);
	if (rp.answer != 0)
		return rp.answer;
	if (r != 0)
		return tap_fault_set(fault, TAP_STEP_REGISTRY, "");
	errno = rp.error;
	return rp.r;
}

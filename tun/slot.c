/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One mapping holds it all: the slots, then the small places, then the large
 * ones, each place with its room in front and behind.  Nothing of it is
 * written before it is needed, so that a pool costs the memory of the places
 * that were ever in use at the same time, not of all there are.  Hence two
 * kinds of free slots: those that came back are in a list, the last one first,
 * and those that never were out are counted, and set up when their turn comes.
 */

#include "tun/slot.h"

#include <sys/mman.h>

#include <assert.h>

#include "lib/err.h"
#include "openbsd-compat/bsd-misc.h"

/* Places begin at a multiple of a cache line. */
#define ALIGNMENT	((size_t)64)
#define ALIGN(n)	(((n) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)
#define PLACE(size)	ALIGN(SLOT_HEADROOM + (size_t)(size) + SLOT_TAILROOM)

static_assert(SLOT_HEADROOM % ALIGNMENT == 0, "frames are aligned, too");

/*
 * Of the whole pool.  What waits in one can be counted in 32 bits with a
 * sign, then.
 */
#define STORAGE_MAX	(1024u * 1024 * 1024)

/* How many bytes, or 0 if that is too much. */
static size_t
get_size(unsigned nsmall, unsigned nlarge)
{
	uint64_t n = (uint64_t)nsmall + nlarge, size;

	if (n > STORAGE_MAX / sizeof(struct slot))
		return 0;
	size = ALIGN(n * sizeof(struct slot)) + nsmall * PLACE(SLOT_SMALL) +
	    nlarge * PLACE(SLOT_LARGE);
	return size <= STORAGE_MAX ? (size_t)size : 0;
}

/*
 * The mapping is not touched here.
 *
 * #syscalls mmap
 */
int
slot_pool_init(struct slot_pool *p, unsigned nsmall, unsigned nlarge)
{
	size_t size = get_size(nsmall, nlarge);
	void *storage;

	*p = (struct slot_pool){ .storage = NULL };
	if (nsmall == 0 && nlarge == 0)
		return 0;
	if (size == 0)
		return SSHTAP_ERR_ALLOC;
	storage = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (storage == MAP_FAILED)
		return SSHTAP_ERR_ALLOC;
	p->storage = storage;
	p->storage_size = size;
	p->small.slots = storage;
	p->large.slots = p->small.slots + nsmall;
	p->small.places = p->storage +
	    ALIGN((nsmall + nlarge) * sizeof(struct slot));
	p->large.places = p->small.places + nsmall * PLACE(SLOT_SMALL);
	p->small.nfree = nsmall;
	p->large.nfree = nlarge;
	return 0;
}

/*
 * What was never given out holds nothing.
 *
 * #syscalls munmap
 */
void
slot_pool_free(struct slot_pool *p)
{
	if (p->storage != NULL) {
		explicit_bzero(p->small.places,
		    p->small.used * PLACE(SLOT_SMALL));
		explicit_bzero(p->large.places,
		    p->large.used * PLACE(SLOT_LARGE));
		(void)munmap(p->storage, p->storage_size);
	}
	*p = (struct slot_pool){ .storage = NULL };
}

static struct slot_kind *
kind_of(struct slot_pool *p, uint32_t size)
{
	return size == SLOT_SMALL ? &p->small : &p->large;
}

struct slot *
slot_take(struct slot_pool *p, uint32_t size)
{
	struct slot_kind *k = kind_of(p, size);
	struct slot *s = k->back;

	if (k->nfree == 0)
		return NULL;
	k->nfree--;
	if (s != NULL) {
		k->back = s->next;
		s->next = NULL;
		return s;
	}
	s = &k->slots[k->used];
	s->frame = k->places + k->used * PLACE(size) + SLOT_HEADROOM;
	s->size = size;
	k->used++;
	return s;
}

void
slot_give(struct slot_pool *p, struct slot *s)
{
	struct slot_kind *k = kind_of(p, s->size);

	k->nfree++;
	s->next = k->back;
	k->back = s;
}

unsigned
slot_count(const struct slot_pool *p, uint32_t size)
{
	return size == SLOT_SMALL ? p->small.nfree : p->large.nfree;
}

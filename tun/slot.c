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

	*p = (struct slot_pool){ .nsmall = 0 };
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
	p->slots = storage;
	p->small_end = nsmall;
	p->large_end = nlarge;
	p->nsmall = nsmall;
	p->nlarge = nlarge;
	return 0;
}

static uint8_t *
small_place(const struct slot_pool *p, unsigned i)
{
	return p->storage + ALIGN((p->small_end + p->large_end) *
	    sizeof(struct slot)) + i * PLACE(SLOT_SMALL);
}

static uint8_t *
large_place(const struct slot_pool *p, unsigned i)
{
	return small_place(p, p->small_end) + i * PLACE(SLOT_LARGE);
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
		explicit_bzero(small_place(p, 0),
		    p->small_used * PLACE(SLOT_SMALL));
		explicit_bzero(large_place(p, 0),
		    p->large_used * PLACE(SLOT_LARGE));
		(void)munmap(p->storage, p->storage_size);
	}
	*p = (struct slot_pool){ .nsmall = 0 };
}

/* Of those that came back; NULL if there are none. */
static struct slot *
pop(struct slot **listp)
{
	struct slot *s = *listp;

	if (s != NULL) {
		*listp = s->next;
		s->next = NULL;
	}
	return s;
}

struct slot *
slot_take_small(struct slot_pool *p)
{
	struct slot *s;
	unsigned i;

	if (p->nsmall == 0)
		return NULL;
	p->nsmall--;
	if ((s = pop(&p->small)) != NULL)
		return s;
	i = p->small_used++;
	s = &p->slots[i];
	s->frame = small_place(p, i) + SLOT_HEADROOM;
	s->size = SLOT_SMALL;
	return s;
}

struct slot *
slot_take_large(struct slot_pool *p)
{
	struct slot *s;
	unsigned i;

	if (p->nlarge == 0)
		return NULL;
	p->nlarge--;
	if ((s = pop(&p->large)) != NULL)
		return s;
	i = p->large_used++;
	s = &p->slots[p->small_end + i];
	s->frame = large_place(p, i) + SLOT_HEADROOM;
	s->size = SLOT_LARGE;
	return s;
}

void
slot_give(struct slot_pool *p, struct slot *s)
{
	struct slot **listp = s->size == SLOT_SMALL ? &p->small : &p->large;

	if (s->size == SLOT_SMALL)
		p->nsmall++;
	else
		p->nlarge++;
	s->next = *listp;
	*listp = s;
}

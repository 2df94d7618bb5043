/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The interfaces of the simulated system, and the ioctls that all have.
 * lo0 and en0 are there for what has to be refused for them.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

/* A name that cannot be used again yet. */
struct busy {
	struct busy *next;
	char name[ABI_IFNAMSIZ];
	uint64_t until_ms;
};

static struct iface *interfaces;
static struct busy *busy_names;
static unsigned last_index;

static const char cloners[][ABI_IFNAMSIZ] = {
	"bond", "bridge", "gif", "stf", "vlan", "feth"
};

#define CLONERS		(sizeof(cloners) / sizeof(cloners[0]))

static void
no_transmit(struct iface *i, const uint8_t *p, size_t len)
{
	bpf_tap(i, p, len, ABI_BPF_DIR_OUT);
}

void
iface_boot(void)
{
	static const uint8_t lladdr[6] = { 0x02, 0, 0, 0, 0, 0xe0 };
	struct iface *i;

	i = iface_create(IFACE_OTHER, "lo0", 0, ABI_IFF_UP |
	    ABI_IFF_LOOPBACK | ABI_IFF_RUNNING | ABI_IFF_MULTICAST);
	i->type = ABI_IFT_LOOP;
	i->mtu = i->mtu_max = 16384;
	i = iface_create(IFACE_OTHER, "en0", 0, ABI_IFF_UP |
	    ABI_IFF_BROADCAST | ABI_IFF_RUNNING | ABI_IFF_SIMPLEX |
	    ABI_IFF_MULTICAST);
	i->mtu_max = 9000;
	memcpy(i->lladdr, lladdr, sizeof(lladdr));
	i->lladdr_len = sizeof(lladdr);
}

struct iface *
iface_find(const uint8_t name[ABI_IFNAMSIZ])
{
	struct iface *i, *next;

	for (i = interfaces; i != NULL; i = next) {
		next = i->next;
		if (strncmp((const char *)name, i->name, ABI_IFNAMSIZ) != 0)
			continue;
		if (i->real == NULL || real_sync(i->real, i))
			return i;
		/* Somebody deleted the real one. */
		iface_destroy(i);
	}
	return NULL;
}

bool
iface_is_busy(const char *name)
{
	struct busy **p = &busy_names, *b;
	uint64_t now = now_ms();
	bool found = false;

	while ((b = *p) != NULL) {
		if (b->until_ms <= now) {
			*p = b->next;
			free(b);
			continue;
		}
		if (strcmp(b->name, name) == 0)
			found = true;
		p = &b->next;
	}
	return found;
}

struct iface *
iface_create(enum iface_kind kind, const char *name, unsigned unit,
    unsigned flags)
{
	struct iface *i = grow(sizeof(*i)), **p = &interfaces;

	(void)snprintf(i->name, sizeof(i->name), "%s", name);
	i->kind = kind;
	i->unit = unit;
	i->index = ++last_index;
	i->flags = flags;
	i->type = ABI_IFT_ETHER;
	i->mtu = 1500;
	i->mtu_min = 72;
	i->header = 14;
	i->transmit = no_transmit;
	if (options.is_real && kind != IFACE_OTHER &&
	    (i->real = real_create(i)) == NULL) {
		free(i);
		return NULL;
	}
	while (*p != NULL)
		p = &(*p)->next;
	*p = i;
	return i;
}

static void
keep_busy(const struct iface *i)
{
	struct busy *b;

	if (options.busy_ms == 0 || i->kind != IFACE_FETH)
		return;
	b = grow(sizeof(*b));
	memcpy(b->name, i->name, sizeof(b->name));
	b->until_ms = now_ms() + options.busy_ms;
	b->next = busy_names;
	busy_names = b;
}

void
iface_destroy(struct iface *i)
{
	struct iface **p = &interfaces;

	feth_unlink(i);
	while (*p != i)
		p = &(*p)->next;
	*p = i->next;
	keep_busy(i);
	if (i->owner_ref != NULL)
		*i->owner_ref = NULL;
	bpf_detach_all(i);
	ndrv_detach_all(i);
	if (i->real != NULL)
		real_destroy(i->real);
	free(i);
}

void
iface_destroy_all(void)
{
	while (interfaces != NULL)
		iface_destroy(interfaces);
}

void
iface_sync(struct iface *i)
{
	if (i->real != NULL)
		(void)real_sync(i->real, i);
}

void
iface_set_flags(struct iface *i, unsigned flags)
{
	i->flags = (i->flags & ABI_IFF_CANTCHANGE) |
	    (flags & 0xffff & ~(unsigned)ABI_IFF_CANTCHANGE);
	if (i->kind != IFACE_OTHER)
		i->flags = (i->flags & ABI_IFF_UP) != 0 ?
		    i->flags | ABI_IFF_RUNNING :
		    i->flags & ~(unsigned)ABI_IFF_RUNNING;
	if (i->real != NULL)
		real_set_flags(i->real, i->flags);
}

void
iface_input(struct iface *i, const uint8_t *p, size_t len)
{
	bpf_tap(i, p, len, ABI_BPF_DIR_IN);
	if (i->real != NULL)
		real_deliver(i->real, p, len);
}

int
iface_inject(struct iface *i, const uint8_t *p, size_t len)
{
	iface_sync(i);
	if ((i->flags & ABI_IFF_UP) == 0)
		return ENETDOWN;
	if (options.overload != OVERLOAD_NEVER &&
	    ++i->injected % options.overload_every == 0)
		return options.overload == OVERLOAD_ENOBUFS ? ENOBUFS : 0;
	i->transmit(i, p, len);
	return 0;
}

/* === ioctls === */

static int
set_mtu(struct iface *i, uint32_t mtu)
{
	if (mtu < i->mtu_min || mtu > i->mtu_max)
		return EINVAL;
	i->mtu = mtu;
	if (i->real != NULL)
		real_set_mtu(i->real, mtu);
	return 0;
}

static int
set_lladdr(struct iface *i, const uint8_t *ifr)
{
	unsigned len = ifr[ABI_IFREQ_SA_LEN_AT];

	if (i->type != ABI_IFT_ETHER)
		return EOPNOTSUPP;
	if (len != 0 && len != sizeof(i->lladdr))
		return EINVAL;
	/* One that was taken away has no length. */
	i->lladdr_len = (uint8_t)len;
	memset(i->lladdr, 0, sizeof(i->lladdr));
	memcpy(i->lladdr, ifr + ABI_IFREQ_SA_DATA_AT, len);
	if (i->real != NULL)
		real_set_lladdr(i->real, i->lladdr);
	return 0;
}

static void
get_devmtu(const struct iface *i, uint8_t *ifr)
{
	put_u32(ifr + ABI_DEVMTU_CURRENT_AT, i->mtu);
	put_u32(ifr + ABI_DEVMTU_MIN_AT, i->mtu_min);
	put_u32(ifr + ABI_DEVMTU_MAX_AT, i->mtu_max);
}

static int
get_media(const struct iface *i, uint8_t *ifm)
{
	uint32_t status = ABI_IFM_AVALID;

	if (i->kind == IFACE_UTUN || i->type != ABI_IFT_ETHER)
		return EOPNOTSUPP;
	if (i->kind != IFACE_FETH || i->peer != NULL)
		status |= ABI_IFM_ACTIVE;
	memset(ifm + ABI_MEDIA_CURRENT_AT, 0,
	    ABI_MEDIA_COUNT_AT + 4 - ABI_MEDIA_CURRENT_AT);
	put_u32(ifm + ABI_MEDIA_CURRENT_AT, ABI_IFM_ETHER);
	put_u32(ifm + ABI_MEDIA_STATUS_AT, status);
	put_u32(ifm + ABI_MEDIA_ACTIVE_AT, ABI_IFM_ETHER);
	put_u32(ifm + ABI_MEDIA_COUNT_AT, 1);
	return 0;
}

static int
run_get(struct iface *i, struct call *c)
{
	switch (c->rq->a) {
	case ABI_SIOCGIFFLAGS:
		put_u16(c->in + ABI_IFREQ_UNION_AT, i->flags);
		return 0;
	case ABI_SIOCGIFMTU:
		put_u32(c->in + ABI_IFREQ_UNION_AT, i->mtu);
		return 0;
	case ABI_SIOCGIFDEVMTU:
		get_devmtu(i, c->in);
		return 0;
	case ABI_SIOCGIFMEDIA:
		return get_media(i, c->in);
	case ABI_SIOCGDRVSPEC:
		return feth_get_spec(i, c);
	default:
		return EOPNOTSUPP;
	}
}

static int
run_set(struct iface *i, struct call *c)
{
	switch (c->rq->a) {
	case ABI_SIOCSIFFLAGS:
		iface_set_flags(i, get_u32(c->in + ABI_IFREQ_UNION_AT));
		return 0;
	case ABI_SIOCSIFMTU:
		return set_mtu(i, get_u32(c->in + ABI_IFREQ_UNION_AT));
	case ABI_SIOCSIFLLADDR:
		return set_lladdr(i, c->in);
	case ABI_SIOCSDRVSPEC:
		return feth_set_spec(i, c);
	case ABI_SIOCPROTOATTACH:
		return 0;
	default:
		return EOPNOTSUPP;
	}
}

static int
destroy_by_name(struct call *c)
{
	struct iface *i;
	size_t len = strnlen((const char *)c->in, ABI_IFNAMSIZ);

	/* A cloner's name and a unit. */
	if (len == 0 || len == ABI_IFNAMSIZ || c->in[len - 1] < '0' ||
	    c->in[len - 1] > '9')
		return EINVAL;
	if ((i = iface_find(c->in)) == NULL)
		return ENXIO;
	if (!i->is_cloned)
		return EOPNOTSUPP;
	iface_destroy(i);
	return 0;
}

static int
get_cloners(struct call *c)
{
	static uint8_t reply[ABI_CLONEREQ_SIZE + sizeof(cloners)];
	uint32_t count = get_u32(c->in + ABI_CLONEREQ_COUNT_AT);
	size_t n = options.has_feth ? CLONERS : CLONERS - 1;

	memcpy(reply, c->in, ABI_CLONEREQ_SIZE);
	put_u32(reply + ABI_CLONEREQ_TOTAL_AT, (uint32_t)n);
	memcpy(reply + ABI_CLONEREQ_SIZE, cloners, sizeof(cloners));
	if (n > count)
		n = count;
	c->in = reply;
	c->out_len = ABI_CLONEREQ_SIZE + n * ABI_IFNAMSIZ;
	return 0;
}

int
iface_ioctl(struct call *c)
{
	struct iface *i;

	switch (c->rq->a) {
	case ABI_SIOCIFCREATE:
	case ABI_SIOCIFCREATE2:
		return call_is_root(c) ? feth_create(c) : EPERM;
	case ABI_SIOCIFDESTROY:
		return call_is_root(c) ? destroy_by_name(c) : EPERM;
	case ABI_SIOCIFGCLONERS:
		return get_cloners(c);
	}
	if ((i = iface_find(c->in)) == NULL)
		return ENXIO;
	switch (c->rq->a) {
	case ABI_SIOCGIFFLAGS:
	case ABI_SIOCGIFMTU:
	case ABI_SIOCGIFDEVMTU:
	case ABI_SIOCGIFMEDIA:
	case ABI_SIOCGDRVSPEC:
		return run_get(i, c);
	}
	return call_is_root(c) ? run_set(i, c) : EPERM;
}

/* === Lists === */

static unsigned
count_all(void)
{
	struct iface *i, *next;
	unsigned n = 0;

	for (i = interfaces; i != NULL; i = next) {
		next = i->next;
		if (i->real != NULL && !real_sync(i->real, i))
			iface_destroy(i);
		else
			n++;
	}
	return n;
}

int
iface_addrs(struct call *c)
{
	static struct wire_iface *list;
	struct wire_iface *w;
	struct iface *i;
	unsigned n = count_all();

	free(list);
	w = list = grow((n + 1) * sizeof(*list));
	for (i = interfaces; i != NULL; i = i->next, w++) {
		memcpy(w->name, i->name, sizeof(w->name));
		w->index = i->index;
		w->flags = i->flags;
		w->type = i->type;
		w->lladdr_len = i->lladdr_len;
		memcpy(w->lladdr, i->lladdr, sizeof(w->lladdr));
	}
	c->out = (const uint8_t *)list;
	c->out_len = n * sizeof(*list);
	return 0;
}

static int
print_one(const struct iface *i, char *p, size_t size)
{
	const uint8_t *a = i->lladdr;

	return snprintf(p, size, "%s %s mtu %u lladdr "
	    "%02x:%02x:%02x:%02x:%02x:%02x peer %s\n", i->name,
	    (i->flags & ABI_IFF_UP) != 0 ? "up" : "down", i->mtu, a[0], a[1],
	    a[2], a[3], a[4], a[5], i->peer != NULL ? i->peer->name : "-");
}

#define LINE_MAX_LEN	96

int
iface_list(struct call *c)
{
	static char *text;
	struct iface *i;
	size_t size = (count_all() + 1) * LINE_MAX_LEN, used = 0;

	free(text);
	text = grow(size);
	for (i = interfaces; i != NULL; i = i->next)
		if (i->kind != IFACE_OTHER)
			used += (size_t)print_one(i, text + used,
			    size - used);
	call_say(c, text);
	return 0;
}

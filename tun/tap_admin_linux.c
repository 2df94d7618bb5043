/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The tun and tap devices of this network namespace.  rtnetlink(7) tells of
 * them what /sys would, also where /sys is that of another namespace, and
 * without privilege: the driver's part has been there since Linux 4.17
 * (tun_fill_info in drivers/net/tun.c).
 *
 * A device that is not persistent lives as long as somebody has it open; a
 * persistent one has a carrier then.  Nothing is ever left over.
 *
 * A device is destroyed by taking its persistence away over a descriptor of
 * our own: attaching it fails while another has its only queue, so it cannot
 * be taken from under anyone, and its owner needs no root.
 */

#include "tun/tap_admin.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "tun/rtnl_linux.h"
#include "tun/tap_impl.h"
#include "tun/tap_impl_linux.h"

#define TUN_CLONE_DEVICE	"/dev/net/tun"

/* Interfaces that came or went while we read: ask again, so many times. */
#define DUMPS_MAX	10

#define DEVICES_MAX	65536

#define NOBODY		((uid_t)-1)
#define NO_GROUP	((gid_t)-1)

struct device {
	struct tap_info info;
	bool is_multi_queue;
};

struct devices {
	struct device *list;
	size_t n, room;
};

/* ---- reading what the kernel says ---- */

static unsigned
get_u8(const struct rtnl_attr *a)
{
	return a->value.len == 1 ? *a->value.p : 0;
}

static bool
is_text(const struct rtnl_attr *a, const char *text)
{
	return a->value.len == strlen(text) + 1 &&
	    memcmp(a->value.p, text, a->value.len) == 0;
}

/* IFLA_INFO_DATA of the driver. */
static void
read_tun(struct rtnl_attrs as, struct device *d)
{
	struct rtnl_attr a;

	while (rtnl_next(&as, &a)) {
		if (a.type == IFLA_TUN_TYPE)
			d->info.mode = get_u8(&a) == IFF_TUN ?
			    TAP_POINT_TO_POINT : TAP_ETHERNET;
		else if (a.type == IFLA_TUN_OWNER)
			d->info.uid = rtnl_get_u32(&a);
		else if (a.type == IFLA_TUN_GROUP)
			d->info.gid = rtnl_get_u32(&a);
		else if (a.type == IFLA_TUN_PERSIST)
			d->info.owner = get_u8(&a) != 0 ? TAP_OWNER_KEPT :
			    TAP_OWNER_LIVE;
		else if (a.type == IFLA_TUN_MULTI_QUEUE)
			d->is_multi_queue = get_u8(&a) != 0;
	}
}

/* IFLA_LINKINFO; false when the interface is none of the driver's. */
static bool
read_link_info(struct rtnl_attrs as, struct device *d)
{
	struct rtnl_attrs rest = as;
	bool is_tun = false;
	struct rtnl_attr a;

	while (rtnl_next(&rest, &a))
		if (a.type == IFLA_INFO_KIND)
			is_tun = is_text(&a, "tun");
	while (is_tun && rtnl_next(&as, &a))
		if (a.type == IFLA_INFO_DATA)
			read_tun(a.value, d);
	return is_tun;
}

static void
read_name(const struct rtnl_attr *a, struct device *d)
{
	if (a->value.len > 0 && a->value.len <= sizeof(d->info.name) &&
	    a->value.p[a->value.len - 1] == '\0')
		memcpy(d->info.name, a->value.p, a->value.len);
}

/* False when the interface is no device of ours to show. */
static bool
read_link(const struct ifinfomsg *link, struct rtnl_attrs as, struct device *d)
{
	bool is_tun = false;
	struct rtnl_attr a;

	memset(d, 0, sizeof(*d));
	d->info.uid = NOBODY;
	d->info.gid = NO_GROUP;
	d->info.is_up = (link->ifi_flags & IFF_UP) != 0;
	d->info.mode = link->ifi_type == ARPHRD_ETHER ? TAP_ETHERNET :
	    TAP_POINT_TO_POINT;
	while (rtnl_next(&as, &a)) {
		if (a.type == IFLA_IFNAME)
			read_name(&a, d);
		else if (a.type == IFLA_MTU)
			d->info.mtu = rtnl_get_u32(&a);
		else if (a.type == IFLA_CARRIER)
			d->info.is_used = get_u8(&a) != 0;
		else if (a.type == IFLA_ADDRESS &&
		    a.value.len == TAP_LLADDR_LEN) {
			d->info.has_lladdr = true;
			memcpy(d->info.lladdr, a.value.p, TAP_LLADDR_LEN);
		} else if (a.type == IFLA_LINKINFO)
			is_tun = read_link_info(a.value, d);
	}
	/* Without a word on persistence: who is not used is persistent. */
	if (d->info.owner == TAP_OWNER_FOREIGN)
		d->info.owner = d->info.is_used ? TAP_OWNER_LIVE :
		    TAP_OWNER_KEPT;
	if (d->info.owner == TAP_OWNER_LIVE)
		d->info.is_used = true;
	return is_tun && d->info.name[0] != '\0';
}

static int
add_device(struct devices *ds, const struct device *d)
{
	size_t room = ds->room == 0 ? 16 : ds->room * 2;
	struct device *list;

	if (ds->n == DEVICES_MAX) {
		errno = E2BIG;
		return SSHTAP_ERR_SYSTEM;
	}
	if (ds->n == ds->room) {
		if ((list = realloc(ds->list, room * sizeof(*list))) == NULL)
			return SSHTAP_ERR_SYSTEM;
		ds->list = list;
		ds->room = room;
	}
	ds->list[ds->n++] = *d;
	return 0;
}

static int
note_link(void *ctx, unsigned type, const uint8_t *p, size_t len)
{
	struct ifinfomsg link;
	struct device d;

	if (type != RTM_NEWLINK || len < sizeof(link))
		return 0;
	memcpy(&link, p, sizeof(link));
	if (!read_link(&link, rtnl_attrs(p, len, sizeof(link)), &d))
		return 0;
	return add_device(ctx, &d);
}

/* Every device there is; ds is emptied first. */
static int
dump_links(struct devices *ds, bool *has_changedp)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg link;
	} rq = {
		.h = {
			.nlmsg_len = sizeof(rq),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};

	ds->n = 0;
	return rtnl_ask(&rq.h, note_link, ds, has_changedp);
}

static int
compare_names(const void *ap, const void *bp)
{
	const struct device *a = ap, *b = bp;

	return strcmp(a->info.name, b->info.name);
}

/* Returns 0 or SSHTAP_ERR_SYSTEM; the list is the caller's to free. */
static int
get_devices(struct devices *ds)
{
	bool has_changed = true;
	int i, r = 0;

	*ds = (struct devices){ .list = NULL };
	for (i = 0; i < DUMPS_MAX && r == 0 && has_changed; i++)
		r = dump_links(ds, &has_changed);
	if (r == 0 && ds->n > 0)
		qsort(ds->list, ds->n, sizeof(*ds->list), compare_names);
	if (r == 0)
		return 0;
	free(ds->list);
	ds->list = NULL;
	return r;
}

static int
find_device(const char *name, struct device *d)
{
	int r = SSHTAP_ERR_NOT_FOUND;
	struct devices ds;
	size_t i;

	if (get_devices(&ds) != 0)
		return SSHTAP_ERR_SYSTEM;
	for (i = 0; i < ds.n && r != 0; i++) {
		if (strcmp(ds.list[i].info.name, name) == 0) {
			*d = ds.list[i];
			r = 0;
		}
	}
	free(ds.list);
	return r;
}

int
tap_list(tap_info_fn *fn, void *ctx)
{
	struct devices ds;
	size_t i;
	int r;

	if ((r = get_devices(&ds)) != 0)
		return r;
	for (i = 0; i < ds.n && r == 0; i++)
		r = fn(ctx, &ds.list[i].info);
	free(ds.list);
	return r;
}

int
tap_show(const char *name, struct tap_info *info)
{
	struct device d;
	int r;

	if ((r = find_device(name, &d)) == 0)
		*info = d.info;
	return r;
}

/* ---- making and destroying ---- */

static int
keep_device(const struct tap_request *rq, uid_t uid, const struct tap_linux *l,
    struct tap_fault *fault)
{
	int r, saved_errno;

	if (l->was_there) {
		errno = EEXIST;
		return tap_fault_set(fault, TAP_STEP_CREATE, l->name);
	}
	if ((uid != NOBODY &&
	    ioctl(l->fd, TUNSETOWNER, (unsigned long)uid) == -1) ||
	    ioctl(l->fd, TUNSETPERSIST, 1UL) == -1)
		return tap_fault_set(fault, TAP_STEP_CREATE, l->name);
	if ((r = tap_linux_configure(rq, l, fault)) != 0) {
		saved_errno = errno;
		(void)ioctl(l->fd, TUNSETPERSIST, 0UL);
		errno = saved_errno;
	}
	return r;
}

int
tap_create(const struct tap_request *rq, uid_t uid, struct tap_info *info,
    struct tap_fault *fault)
{
	struct tap_linux l;
	int r, saved_errno;

	if ((r = tap_linux_attach(rq, &l, fault)) != 0)
		return r;
	r = keep_device(rq, uid, &l, fault);
	saved_errno = errno;
	(void)close(l.fd);
	errno = saved_errno;
	if (r != 0 || (r = tap_show(l.name, info)) == 0)
		return r;
	/* Somebody was quicker to destroy it. */
	if (r == SSHTAP_ERR_NOT_FOUND)
		errno = ENODEV;
	return tap_fault_set(fault, TAP_STEP_CREATE, l.name);
}

/* Is there an interface of the name, of whatever kind? */
static bool
is_interface(const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	bool answer;
	int s;

	if (strlen(name) >= sizeof(ifr.ifr_name) ||
	    (s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return false;
	memcpy(ifr.ifr_name, name, strlen(name));
	answer = ioctl(s, SIOCGIFINDEX, &ifr) == 0;
	(void)close(s);
	return answer;
}

/* The last one to have it open decides: that is to be us. */
static int
unkeep_device(const struct device *d, struct tap_fault *fault)
{
	int fd, r = 0, saved_errno;
	struct ifreq ifr = { .ifr_flags = IFF_NO_PI };

	ifr.ifr_flags |= d->info.mode == TAP_ETHERNET ? IFF_TAP : IFF_TUN;
	if (d->is_multi_queue)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	memcpy(ifr.ifr_name, d->info.name, sizeof(ifr.ifr_name));
	if ((fd = open(TUN_CLONE_DEVICE, O_RDWR | O_CLOEXEC)) == -1)
		return tap_fault_set(fault, TAP_STEP_DRIVER, d->info.name);
	/* Were it gone by now, this would make one that goes with fd. */
	if (ioctl(fd, TUNSETIFF, &ifr) == -1 ||
	    ioctl(fd, TUNSETPERSIST, 0UL) == -1)
		r = tap_fault_set(fault, TAP_STEP_DESTROY, d->info.name);
	saved_errno = errno;
	(void)close(fd);
	errno = saved_errno;
	return r;
}

int
tap_destroy(const char *name, struct tap_fault *fault)
{
	struct device d;
	int r;

	r = find_device(name, &d);
	if (r == SSHTAP_ERR_NOT_FOUND && is_interface(name)) {
		errno = ENODEV;
		return tap_fault_set(fault, TAP_STEP_FOREIGN, name);
	}
	if (r == SSHTAP_ERR_NOT_FOUND)
		return r;
	if (r != 0)
		return tap_fault_set(fault, TAP_STEP_DESTROY, name);
	if (d.info.owner != TAP_OWNER_KEPT || d.info.is_used) {
		errno = EBUSY;
		return tap_fault_set(fault, TAP_STEP_DESTROY, name);
	}
	return unkeep_device(&d, fault);
}

int
tap_reap(bool dry_run, tap_info_fn *fn, void *ctx, struct tap_fault *fault)
{
	(void)dry_run;
	(void)fn;
	(void)ctx;
	(void)fault;
	return 0;
}

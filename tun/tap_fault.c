/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Words for what went wrong, for both systems in one table, so that all of
 * them can be read and tested on either.  A step and an errno that have no
 * words of their own are told by what was being done and the system's text.
 *
 * In a text "@" stands for the interface, "#" for the limit (a text that has
 * one is passed over where no limit is known), and "$" for the kind of device
 * that Linux would call it.
 */

#include "tun/tap.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "tun/registry.h"
#include "tun/tap_impl.h"

struct fault_words {
	enum tap_step step;
	int error;
	const char *text;
};

#define MAKE_ONE	"make one for you (ip tuntap add @ mode $ user " \
			"NAME) and ask for its unit"

static const struct fault_words words[] = {
	{ TAP_STEP_REQUEST, EINVAL, "units go from 0 to #" },
	{ TAP_STEP_REQUEST, EINVAL, "there is no device of this kind" },
	{ TAP_STEP_REQUEST, EOPNOTSUPP, "on this system only root can open a "
	    "device: it cannot be made for another user" },

	{ TAP_STEP_DRIVER, ENOENT, "there is no /dev/net/tun: load the "
	    "driver (modprobe tun)" },
	{ TAP_STEP_DRIVER, EACCES, "no permission for /dev/net/tun: run as "
	    "root, or let root open it for all (chmod 666 /dev/net/tun) "
	    "and " MAKE_ONE },
	{ TAP_STEP_DRIVER, EPERM, "/dev/net/tun lets only root make devices: "
	    "run as root, or let root " MAKE_ONE },
	{ TAP_STEP_DRIVER, EOPNOTSUPP, "this system has no feth(4): that "
	    "takes macOS 10.13; on an older one install tuntaposx" },

	{ TAP_STEP_REGISTRY, EACCES, "only root can make such devices: run "
	    "as root" },
	{ TAP_STEP_REGISTRY, EPERM, REGISTRY_DIR " does not belong to root "
	    "alone: remove it, or correct its owner and mode (root, 755)" },
	{ TAP_STEP_REGISTRY, ENOTDIR, REGISTRY_DIR " is no directory: remove "
	    "it" },

	{ TAP_STEP_CREATE, EPERM, "only root can make @: run as root" },
	{ TAP_STEP_CREATE, EBUSY, "@ is still being destroyed: try again in "
	    "a few seconds" },
	{ TAP_STEP_CREATE, EEXIST, "@ exists already: choose another unit" },
	{ TAP_STEP_CREATE, ENOSPC, "no unit is free" },

	{ TAP_STEP_FOREIGN, EBUSY, "another program uses @" },
	/* Of a name that is taken (drivers/net/tun.c, tun_set_iff). */
	{ TAP_STEP_FOREIGN, EINVAL, "@ exists and is not a $ device of one "
	    "queue: choose another unit" },
	{ TAP_STEP_FOREIGN, EEXIST, "@ exists and is not ours: choose another "
	    "unit, or remove it (ifconfig @ destroy)" },
	{ TAP_STEP_FOREIGN, ENODEV, "@ is not ours to destroy: it is left "
	    "alone" },

	{ TAP_STEP_ADDRESS, EPERM, "only root can set the address of @: run "
	    "as root" },
	{ TAP_STEP_ADDRESS, EINVAL, "@ cannot have this address: it must be "
	    "one host's, and not all zero" },
	{ TAP_STEP_ADDRESS, EADDRNOTAVAIL, "@ cannot have this address: it "
	    "must be one host's, and not all zero" },
	{ TAP_STEP_ADDRESS, EOPNOTSUPP, "a point-to-point device has no "
	    "Ethernet address" },

	{ TAP_STEP_MTU, EPERM, "only root can set the MTU of @: run as "
	    "root" },
	{ TAP_STEP_MTU, ERANGE, "the MTU of @ has to be 68 to #" },
	{ TAP_STEP_MTU, EINVAL, "the MTU of @ has to be 72 to #: for more, "
	    "set sysctl net.link.fake.max_mtu (up to 16370) before it is "
	    "made" },

	{ TAP_STEP_UP, EPERM, "only root can bring up @: run as root" },

	{ TAP_STEP_BPF, EBUSY, "every bpf device is in use: end a program "
	    "that captures packets (sysctl debug.bpf_maxdevices is how many "
	    "there can be)" },
	{ TAP_STEP_BPF, EACCES, "no permission for /dev/bpf*: run as root" },
	{ TAP_STEP_BPF, EPERM, "no permission for /dev/bpf*: run as root" },
	{ TAP_STEP_BPF, ENXIO, "@ was removed while it was being opened" },

	{ TAP_STEP_NDRV, EPERM, "only root can open an AF_NDRV socket: run as "
	    "root" },
	{ TAP_STEP_NDRV, ENXIO, "@ was removed while it was being opened" },
	{ TAP_STEP_NDRV, EADDRNOTAVAIL, "@ was removed while it was being "
	    "opened" },

	{ TAP_STEP_DESTROY, EPERM, "only root can destroy @: run as root" },
	{ TAP_STEP_DESTROY, EBUSY, "a program uses @: end that first" },

	{ TAP_STEP_INET, EPERM, "only root can give @ an IP address: run as "
	    "root" },
	{ TAP_STEP_INET, EADDRNOTAVAIL, "@ cannot have this IP address: it "
	    "must be one host's, and not a loopback address" },
	{ TAP_STEP_INET, EINVAL, "the prefix of an IP address of @ has to be "
	    "1 to # bits long" },
	{ TAP_STEP_INET, EINVAL, "@ cannot have this IP address" },
	{ TAP_STEP_INET, EAFNOSUPPORT, "@ cannot have an IP address of this "
	    "family: the system does not know it" },
	{ TAP_STEP_INET, EACCES, "IPv6 is switched off for @: set sysctl "
	    "net.ipv6.conf.@.disable_ipv6 to 0" },
	{ TAP_STEP_INET, ERANGE, "IPv6 takes an MTU of at least 1280: that of "
	    "@ is #" },
	{ TAP_STEP_INET, ENXIO, "@ has gone: it cannot be given an IP "
	    "address" },
	{ TAP_STEP_INET, ENOENT, "there is no /sbin/ifconfig to give @ an IP "
	    "address" },

	{ TAP_STEP_BRIDGE, EPERM, "only root can put @ into a bridge: run as "
	    "root" },
	{ TAP_STEP_BRIDGE, ENODEV, "there is no bridge @: make it first" },
	{ TAP_STEP_BRIDGE, EOPNOTSUPP, "@ is not a bridge" },
	{ TAP_STEP_BRIDGE, EBUSY, "@ is in another bridge already: take it "
	    "out of that first" },
	{ TAP_STEP_BRIDGE, EINVAL, "@ cannot be in this bridge: that takes an "
	    "Ethernet device, on macOS one with the MTU of the bridge" },
	{ TAP_STEP_BRIDGE, ENXIO, "@ has gone: it cannot be put into a "
	    "bridge" },
	{ TAP_STEP_BRIDGE, ENOENT, "there is no /sbin/ifconfig to put @ into "
	    "a bridge" },
};

/* What was being done, for a failure without words of its own. */
static const char *const doings[] = {
	[TAP_STEP_NONE] = "cannot open @",
	[TAP_STEP_REQUEST] = "there is no such device as @",
	[TAP_STEP_DRIVER] = "cannot use the driver of @",
	[TAP_STEP_REGISTRY] =
	    ("cannot keep the record of @ in " REGISTRY_DIR),
	[TAP_STEP_CREATE] = "cannot make @",
	[TAP_STEP_FOREIGN] = "@ is not ours",
	[TAP_STEP_ADDRESS] = "cannot set the address of @",
	[TAP_STEP_MTU] = "cannot set the MTU of @",
	[TAP_STEP_PEER] = "cannot join @ to its peer",
	[TAP_STEP_UP] = "cannot bring up @",
	[TAP_STEP_BPF] = "cannot read @ through bpf",
	[TAP_STEP_NDRV] = "cannot write to @ through AF_NDRV",
	[TAP_STEP_DESTROY] = "cannot destroy @",
	[TAP_STEP_INET] = "cannot change the IP addresses of @",
	[TAP_STEP_BRIDGE] = "cannot change the bridge of @",
};

static_assert(sizeof(doings) / sizeof(doings[0]) == TAP_STEP_COUNT,
    "a step without words");

int
tap_fault_set(struct tap_fault *f, enum tap_step step, const char *name)
{
	*f = (struct tap_fault){ .step = step, .error = errno };
	memcpy(f->name, name, strnlen(name, sizeof(f->name) - 1));
	return SSHTAP_ERR_SYSTEM;
}

/* The text being written: always ended, cut where it is full. */
struct line {
	char *p;
	size_t left;		/* with the place for a NUL */
};

/* A name is the kernel's, which lets root put control characters in it. */
static void
put_text(struct line *l, const char *s, size_t len)
{
	for (; len > 0 && l->left > 1; len--, s++) {
		*l->p++ = (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s;
		l->left--;
	}
	*l->p = '\0';
}

static const char *
get_kind(const struct tap_fault *f)
{
	return strncmp(f->name, "tun", 3) == 0 ? "tun" : "tap";
}

static void
expand(struct line *l, const struct tap_fault *f, const char *text)
{
	char digits[16];
	const char *s;
	size_t len;

	(void)snprintf(digits, sizeof(digits), "%u", f->limit);
	while (*text != '\0') {
		len = strcspn(text, "@#$");
		put_text(l, text, len);
		text += len;
		if (*text == '\0')
			break;
		s = *text == '#' ? digits : get_kind(f);
		if (*text == '@')
			s = f->name[0] != '\0' ? f->name : "the device";
		put_text(l, s, strnlen(s, TAP_NAME_SIZE));
		text++;
	}
}

static const char *
find_words(const struct tap_fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].step == f->step && words[i].error == f->error &&
		    (f->limit != 0 || strchr(words[i].text, '#') == NULL))
			return words[i].text;
	return NULL;
}

const char *
tap_fault_text(const struct tap_fault *f, char *out, size_t size)
{
	struct line l = { .p = out, .left = size };
	enum tap_step step = f->step;
	const char *text;

	if (size == 0)
		return out;
	*out = '\0';
	if ((unsigned)step >= TAP_STEP_COUNT)
		step = TAP_STEP_NONE;
	if ((text = find_words(f)) != NULL) {
		expand(&l, f, text);
		return out;
	}
	expand(&l, f, doings[step]);
	if (f->error != 0) {
		put_text(&l, ": ", 2);
		text = strerror(f->error);
		put_text(&l, text, strlen(text));
	}
	return out;
}

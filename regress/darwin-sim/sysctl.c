/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* sysctlbyname(3): what concerns tunnels, and which system this is. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define FAKE_PREFIX	"net.link.fake."
#define PROFILE_OLD	1u
#define PROFILE_NEW	2u
#define PROFILE_BOTH	(PROFILE_OLD | PROFILE_NEW)

struct number {
	const char *name;
	unsigned profiles;
	bool is_writable;
	int value, min, max;
};

#define FAKE(name, profiles, value) \
	{ FAKE_PREFIX name, profiles, true, value, 0, 0x7fffffff }

static struct number numbers[] = {
	FAKE("txstart", PROFILE_BOTH, 1),
	FAKE("hwcsum", PROFILE_BOTH, 0),
	FAKE("bsd_mode", PROFILE_BOTH, 1),
	FAKE("nxattach", PROFILE_BOTH, 0),
	FAKE("debug", PROFILE_BOTH, 0),
	FAKE("wmm_mode", PROFILE_BOTH, 0),
	FAKE("log_level", PROFILE_NEW, 5),
	{ FAKE_PREFIX "max_mtu", PROFILE_NEW, true, 2048, 1500, 16370 },
	{ FAKE_PREFIX "buflet_size", PROFILE_NEW, true, 512, 512, 32768 },
	FAKE("multibuflet", PROFILE_NEW, 0),
	FAKE("user_access", PROFILE_NEW, 0),
	FAKE("if_adv_intvl", PROFILE_NEW, 0),
	FAKE("tx_drops", PROFILE_NEW, 0),
	FAKE("tx_headroom", PROFILE_NEW, 32),
	FAKE("fcs", PROFILE_NEW, 0),
	{ FAKE_PREFIX "trailer_length", PROFILE_NEW, true, 0, 0, 28 },
	FAKE("llink_cnt", PROFILE_NEW, 0),
	FAKE("qset_cnt", PROFILE_NEW, 4),
	FAKE("tso_support", PROFILE_NEW, 0),
	FAKE("pktpool_mode", PROFILE_NEW, 0),
	FAKE("link_layer_aggregation_factor", PROFILE_NEW, 96),
	FAKE("tso_buf_size", PROFILE_NEW, 16384),
	FAKE("low_latency", PROFILE_NEW, 0),
	FAKE("switch_combined_mode", PROFILE_NEW, 0),
	FAKE("switch_mode_frequency", PROFILE_NEW, 10),
	FAKE("trace_tag", PROFILE_NEW, 0),
	FAKE("tx_completion_mode", PROFILE_NEW, 0),
	FAKE("lro", PROFILE_NEW, 0),
	FAKE("expiration_threshold", PROFILE_NEW, 500),
	FAKE("tx_exp_policy", PROFILE_NEW, 0),
	FAKE("vlan_tagging", PROFILE_NEW, 1),
	FAKE("separate_frame_header", PROFILE_NEW, 0),
	{ "debug.bpf_bufsize", PROFILE_BOTH, false, ABI_BPF_BLEN, 0, 0 },
	{ "debug.bpf_maxbufsize", PROFILE_BOTH, false, ABI_BPF_BLEN_MAX_OLD,
	    0, 0 },
	{ "debug.bpf_maxdevices", PROFILE_BOTH, false, ABI_BPF_NODES_MAX,
	    0, 0 },
};

/* Which system: the old profile's text, the new one's. */
static const struct {
	const char *name;
	const char *text[2];
} texts[] = {
	{ "kern.ostype", { "Darwin", "Darwin" } },
	{ "kern.osrelease", { "18.7.0", "24.5.0" } },
	{ "kern.osproductversion", { "10.14.6", "15.5" } },
};

#define NUMBERS		(sizeof(numbers) / sizeof(numbers[0]))
#define TEXTS		(sizeof(texts) / sizeof(texts[0]))

static struct number *
find_number(const char *name)
{
	unsigned profile = options.is_old ? PROFILE_OLD : PROFILE_NEW;
	size_t i;

	if (!options.has_feth &&
	    strncmp(name, FAKE_PREFIX, strlen(FAKE_PREFIX)) == 0)
		return NULL;
	for (i = 0; i < NUMBERS; i++)
		if ((numbers[i].profiles & profile) != 0 &&
		    strcmp(numbers[i].name, name) == 0)
			return &numbers[i];
	return NULL;
}

static const char *
find_text(const char *name)
{
	size_t i;

	for (i = 0; i < TEXTS; i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].text[options.is_old ? 0 : 1];
	return NULL;
}

int
sysctl_fake(const char *name)
{
	char full[64];
	const struct number *n;

	(void)snprintf(full, sizeof(full), FAKE_PREFIX "%s", name);
	n = find_number(full);
	return n == NULL ? 0 : n->value;
}

/* Rules that need more than one number. */
static bool
is_allowed(const struct number *n, int value)
{
	if (value < n->min || value > n->max)
		return false;
	if (strcmp(n->name, FAKE_PREFIX "max_mtu") == 0)
		return value > sysctl_fake("buflet_size");
	if (strcmp(n->name, FAKE_PREFIX "buflet_size") == 0)
		return (value & (value - 1)) == 0 &&
		    value < sysctl_fake("max_mtu");
	return true;
}

static int
set_number(struct number *n, struct call *c, const uint8_t *p, size_t len)
{
	int value;

	if (n == NULL || !n->is_writable || !call_is_root(c))
		return EPERM;
	if (len != sizeof(value))
		return EINVAL;
	memcpy(&value, p, sizeof(value));
	if (!is_allowed(n, value))
		return EINVAL;
	n->value = value;
	return 0;
}

int
sysctl_call(struct call *c)
{
	const char *name = (const char *)c->in, *text;
	size_t len = strnlen(name, c->in_len), size;
	static int old;
	struct number *n;
	const void *value;

	if (len == c->in_len)
		return EINVAL;
	n = find_number(name);
	text = find_text(name);
	if (n == NULL && text == NULL)
		return ENOENT;
	if (n != NULL) {
		old = n->value;
		value = &old;
		size = sizeof(old);
	} else {
		value = text;
		size = strlen(text) + 1;
	}
	c->reply.value = (uint32_t)size;
	if (c->rq->a != 0 && c->rq->a < size)
		return ENOMEM;
	c->out = value;
	c->out_len = c->rq->a != 0 ? size : 0;
	if (c->rq->b == 0)
		return 0;
	return set_number(n, c, c->in + len + 1, c->in_len - len - 1);
}

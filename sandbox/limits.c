/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Limits are lowered, soft and hard; one that is lower already stays.  A
 * limit of the address space would count mappings that cost nothing, so it
 * is the data that is bounded, which covers all private writable memory
 * since Linux 4.7 (may_expand_vm in mm/mmap.c).  Elsewhere it is the heap of
 * old at best.
 *
 * poll(2) refuses more entries than the limit of descriptors, which cannot
 * happen: no more can be open.
 */

#include "config.h"

#include <sys/types.h>
#include <sys/resource.h>

#include <stddef.h>

#include "lib/err.h"
#include "sandbox/sandbox_impl.h"

struct limit {
	const char *name;
	int resource;
	rlim_t max;
};

static int
lower(const struct limit *l)
{
	struct rlimit rl, new;

	if (getrlimit(l->resource, &rl) == -1)
		return SSHTAP_ERR_SYSTEM;
	new.rlim_max = rl.rlim_max < l->max ? rl.rlim_max : l->max;
	new.rlim_cur = rl.rlim_cur < l->max ? rl.rlim_cur : l->max;
	return setrlimit(l->resource, &new) == 0 ? 0 : SSHTAP_ERR_SYSTEM;
}

static int
lower_all(const struct limit *limits, size_t n, struct sandbox_report *rp)
{
	size_t i;
	int r;

	for (i = 0; i < n; i++)
		if ((r = lower(&limits[i])) != 0)
			return sandbox_fault(rp, r, "limit of %s",
			    limits[i].name);
	return 0;
}

/*
 * After it, may: hold a few descriptors and some memory, write to pipes,
 * sockets and devices, which count as no files.  Must not: fill a disk or
 * the memory, leave a core, become more than one process.
 */
int
sandbox_limit_resources(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	const struct limit limits[] = {
		{ "cores", RLIMIT_CORE, 0 },
		{ "processes", RLIMIT_NPROC, 0 },
		{ "descriptors", RLIMIT_NOFILE,
		    c->fds_max != 0 ? c->fds_max : SANDBOX_FDS_MAX },
	};
	const struct limit files = { "files", RLIMIT_FSIZE, 0 };
	const struct limit data = { "data", RLIMIT_DATA, SANDBOX_DATA_MAX };
	int r;

	if ((r = lower_all(limits, sizeof(limits) / sizeof(limits[0]),
	    rp)) != 0)
		return r;
	if (!c->writes_file && (r = lower_all(&files, 1, rp)) != 0)
		return r;
	sandbox_note(rp, SANDBOX_HAS_LIMITS, c->writes_file ?
	    "limits (none of files)" : "limits");
#ifdef WITH_SANITIZERS
	(void)data;
	sandbox_note(rp, 0, "no limit of memory: built with sanitizers");
	return 0;
#else
	if ((r = lower_all(&data, 1, rp)) == 0)
		rp->in_force |= SANDBOX_HAS_DATA_LIMIT;
	return r;
#endif
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "config.h"

#include "openbsd-compat/port-trace.h"

#include <sys/types.h>

#include <stddef.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

#ifdef __APPLE__
/* xnu: bsd/sys/ptrace.h, which the headers for a cross build may lack. */
#define DARWIN_PT_DENY_ATTACH	31

int ptrace(int request, pid_t pid, caddr_t addr, int data);
#endif

int
sys_forbid_trace(void)
{
#if defined(HAVE_PRCTL)
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#elif defined(__APPLE__)
	return ptrace(DARWIN_PT_DENY_ATTACH, 0, NULL, 0);
#else
	return 0;
#endif
}

/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_SYS_SYSCTL_H
#define DARWIN_SIM_SYS_SYSCTL_H

#include <stddef.h>

/* As on macOS; the simulated kernel answers. */
int sysctlbyname(const char *name, void *oldp, size_t *oldlenp, void *newp,
    size_t newlen);

#endif /* DARWIN_SIM_SYS_SYSCTL_H */

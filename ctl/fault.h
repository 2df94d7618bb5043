/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FAULT_H
#define FAULT_H

#include "tun/tap.h"

/* One logged line for each way in which something with a device fails. */

/* A call that returns r and fills *fault failed; errno as it left it. */
void fault_report(int r, const struct tap_fault *fault);

/* The same for one about an existing device, without a fault. */
void fault_report_device(const char *name, int r);

/*
 * Could an interface have this name?
 * Returns 0, or SSHTAP_ERR_FORMAT after a line that says no.
 */
int fault_check_name(const char *name);

#endif /* FAULT_H */

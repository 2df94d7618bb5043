/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Names that are refused.  A leading zero is not, and is never tried. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"

int
main(void)
{
	check_begin("feth-units");
	check_errno("make platform0: no such driver", EINVAL,
	    feth_create("platform0"));
	check_errno("make fethx", EINVAL, feth_create("fethx"));
	check_errno("make feth31000x", EINVAL, feth_create("feth31000x"));
	check_errno("make feth32768: no such unit", ENXIO,
	    feth_create("feth32768"));
	return check_end();
}

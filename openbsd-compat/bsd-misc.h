/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BSD_MISC_H
#define BSD_MISC_H

#include "config.h"

#include <unistd.h>

/*
 * Functions that BSD has and other systems may lack, under their own names.
 * Including this file is enough to use them anywhere.
 */

#ifndef HAVE_CLOSEFROM
/* Close every descriptor from lowfd upwards.  errno is not defined after. */
void closefrom(int lowfd);
#endif

#endif /* BSD_MISC_H */

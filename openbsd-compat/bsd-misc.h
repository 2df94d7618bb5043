/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BSD_MISC_H
#define BSD_MISC_H

#include "config.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

/*
 * Functions that BSD has and other systems may lack, under their own names.
 * Including this file is enough to use them anywhere.
 */

#ifndef HAVE_CLOSEFROM
/* Close every descriptor from lowfd upwards.  errno is not defined after. */
void closefrom(int lowfd);
#endif

#ifndef HAVE_EXPLICIT_BZERO
/* Zero len bytes, also where the compiler sees that nobody reads them. */
void explicit_bzero(void *p, size_t len);
#endif

#endif /* BSD_MISC_H */

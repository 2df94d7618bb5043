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

#ifndef HAVE_STRLCPY
/*
 * Copy a string into size bytes, always NUL-terminated unless size is 0.
 * Returns the length of src: the copy was cut when that is size or more.
 */
size_t strlcpy(char *dst, const char *src, size_t size);
#endif

#ifndef HAVE_EXPLICIT_BZERO
/* Wipe memory even when nothing reads it again. */
void explicit_bzero(void *p, size_t len);
#endif

#ifndef HAVE_CLOSEFROM
/* Close every descriptor from lowfd upwards.  errno is not defined after. */
void closefrom(int lowfd);
#endif

#endif /* BSD_MISC_H */

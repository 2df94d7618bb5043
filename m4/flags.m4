dnl SPDX-License-Identifier: ISC
dnl Copyright (c) 2026 The sshtap authors
dnl
dnl Flags for compiler and linker.  None is used that the compiler has not
dnl just been seen to take without a warning.

dnl SSHTAP_TRY_FLAG(FLAG, VARIABLE, CFLAGS or LDFLAGS)
dnl Append FLAG to VARIABLE if a program compiles and then links with it:
dnl clang complains of some flags in only one of the two.  The program calls
dnl printf, since a fortified libc complains only when it is used.
AC_DEFUN([SSHTAP_TRY_FLAG],
[AS_VAR_PUSHDEF([taken], [sshtap_cv_$3_$1])dnl
AC_CACHE_CHECK([whether $CC takes $1], [taken],
    [save_CFLAGS=$CFLAGS
    save_LDFLAGS=$LDFLAGS
    $3="$$3 $1"
    CFLAGS="$CFLAGS -Werror"
    AC_LANG_CONFTEST([AC_LANG_SOURCE([[
#include <stdio.h>
#include <string.h>
int
main(int argc, char **argv)
{
	char name[256];

	(void)memset(name, 0, sizeof(name));
	(void)strncpy(name, argv[argc - 1], sizeof(name) - 1);
	return printf("%s\n", name) < 0;
}
	]])])
    AS_VAR_SET([taken], [no])
    AC_COMPILE_IFELSE([], [AC_LINK_IFELSE([], [AS_VAR_SET([taken], [yes])])])
    rm -f conftest.$ac_ext
    CFLAGS=$save_CFLAGS
    LDFLAGS=$save_LDFLAGS])
AS_VAR_IF([taken], [yes], [$2="$$2 $1"])
AS_VAR_POPDEF([taken])dnl
])

AC_DEFUN([SSHTAP_TRY_CFLAGS],
[m4_foreach_w([flag], [$2], [SSHTAP_TRY_FLAG(m4_defn([flag]), [$1], [CFLAGS])
])])

AC_DEFUN([SSHTAP_TRY_LDFLAGS],
[m4_foreach_w([flag], [$2], [SSHTAP_TRY_FLAG(m4_defn([flag]), [$1], [LDFLAGS])
])])

AC_DEFUN([SSHTAP_STANDARD],
[AC_SUBST([STD_CFLAGS])
SSHTAP_TRY_CFLAGS([STD_CFLAGS], [-std=c11])
])

AC_DEFUN([SSHTAP_WARNINGS],
[AC_SUBST([WARN_CFLAGS])
SSHTAP_TRY_CFLAGS([WARN_CFLAGS], [-Wall -Wextra -Wpedantic -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
    -Wformat=2 -Wvla -Wcast-qual])
AS_IF([test "x$enable_werror" != xno], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
])

dnl _FORTIFY_SOURCE is undefined first: some compilers define it themselves,
dnl and a second value would be a warning.
dnl -fPIE is of use only to a linker that takes -pie: the two go together, and
dnl stay away from libraries.
AC_DEFUN([SSHTAP_HARDENING],
[AC_SUBST([HARD_CFLAGS])
AC_SUBST([HARD_LDFLAGS])
AC_SUBST([PIE_LDFLAGS])
SSHTAP_TRY_FLAG([-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2], [HARD_CFLAGS],
    [CFLAGS])
SSHTAP_TRY_CFLAGS([HARD_CFLAGS], [-fstack-protector-strong
    -fstack-clash-protection -fcf-protection -mbranch-protection=standard
    -ftrivial-auto-var-init=zero])
save_plain_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -fPIE"
SSHTAP_TRY_FLAG([-pie], [PIE_LDFLAGS], [LDFLAGS])
CFLAGS=$save_plain_CFLAGS
AS_IF([test -n "$PIE_LDFLAGS"], [HARD_CFLAGS="$HARD_CFLAGS -fPIE"])
SSHTAP_TRY_LDFLAGS([HARD_LDFLAGS],
    [-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack])
])

dnl Mitigations are left out of this build: a fortified call hides from ASan.
AC_DEFUN([SSHTAP_SANITIZERS],
[AC_SUBST([SAN_FLAGS])
SSHTAP_TRY_FLAG([-fsanitize=address,undefined -fno-sanitize-recover=all],
    [SAN_FLAGS], [CFLAGS])
AS_IF([test -z "$SAN_FLAGS"],
    [AC_MSG_ERROR([$CC has no sanitizers here: install libasan and libubsan, or compiler-rt for clang])])
SSHTAP_TRY_CFLAGS([SAN_FLAGS], [-fno-omit-frame-pointer])
AC_DEFINE([WITH_SANITIZERS], [1],
    [Their library makes calls and maps memory of its own.])
enable_hardening=no
])

dnl The two lines that GNU make and BSD make spell differently: where objects
dnl find their source, and including files that may be missing.  Plain VPATH
dnl would also find the objects of a build in the source directory, and the
dnl sanitizer build below it would link those.
AC_DEFUN([SSHTAP_MAKE_DIALECT],
[AC_SUBST([SOURCE_PATH])
AC_SUBST([INCLUDE_DEPENDS])
AC_MSG_CHECKING([whether ${MAKE-make} is GNU make])
AS_IF([${MAKE-make} --version 2>/dev/null | grep GNU >/dev/null],
    [AC_MSG_RESULT([yes])
    SOURCE_PATH="vpath %.c $srcdir"
    INCLUDE_DEPENDS='-include $(DEPENDS)'],
    [AC_MSG_RESULT([no])
    SOURCE_PATH=".PATH.c: $srcdir"
    INCLUDE_DEPENDS='.for file in $(DEPENDS)
.-include "$(file)"
.endfor'])
])

dnl Can the linker put a function of ours in front of another one?  For
dnl tests/fault.c.
AC_DEFUN([SSHTAP_LINKER_WRAP],
[AC_SUBST([FAULT_CFLAGS])
AC_SUBST([FAULT_LDFLAGS])
AC_MSG_CHECKING([whether the linker takes --wrap])
save_LDFLAGS=$LDFLAGS
LDFLAGS="$LDFLAGS -Wl,--wrap=strdup"
AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <string.h>
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *
__wrap_strdup(const char *s)
{
	return __real_strdup(s);
}
int
main(int argc, char **argv)
{
	return strdup(argv[argc - 1]) == NULL;
}
    ]])],
    [AC_MSG_RESULT([yes])
    FAULT_CFLAGS=-DFAULT_WRAPS
    FAULT_LDFLAGS=@tests/fault.wrap],
    [AC_MSG_RESULT([no])])
LDFLAGS=$save_LDFLAGS
])

dnl SPDX-License-Identifier: ISC
dnl Copyright (c) 2026 The sshtap authors
dnl
dnl What confines the processes of sshtapd beside another user: see sandbox/.

dnl The macOS code under its simulated kernel has libraries below it that make
dnl calls of their own.
AC_DEFUN([SSHTAP_SANDBOX],
[AC_SUBST([SANDBOX])
AC_CHECK_HEADERS([linux/audit.h linux/filter.h linux/seccomp.h],
    [], [have_seccomp=no])
AC_MSG_CHECKING([for the sandbox])
AS_IF([test "$PLATFORM" != linux], [have_seccomp=no])
AS_CASE([$with_sandbox],
    [auto|yes], [AS_IF([test "x$have_seccomp" = xno],
	[SANDBOX=null], [SANDBOX=seccomp])],
    [seccomp], [AS_IF([test "x$have_seccomp" = xno],
	[AC_MSG_RESULT([no])
	AC_MSG_ERROR([--with-sandbox=seccomp: not Linux, or linux/seccomp.h is missing])])
    SANDBOX=seccomp],
    [null|no], [SANDBOX=null],
    [AC_MSG_RESULT([no])
    AC_MSG_ERROR([--with-sandbox: seccomp, null or auto])])
AC_MSG_RESULT([$SANDBOX])
])

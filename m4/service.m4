dnl SPDX-License-Identifier: ISC
dnl Copyright (c) 2026 The sshtap authors
dnl
dnl Where a system looks for what starts a server, and what sshtapd needs
dnl there.

dnl Linux has /run emptied at each boot; macOS has a directory for this.
AC_DEFUN([SSHTAP_PRIVSEP_PATH],
[AC_SUBST([privsep_path])
AC_ARG_WITH([privsep-path],
    [AS_HELP_STRING([--with-privsep-path=DIR],
	[empty root directory of what faces the network])],
    [privsep_path=$withval],
    [AS_IF([test "$PLATFORM" = darwin], [privsep_path=/var/empty],
	[privsep_path=/run/sshtapd/empty])])
AS_CASE([$privsep_path],
    [/*], [],
    [AC_MSG_ERROR([--with-privsep-path needs an absolute directory])])
])

dnl systemd looks below /usr and /usr/local, and launchd in /Library alone:
dnl nothing is put there that is not below the prefix unless it is asked for.
AC_DEFUN([SSHTAP_SERVICE_DIRS],
[AC_SUBST([systemdsystemunitdir])
AC_SUBST([launchddir])
AC_ARG_WITH([systemdsystemunitdir],
    [AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
	[units of systemd, or no; PREFIX/lib/systemd/system])],
    [systemdsystemunitdir=$withval], [systemdsystemunitdir=yes])
AC_ARG_WITH([launchddir],
    [AS_HELP_STRING([--with-launchddir=DIR],
	[jobs of launchd, or no; PREFIX/Library/LaunchDaemons])],
    [launchddir=$withval], [launchddir=yes])
AS_CASE([$systemdsystemunitdir],
    [yes], [systemdsystemunitdir='${prefix}/lib/systemd/system'],
    [no], [systemdsystemunitdir=])
AS_CASE([$launchddir],
    [yes], [launchddir='${prefix}/Library/LaunchDaemons'],
    [no], [launchddir=])
])

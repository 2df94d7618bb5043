dnl SPDX-License-Identifier: ISC
dnl Copyright (c) 2026 The sshtap authors
dnl
dnl What must be there before sshtap can be built.  Every failure is one line
dnl that names the package to install.

dnl SSHTAP_USE_PREFIX(DIR, OPTION)
dnl Look for headers and libraries below DIR first, also at run time.
AC_DEFUN([SSHTAP_USE_PREFIX],
[AS_CASE([$1],
    [yes|no], [AC_MSG_ERROR([$2 needs a directory])])
AS_IF([test ! -d "$1/include"], [AC_MSG_ERROR([$2: no directory $1/include])])
CPPFLAGS="-I$1/include $CPPFLAGS"
for dir in "$1/lib64" "$1/lib"; do
	AS_IF([test -d "$dir"], [LDFLAGS="-L$dir -Wl,-rpath,$dir $LDFLAGS"])
done
])

dnl Whose devices are built in.  --host names the system of a cross build.
dnl A C library that is not glibc may come without the kernel's headers.
AC_DEFUN([SSHTAP_CHECK_TUN],
[AC_SUBST([PLATFORM])
AC_MSG_CHECKING([for the system's tunnel devices])
AS_IF([test "x$enable_darwin_sim" != xno], [PLATFORM=darwin],
    [AS_CASE([${host_alias:-`uname -s`}],
	[Linux|*linux*], [PLATFORM=linux],
	[Darwin|*darwin*|*macos*], [PLATFORM=darwin])])
AS_CASE([$PLATFORM],
    [linux],
    [AS_IF([test "x$ac_cv_header_linux_if_tun_h" != xyes],
	[AC_MSG_RESULT([no])
	AC_MSG_ERROR([linux/if_tun.h is missing: install linux-libc-dev (Debian), kernel-headers (Fedora) or linux-headers (Alpine)])])
    AC_DEFINE([SSH_TUN_LINUX], [1], [The devices of Linux: /dev/net/tun.])],
    [darwin],
    [AC_DEFINE([SSH_TUN_DARWIN], [1], [The devices of macOS: feth, utun.])
    AC_DEFINE([BROKEN_POLL], [1],
	[poll(2) does not work for every device: select(2) does.])],
    [AC_MSG_RESULT([none])
    AC_MSG_ERROR([sshtap knows the tunnel devices of Linux and macOS only])])
AC_MSG_RESULT([$PLATFORM])
AC_SUBST([REGRESS_TOOLS])
AS_IF([test "x$ac_cv_header_linux_if_tun_h" = xyes],
    [REGRESS_TOOLS='$(LINUX_TOOLS)'])
])

dnl The macOS code on Linux, under a simulated kernel: for the tests.
AC_DEFUN([SSHTAP_DARWIN_SIM],
[AC_SUBST([SIM_CPPFLAGS])
AC_SUBST([SIM_LIBS])
AC_SUBST([SIM_LIBRARY])
AS_IF([test "x$enable_darwin_sim" != xno],
    [AC_DEFINE([DARWIN_SIM], [1],
	[Built for a simulated kernel: never to be run as root for real.])
    SIM_CPPFLAGS='-I$(srcdir)/regress/darwin-sim/include'
    SIM_LIBRARY='$(SIM_LIB)'
    SIM_LIBS='-Lregress/darwin-sim -ldarwinsim'
    # From beside it, and from wherever in the build a program may lie.
    for dir in '' /regress/darwin-sim /../regress/darwin-sim \
	/../../../regress/darwin-sim; do
	SIM_LIBS="$SIM_LIBS -Wl,-rpath,'\$\$ORIGIN$dir'"
    done])
])

AC_DEFUN([SSHTAP_CHECK_ZLIB],
[sshtap_zlib=no
AC_CHECK_HEADER([zlib.h], [AC_CHECK_LIB([z], [inflate], [sshtap_zlib=yes])])
AS_IF([test $sshtap_zlib = no],
    [AC_MSG_ERROR([zlib is missing: install zlib1g-dev (Debian), zlib-devel (Fedora), zlib (Arch) or zlib-dev (Alpine), or use --with-zlib=DIR])])
LIBS="-lz $LIBS"
])

dnl EVP_MAC_fetch came with 3.0: the header and the library that is linked
dnl must both be that new.  LibreSSL has a libcrypto of its own, without it.
AC_DEFUN([SSHTAP_CHECK_LIBCRYPTO],
[AC_CACHE_CHECK([for libcrypto 3.0 or newer], [sshtap_cv_libcrypto],
    [save_LIBS=$LIBS
    LIBS="-lcrypto $LIBS"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "too old"
#endif
int
main(void)
{
	return EVP_MAC_fetch(NULL, "HMAC", NULL) == NULL;
}
	]])], [sshtap_cv_libcrypto=yes], [sshtap_cv_libcrypto=no])
    LIBS=$save_LIBS])
AS_IF([test $sshtap_cv_libcrypto = no],
    [AC_MSG_ERROR([libcrypto 3.0 or newer is missing: install libssl-dev (Debian), openssl-devel (Fedora), openssl (Arch) or openssl-dev (Alpine), or use --with-openssl=DIR])])
LIBS="-lcrypto $LIBS"
])

dnl cmocka.h needs four headers before it.  Without cmocka everything builds;
dnl only the tests cannot.
AC_DEFUN([SSHTAP_CHECK_CMOCKA],
[AC_SUBST([CMOCKA_LIBS])
AC_SUBST([CMOCKA_MISSING])
have_cmocka=no
AC_CHECK_HEADER([cmocka.h],
    [AC_CHECK_LIB([cmocka], [_cmocka_run_group_tests], [have_cmocka=yes])], [],
    [[#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
]])
AS_IF([test $have_cmocka = yes], [CMOCKA_LIBS=-lcmocka],
    [CMOCKA_MISSING=cmocka-missing])
])

dnl SPDX-License-Identifier: ISC
dnl Copyright (c) 2026 The sshtap authors
dnl
dnl How this system wants libraries: for libethtap.

dnl The number is that of the interface in tun/ethtap.h: one more whenever a
dnl program that was linked before could break.  The macOS code built for its
dnl simulation is Linux's kind of library.
AC_DEFUN([SSHTAP_SHARED_LIBRARY],
[AC_SUBST([ETHTAP_SHARED])
AC_SUBST([ETHTAP_SHARED_LINK])
AC_SUBST([PIC_CFLAGS])
AC_SUBST([SHARED_LDFLAGS])
SSHTAP_TRY_CFLAGS([PIC_CFLAGS], [-fPIC -fvisibility=hidden])
AS_IF([test "$PLATFORM" = darwin && test "x$enable_darwin_sim" = xno],
    [ETHTAP_SHARED=libethtap.1.dylib
    ETHTAP_SHARED_LINK=libethtap.dylib
    SHARED_LDFLAGS='-dynamiclib -install_name $(libdir)/$(ETHTAP_SHARED)'
    SHARED_LDFLAGS="$SHARED_LDFLAGS -compatibility_version 1 -current_version 1"],
    [ETHTAP_SHARED=libethtap.so.1
    ETHTAP_SHARED_LINK=libethtap.so
    SHARED_LDFLAGS='-shared -Wl,-soname,$(ETHTAP_SHARED)'
    dnl The sanitizers' own functions come with the program.
    AS_IF([test "x$enable_sanitizers" = xno],
	[SSHTAP_TRY_LDFLAGS([SHARED_LDFLAGS], [-Wl,-z,defs])])])
])

dnl A static library knows no hidden names: its objects are made one, and
dnl what is hidden in that is made local, which Apple's linker does by itself.
AC_DEFUN([SSHTAP_STATIC_LIBRARY],
[AC_SUBST([ETHTAP_MEMBERS])
AC_SUBST([LOCALIZE])
AC_CHECK_TOOL([OBJCOPY], [objcopy], [:])
AC_CACHE_CHECK([how to hide names in a static library],
    [sshtap_cv_localize],
    [AC_LANG_CONFTEST([AC_LANG_SOURCE([[
__attribute__((visibility("hidden"))) int concealed(int);
int revealed(int);
int concealed(int n) { return n + 1; }
int revealed(int n) { return concealed(n); }
    ]])])
    sshtap_cv_localize=no
    for command in : "$OBJCOPY --localize-hidden"; do
	AS_IF([test $sshtap_cv_localize = no && (eval "$ac_compile") 2>&AS_MESSAGE_LOG_FD &&
	    $CC $CFLAGS -r -nostdlib -o conftest.lo conftest.$ac_objext 2>&AS_MESSAGE_LOG_FD &&
	    $command conftest.lo 2>&AS_MESSAGE_LOG_FD &&
	    $NM -g conftest.lo >conftest.names 2>&AS_MESSAGE_LOG_FD &&
	    grep revealed conftest.names >/dev/null],
	    [grep concealed conftest.names >/dev/null ||
		sshtap_cv_localize=$command])
    done
    rm -f conftest.lo conftest.names conftest.$ac_objext conftest.$ac_ext])
AS_IF([test "$sshtap_cv_localize" = no], [ETHTAP_MEMBERS='$(ETHTAP_LOBJS)'],
    [ETHTAP_MEMBERS=libethtap.lo
    LOCALIZE=$sshtap_cv_localize])
])

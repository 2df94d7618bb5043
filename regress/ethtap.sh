#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The examples of libethtap, with the shared library and with the static one,
# on TAPs.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/examples.sh"

SIZES=14,60,1514,9014

# The program in the manual page, as a reader would copy it.
build_manual() {
	sed -n '/^#include <ethtap.h>/,/^}/p' "$SRCDIR/doc/ethtap.3" |
	    sed 's/\\e/\\/g' >"$TDIR/manual.c"
	build_shared manual "$TDIR/manual.c"
}

build_cplusplus() {
	cat >"$TDIR/plus.cc" <<-END
	#include <ethtap.h>

	int
	main()
	{
		return ethtap_strerror(ETHTAP_OK)[0] == 's' ? 0 : 1;
	}
	END
	$CXX -o "$TDIR/plus" "$TDIR/plus.cc" \
	    $(pkg-config --cflags --libs libethtap) >&2 && "$TDIR/plus"
}

# Nothing but the C library, and what is named.
needs_only() {
	for program in "$BIN"/*; do
		readelf -d "$program" |
		    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
		    grep -v '^libc\.\|^ld-\|^libgcc_s' >"$TDIR/needed"
		trace "$program: $(cat "$TDIR/needed")"
		[ "$(cat "$TDIR/needed")" = "$1" ] || return 1
	done
}

check_needs() {
	if command -v readelf >/dev/null; then
		check "$1" needs_only "$2"
	else
		skip_check "$1" "readelf is not installed"
	fi
}

long_frames() {
	for tap in "$@"; do
		near ip link set "$tap" mtu 9000
	done
}

frames_checks() {
	start ethtap-dump 3
	long_frames tap3
	check "$1: every frame is seen" dump_shows_all $SIZES 600 21
	near ip link del tap3
	check "$1: the end of the device is seen" ends_with_device

	start ethtap-plug 3
	long_frames tap3
	check "$1: one frame for each poll, none left behind" \
	    frames_cross near near $SIZES 1000 22 0x88b5 0 6000
	stop
	check "$1: the device goes with its program" \
	    wait_for 5 not near ip link show tap3

	start ethtap-bridge 3 5
	long_frames tap3 tap5
	near ip link set tap5 netns far && far ip link set tap5 up
	check "$1: batches there" \
	    frames_cross near far $SIZES 2000 23 0x88b5 0 6000
	check "$1: batches back" \
	    frames_cross far near $SIZES 2000 24 0x88b5 0 6000
	check "$1: ping through a cable" tunnel_works
	stop
}

admin_checks() {
	check "$1: there is nothing" list_says ""
	check "$1: one is made" [ "$(run ethtap-make 7 1400)" = tap7 ]
	check "$1: it stays" list_says "tap7 kept mtu 1400 up"
	check "$1: not twice" refuses tap7 ethtap-make 7
	start ethtap-plug 7
	check "$1: it is opened" list_says "tap7 kept mtu 1400 up used"
	check "$1: not destroyed in use" \
	    refuses "tap7.*end that" ethtap-make -d tap7
	check "$1: nor opened twice" refuses tap7 ethtap-dump 7
	stop
	check "$1: nothing of ours is left over" \
	    [ -z "$(run ethtap-list -r)" ]
	check "$1: it is still there" list_says "tap7 kept mtu 1400 up"
	check "$1: it is destroyed" run ethtap-make -d tap7
	check "$1: then it is not there" refuses "no such" ethtap-make -d tap7
	check "$1: not what is somebody's" refuses near0 ethtap-make -d near0
	check "$1: it is left alone" near ip link show near0
	check "$1: the largest MTU is told" \
	    refuses "at most 65535" ethtap-make 7 70000
}

no_files_left() {
	run_make "$BUILDDIR" uninstall
	find "$INSTALLED" ! -type d >&2
	[ -z "$(find "$INSTALLED" ! -type d)" ]
}

NEAR_TAP=tap3 FAR_TAP=tap5
hosts_up
install_library "$BUILDDIR"
check "the manual page is installed" \
    [ -n "$(find "$INSTALLED" -name ethtap.3)" ]

BIN=$TDIR/shared
check "examples with the shared library" build_examples shared
check "the program in the manual page" build_manual
if command -v "${CXX%% *}" >/dev/null; then
	check "a C++ program" build_cplusplus
else
	skip_check "a C++ program" "$CXX is not installed"
fi
check_needs "they need libethtap.so.1 alone" libethtap.so.1
frames_checks shared
admin_checks shared

BIN=$TDIR/static
check "examples with the static library" build_examples static
check_needs "they need no library" ""
frames_checks static
admin_checks static
check "make uninstall" no_files_left

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The examples of libethtap on a simulated Mac.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"
. "$SRCDIR/regress/examples.sh"

# What stands for macOS, for the linker; and in front of the C library then.
CC="$CC -Wl,-rpath-link,$MAC_BIN"
AS_EXAMPLE="env LD_PRELOAD=libdarwinsim.so"
SIZES=14,60,1514

# Another name for the same host, for its other device.
tap_of() {
	case $1 in
	near)	echo feth10003 ;;
	other)	echo feth10005 ;;
	esac
}

frames_checks() {
	start ethtap-dump 10003
	check "every frame is seen" dump_shows_all $SIZES 600 21
	# No descriptor tells.
	darwinctl destroy feth10003
	check "the loss of the user's interface is seen" ends_with_device
	check "nothing is left of the pair" wait_for 5 mac_is_clean

	start ethtap-plug 10003
	check "one frame for each poll, none left behind" \
	    frames_cross near near $SIZES 1000 22 0x88b5 0 4000
	kill -KILL "$PROGRAM_PID"
	wait "$PROGRAM_PID" 2>/dev/null

	start ethtap-bridge 10003 10005
	check "batches there" \
	    frames_cross near other $SIZES 2000 23 0x88b5 0 4000
	check "batches back" \
	    frames_cross other near $SIZES 2000 24 0x88b5 0 4000
	kill -KILL "$PROGRAM_PID"
	wait "$PROGRAM_PID" 2>/dev/null
}

# What was killed above, and nothing else.
reap_checks() {
	dead="feth10003 dead mtu 1500 up
feth10005 dead mtu 1500 up"
	darwinctl create feth10009 >&2 && darwinctl create feth20009 >&2 &&
	    darwinctl peer feth10009 feth20009 >&2 ||
	    fatal "no pair of somebody else's"
	check "those that died are listed" list_says "$dead
feth10009 foreign mtu 1500"
	check "they are reaped" [ "$(run ethtap-list -r)" = "$dead" ]
	check "somebody else's are left alone" \
	    mac_has_only feth10009 feth20009
	check "nor are they destroyed" \
	    refuses "feth10009.*not ours" ethtap-make -d feth10009
	darwinctl destroy feth20009
	darwinctl destroy feth10009
}

admin_checks() {
	check "one is made" [ "$(run ethtap-make 10007 1400)" = feth10007 ]
	check "it stays" list_says "feth10007 kept mtu 1400 up"
	check "not twice" refuses feth10007 ethtap-make 10007
	start ethtap-plug 10007
	check "it is opened" list_says "feth10007 kept mtu 1400 up used"
	check "not destroyed in use" refuses feth10007 ethtap-make -d feth10007
	check "nor opened twice" refuses feth10007 ethtap-dump 10007
	stop
	check "it is not left over" [ -z "$(run ethtap-list -r)" ]
	check "it is destroyed" run ethtap-make -d feth10007
	check "then it is not there" refuses "no such" ethtap-make -d feth10007
	check "the largest MTU is told" refuses "at most 2048" \
	    ethtap-make 10007 9000
	check "nothing is left" mac_is_clean
}

hosts_up
touch /run/netns/other && mount --bind /run/netns/near /run/netns/other ||
    fatal "no second name for near"
mac_start near
install_library "$BUILDDIR/darwin-sim"
LD_LIBRARY_PATH=$LIBDIR:$MAC_BIN
BIN=$TDIR/shared
check "the examples are built" build_examples shared
frames_checks
reap_checks
admin_checks

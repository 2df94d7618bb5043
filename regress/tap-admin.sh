#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# tapctl list, create, show and destroy on Linux: what it makes, what it
# leaves alone.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
TAPCTL=$REGRESS_TMP/bin/tapctl
near_tapctl() {
	near "$TAPCTL" "$@"
}

# refused text argument ...: one line that has the text, and nothing made.
refused() {
	refused_text=$1
	shift
	near ip -o link | sed 's/:.*//' >"$TDIR/links"
	near_tapctl "$@" >"$TDIR/out" 2>"$TDIR/err" && return 1
	cat "$TDIR/out" "$TDIR/err" >&2
	[ "$(cat "$TDIR/out" "$TDIR/err" | wc -l)" = 1 ] &&
	    grep -q "$refused_text" "$TDIR/err" &&
	    near ip -o link | sed 's/:.*//' | cmp - "$TDIR/links"
}

shows() {
	shown=$1
	shift
	for fact in "$@"; do
		near_tapctl show --json "$shown" | tee /dev/stderr |
		    grep -qF "$fact" || return 1
	done
}

# Its name is in the first column.
lists() {
	listed=$(near_tapctl list | sed 1d | awk '{ print $1 }' | tr '\n' ' ')
	trace "listed: $listed"
	[ "${listed% }" = "$1" ]
}

check "nothing is there" lists ""
check "made as it was asked for" near_tapctl create -u 7 -m 1400 \
    -a 02:00:00:00:00:07 -o "$USER_NAME"
check "and shown as it was made" shows tap7 '"mode":"ethernet"' \
    '"owner":"kept"' '"used":false' '"up":true' '"mtu":1400' \
    '"address":"02:00:00:00:00:07"' "\"uid\":$USER_ID"
near ip tuntap add dev zz mode tun
near ip tuntap add dev aa mode tap multi_queue
check "listed by name, without interfaces of other kinds" lists "aa tap7 zz"
check "a tun device is one" shows zz '"mode":"point-to-point"' \
    '"address":null' '"up":false'
check "also where /sys is another's" \
    near unshare --mount sh -c 'mount -t tmpfs tmpfs /sys &&
	[ "$("$1" list | wc -l)" = 4 ]' sh "$TAPCTL"

check "the name is taken" refused "tap7 exists already" create -u 7
check "MTU over the limit" refused "68 to 65521" create -u 8 -m 65522
check "a multicast address" refused "address" create -u 8 \
    -a 01:00:00:00:00:08
check "another kind of interface" refused "near0 is not ours" destroy near0
check "no such device" refused "no device" destroy tap8

# In use, up or down.
sshd_start
if sshtap_start far; then
	check "in use while it is open" shows "$NEAR_TAP" '"used":true' \
	    '"owner":"live"'
	check "is not destroyed" refused "uses $NEAR_TAP" destroy "$NEAR_TAP"
	check "the tunnel works" tunnel_works
	sshtap_stop
fi
UNITS=7:5 NEAR_TAP=tap7 STAYS=yes
near ip link set tap7 down
if sshtap_start far; then
	check "one that stays, in use" shows tap7 '"used":true' \
	    '"owner":"kept"' '"up":false' '"mtu":1400' \
	    '"address":"02:00:00:00:00:07"'
	check "is not destroyed" refused "uses tap7" destroy tap7
	sshtap_kill
fi
check "and stays" wait_for 5 shows tap7 '"used":false'

check "nothing is left over" near_tapctl cleanup
check "nothing was removed" lists "aa tap7 zz"
check "destroyed" near_tapctl destroy tap7 zz aa
check "nothing is there" lists ""

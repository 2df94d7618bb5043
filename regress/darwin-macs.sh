#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Two Macs and a bridge on Linux: the smallest network that is worth one.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"

hosts_up
add_host other &&
    join other other0 02:00:00:00:00:04 203.0.113.4/24 2001:db8:2::4/64 \
	far far1 02:00:00:00:00:05 203.0.113.2/24 2001:db8:2::2/64 ||
    fatal "no namespace for the other Mac"
mac_start near
mac_start other
sshd_start
far ip link add br0 type bridge && far ip link set br0 up ||
    fatal "no bridge"
know_host far,192.0.2.2,203.0.113.2 ed25519

sshtap_start far || exit 1
first=$TAP_PID
far ip link set tap5 up master br0
# A second one, from the other Mac; sshtap_start keeps one set of names.
ERR=$TDIR/stderr.other OUT=$TDIR/stdout.other
mac_exec other "$SSHTAP" -F "$CONFIG" -w 10003:6 203.0.113.2 \
    </dev/null >"$OUT" 2>"$ERR" &
second=$!
wait_for 15 grep -q 'tunnel up' "$ERR" || fatal "no tunnel from the other Mac"
far ip link set tap6 up master br0
near ip addr add 198.18.0.1/24 dev "$NEAR_TAP"
in_mac other ip addr add 198.18.0.2/24 dev "$NEAR_TAP"
near ip addr add fd00::1/64 dev "$NEAR_TAP" nodad
in_mac other ip addr add fd00::2/64 dev "$NEAR_TAP" nodad

address_of() {
	in_mac "$1" ip -o link show "$NEAR_TAP" |
	    sed 's/.*link.ether \([^ ]*\).*/\1/'
}

check "the two Macs have different addresses" \
    [ "$(address_of near)" != "$(address_of other)" ]
check "IPv4 from Mac to Mac" ping_near_far
check "IPv6 from Mac to Mac" near ping -n -q -c 1 -W 3 fd00::2
check "fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2
check "IPv6 multicast" near ping -n -q -c 1 -W 3 "ff02::1%$NEAR_TAP"
kill -TERM "$first" "$second" 2>/dev/null
wait "$second"
check "the other Mac's ends with 255" [ $? -eq 255 ]
wait "$first"
check "nothing is left" wait_for 5 mac_is_clean

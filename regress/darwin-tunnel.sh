#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtap on a Mac, a stock sshd with a TAP at the other end.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"
. "$SRCDIR/regress/traffic.sh"

# mDNS, as Bonjour sends it: one datagram is heard at the other end.
bonjour() {
	nsenter --net=/run/netns/far "$FRAMETOOL" hear "$FAR_TAP" \
	    224.0.0.251 5353 5 >"$TDIR/heard" 2>&1 &
	hear_pid=$!
	wait_for 5 grep -q ready "$TDIR/heard" || return 1
	near "$FRAMETOOL" cast "$NEAR_TAP" 224.0.0.251 5353 "who is there" &&
	    wait "$hear_pid" && grep "who is there" "$TDIR/heard" >&2
}

hosts_up
mac_start near
sshd_start
sshtap_start far || exit 1
check "the pair has our names" mac_has_only "$NEAR_TAP" "$PEER_TAP"
check "the user's side is up" near sh -c \
    "ip link show $NEAR_TAP | grep -q '[<,]UP'"
tunnel_config
check "IPv4" ping_near_far
check "IPv4 back" ping_far_near
check "IPv6" near ping -n -q -c 1 -W 3 fd00::2
check "IPv6 back" far ping -n -q -c 1 -W 3 fd00::1
check "fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2
check "mDNS multicast" bonjour
check "not IP, near to far" frames_cross near far 60,1514 500 21
check "not IP, far to near" frames_cross far near 60,1514 500 21
check "VLAN, near to far" frames_cross near far 64,1518 300 11 0x88b5 7
check "VLAN, far to near" frames_cross far near 64,1518 300 11 0x88b5 7
RECV_SECONDS=2
check "every size, near to far" each_size near far
check "every size, far to near" each_size far near
iperf_checks
sshtap_stop
check "nothing is left on the Mac" wait_for 5 mac_is_clean

NEAR_TAP=feth10000 UNITS=any:5
tunnel_check "any unit" far
check "nothing is left of it" wait_for 5 mac_is_clean

# A kernel that gives a buffer of another size than it was asked for.
mac_restart near --blen-clamp 4099
tunnel_check "a bpf buffer of an odd size" far

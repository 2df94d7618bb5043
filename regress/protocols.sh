#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What Ethernet is used for: ARP, IPv4, IPv6, multicast, TCP, and frames that
# are not IP.
. "$SRCDIR/regress/test-exec.sh"

neighbour_known() {
	mac=$(far cat "/proc/net/if_inet6" >/dev/null;
	    far ip -o link show "$FAR_TAP" |
	    sed 's/.*link.ether \([^ ]*\).*/\1/')
	near ip neigh show dev "$NEAR_TAP" | grep "^$1 .*$mac"
}

# iperf3 arguments; far is the server.
iperf() {
	nsenter --net=/run/netns/far iperf3 -s -1 >&2 &
	iperf_pid=$!
	wait_for 5 far sh -c "ss -ltn | grep -q ':5201 '" &&
	    near iperf3 -c 198.18.0.2 -n 20M "$@" >&2
	status=$?
	kill "$iperf_pid" 2>/dev/null
	wait "$iperf_pid" 2>/dev/null
	return $status
}

hosts_up
sshd_start
sshtap_start far || exit 1
tunnel_config
far sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts'

check "IPv4" ping_near_far
check "ARP found the far MAC address" neighbour_known 198.18.0.2
check "IPv6" near ping -n -q -c 1 -W 3 fd00::2
check "ND found the far MAC address" neighbour_known fd00::2
check "IPv4, fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2
check "IPv6, fragments" near ping -n -q -c 1 -W 3 -s 8000 fd00::2
check "IPv4 multicast" near ping -n -q -c 1 -W 3 -I "$NEAR_TAP" 224.0.0.1
check "IPv6 multicast" near ping -n -q -c 1 -W 3 "ff02::1%$NEAR_TAP"
check "IPv4 broadcast" near ping -n -b -c 1 -W 3 198.18.0.255
check "not IP, near to far" frames_cross near far 60,1514 500 21
check "not IP, far to near" frames_cross far near 60,1514 500 21
check "802.3 with a length" frames_cross near far 114 200 22 100
if command -v iperf3 >/dev/null && command -v ss >/dev/null; then
	check "TCP, near to far" iperf
	check "TCP, far to near" iperf -R
	check "UDP" iperf -u -b 50M
else
	skip_check "TCP and UDP" "iperf3 or ss is not installed"
fi
sshtap_stop

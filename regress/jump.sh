#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# ProxyJump: near reaches far through mid only.
. "$SRCDIR/regress/test-exec.sh"

three_hosts_up
know_host far,mid ed25519
sshd_start_in mid
mid_log=$SSHD_LOG
sshd_start
check "far cannot be reached directly" \
    not near ping -c 1 -W 1 198.51.100.2
tunnel_check "ProxyJump" -o ProxyJump=mid far
check "mid was asked to go on" grep -q 'direct-tcpip' "$mid_log"
check "far was asked by mid" sshd_said "Accepted .* from 198.51.100.3"
client_config "Host far" " ProxyJump root@mid:22"
tunnel_check "ProxyJump in a Host block" far

# Ctrl-C, with the jump gone before sshtap looks.
if sshtap_start far; then
	net_pid=$(children_of "$TAP_PID")
	kill -STOP "$net_pid"
	kill -INT $(children_of "$net_pid") "$net_pid"
	sleep 0.3
	kill -CONT "$net_pid"
	sshtap_end
	check "Ctrl-C is said to be one" grep -q 'signal 2' "$ERR"
	check "and nothing else is" not grep -q 'closed' "$ERR"
fi
check "no ssh is left over" wait_for 5 [ -z \
    "$(for p in /proc/[0-9]*/comm; do grep -x ssh "$p"; done 2>/dev/null)" ]

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Signs of life, asked for by either side, keep an idle tunnel open, and cost
# it nothing.
. "$SRCDIR/regress/test-exec.sh"

quiet_for() {
	sleep "$1"
	! gone "$TAP_PID" && ping_near_far
}

hosts_up
sshd_start "ClientAliveInterval 1" "ClientAliveCountMax 2"
if sshtap_start far; then
	tunnel_config
	# Nothing crosses an interface that is down.
	near ip link set "$NEAR_TAP" down
	sleep 4
	near ip link set "$NEAR_TAP" up
	check "ClientAliveInterval" quiet_for 0
	check "sshd did not give up" not grep -q Timeout "$SSHD_LOG"
	sshtap_stop
fi
sshd_restart
if sshtap_start -o ServerAliveInterval=1 -o ServerAliveCountMax=2 far; then
	tunnel_config
	check "ServerAliveInterval" quiet_for 4
	sshtap_stop
fi

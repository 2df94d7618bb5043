#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Whichever process is killed, nothing of its connection is left: no process,
# no interface, no member of a bridge.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

# kill_connection what command: the command prints whom to kill.
kill_connection() {
	sshtap_start far || return
	check "$1: there was a tunnel" [ "$(bridge_of "$FAR_TAP")" = br0 ]
	kill -KILL $($2)
	sshtap_end
	check "$1: sshtap ends" [ "$TAP_STATUS" = 255 ]
	check "$1: nothing is left" wait_for 5 tapd_is_idle
	check "$1: nor in the bridge" \
	    [ -z "$(far ip -o link show master br0)" ]
}

no_connection() {
	[ -z "$(tapd_connections)" ]
}

client() {
	sshtap_processes | sed 's,/proc/,,; s,/exe,,'
}

hosts_up
far_bridge br0
far ip addr add 198.18.0.2/24 dev br0
tapd_start "TunnelBridge br0"

kill_connection "the network process" "tapd_role network"
kill_connection "the monitor" tapd_monitor
wait_for 2 tunnel_is_gone
# Its kernel says goodbye for it.
if sshtap_start far; then
	kill -KILL $(client)
	wait "$TAP_PID"
	check "the client: nothing is left" wait_for 5 tapd_is_idle
fi

# An interface that was there stays, as it was.
far ip tuntap add dev "$FAR_TAP" mode tap || fatal "no TAP in far"
for whom in "tapd_role network" tapd_monitor; do
	STAYS=yes
	sshtap_start far || continue
	check "made by root: it was in the bridge" \
	    [ "$(bridge_of "$FAR_TAP")" = br0 ]
	kill -KILL $($whom)
	sshtap_end
	check "made by root, ${whom#tapd_} killed: no process is left" \
	    wait_for 5 no_connection
done
check "it is still there" far ip link show "$FAR_TAP"
far ip link del "$FAR_TAP"
STAYS=

# The listener alone: as with sshd, tunnels outlive it.
if sshtap_start far; then
	near ip addr add 198.18.0.1/24 dev "$NEAR_TAP"
	monitor=$(tapd_monitor)
	kill "$TAPD_PID"
	wait "$TAPD_PID"
	check "the listener ends: the tunnel goes on" ping_near_far
	kill "$monitor"
	sshtap_end
	check "the monitor is told to end: so does sshtap" \
	    [ "$TAP_STATUS" = 255 ]
	trace "$(cat "$ERR")"
	check "nothing is left" wait_for 5 tapd_is_gone
	tapd_start
fi
far ip addr del 198.18.0.2/24 dev br0
tunnel_check "it works afterwards" far

# Removed under a tunnel.
if sshtap_start far; then
	far ip link del "$FAR_TAP"
	sshtap_end
	check "the interface is removed: the tunnel ends" \
	    [ "$TAP_STATUS" = 255 ]
	check "the log says so" tapd_said 'tunnel-end .*reason=device-gone'
	check "nothing is left" wait_for 5 tapd_is_idle
fi
tapd_stop

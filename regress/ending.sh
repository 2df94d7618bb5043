#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Every end of a tunnel is 255, with a message, and leaves nothing.
. "$SRCDIR/regress/test-exec.sh"

# ends what seconds: the tunnel that was started ends by itself.
ends() {
	sshtap_end "$2"
	check "$1: status 255" [ "$TAP_STATUS" = 255 ]
	check "$1: it says so" grep -v 'tunnel up' "$ERR"
	check "$1: nothing is left" wait_for 5 tunnel_is_gone
}

hosts_up
sshd_start

for signal in INT TERM HUP; do
	if sshtap_start far; then
		kill -"$signal" "$TAP_PID"
		sshtap_end
		check "SIG$signal: status 255" [ "$TAP_STATUS" = 255 ]
		check "SIG$signal: nothing is left" wait_for 5 tunnel_is_gone
	fi
done

# As the terminal does it: to all processes of it.
if sshtap_start far; then
	kill -INT "$TAP_PID" $(children_of "$TAP_PID")
	sshtap_end
	check "Ctrl-C: status 255" [ "$TAP_STATUS" = 255 ]
	check "Ctrl-C: nothing is left" wait_for 5 tunnel_is_gone
fi

# Told to end before there is a tunnel.
near ip neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev near0
for signal in INT TERM; do
	sshtap_spawn 192.0.2.99
	sleep 0.5
	kill -"$signal" "$TAP_PID"
	sshtap_end
	check "SIG$signal while connecting: status 255" [ "$TAP_STATUS" = 255 ]
done

if sshtap_start far; then
	for pid in $(children_of "$SSHD_PID"); do
		kill "$pid"
	done
	ends "session ended by sshd" 5
fi
if sshtap_start far; then
	for pid in $(children_of "$SSHD_PID"); do
		kill -KILL $(children_of "$pid") "$pid"
	done
	ends "session killed" 5
fi
if sshtap_start far; then
	far ip link del "$FAR_TAP"
	ends "far interface deleted" 5
fi
if sshtap_start far; then
	near ip link del "$NEAR_TAP"
	ends "near interface deleted" 5
fi
if sshtap_start -o ServerAliveInterval=1 -o ServerAliveCountMax=2 far; then
	far ip link set far0 down
	sshtap_end 8
	check "connection lost: status 255" [ "$TAP_STATUS" = 255 ]
	check "connection lost: it says so" grep -v 'tunnel up' "$ERR"
	check "connection lost: no near interface" \
	    not near ip link show "$NEAR_TAP"
	far ip link set far0 up
fi

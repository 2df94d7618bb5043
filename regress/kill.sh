#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# SIGKILL of either process leaves neither the other nor an interface.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

if sshtap_start far; then
	check "there is a process under the monitor" \
	    [ -n "$(children_of "$TAP_PID")" ]
	kill -KILL "$TAP_PID"
	check "monitor killed: nothing is left" wait_for 5 tunnel_is_gone
	wait "$TAP_PID"
	[ -z "$(sshtap_processes)" ] || sshtap_kill
fi
if sshtap_start far; then
	for pid in $(children_of "$TAP_PID"); do
		kill -KILL "$pid"
	done
	sshtap_end
	check "network process killed: status 255" [ "$TAP_STATUS" = 255 ]
	check "and a message" [ "$(grep -c '^sshtap: ' "$ERR")" -ge 2 ]
	check "network process killed: nothing is left" \
	    wait_for 5 tunnel_is_gone
fi
# Stopped, not dead: nothing hangs on it for ever.
if sshtap_start far; then
	worker=$(children_of "$TAP_PID")
	kill -STOP $worker
	kill -TERM "$TAP_PID"
	kill -CONT $worker
	sshtap_end
	check "stopped and told to end: status 255" [ "$TAP_STATUS" = 255 ]
	check "nothing is left" wait_for 5 tunnel_is_gone
fi

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# SIGKILL on a Mac, where the kernel undoes nothing.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"

hosts_up
mac_start near
sshd_start

# Somebody else's, beside ours, all the time.
darwinctl create feth10001 >&2
darwinctl create feth20001 >&2
darwinctl peer feth10001 feth20001
darwinctl list >"$TDIR/foreign"

foreign_only() {
	darwinctl list >"$TDIR/now" && cmp -s "$TDIR/foreign" "$TDIR/now" &&
	    [ -z "$(ls /run/ethtap.near)" ]
}

cleanup_names_it() {
	tapctl cleanup --dry-run | grep "$NEAR_TAP"
}

if sshtap_start far; then
	for pid in $(children_of "$TAP_PID"); do
		kill -KILL "$pid"
	done
	sshtap_end
	check "network process killed: status 255" [ "$TAP_STATUS" = 255 ]
	check "network process killed: the pair is gone" \
	    wait_for 5 foreign_only
fi
if sshtap_start far; then
	sshtap_kill
	check "both killed: the pair stays" not foreign_only
	check "tapctl cleanup would remove it" cleanup_names_it
	check "and has not" not foreign_only
	sshtap_start far
	check "the next start takes its place" tunnel_works
	sshtap_stop
	check "nothing is left of either" wait_for 5 foreign_only
fi

# At any moment of a life, from the first system call to the last.
killed=0 round=0
while [ $round -lt "${KILL_ROUNDS:-40}" ]; do
	round=$((round + 1))
	sshtap_spawn far
	sleep "0.$(awk -v r=$round 'BEGIN { srand(r); printf "%03d", rand() * 400 }')"
	! gone "$TAP_PID" || trace "round $round: it had ended"
	sshtap_kill
	killed=$((killed + 1))
done
check "killed at $killed moments: the next start works" \
    tunnel_check "after that" far
check "nothing is left but the foreign pair" wait_for 5 foreign_only

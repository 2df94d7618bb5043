#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The process that reads what clients send has no rights, no files, and no
# secrets: what the kernel says of it while a tunnel is up, and before.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

# status_is process name value: a line of /proc/PID/status, in one word.
status_is() {
	said=$(sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" |
	    tr -s '[:space:]' ' ')
	trace "$2: $said"
	[ "${said% }" = "$3" ]
}

# The peer, or nothing, on standard input and output, nothing for errors, the
# monitor, the pipe of signals, and the device.
descriptors_are() {
	pid=$1
	shift
	found=$(for fd in /proc/"$pid"/fd/*; do
		readlink "$fd"
	done | sed 's/:\[.*//' | sort | uniq -c |
	    awk '{ printf "%s%d %s", sep, $1, $2; sep = ", " }')
	trace "descriptors of $pid: $found"
	[ "$found" = "$*" ]
}

root_is_empty() {
	[ -z "$(ls -A "/proc/$1/root/")" ] &&
	    [ "$(stat -L -c '%u %a' "/proc/$1/root/")" = "0 755" ]
}

# confined what process
confined() {
	check "$1: user" status_is "$2" Uid \
	    "$TAPD_ID $TAPD_ID $TAPD_ID $TAPD_ID"
	check "$1: group" status_is "$2" Gid \
	    "$TAPD_ID $TAPD_ID $TAPD_ID $TAPD_ID"
	check "$1: no other groups" status_is "$2" Groups "$TAPD_ID"
	for set in CapInh CapPrm CapEff CapAmb; do
		check "$1: $set" status_is "$2" $set 0000000000000000
	done
	check "$1: no new rights" status_is "$2" NoNewPrivs 1
	if [ -n "$has_seccomp" ]; then
		check "$1: seccomp" status_is "$2" Seccomp 2
	else
		skip_check "$1: seccomp" "it is not built in"
	fi
	check "$1: an empty root, root's own" root_is_empty "$2"
	check "$1: no environment" [ ! -s "/proc/$2/environ" ]
	check "$1: no core files" grep -q \
	    '^Max core file size *0 *0 ' "/proc/$2/limits"
	check "$1: no new files" grep -q \
	    '^Max file size *0 *0 ' "/proc/$2/limits"
}

stranger_stops() {
	grep -q 'network: .*initial newkeys -> ready' "$TAPD_LOG"
}

hosts_up
export SSHTAPD_SECRET="not for the others"
tapd_start
has_seccomp=$(grep -s '^SANDBOX.*seccomp' "$BUILDDIR/Makefile")

# A stranger who stops after the exchange of keys.
near "$LOADTOOL" -w 3000 strangers 192.0.2.2 22 5 5 >&2 &
stranger=$!
wait_for 3 stranger_stops
pid=$(tapd_role network | tail -n 1)
if [ -n "$pid" ]; then
	confined "before a login" "$pid"
	check "before a login: descriptors" descriptors_are "$pid" \
	    "1 /dev/null, 2 pipe, 3 socket"
else
	fail "nobody faces a stranger"
fi
pid=$(tapd_role checker | tail -n 1)
if [ -n "$pid" ]; then
	confined "the checker" "$pid"
	check "the checker: descriptors" descriptors_are "$pid" \
	    "3 /dev/null, 1 socket"
else
	skip_check "the checker" "it is not there before a key is offered"
fi
wait "$stranger"
wait_for 5 tapd_is_idle

sshtap_start far || exit 1
pid=$(tapd_role network)
check "there is no checker any more" [ -z "$(tapd_role checker)" ]
check "one process faces the network" [ "$(echo "$pid" | wc -l)" = 1 ]
confined "with a tunnel" "$pid"
check "with a tunnel: descriptors" descriptors_are "$pid" \
    "1 /dev/net/tun, 1 /dev/null, 2 pipe, 3 socket"
trace "$(grep -h confined "$TAPD_LOG")"
sshtap_stop
tapd_stop

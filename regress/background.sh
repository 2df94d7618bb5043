#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# -f, -N, -n, -E, -q, -v: where it runs and where it writes.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

sshtap_spawn -f far
sshtap_end 10
check "-f returns when the tunnel is up" [ "$TAP_STATUS" = 0 ]
check "and the tunnel works" tunnel_works
daemon=$(sshtap_processes | sed 's,/proc/,,; s,/exe,,' | sort -n | head -n 1)
check "in a session of its own" [ "$(ps -o tty= -p "$daemon")" = "?" ]
kill "$daemon"
check "and ends when it is told to" wait_for 5 tunnel_is_gone

# Somebody who waits for all that is written, as $(...) does.
sshtap_spawn -f -N far
cat_pid=$TAP_PID
nsenter --net=/run/netns/near sh -c '
out=$("$0" -f -N -F "$1" -w 6:6 far 2>&1); [ $? -eq 0 ] && echo "$out"
' "$SSHTAP" "$CONFIG" >"$TDIR/all" 2>&1 &
check "-f lets go of standard output and error" wait_for 10 \
    grep -q 'tunnel up' "$TDIR/all"
for pid in $(sshtap_processes | sed 's,/proc/,,; s,/exe,,'); do
	kill "$pid" 2>/dev/null
done
wait "$cat_pid"
wait_for 5 tunnel_is_gone

sshtap_spawn -f far 'sleep 1; echo late'
sshtap_end 10
check "-f and a command: 0 before the command has ended" \
    [ "$TAP_STATUS,$(cat "$OUT")" = "0," ]
check "its output still arrives" wait_for 5 grep -qx late "$OUT"
kill "$(sshtap_processes | sed 's,/proc/,,; s,/exe,,' | sort -n |
    head -n 1)"
wait_for 5 tunnel_is_gone

sshtap_spawn -f -o StrictHostKeyChecking=yes \
    -o "UserKnownHostsFile=$TDIR/none" far
sshtap_end 10
check "-f reports what fails before" [ "$TAP_STATUS" = 255 ]
check "with its message" grep -q 'is not known' "$ERR"

sshtap_spawn -f -N -n -E "$TDIR/messages" far
sshtap_end 10
check "-f -N -n -E" [ "$TAP_STATUS" = 0 ]
check "nothing on standard error" [ ! -s "$ERR" ]
check "messages are in the file" grep -q '^sshtap: ' "$TDIR/messages"
check "and the tunnel works" tunnel_works
kill "$(sshtap_processes | sed 's,/proc/,,; s,/exe,,' | sort -n |
    head -n 1)"
check "and ends when it is told to" wait_for 5 tunnel_is_gone

tunnel_check "-N" -N far
sshtap_spawn -q far
check "-q says nothing" wait_for 5 near ip link show "$NEAR_TAP"
wait_for 5 far ip link show "$FAR_TAP"
sshtap_stop
check "not even at the end" [ ! -s "$ERR" ]
if sshtap_start -vvv far; then
	check "-v says more" [ "$(wc -l <"$ERR")" -gt 5 ]
	sshtap_stop
fi
check "-v shows no control characters" \
    not grep -q '[[:cntrl:]]' "$ERR"

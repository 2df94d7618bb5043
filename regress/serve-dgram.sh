#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# tapctl serve over datagram sockets.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/serving.sh"

hosts_up
A=$TDIR/a.sock B=$TDIR/b.sock
# The same for each new device, since near remembers it.
MAC=02:00:5e:00:53:05

relay_start() {
	"$PLUGTOOL" relay "$@" </dev/null >/dev/null &
	relay_pid=$!
}

relay_stop() {
	kill "$1" "$relay_pid"
	wait "$relay_pid" 2>/dev/null
}

# Each waits for the other's socket.
serve_start a near -u 3 -m 9000 "dgram:$A,$B"
check "the socket is its owner's alone" \
    [ "$(stat -c %a:%F "$A")" = "600:socket" ]
serve_start b far -u 5 -m 9000 "dgram:$B,$A"
check "two of them: ping" cable_comes_up
check "root is given up" wait_for 5 is_unprivileged a
frames_pass "two of them"
check "SIGTERM ends it with 0" serve_stop a
check "and the other one" serve_stop b
check "nothing is left" wait_for 5 nothing_is_left

# A signal is heard while nobody is there, too.
serve_start a near -u 3 "dgram:$A,$B"
check "without a peer, SIGTERM ends it with 0" serve_stop a
serve_start a near -u 3 "dgram:$A,$B"
serve_kill a
check "without a peer, nothing of a killed one is left but the socket" \
    [ "$(find "$TDIR" -name '*.sock')" = "$A" ]
serve_start a near -u 3 "dgram:$A"
check "which is replaced" serve_stop a
check "nothing is left" wait_for 5 nothing_is_left

# What QEMU would do, by another hand.
serve_start a near -u 3 -m 9000 "dgram:$A,$TDIR/qa"
serve_start b far -u 5 -m 9000 "dgram:$B,$TDIR/qb"
relay_start "dgram:$TDIR/qa,$A" "dgram:$TDIR/qb,$B"
check "another hand: ping" cable_comes_up
frames_pass "another hand"
recv_start far 20000 33
kill -STOP "$relay_pid"
send_frames near 1514,60 15000 33
kill -CONT "$relay_pid"
recv_end 33
check "a peer that is stuck: frames were lost" \
    [ "$(recv_number 33 lost)" -gt 5000 ]
check "a peer that is stuck: but not all" \
    [ "$(recv_number 33 received)" -gt 0 ]
check "a peer that is stuck: none was changed" \
    [ "$(recv_number 33 corrupt)" = 0 ]
check "a peer that is stuck: none came late" \
    [ "$(recv_number 33 reordered)" = 0 ]
check "a peer that was stuck: ping" ping_near_far
relay_stop -KILL
check "the peer was killed: SIGTERM ends it" serve_stop a
serve_stop b
check "nothing is left" wait_for 5 nothing_is_left

# Near answers whoever sent last; runts and giants are counted.
serve_start a near -u 3 -m 9000 "dgram:$A"
serve_start b far -u 5 -m 9000 "dgram:$B,$TDIR/qb"
relay_start "dgram:$TDIR/qa,$A" "dgram:$TDIR/qb,$B"
"$PLUGTOOL" datagram "$A" "" 00 00000000000000000000000000 "00*32765"
check "the last sender: ping" cable_comes_up
frames_pass "the last sender"
"$PLUGTOOL" datagram "$A" 020000000001020000000002abcd
check "the last sender had no name: ping goes to the one before" ping_near_far
relay_stop -KILL
relay_start "dgram:$TDIR/qc,$A" "dgram:$TDIR/qb,$B"
check "the last sender is another one: ping" cable_comes_up
relay_stop -TERM
check "SIGTERM ends it with 0" serve_stop a
check "runts and giants were counted" serve_said a ", [4-9] of those dropped"
serve_stop b
check "nothing is left" wait_for 5 nothing_is_left

# With a user's rights a peer is found again that went away.
AS_USER="env SUDO_UID=$USER_ID SUDO_GID=$USER_ID SUDO_USER=$USER_NAME"
mkdir "$TDIR/mine" && chown "$USER_ID" "$TDIR/mine"
A=$TDIR/mine/a.sock B=$TDIR/mine/b.sock
serve_start a near -u 3 "dgram:$A,$B"
serve_start b far -u 5 -a "$MAC" "dgram:$B,$A"
check "by sudo: ping" cable_comes_up
kill -KILL "$(server_of b)"
check "by sudo, one was killed: status 1" serve_ends_with b 1
check "by sudo, its socket is removed" [ ! -e "$B" ]
serve_start b far -u 5 -a "$MAC" "dgram:$B,$A"
check "by sudo, another one took its place: ping" cable_comes_up
serve_stop a
serve_stop b
check "nothing is left" wait_for 5 nothing_is_left
AS_USER=
A=$TDIR/a.sock B=$TDIR/b.sock

if command -v qemu-system-x86_64 >/dev/null; then
	serve_start a near -u 3 -m 9000 "dgram:$A,$TDIR/qa"
	serve_start b far -u 5 -m 9000 "dgram:$B,$TDIR/qb"
	l=local.type=unix,local.path r=remote.type=unix,remote.path
	qemu-system-x86_64 -machine none -nodefaults -display none \
	    -netdev "dgram,id=a,$l=$TDIR/qa,$r=$A" \
	    -netdev "dgram,id=b,$l=$TDIR/qb,$r=$B" \
	    -netdev hubport,id=ha,hubid=0,netdev=a \
	    -netdev hubport,id=hb,hubid=0,netdev=b </dev/null >&2 &
	qemu_pid=$!
	check "QEMU: ping" cable_comes_up
	frames_pass "QEMU"
	kill "$qemu_pid"
	wait "$qemu_pid"
	serve_stop a
	serve_stop b
else
	skip_check "QEMU" "qemu-system-x86_64 is not installed"
fi

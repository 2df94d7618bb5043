#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# tapctl serve over pipes (stdio) and over stream sockets.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/serving.sh"

hosts_up
A=$TDIR/a.sock B=$TDIR/b.sock
mkfifo "$TDIR/there" "$TDIR/back"

# Two pipes, as dpipe makes them, open here until both have opened them.
pipes_start() {
	exec 8<>"$TDIR/there" 9<>"$TDIR/back"
	SERVE_IN=$TDIR/there SERVE_OUT=$TDIR/back
	serve_start a near -u 3 -m 9000 stdio || exit 1
	SERVE_IN=$TDIR/back SERVE_OUT=$TDIR/there
	serve_start b far -u 5 -m 9000 stdio || exit 1
	exec 8>&- 9>&-
	SERVE_IN= SERVE_OUT=
}

relay_start() {
	"$PLUGTOOL" relay "$@" </dev/null >/dev/null &
	relay_pid=$!
}

relay_is_done() {
	wait_for 5 gone "$relay_pid" && wait "$relay_pid"
}

# === Standard input and output ===

pipes_start
check "pipes: ping" cable_works
frames_pass "pipes"
check "root is given up" is_unprivileged a
check "pipes: SIGTERM ends it with 0" serve_stop a
check "pipes: and the other side" serve_ends_with b 0
check "pipes: nothing is left" wait_for 5 nothing_is_left

pipes_start
kill -KILL "$(server_of a)"
check "the process that serves was killed: status 1" serve_ends_with a 1
check "and the other side ends" serve_ends_with b 0
check "nothing is left" wait_for 5 nothing_is_left
pipes_start
kill -KILL "$(serve_pid a)"
check "the monitor was killed: the other side ends" serve_ends_with b 0
check "nothing is left" wait_for 5 nothing_is_left

# A device that goes is the end; so is a reader that goes.
pipes_start
near ip link del "$NEAR_TAP"
check "device removed: status 1" serve_ends_with a 1
check "device removed: a line" serve_said a "$NEAR_TAP was removed"
check "device removed: the other side ends" serve_ends_with b 0
exec 8<>"$TDIR/there" 9<>"$TDIR/back"
SERVE_IN=$TDIR/there SERVE_OUT=$TDIR/back
serve_start a near -u 3 stdio
exec 9>&-
check "nobody reads any more: status 0" serve_ends_with a 0
exec 8>&-
SERVE_IN= SERVE_OUT=
check "nothing is left" wait_for 5 nothing_is_left

# === Stream sockets ===

serve_start a near -u 3 -m 9000 "stream:$A"
check "the socket is its owner's alone" \
    [ "$(stat -c %a:%F "$A")" = "600:socket" ]
serve_start b far -u 5 -m 9000 "stream:connect:$A"
check "streams: ping" cable_works
frames_pass "streams"
check "streams: SIGTERM ends it with 0" serve_stop b
check "streams: and the other side" serve_ends_with a 0
check "streams: nothing is left" wait_for 5 nothing_is_left

# What QEMU would do, by another hand.
serve_start a near -u 3 -m 9000 "stream:$A"
serve_start b far -u 5 -m 9000 -k "stream:$B"
relay_start "stream:$A" "stream:$B"
check "QEMU's framing: ping" cable_works
frames_pass "QEMU's framing"
# Stopped, it takes no more: what is lost is lost at the device.
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
kill -KILL "$relay_pid"
wait "$relay_pid" 2>/dev/null
check "the peer was killed: it ends with 0" serve_ends_with a 0
check "-k: the next one is awaited" not gone "$(serve_pid b)"
serve_start a near -u 3 -m 9000 "stream:$A"
relay_start "stream:$A" "stream:$B"
check "-k: and served" cable_works
kill -TERM "$relay_pid"
relay_is_done
serve_end a
check "-k: until a signal comes" serve_stop b
check "nothing is left" wait_for 5 nothing_is_left

# We are the ones who connect.
"$PLUGTOOL" relay "listen:$A" "listen:$B" </dev/null >/dev/null &
relay_pid=$!
wait_for 5 [ -S "$A" ]
serve_start a near -u 3 "stream:connect:$A"
wait_for 5 [ -S "$B" ]
serve_start b far -u 5 "stream:connect:$B"
check "connecting to both: ping" cable_works
check "connecting to both: it ends" serve_stop a
check "connecting to both: the relay, too" relay_is_done
serve_end b
rm -f "$A" "$B"

# === Hostile peers ===

serve_start a near -u 3 "stream:$A"
check "a length over the limit: the connection is closed" \
    "$PLUGTOOL" raw "$A" 00007ffd
check "a length over the limit: status 1" serve_ends_with a 1
check "a length over the limit: a line" serve_said a "length of more than"
serve_start a near -u 3 -k "stream:$A"
for hex in ffffffff 0000000effffffffffff02000000000188b500010000; do
	check "-k: $hex: closed" "$PLUGTOOL" raw "$A" "$hex"
done
# Runts of 0 and 13 bytes; one frame in two pieces; half a frame at the end.
"$PLUGTOOL" raw "$A" 00000000 0000000d 00*13 0000000effff \
    ffffffff02000000000188b5 0000000eff </dev/null &
raw_pid=$!
device_has() {
	[ "$(near awk -v name="$NEAR_TAP:" '$1 == name { print $3 }' \
	    /proc/net/dev)" = "$1" ]
}
check "-k: hostile peers: the two whole frames arrive" wait_for 5 device_has 2
kill -TERM "$(serve_pid a)"
wait "$raw_pid"
check "-k: hostile peers: SIGTERM ends it with 0" serve_ends_with a 0
check "every frame and runt was counted" \
    serve_said a "frames to the other program, 4 from it, 2 of those"
check "nothing is left" wait_for 5 nothing_is_left

# === Sockets that cannot be ===

echo file >"$A"
serve_refused "a file in the way" "is no socket" -u 3 "stream:$A"
check "the file is untouched" grep -q file "$A"
rm "$A"
serve_start b far -u 5 "stream:$A"
serve_refused "somebody listens" "listens there" -u 3 "stream:$A"
serve_kill b
check "whoever was killed left a socket" [ -S "$A" ]
serve_start a near -u 3 "stream:$A"
check "which is replaced" serve_stop a
check "nothing is left" wait_for 5 nothing_is_left
serve_refused "no such directory" "No such file" -u 3 "stream:$TDIR/no/a"
serve_refused "nobody listens" "cannot connect" -u 3 "stream:connect:$A"
serve_refused "no such descriptor" "descriptor 99" -u 3 stream:fd:99
REFUSED_STATUS=64 serve_refused "a path that is too long" "at most" -u 3 \
    "stream:/$(printf '%0120d' 0)"
REFUSED_STATUS=64 serve_refused "no such method" "no method" -u 3 vde

# === A bridge ===

near ip link add br0 type bridge && near ip link set br0 up
serve_start a near -u 3 -b br0 "stream:$A"
check "the device is in the bridge" near ip link show master br0 dev "$NEAR_TAP"
serve_start b far -u 5 "stream:connect:$A"
NEAR_TAP=br0
check "ping through it" cable_works
NEAR_TAP=tap3
serve_stop a
serve_end b
serve_refused "no such bridge" "no bridge br1" -u 3 -b br1 "stream:$A"
serve_refused "no bridge" "near0 is not a bridge" -u 3 -b near0 "stream:$A"
near ip link del br0
check "nothing is left" wait_for 5 nothing_is_left

# === Users ===

# By sudo the socket is made with the user's rights, and is the user's.
mkdir "$TDIR/mine" "$TDIR/theirs" && chown "$USER_ID" "$TDIR/mine"
AS_USER="env SUDO_UID=$USER_ID SUDO_GID=$USER_ID SUDO_USER=$USER_NAME"
serve_refused "by sudo, where the user may not write" "Permission denied" \
    -u 3 "stream:$TDIR/theirs/a.sock"
serve_start a near -u 3 "stream:$TDIR/mine/a.sock"
check "by sudo, the socket is the user's" \
    [ "$(stat -c %u "$TDIR/mine/a.sock")" = "$USER_ID" ]
check "by sudo, so is the process" \
    [ "$(stat -c %u "/proc/$(server_of a)")" = "$USER_ID" ]
check "by sudo, it ends" serve_stop a
check "nothing is left" wait_for 5 nothing_is_left

# Without root, with a device that was made for the user.
as_tuna
serve_refused "a user, and no device" "lets only root\|no permission" -u 3 \
    "stream:$TDIR/mine/a.sock"
near "$TAPCTL" create -u 3 -o "$USER_NAME" >&2
far "$TAPCTL" create -u 5 >&2
serve_start a near -u 3 "stream:$TDIR/mine/a.sock"
check "a user: one process" [ "$(server_of a)" = "$(serve_pid a)" ]
AS_USER=
serve_start b far -u 5 "stream:connect:$TDIR/mine/a.sock"
check "a user: ping" cable_works
check "a user: it ends" serve_stop a
serve_end b
check "devices that were kept stay" near ip link show "$NEAR_TAP"
check "on both sides" far ip link show "$FAR_TAP"
near "$TAPCTL" destroy "$NEAR_TAP"
far "$TAPCTL" destroy "$FAR_TAP"
check "nothing is left" wait_for 5 nothing_is_left

# === Others ===

# Two network back ends on one hub of QEMU, without a machine.
if command -v qemu-system-x86_64 >/dev/null; then
	serve_start a near -u 3 -m 9000 "stream:$A"
	serve_start b far -u 5 -m 9000 "stream:$B"
	qemu-system-x86_64 -machine none -nodefaults -display none \
	    -netdev "stream,id=a,addr.type=unix,addr.path=$A" \
	    -netdev "stream,id=b,addr.type=unix,addr.path=$B" \
	    -netdev hubport,id=ha,hubid=0,netdev=a \
	    -netdev hubport,id=hb,hubid=0,netdev=b </dev/null >&2 &
	qemu_pid=$!
	check "QEMU: ping" cable_comes_up
	frames_pass "QEMU"
	kill "$qemu_pid"
	check "QEMU: ends" serve_ends_with a 0
	serve_end b
else
	skip_check "QEMU" "qemu-system-x86_64 is not installed"
fi
if command -v dpipe >/dev/null; then
	dpipe nsenter --net=/run/netns/near "$TAPCTL" serve -u 3 stdio = \
	    nsenter --net=/run/netns/far "$TAPCTL" serve -u 5 stdio >&2 &
	wait_for 5 near ip link show "$NEAR_TAP"
	wait_for 5 far ip link show "$FAR_TAP"
	check "dpipe: ping" cable_comes_up
	near ip link del "$NEAR_TAP"
	check "dpipe: ends" wait_for 5 nothing_is_left
else
	skip_check "dpipe" "it is not installed (vde2)"
fi

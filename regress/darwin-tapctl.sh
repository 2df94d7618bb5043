#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# tapctl on a Mac: pairs that stay, that are left over, that are foreign, and
# that are served.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"
. "$SRCDIR/regress/serving.sh"

# Served on the Mac, with its programs; far has those of Linux.
LINUX_TAPCTL=$TAPCTL
A=$TDIR/a.sock
hosts_up
mac_start near

# refused text argument ...: status 1, one line that has the text.
refused() {
	refused_text=$1
	shift
	darwinctl list >"$TDIR/before"
	tapctl "$@" >"$OUT" 2>"$TDIR/err"
	[ $? = 1 ] || return 1
	cat "$TDIR/err" >&2
	[ "$(cat "$OUT" "$TDIR/err" | wc -l)" = 1 ] &&
	    grep -q "^tapctl: .*$refused_text" "$TDIR/err" &&
	    darwinctl list | cmp - "$TDIR/before"
}

shows() {
	shown=$1
	shift
	for fact in "$@"; do
		tapctl show --json "$shown" | tee /dev/stderr |
		    grep -qF "$fact" || return 1
	done
}

prints() {
	printed=$1
	shift
	[ "$(tapctl "$@")" = "$printed" ]
}

# === Pairs that stay ===

check "create: the first unit of ours" prints feth10000 create
check "create: as it was asked for" prints feth10003 create -u 10003 \
    -m 1400 -a 02:00:5e:00:53:01
check "create: shown as it was made" shows feth10003 '"peer":"feth20003"' \
    '"mode":"ethernet"' '"owner":"kept"' '"used":false' '"up":true' \
    '"mtu":1400' '"address":"02:00:5e:00:53:01"' '"uid":null'
check "create: --down" prints feth10005 create --down -u 10005
check "create: down it is" shows feth10005 '"up":false'
check "list: by name" \
    [ "$(tapctl list | awk 'NR > 1 { print $1 }' | tr '\n' ' ')" = \
	"feth10000 feth10003 feth10005 " ]
check "they stay on cleanup" prints "" cleanup
check "destroy" tapctl destroy feth10000 feth10005
check "the other one is still there" mac_has_only feth10003 feth20003

# === What cannot be ===

check "taken" refused "feth10003 exists" create -u 10003
check "a unit out of range" refused "32767" create -u 32768
check "an MTU above the maximum" refused "2048.*net.link.fake.max_mtu" \
    create -m 9000
darwinctl sysctl net.link.fake.max_mtu=9000 >&2
check "which can be raised" prints feth10000 create -m 9000
check "an MTU below the minimum" refused "72" create -m 70
tapctl destroy feth10000
check "a leading zero in a name" refused "no device" destroy feth010003
check "no such device" refused "no device" show feth10000
check "not a feth" refused "." destroy lo0
darwinctl create feth555 >&2
darwinctl create feth556 >&2
darwinctl peer feth555 feth556
check "a foreign pair is shown" shows feth555 '"peer":"feth556"' \
    '"owner":"foreign"' '"pid":null'
check "and is not destroyed" refused "feth555 .*not ours" destroy feth555
check "nor taken" refused "feth555 .*not ours" create -u 555
darwinctl destroy feth556
check "nor half of it" refused "feth555 .*not ours" destroy feth555
darwinctl destroy feth555
as_tuna
near_user() {
	in_mac near $AS_USER "$MAC_BIN/tapctl" "$@"
}
check "no root: no device" not near_user create
check "no root: a line" \
    [ "$(near_user create 2>&1 | grep -c '^tapctl: .*root')" = 1 ]
check "no root: list" [ "$(near_user list | wc -l)" = 2 ]
check "no root: destroy" not near_user destroy feth10003
AS_USER=
check "all is still there" mac_has_only feth10003 feth20003
tapctl destroy feth10003
check "nothing is left" mac_is_clean

# === Serving ===

# A Mac's on near, a Linux one on far.
serve_mac() {
	TAPCTL=$MAC_BIN/tapctl
	serve_start "$@"
	mac_started=$?
	TAPCTL=$LINUX_TAPCTL
	return $mac_started
}

cable_start() {
	serve_mac a near -u 10003 "stream:$A" &&
	    serve_start b far -u 5 "stream:connect:$A" || exit 1
}

mac_serves_nothing() {
	mac_is_clean && ! far ip link show "$FAR_TAP" && [ ! -e "$A" ]
} >/dev/null 2>&1

cable_start
check "in use: shown" shows feth10003 '"owner":"live"' '"used":true' \
    "\"pid\":$(serve_pid a)"
check "in use: not destroyed" refused "in use\|uses" destroy feth10003
check "in use: not cleaned up" prints "" cleanup
check "ping" cable_works
check "frames, near to far" \
    frames_cross near far 14,60,1514,15 2000 31 0x88b5 0 3000
check "frames, far to near" \
    frames_cross far near 1514,14,999 2000 32 0x88b5 0 3000
recv_start far 20000 33
kill -STOP "$(serve_pid b)" "$(server_of b)"
send_frames near 1514,60 15000 33
kill -CONT "$(serve_pid b)" "$(server_of b)"
recv_end 33
check "a peer that is stuck: none was changed" \
    [ "$(recv_number 33 corrupt)" = 0 ]
check "a peer that is stuck: none came late" \
    [ "$(recv_number 33 reordered)" = 0 ]
check "a peer that was stuck: ping" ping_near_far
check "SIGTERM ends it with 0" serve_stop a
check "the other side ends" serve_ends_with b 0
check "nothing is left" wait_for 5 mac_serves_nothing

cable_start
kill -KILL "$(server_of a)"
check "the process that serves was killed: status 1" serve_ends_with a 1
serve_end b
check "nothing is left" wait_for 5 mac_serves_nothing
cable_start
darwinctl destroy feth10003
check "the pair was destroyed: status 1" serve_ends_with a 1
check "the pair was destroyed: a line" serve_said a "feth10003 was removed"
serve_end b
check "nothing is left" wait_for 5 mac_serves_nothing

# A pair that stays is attached to, and stays.
tapctl create -u 10003 >&2
cable_start
check "one that stays: ping" cable_works
check "one that stays: shown" shows feth10003 '"owner":"kept"' '"used":true'
check "one that stays: not destroyed" refused "in use\|uses" \
    destroy feth10003
serve_stop a
serve_end b
check "one that stays: stays" shows feth10003 '"owner":"kept"' '"used":false'
tapctl destroy feth10003
check "nothing is left" wait_for 5 mac_serves_nothing

# The other ways.
B=$TDIR/b.sock
serve_mac a near -u 10003 "dgram:$A,$B" &&
    serve_start b far -u 5 "dgram:$B,$A" || exit 1
check "datagrams: ping" cable_comes_up
serve_stop a
serve_stop b
near ip link add bridge0 type bridge
serve_mac a near -u 10003 -b bridge0 "dgram:$A" || exit 1
check "a bridge: the device is in it" \
    near ip link show master bridge0 dev feth10003
serve_stop a
near ip link del bridge0
mkfifo "$TDIR/there" "$TDIR/back"
exec 8<>"$TDIR/there" 9<>"$TDIR/back"
SERVE_IN=$TDIR/there SERVE_OUT=$TDIR/back
serve_mac a near -u 10003 stdio || exit 1
SERVE_IN=$TDIR/back SERVE_OUT=$TDIR/there
serve_start b far -u 5 stdio || exit 1
exec 8>&- 9>&-
SERVE_IN= SERVE_OUT=
check "pipes: ping" cable_works
check "pipes: SIGTERM ends it with 0" serve_stop b
check "pipes: and the Mac's side" serve_ends_with a 0
serve_start b far -u 5 "stream:$A"
mac_exec near env --default-signal=INT ifconfig_local=198.18.0.1 \
    ifconfig_netmask=255.255.255.0 "$PLUGTOOL" openvpn tap 1400 \
    02:00:5e:00:53:77 "stream:$A" "$MAC_BIN/tapctl" serve -u 10003 openvpn \
    </dev/null >/dev/null 2>"$TDIR/vpn.err" &
vpn_pid=$!
wait_for 5 serve_said vpn serving
check "OpenVPN: its IP address" near sh -c \
    "ip -o addr show dev feth10003 | grep -qF ' 198.18.0.1/24 '"
check "OpenVPN: ping" cable_works
check "OpenVPN: its MTU and address" shows feth10003 '"mtu":1400' \
    '"address":"02:00:5e:00:53:77"'
kill -TERM "$vpn_pid"
wait "$vpn_pid"
check "OpenVPN: SIGINT ends it with 0" [ $? = 0 ]
serve_end b
check "nothing is left" wait_for 5 mac_serves_nothing

# It says how many it holds; asking before it has them would take one.
mac_exec near "$MAC_BIN/darwinctl" hold-bpf 256 >"$TDIR/held" &
holder=$!
wait_for 5 [ -s "$TDIR/held" ] && darwinctl bpf-busy ||
    fatal "cannot take all bpf devices"
TAPCTL=$MAC_BIN/tapctl
serve_refused "all bpf devices are in use" "bpf" -u 10003 "stream:$A"
TAPCTL=$LINUX_TAPCTL
kill "$holder"
wait "$holder" 2>/dev/null
check "nothing is left" mac_is_clean

# === What is left over ===

leave_over() {
	serve_mac a near -u 10003 "dgram:$A" || exit 1
	left_pid=$(serve_pid a)
	for pid in $(children_of "$left_pid") "$left_pid"; do
		kill -KILL "$pid"
	done
	serve_end a
}

leave_over
darwinctl create feth10004 >&2
check "killed: the pair stays" mac_has_only feth10003 feth10004 feth20003
check "killed: shown" shows feth10003 '"owner":"left-over"' '"used":false' \
    "\"pid\":$left_pid"
check "killed: a dry run names it" \
    prints "would destroy feth10003 feth20003" cleanup --dry-run
check "killed: and leaves it" mac_has_only feth10003 feth10004 feth20003
check "killed: cleanup destroys it" \
    prints "destroyed feth10003 feth20003" cleanup
check "killed: and nothing else" mac_has_only feth10004
leave_over
tapctl cleanup --json >"$OUT"
check "killed: cleanup --json" grep -q '^\[{"name":"feth10003",.*}\]$' "$OUT"
leave_over
check "killed: its user is told" [ "$(DARWIN_SIM_EUID=501 \
    tapctl cleanup 2>&1 >/dev/null | grep -c '^tapctl: .*root')" = 1 ]
check "killed: nothing is said to be destroyed that is not" \
    [ -z "$(DARWIN_SIM_EUID=501 tapctl cleanup 2>/dev/null)" ]
check "killed: destroy by name" tapctl destroy feth10003
leave_over
cable_start
check "killed: the next start takes its place" cable_works
serve_stop a
serve_end b
check "the foreign one is still there" mac_has_only feth10004
darwinctl destroy feth10004
check "nothing is left" wait_for 5 mac_serves_nothing

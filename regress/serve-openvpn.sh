#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# tapctl serve as the program that OpenVPN starts for its device.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/serving.sh"

hosts_up
B=$TDIR/b.sock
MAC=02:00:5e:00:53:77

# openvpn_start mtu lladdr program [word ...]: in near, joined to far.
openvpn_start() {
	serve_start b far -u 5 -m "$1" "stream:$B" || exit 1
	openvpn_spawn tap "$@"
	wait_for 5 serve_said vpn serving || fatal "OpenVPN's program fails"
}

# openvpn_spawn type mtu lladdr program [word ...]
openvpn_spawn() {
	type=$1 mtu=$2 lladdr=$3
	shift 3
	rm -f "$TDIR/vpn.err"
	nsenter --net=/run/netns/near \
	    env --default-signal=INT,QUIT "$PLUGTOOL" openvpn "$type" "$mtu" \
	    "$lladdr" "stream:$B" "$@" </dev/null >/dev/null 2>"$TDIR/vpn.err" &
	vpn_pid=$!
}

openvpn_ends_with() {
	wait_for 5 gone "$vpn_pid" || return 1
	wait "$vpn_pid"
	vpn_status=$?
	sed 's/^/  openvpn| /' "$TDIR/vpn.err" >&2
	[ "$vpn_status" = "$1" ]
}

near_device() {
	near ip link show "$NEAR_TAP" | grep -q "$1"
}

openvpn_start 9000 "$MAC" "$TAPCTL" serve -u 3 openvpn
check "ping" cable_works
frames_pass "OpenVPN"
check "its MTU" near_device "mtu 9000"
check "its address" near_device "link/ether $MAC"
check "root is given up" not grep -q '^Uid:[[:space:]]*0' \
    "/proc/$(children_of "$(children_of "$vpn_pid")")/status"
kill -TERM "$vpn_pid"
check "OpenVPN ends: SIGINT ends us with 0" openvpn_ends_with 0
check "the far side ends" serve_ends_with b 0
check "nothing is left" wait_for 5 nothing_is_left

# Without arguments, as OpenVPN starts it; the unit is the first free one.
NEAR_TAP=tap0
openvpn_start 1400 "" "$TAPCTL"
check "without arguments: ping" cable_works
check "without arguments: its MTU" near_device "mtu 1400"
kill -STOP "$vpn_pid"
recv_start far 20000 33
send_frames near 1400,60 15000 33
kill -CONT "$vpn_pid"
recv_end 33
check "OpenVPN is stuck: frames were lost" \
    [ "$(recv_number 33 lost)" -gt 5000 ]
check "OpenVPN is stuck: none was changed" \
    [ "$(recv_number 33 corrupt)" = 0 ]
check "OpenVPN is stuck: none came late" \
    [ "$(recv_number 33 reordered)" = 0 ]
check "OpenVPN was stuck: ping" ping_near_far
# The device is silent: nothing but its parent's absence tells.
near ip link set "$NEAR_TAP" down
kill -KILL "$vpn_pid"
wait "$vpn_pid" 2>/dev/null
check "OpenVPN was killed: we end" wait_for 5 serve_said vpn "frames to"
serve_end b
check "OpenVPN was killed: nothing is left" wait_for 5 nothing_is_left

openvpn_start 1500 "" "$TAPCTL"
near ip link set "$NEAR_TAP" down
kill -HUP "$vpn_pid"
check "OpenVPN closes the socket and cannot signal us: status 0" \
    openvpn_ends_with 0
serve_end b
check "OpenVPN closed the socket: nothing is left" wait_for 5 nothing_is_left

openvpn_start 1500 "" "$TAPCTL"
kill -KILL "$(children_of "$vpn_pid")"
wait_for 5 not near ip link show "$NEAR_TAP"
kill -TERM "$vpn_pid"
openvpn_ends_with 255
serve_end b
check "our monitor was killed: nothing is left" wait_for 5 nothing_is_left

# What OpenVPN says of addresses, and of everything else, is in its variables.
near_has() {
	near ip -o addr show dev "$NEAR_TAP" | grep -qF " $1 "
}

serve_start b far -u 5 "stream:$B"
openvpn_spawn tap 1500 "" env ifconfig_local=198.18.0.1 \
    ifconfig_netmask=255.255.255.0 ifconfig_ipv6_local=fd00::1 \
    ifconfig_ipv6_netbits=64 "$TAPCTL"
wait_for 5 serve_said vpn serving
check "addresses: IPv4" near_has 198.18.0.1/24
check "addresses: IPv6" near_has fd00::1/64
far ip addr add 198.18.0.2/24 dev "$FAR_TAP"
check "addresses: ping" ping_near_far
kill -TERM "$vpn_pid"
openvpn_ends_with 0
serve_end b
near ip link add br0 type bridge
serve_start b far -u 5 "stream:$B"
openvpn_spawn tap 1500 "" env ifconfig_local=198.18.0.1 \
    ifconfig_netmask=255.255.255.0 "$TAPCTL" serve -b br0 openvpn
wait_for 5 serve_said vpn serving
check "a bridge: the device is in it" \
    near ip link show master br0 dev "$NEAR_TAP"
check "a bridge: and has no address" not near_has 198.18.0.1/24
kill -TERM "$vpn_pid"
openvpn_ends_with 0
serve_end b
near "$TAPCTL" create -u 0 -o "$USER_NAME" >&2
serve_start b far -u 5 "stream:$B"
chown "$USER_ID" "$B"
as_tuna
# $AS_USER holds several words.
openvpn_spawn tap 1500 "" $AS_USER env ifconfig_local=198.18.0.1 \
    ifconfig_netmask=255.255.255.0 "$TAPCTL" serve -u 0 openvpn
AS_USER=
wait_for 5 serve_said vpn serving
check "no root: addresses are left as they are" not near_has 198.18.0.1/24
check "no root: and that is said" serve_said vpn "not root: .*$NEAR_TAP"
kill -TERM "$vpn_pid"
openvpn_ends_with 0
serve_end b
near "$TAPCTL" destroy "$NEAR_TAP"
check "addresses: nothing is left" wait_for 5 nothing_is_left

# refused what type mtu lladdr pattern [variable ...]
openvpn_refused() {
	what=$1 type=$2 mtu=$3 lladdr=$4 pattern=$5
	shift 5
	serve_start b far -u 5 "stream:$B"
	openvpn_spawn "$type" "$mtu" "$lladdr" env "$@" "$TAPCTL"
	wait_for 5 serve_said vpn tapctl
	kill -TERM "$vpn_pid"
	check "$what: status $REFUSED_STATUS" \
	    openvpn_ends_with "$REFUSED_STATUS"
	check "$what: one line" [ "$(wc -l <"$TDIR/vpn.err")" = 1 ]
	check "$what: says so" serve_said vpn "$pattern"
	serve_end b
}

REFUSED_STATUS=64
openvpn_refused "a tun device" tun 1500 "" "only Ethernet"
openvpn_refused "an MTU that is none" tap 7 "" "from 68"
openvpn_refused "a multicast address" tap 1500 03:00:00:00:00:01 multicast
REFUSED_STATUS=1
openvpn_refused "an IP address that cannot be" tap 1500 "" "loopback address" \
    ifconfig_local=127.0.0.1 ifconfig_netmask=255.0.0.0
openvpn_refused "IPv6, and no MTU for it" tap 1200 "" "IPv6 .*1280" \
    ifconfig_ipv6_local=fd00::1 ifconfig_ipv6_netbits=64
check "nothing is left" wait_for 5 nothing_is_left

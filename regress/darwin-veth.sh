#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The simulated Mac's interfaces carry real frames, as macOS would see them.
# No tunnel of ours is in the way: darwinctl relays to a TAP in far.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"

USER_SIDE=feth1
PEER_SIDE=feth2
NEAR_TAP=$USER_SIDE FAR_TAP=tap5

relay_up() {
	darwinctl relay "$PEER_SIDE" "$FAR_TAP" >"$TDIR/relay" 2>&1 &
	relay_pid=$!
	wait_for 5 grep -q ready "$TDIR/relay" || fatal "the relay does not start"
	near ip link set "$FAR_TAP" netns far ||
	    fatal "no $FAR_TAP in far"
}

# cross what sizes count [vlan]: both ways.
cross() {
	check "$1, near to far" frames_cross near far "$2" "$3" 31 0x88b5 \
	    "${4:-0}" 5000
	check "$1, far to near" frames_cross far near "$2" "$3" 32 0x88b5 \
	    "${4:-0}" 5000
}

list_says() {
	darwinctl list | grep -q "^$1\$"
}

hosts_up
mac_start near
darwinctl sysctl net.link.fake.max_mtu=9000 >&2
darwinctl create "$USER_SIDE" >&2
darwinctl create "$PEER_SIDE" >&2
darwinctl peer "$USER_SIDE" "$PEER_SIDE"

check "interfaces are made down" list_says \
    "$USER_SIDE down mtu 1500 lladdr 66:65:74:68:00:01 peer $PEER_SIDE"
check "Linux has them" near ip link show "$USER_SIDE"
near ip link set "$USER_SIDE" up mtu 1400 address 02:00:00:00:00:51
check "what is set there is seen here" list_says \
    "$USER_SIDE up mtu 1400 lladdr 02:00:00:00:00:51 peer $PEER_SIDE"
darwinctl mtu "$USER_SIDE" 1500
darwinctl up "$PEER_SIDE"
check "what is set here is seen there" near sh -c \
    "ip link show $USER_SIDE | grep -q 'mtu 1500 ' &&
    ip link show $PEER_SIDE | grep -q '[<,]UP[,>]'"

relay_up
tunnel_config
check "IPv4" ping_near_far
check "IPv4 back" ping_far_near
check "IPv6" near ping -n -q -c 1 -W 3 fd00::2
check "fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2

# Nobody pads them, to 60 bytes or to anything.
RECV_SECONDS=1
cross "frames of 14 bytes" 14 200
cross "frames of 15 to 61 bytes" 15,42,59,60,61 200
cross "frames of 1514 bytes" 1514 500
# Linux takes no tagged frame of less than 20 bytes.
cross "frames with a VLAN tag" 20,64,1518 300 7
darwinctl mtu "$USER_SIDE" 9000
far ip link set "$FAR_TAP" mtu 9000
cross "frames of 9014 bytes" 9014 200
cross "frames of 9018 bytes with a VLAN tag" 9018 200 7

add_vlan() {
	in_ns "$1" ip link add link "$(tap_of "$1")" name vlan7 type vlan id 7 &&
	    in_ns "$1" ip addr add "198.18.7.$2/24" dev vlan7 &&
	    in_ns "$1" ip link set vlan7 up
}

if add_vlan near 1 2>/dev/null; then
	add_vlan far 2
	check "a VLAN of the host" near ping -n -q -c 1 -W 3 198.18.7.2
else
	skip_check "a VLAN of the host" "this system has none"
fi

# The host's checksums are finished before anybody sees a frame.
if command -v tcpdump >/dev/null; then
	nsenter --net=/run/netns/far tcpdump -n -i "$FAR_TAP" -vv -c 4 udp port 5353 \
	    >"$TDIR/dump" 2>&1 &
	dump_pid=$!
	wait_for 5 grep -q listening "$TDIR/dump"
	for text in one two three four; do
		near "$FRAMETOOL" cast "$USER_SIDE" 224.0.0.251 5353 $text
	done
	wait_for 5 gone "$dump_pid"
	kill "$dump_pid" 2>/dev/null
	check "UDP checksums are finished" \
	    [ "$(grep -c 'udp sum ok' "$TDIR/dump")" -eq 4 ]
else
	skip_check "UDP checksums are finished" "tcpdump is not installed"
fi

recv_start far 5 35
send_frames far 100 5 35
recv_end 35
check "nothing comes back" [ "$(recv_number 35 received)" -eq 0 ]

near ip link set "$PEER_SIDE" down
frames_cross far near 100 5 33 >&2
check "the peer down: what is injected is refused" \
    [ "$(recv_number 33 received)" -eq 0 ]
check "the peer down: the host's frames pass" \
    frames_cross near far 100 5 34
near ip link set "$PEER_SIDE" up
check "up again" ping_near_far

near ip link del "$USER_SIDE"
check "deleted there, it is destroyed here" mac_has_only "$PEER_SIDE"
check "and the peer has none" list_says "$PEER_SIDE up .* peer -"
darwinctl destroy "$PEER_SIDE"
check "the relay ends with the pair" wait_for 5 gone "$relay_pid"
mac_stop near
check "nothing of it is left in Linux" not near ip link show "$PEER_SIDE"

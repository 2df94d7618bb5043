#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Guests behind bridges on both ends, as virtual machines are: what they send
# reaches the TAP by way of another interface, in pieces that are theirs, or
# that the host has joined (GRO), with headers that lie elsewhere in memory.
#
#	east0 --- br1 tap3 ==== tap5 br1 --- west0
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/offload.sh"

# guest name host n: a host of its own, and a bridge to it.
guest() {
	add_host "$1" &&
	    in_ns "$1" ip link add "${1}0" type veth peer name veth0 \
		netns "$2" &&
	    in_ns "$1" ip addr add "198.18.9.$3/24" dev "${1}0" &&
	    in_ns "$1" ip addr add "fd09::$3/64" dev "${1}0" nodad &&
	    in_ns "$1" ip link set "${1}0" up ||
	    fatal "no guest behind $2"
	in_ns "$2" ip link add br1 type bridge || skip "no bridge"
	in_ns "$2" ip link set veth0 master br1 &&
	    in_ns "$2" ip link set veth0 up &&
	    in_ns "$2" ip link set br1 up || fatal "no bridge in $2"
}

join_bridges() {
	for end in near:$NEAR_TAP far:$FAR_TAP; do
		in_ns "${end%:*}" ip link set "${end#*:}" master br1
		in_ns "${end%:*}" ip link set "${end#*:}" up
	done
}

# Guests cut for themselves, as far as their interface lets them.
guests_offload() {
	for guest in east west; do
		in_ns $guest ethtool -K "${guest}0" tx "$1" tso "$1" gso "$1"
	done
} >&2 2>&1

hosts_gro() {
	near ethtool -K veth0 gro "$1" && far ethtool -K veth0 gro "$1"
} >&2 2>&1

# through_bridges peer file: the file is for what the host has joined.
through_bridges() {
	peer=$1
	join_bridges
	label="$peer"
	transfers "$RANDOM_FILE"
	train_scenes 200 1200 40 333
	transfers "$SMALL_FILE" options
	if ! command -v ethtool >/dev/null; then
		skip_check "$peer: joined by GRO" "ethtool is not installed"
		return
	fi
	label="$peer, joined by GRO"
	if guests_offload off && hosts_gro on; then
		transfers "$2"
		train_scenes 200 1200 40 333
	else
		skip_check "$label" "this kernel does not do it"
	fi
	guests_offload on
	hosts_gro off
}

hosts_up
NEAR_HOST=east NEAR_IPV4=198.18.9.1 NEAR_IPV6=fd09::1
FAR_HOST=west FAR_IPV4=198.18.9.2 FAR_IPV6=fd09::2
guest east near 1
guest west far 2
tapd_start
if sshtap_start far; then
	through_bridges sshtapd "$RANDOM_FILE"
	sshtap_stop
fi
tapd_stop
SSHD_LOG=$TDIR/sshd.far.log
sshd_start
if sshtap_start far; then
	wait_for 5 far ip link show "$FAR_TAP"
	through_bridges sshd "$SMALL_FILE"
	sshtap_stop
fi

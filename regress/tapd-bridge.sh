#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What sshtapd does with interfaces, of its own and of root's: bridges,
# addresses, MTUs; and that it takes back what it did to root's.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

mtu_of() {
	far ip -o link show dev "$1" | sed 's/.* mtu \([0-9]*\).*/\1/'
}

has_address() {
	far ip -o addr show dev "$FAR_TAP" | grep -q -F " $1 "
}

# tunnel_to unit command ...: with this unit of the server.
tunnel_to() {
	UNITS=3:$1 FAR_TAP=tap$1
	shift
	sshtap_start far || return
	"$@"
	sshtap_stop
	UNITS=3:5 FAR_TAP=tap5
}

in_bridge() {
	check "$FAR_TAP is in $1" [ "$(bridge_of "$FAR_TAP")" = "$1" ]
	check "$FAR_TAP has an MTU of $2" [ "$(mtu_of "$FAR_TAP")" = "$2" ]
}

alone() {
	check "$FAR_TAP is in no bridge" [ -z "$(bridge_of "$FAR_TAP")" ]
	near ip addr add 198.18.0.1/24 dev "$NEAR_TAP"
	check "its address answers" ping_near_far
	check "IPv6, too" wait_for 3 has_address fd00::2/64
	check "and one more" has_address 198.18.1.2/32
}

# A host on the bridge, and one behind the tunnel.
through_bridge() {
	far ip addr add 198.18.0.2/24 dev br0
	near ip addr add 198.18.0.1/24 dev "$NEAR_TAP"
	check "the bridge answers" ping_near_far
	check "and asks" ping_far_near
	far ip addr del 198.18.0.2/24 dev br0
}

hosts_up
far_bridge br0
far_bridge guests
tapd_start "TunnelBridge none 5" "TunnelBridge guests 10-19 21" \
    "TunnelBridge br0" "TunnelMTU 1400 10-19" "TunnelAddress fd00::2/64 5" \
    "TunnelAddress 198.18.0.2/24 5" "TunnelAddress 198.18.1.2/32 5"

tunnel_to 9 in_bridge br0 1500
tunnel_to 9 through_bridge
tunnel_to 10 in_bridge guests 1400
tunnel_to 19 in_bridge guests 1400
tunnel_to 20 in_bridge br0 1500
tunnel_to 21 in_bridge guests 1500
tunnel_to 5 alone
check "nothing is left" wait_for 3 tapd_is_idle

# One that root has made gets the same, and stays without it.
far ip tuntap add dev tap10 mode tap
far ip tuntap add dev tap5 mode tap
far ip addr add 198.18.1.2/32 dev tap5
STAYS=yes
tunnel_to 10 in_bridge guests 1400
tunnel_to 5 alone
check "tap10 has left the bridge" wait_for 3 [ -z "$(bridge_of tap10)" ]
check "tap5 has lost its address" wait_for 3 not has_address 198.18.0.2/24
check "and that of IPv6" wait_for 3 not has_address fd00::2/64
check "what root gave it is there" has_address 198.18.1.2/32
# In a bridge already: it stays there.
far ip link set tap10 master guests
tunnel_to 10 in_bridge guests 1400
check "what was in the bridge is in it" [ "$(bridge_of tap10)" = guests ]
far ip link set tap10 master br0
UNITS=3:10
sshtap_spawn far
sshtap_end
check "what is in another bridge is refused" [ "$TAP_STATUS" = 255 ]
check "and one line says why" grep -q 'refused the tunnel: .*tap10' "$ERR"
trace "$(cat "$ERR")"
check "it is where it was" [ "$(bridge_of tap10)" = br0 ]
far ip link del tap10
far ip link del tap5
STAYS=

# The system chooses the unit, and what is set for it holds.
tapd_restart "TunnelBridge guests 0-4" "TunnelMTU 1300"
UNITS=3:any FAR_TAP=tap0
if sshtap_start far; then
	in_bridge guests 1300
	sshtap_stop
fi
tapd_stop

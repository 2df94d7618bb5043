#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtapd on a Mac, far, and sshtap on Linux at the other end.
#
#	192.0.2.1 near0 ---- far0 192.0.2.2
#	           tap3 ==== feth10005
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"
. "$SRCDIR/regress/tapd.sh"

SSHTAP=$REGRESS_TMP/bin/sshtap
SSHTAP_EXE=$SSHTAP
TAPD=$MAC_BIN/sshtapd
TAPD_EXE=$TAPD
NEAR_TAP=tap3
FAR_TAP=feth10005
UNITS=3:10005
DARWIN_SIM_REGISTRY=/run/ethtap.far

far_ctl() {
	in_mac far "$MAC_BIN/darwinctl" "$@"
}

# No process of a connection, no interface but those that are named.
far_has_only() {
	[ -z "$(tapd_connections)" ] &&
	    [ "$(far_ctl list | awk '{ print $1 }')" = "$*" ]
}

# far_tunnel what option ...
far_tunnel() {
	what=$1
	shift
	sshtap_start "$@" far || return
	tapd_tunnel_config
	check "$what: IPv4" ping_near_far
	check "$what: back" ping_far_near
	check "$what: IPv6" near ping -n -q -c 1 -W 3 fd00::2
	check "$what: not IP, near to far" \
	    frames_cross near far 60,1514 500 21
	check "$what: not IP, far to near" \
	    frames_cross far near 60,1514 500 21
	sshtap_stop
	check "$what: nothing is left on the Mac" wait_for 5 far_has_only
}

hosts_up
mac_start far
tapd_start
far_tunnel "a unit"
far_tunnel "keys change" -o RekeyLimit=64K
UNITS=3:any FAR_TAP=feth10000
far_tunnel "any unit"
UNITS=3:10005 FAR_TAP=feth10005

if sshtap_start far; then
	kill -KILL $(tapd_role network)
	sshtap_end
	check "the network process is killed: nothing is left" \
	    wait_for 5 far_has_only
fi
if sshtap_start far; then
	far_ctl destroy "$FAR_TAP"
	sshtap_end
	check "the interface is destroyed: sshtap ends" \
	    [ "$TAP_STATUS" = 255 ]
	check "nothing is left of it" wait_for 5 far_has_only
fi
far_ctl create "$FAR_TAP" >&2
STAYS=yes
sshtap_refused "an interface of somebody else" \
    "refused the tunnel: $FAR_TAP exists and is not ours" far
STAYS=
check "it is still there" far_has_only "$FAR_TAP"
far_ctl destroy "$FAR_TAP"

# ifconfig(8) is run for these.
far ip link add bridge0 type bridge && far ip link set bridge0 up ||
    skip "no bridge"
tapd_restart "TunnelBridge bridge0 10006" "TunnelAddress 198.18.0.2/24 10005" \
    "TunnelMTU 1400 10005"
if sshtap_start far; then
	near ip addr add 198.18.0.1/24 dev "$NEAR_TAP"
	check "TunnelAddress" ping_near_far
	check "TunnelMTU" sh -c "nsenter --net=/run/netns/far \
	    ip link show $FAR_TAP | grep -q 'mtu 1400 '"
	sshtap_stop
fi
UNITS=3:10006 FAR_TAP=feth10006
if sshtap_start far; then
	check "TunnelBridge" [ "$(bridge_of "$FAR_TAP")" = bridge0 ]
	sshtap_stop
fi
check "nothing is left on the Mac" wait_for 5 far_has_only
tapd_stop

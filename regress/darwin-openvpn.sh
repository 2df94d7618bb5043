#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# openvpn-ethtap below a real OpenVPN 2.7, on a Mac.  OpenVPN is that of Linux:
# what it starts is what it would be on macOS.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"
. "$SRCDIR/regress/serving.sh"
. "$SRCDIR/regress/vpn.sh"

vpn_up
hosts_up
mac_start near
HELPER=$MAC_BIN/openvpn-ethtap
SSHTAP_EXE=$TREE$MAC_BIN/tapctl
# OpenVPN does not hand on what is in its own environment.
VPN_ENV="setenv ETHTAP_UNIT 10003
setenv DARWIN_SIM_REGISTRY /run/ethtap.near
setenv DARWIN_SIM_IFCONFIG $MAC_BIN/ifconfig"
SIZES="14,15,59,60,61,300 576,1000,1300,1400,1500,1513,1514"

near_is_clean() {
	[ -z "$(vpn_servers)" ] && mac_is_clean
}

vpn_traffic
vpn_far
vpn_endings
vpn_losses
vpn_bridge
vpn_misuse
vpn_refused "an MTU above the maximum" "2048.*net.link.fake.max_mtu" \
    "tun-mtu 3000"

# All of it is killed, and the next start finds what is left over.
vpn_connect
for pid in $(vpn_pid near) $(vpn_servers); do
	kill -KILL "$pid"
done
vpn_end near
check "all are killed: the pair stays" mac_has_only "$NEAR_TAP" "$PEER_TAP"
vpn_connect
check "all are killed: the next start takes its place" vpn_pings
vpn_stop near
check "all are killed: nothing is left" wait_for 5 near_is_clean
vpn_stop far
vpn_client

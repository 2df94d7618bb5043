#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# openvpn-ethtap below a real OpenVPN 2.7, on a TAP of Linux.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/serving.sh"
. "$SRCDIR/regress/vpn.sh"

vpn_up
hosts_up
SSHTAP_EXE=$TREE$TAPCTL
VPN_ENV="setenv ETHTAP_UNIT 3"
SIZES="14,15,59,60,61,300 576,1000,1300,1400,1500,1513,1514"

vpn_traffic
vpn_far
vpn_endings
vpn_losses
vpn_bridge

# OpenVPN without root on a device that stays.
near "$TAPCTL" create -u 3 -o nobody -a 02:00:5e:00:53:77 >&2
vpn_restart_kept() {
	vpn_connect "user nobody"
	kill -USR1 "$(vpn_pid near)"
	check "a device of OpenVPN's user: it starts again" vpn_runs 2
	check "a device of OpenVPN's user: it kept its address" \
	    near_has 198.18.0.1/24
	check "a device of OpenVPN's user: ping" vpn_pings
	vpn_stop near
}
vpn_restart_kept
near "$TAPCTL" destroy "$NEAR_TAP"
check "a device of OpenVPN's user: nothing is left" wait_for 5 near_is_clean

vpn_misuse
serve_start a near -u 3 "stream:$TDIR/a.sock"
vpn_near "$VPN_EQUAL"
check "a unit that is taken: a line" \
    wait_for 5 vpn_said near "^tapctl: .* uses tap3"
check "a unit that is taken: who has it, keeps it" near_link "mtu 1500"
vpn_stop near
serve_stop a
vpn_stop far

# Another MTU, any unit, and no script in between.
HELPER=$REGRESS_TMP/bin/tapctl VPN_ENV= NEAR_TAP=tap0 VPN_MTU=9000
vpn_far "proto tcp-server"
vpn_connect "proto tcp-client"
check "tapctl alone: ping" vpn_pings
check "tapctl alone: MTU" near_link "mtu 9000"
check "tapctl alone: frames" \
    frames_cross near far 14,60,9014,15 500 35 0x88b5 0 2000
check "tapctl alone: and back" \
    frames_cross far near 9014,14,60 500 36 0x88b5 0 2000
vpn_stop near
check "tapctl alone: nothing is left" wait_for 5 near_is_clean
vpn_stop far
HELPER=$REGRESS_TMP/bin/openvpn-ethtap VPN_ENV="setenv ETHTAP_UNIT 3"
NEAR_TAP=tap3 VPN_MTU=1500
vpn_client

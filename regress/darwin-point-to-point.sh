#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Tunnel=point-to-point on a Mac: utun, whose IPv6 has another number.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"

NEAR_TAP=utun3 FAR_TAP=tun5 UNITS=3:5
hosts_up
mac_start near
sshd_start "PermitTunnel point-to-point"
if sshtap_start -o Tunnel=point-to-point far; then
	tunnel_config
	check "IPv4" ping_near_far
	check "IPv4 back" ping_far_near
	check "IPv6" near ping -n -q -c 1 -W 3 fd00::2
	check "IPv6 back" far ping -n -q -c 1 -W 3 fd00::1
	check "1500 bytes" near ping -n -q -c 1 -W 3 -M do -s 1472 \
	    198.18.0.2
	sshtap_stop
fi
check "nothing is left" wait_for 5 mac_is_clean

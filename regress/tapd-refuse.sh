#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# A tunnel that cannot be had: one line at the client, with the reason, and
# the server goes on.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

hosts_up
tapd_start "PermitTunnel point-to-point"
sshtap_refused "PermitTunnel point-to-point" \
    "PermitTunnel of the server does not allow ethernet" far
tapd_restart "PermitTunnel no"
sshtap_refused "PermitTunnel no" \
    "PermitTunnel of the server does not allow ethernet" far

tapd_restart "AllowUsers root $USER_NAME" "TunnelBridge nowhere 6" \
    "TunnelAddress 192.0.2.2/24 7"
sshtap_refused "another mode" "does not allow point-to-point" \
    -o Tunnel=point-to-point far
UNITS=3:6
sshtap_refused "a bridge that does not exist" "there is no bridge nowhere" far
check "the log says so" tapd_said \
    'tunnel-refuse .*nowhere.* mode=ethernet unit=6 user=root'
UNITS=3:5
STAYS=yes
far ip tuntap add dev tap8 mode tap user 12345
authorise "$USER_NAME" "$KEYS/user_ed25519.pub"
UNITS=3:8
sshtap_refused "the device of another user" "tap8 belongs to another user" \
    -l "$USER_NAME" far
far ip link del tap8
UNITS=3:5
far ip link del "$FAR_TAP"
STAYS=

far ip link add tap9 type bridge
UNITS=3:9
sshtap_refused "an interface of another kind" "tap9" far
far ip link del tap9
UNITS=3:5
if sshtap_start far; then
	first=$TAP_PID
	STAYS=yes UNITS=4:5
	sshtap_spawn far
	sshtap_end
	check "a unit that is in use: status 255" [ "$TAP_STATUS" = 255 ]
	check "and one line says so" [ "$(grep -c "$FAR_TAP" "$ERR")" = 1 ]
	trace "$(cat "$ERR")"
	TAP_PID=$first STAYS=
	check "whose it is does not notice" tunnel_works
	sshtap_stop
fi
UNITS=3:5
tunnel_check "it works afterwards" far
tapd_stop

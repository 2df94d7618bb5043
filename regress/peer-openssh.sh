#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The sshd of Debian 13, OpenSSH 10.0.  It ends the connection when more comes
# than it has granted, where older ones drop it.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/peers/trixie.sh"

COUNT=150000
PACE=50000

hosts_up
trixie_up
sshd_start
trace "$($SSHD -V 2>&1)"

for cipher in aes256-gcm@openssh.com aes128-gcm@openssh.com \
    chacha20-poly1305@openssh.com; do
	tunnel_check "tunnel with $cipher" -o "Ciphers=$cipher" far
done
tunnel_check "compression" -C far
for type in ecdsa rsa; do
	bits=256
	[ "$type" != rsa ] || bits=3072
	key=$(make_key "user_$type" "$type" $bits)
	authorise root "$key.pub"
	know_host far "$type"
	tunnel_check "$type keys" -i "$key" far
done
authorise root "$KEYS/user_ed25519.pub"
know_host far ed25519

if sshtap_start -o RekeyLimit=8M far; then
	tunnel_config
	near ip link set "$NEAR_TAP" txqueuelen 20000
	far ip link set "$FAR_TAP" txqueuelen 20000
	check "mixed sizes, near to far" \
	    frames_cross near far 14,60,1514 3000 71 0x88b5 0 6000
	check "mixed sizes, far to near" \
	    frames_cross far near 14,60,1514 3000 72 0x88b5 0 6000
	check "$COUNT small frames, near to far" \
	    frames_cross near far 60 $COUNT 73 0x88b5 0 $PACE
	check "$COUNT small frames, far to near" \
	    frames_cross far near 60 $COUNT 74 0x88b5 0 $PACE
	far ip link set "$FAR_TAP" down
	send_frames near 1000 20000 75 0x88b5 0 60000
	far ip link set "$FAR_TAP" up
	check "it works after a flood" wait_for 10 ping_near_far
	check "and the other way" ping_far_near
	sshtap_stop
fi
sshd_restart "PermitTunnel no"
sshtap_refused "PermitTunnel no" "PermitTunnel" far

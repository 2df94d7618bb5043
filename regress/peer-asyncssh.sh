#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Another implementation of the channel: AsyncSSH.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/peers/trixie.sh"
. "$SRCDIR/regress/peers/asyncssh.sh"

COUNT=45000
PACE=6000

hosts_up
trixie_up
STAYS=yes
asyncssh_start

for cipher in aes256-gcm@openssh.com aes128-gcm@openssh.com \
    chacha20-poly1305@openssh.com; do
	tunnel_check "tunnel with $cipher" -o "Ciphers=$cipher" far
done
tunnel_check "compression" -C far
if sshtap_start -o RekeyLimit=4M far; then
	tunnel_config
	near ip link set "$NEAR_TAP" txqueuelen 20000
	far ip link set "$FAR_TAP" txqueuelen 20000
	check "mixed sizes, near to far" \
	    frames_cross near far 14,60,1514 2000 91 0x88b5 0 1000
	check "mixed sizes, far to near" \
	    frames_cross far near 14,60,1514 2000 92 0x88b5 0 1000
	recv_start far $COUNT 93
	follow_frames near 100 $COUNT 93 0x88b5 0 $PACE
	check "$COUNT frames, near to far" recv_end 93
	check "$COUNT frames, far to near" \
	    frames_cross far near 100 $COUNT 94 0x88b5 0 $PACE
	check "it works afterwards" ping_near_far
	sshtap_stop
fi

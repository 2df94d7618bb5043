#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Another implementation of the channel: AsyncSSH.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/peers/trixie.sh"

COUNT=45000
PACE=6000

server_start() {
	cp "$SRCDIR/regress/peers/asyncssh_tap.py" "$TDIR"
	cp "$KEYS/host_ed25519" "$TDIR/host_key"
	nsenter --net=/run/netns/far chroot "$TREE" \
	    python3 "$TDIR/asyncssh_tap.py" listen 192.0.2.2 22 "$TDIR/host_key" \
	    "$TDIR/authorized_keys/root" "$FAR_TAP" \
	    >"$SSHD_LOG" 2>&1 &
	wait_for 10 grep -q listening "$SSHD_LOG" ||
	    fatal "AsyncSSH does not start"
}

hosts_up
trixie_up
far ip tuntap add dev "$FAR_TAP" mode tap || fatal "no TAP in far"
STAYS=yes
know_host far ed25519
server_start
trace "AsyncSSH $(chroot "$TREE" python3 -c \
    'import asyncssh; print(asyncssh.__version__)')"

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

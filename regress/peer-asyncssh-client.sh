#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Another implementation of the channel as the client of sshtapd: AsyncSSH.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/peers/trixie.sh"

COUNT=45000
PACE=6000

client_start() {
	# What the one before said is no answer.
	rm -f "$ERR"
	nsenter --net=/run/netns/near chroot "$TREE" \
	    python3 "$TDIR/asyncssh_tap.py" connect 192.0.2.2 22 "$KNOWN" \
	    "$IDENTITY" "$NEAR_TAP" 5 "$@" </dev/null >"$ERR" 2>&1 &
	CLIENT_PID=$!
	wait_for 10 client_is_up_or_gone
	grep -q 'tunnel up' "$ERR" || return 1
	wait_for 3 far ip link show "$FAR_TAP" && near ip link set "$NEAR_TAP" up
	far ip addr add 198.18.0.2/24 dev "$FAR_TAP"
	far ip addr add fd00::2/64 dev "$FAR_TAP" nodad
} >&2

client_is_up_or_gone() {
	grep -q 'tunnel up' "$ERR" || gone "$CLIENT_PID"
}

client_stop() {
	kill "$CLIENT_PID" 2>/dev/null
	wait "$CLIENT_PID" 2>/dev/null
	wait_for 5 tapd_is_idle
}

# client_check what option ...
client_check() {
	tunnel=$1
	shift
	if client_start "$@"; then
		check "$tunnel" ping_near_far
		check "$tunnel: back" ping_far_near
	else
		fail "$tunnel"
	fi
	check "$tunnel: nothing is left" client_stop
}

hosts_up
trixie_up
cp "$SRCDIR/regress/peers/asyncssh_tap.py" "$TDIR"
near ip tuntap add dev "$NEAR_TAP" mode tap || fatal "no TAP in near"
near ip addr add 198.18.0.1/24 dev "$NEAR_TAP"
near ip addr add fd00::1/64 dev "$NEAR_TAP" nodad
trace "AsyncSSH $(chroot "$TREE" python3 -c \
    'import asyncssh; print(asyncssh.__version__)')"
tapd_start "Compression yes" "RekeyLimit 4M"

for cipher in aes256-gcm@openssh.com aes128-gcm@openssh.com \
    chacha20-poly1305@openssh.com; do
	client_check "tunnel with $cipher" "encryption_algs=$cipher"
done
client_check "compression" "compression_algs=zlib@openssh.com"
client_check "keys change" "rekey_bytes=4M"
if client_start; then
	near ip link set "$NEAR_TAP" txqueuelen 20000
	far ip link set "$FAR_TAP" txqueuelen 20000
	check "mixed sizes, near to far" \
	    frames_cross near far 14,60,1514 2000 91 0x88b5 0 1000
	check "mixed sizes, far to near" \
	    frames_cross far near 14,60,1514 2000 92 0x88b5 0 1000
	check "$COUNT frames, near to far" \
	    frames_cross near far 100 $COUNT 93 0x88b5 0 $PACE
	check "$COUNT frames, far to near" \
	    frames_cross far near 100 $COUNT 94 0x88b5 0 $PACE
	check "it works afterwards" ping_near_far
else
	fail "no tunnel"
fi
check "nothing is left" client_stop
tapd_stop

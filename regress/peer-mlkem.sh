#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtap built where libcrypto has ML-KEM: the unit tests with that libcrypto,
# and tunnels whose keys a quantum computer cannot find.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/peers/trixie.sh"

unit_tests() {
	chroot "$TREE" env TALLY="$TRIXIE_BUILD/tally" \
	    make -s -C "$TRIXIE_BUILD" -j "$(nproc)" unit >&2 &&
	    [ "$(awk '{ n += $2 } END { print n + 0 }' \
		"$TRIXIE_BUILD/tally")" -eq 0 ]
}

[ -f "$SRCDIR/configure" ] || skip "the sources have no configure"
hosts_up
trixie_up
check "sshtap builds" trixie_make all
[ -x "$TRIXIE_BUILD/sshtap" ] || exit 1
check "the unit tests pass" unit_tests

sshd_start
AS_USER="chroot $TREE"
SSHTAP=$TRIXIE_BUILD/sshtap
SSHTAP_EXE=$TREE$TRIXIE_BUILD/sshtap
trace "$(chroot "$TREE" $SSHTAP -V)"
tunnel_check "ML-KEM" -o KexAlgorithms=mlkem768x25519-sha256 far
check "it was ML-KEM" sshd_said "kex: algorithm: mlkem768x25519-sha256"
: >"$SSHD_LOG"
tunnel_check "nothing said about it" far
check "it was ML-KEM, too" sshd_said "kex: algorithm: mlkem768x25519-sha256"
: >"$SSHD_LOG"
if sshtap_start -o RekeyLimit=1M far; then
	tunnel_config
	check "frames while keys change" \
	    frames_cross near far 1000 10000 81 0x88b5 0 4000
	check "keys have changed" \
	    [ "$(grep -c 'rekey in after' "$SSHD_LOG")" -ge 5 ]
	sshtap_stop
fi

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Each key exchange method that works with any libcrypto.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

for kex in curve25519-sha256 curve25519-sha256@libssh.org; do
	: >"$SSHD_LOG"
	tunnel_check "tunnel with $kex" -o "KexAlgorithms=$kex" far
	check "it was $kex" sshd_said "kex: algorithm: $kex"
done

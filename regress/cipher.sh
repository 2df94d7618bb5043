#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Each cipher, both directions, and the list in our own order.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

for cipher in aes256-gcm@openssh.com aes128-gcm@openssh.com \
    chacha20-poly1305@openssh.com; do
	: >"$SSHD_LOG"
	tunnel_check "tunnel with $cipher" -o "Ciphers=$cipher" far
	check "it was $cipher both ways" \
	    [ "$(grep -c "cipher: $cipher" "$SSHD_LOG")" -eq 2 ]
done

# The client's order decides (RFC 4253 section 7.1).
: >"$SSHD_LOG"
tunnel_check "tunnel with two ciphers" far \
    -o Ciphers=chacha20-poly1305@openssh.com,aes128-gcm@openssh.com
check "the first one was taken" sshd_said "cipher: chacha20-poly1305"

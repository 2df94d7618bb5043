#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Each type of user key, from a file.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

for type in ed25519 ecdsa rsa; do
	bits=
	[ "$type" = ed25519 ] || bits=256
	[ "$type" != rsa ] || bits=3072
	key=$(make_key "user_$type" "$type" $bits)
	authorise root "$key.pub"
	tunnel_check "$type key" -i "$key" far
done

# Both sides name rsa-sha2-512 first.
authorise root "$KEYS/user_rsa.pub"
for algorithm in rsa-sha2-256 rsa-sha2-512; do
	: >"$SSHD_LOG"
	tunnel_check "RSA key with $algorithm" -i "$KEYS/user_rsa" \
	    -o "PubkeyAcceptedAlgorithms=$algorithm" far
	check "it was $algorithm" sshd_said "pkalg $algorithm"
done

authorise root "$KEYS/user_ecdsa.pub"
tunnel_check "the second of two keys" -i "$KEYS/user_ed25519" \
    -i "$KEYS/user_ecdsa" far

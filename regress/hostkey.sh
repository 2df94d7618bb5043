#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Each type of host key.  A type that known_hosts has is asked for first, so
# one type in the file is enough.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start "Port 22" "Port 2222"

for type in ed25519:ssh-ed25519 ecdsa:ecdsa-sha2-nistp256 \
    rsa:rsa-sha2-512; do
	: >"$SSHD_LOG"
	know_host far "${type%:*}"
	tunnel_check "only an ${type%:*} key is known" far
	check "it was ${type#*:}" sshd_said "key algorithm: ${type#*:}"
done

know_host far rsa
: >"$SSHD_LOG"
tunnel_check "HostKeyAlgorithms" -o HostKeyAlgorithms=rsa-sha2-256 far
check "it was rsa-sha2-256" sshd_said "key algorithm: rsa-sha2-256"

know_host '[far]:2222' ed25519
tunnel_check "a key filed with its port" -p 2222 far
know_host other,f*r,!near ecdsa
tunnel_check "a key filed with a pattern" far
know_host far ed25519
ssh-keygen -q -H -f "$KNOWN" >&2
check "ssh-keygen hashed the name" grep -q '^|1|' "$KNOWN"
tunnel_check "a key filed with a hashed name" far
know_host alias ed25519
tunnel_check "HostKeyAlias" -o HostKeyAlias=alias far

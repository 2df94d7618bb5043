#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# A server that lets us in and has never heard of tunnels: Dropbear.
. "$SRCDIR/regress/test-exec.sh"

require_cmd dropbear dropbearkey
hosts_up
dropbearkey -t ed25519 -f "$TDIR/dropbear_key" >"$TDIR/dropbear.pub" 2>&1 ||
    fatal "dropbearkey cannot make a key"
echo "far $(grep '^ssh-ed25519' "$TDIR/dropbear.pub" | cut -d' ' -f1,2)" \
    >"$KNOWN"
mkdir -p "$HOME/.ssh"
chmod 700 "$HOME" "$HOME/.ssh"
install -m 600 "$TDIR/authorized_keys/root" "$HOME/.ssh/authorized_keys"
nsenter --net=/run/netns/far dropbear -F -E -r "$TDIR/dropbear_key" \
    -P "$TDIR/dropbear.pid" -p 192.0.2.2:22 >"$SSHD_LOG" 2>&1 &
wait_for 5 grep -q backgrounding "$SSHD_LOG" || fatal "Dropbear does not start"

sshtap_refused "a tunnel from Dropbear" "knows no tunnels" far
check "it let us in" sshd_said "Pubkey auth succeeded"

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Keys that are not taken, by the server or by us.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start "PasswordAuthentication no" "KbdInteractiveAuthentication no"

# What was tried is named.
stranger=$(make_key user_stranger ed25519)
IDENTITY=$stranger
client_config
LINES_SAID=2
sshtap_refused "a key that the server does not know" \
    "[Pp]ermission denied.*publickey" far
sshtap_refused "a user that the server does not know" \
    "[Pp]ermission denied" -l nosuch far
IDENTITY=$TDIR/key
client_config
LINES_SAID=3
sshtap_refused "no key at all" "[Pp]ermission denied" far

cp "$KEYS/user_ed25519" "$TDIR/key"
chmod 640 "$TDIR/key"
sshtap_refused "a key that the group can read" "chmod 600" far
chmod 600 "$TDIR/key"
tunnel_check "the same, after chmod" far
ssh-keygen -q -p -N secret -f "$TDIR/key" >&2
sshtap_refused "an encrypted key" "ssh-add" far
echo "this is no key" >"$TDIR/key"
sshtap_refused "a file that is no key" "$TDIR/key" far
as_tuna
client_config "User root"
chown 0:0 "$TDIR/key"
near ip tuntap add dev "$NEAR_TAP" mode tap user "$USER_ID"
STAYS=yes
sshtap_refused "a key that we cannot read" "$TDIR/key" far

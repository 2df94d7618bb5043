#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Host keys that are refused.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start
fingerprint=$(ssh-keygen -lf "$KEYS/host_ed25519.pub" | cut -d' ' -f2)

: >"$KNOWN"
for mode in yes ask; do
	sshtap_refused "unknown key, $mode" "is not known" \
	    -o BatchMode=yes -o "StrictHostKeyChecking=$mode" far
	check "the message has the fingerprint" grep -qF "$fingerprint" "$ERR"
done
check "nothing was filed" [ ! -s "$KNOWN" ]

# Another key of the same type, in the second line.
other=$(make_key host_other ed25519)
{
	echo "# a comment"
	echo "far $(cut -d' ' -f1,2 "$other.pub")"
} >"$KNOWN"
for mode in yes accept-new no; do
	# "no" may give a warning of its own.
	LINES_SAID=2 sshtap_refused "changed key, $mode" "has changed" \
	    -o "StrictHostKeyChecking=$mode" far
	check "the message has the fingerprint" grep -qF "$fingerprint" "$ERR"
	check "and file and line" grep -qF "$KNOWN:2" "$ERR"
done
check "the file is as it was" [ "$(wc -l <"$KNOWN")" -eq 2 ]

# Revoked counts more than known.
know_host far ed25519
echo "@revoked * $(cut -d' ' -f1,2 "$KEYS/host_ed25519.pub")" >>"$KNOWN"
sshtap_refused "revoked key" "revoked" far

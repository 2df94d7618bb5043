#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# ssh-audit finds nothing bad in sshtapd as it is without a configuration,
# with the libcrypto of this system and with one that has ML-KEM.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/peers/trixie.sh"

# Its status is about findings, too; what counts is that it came to its end.
audit() {
	near chroot "$TREE" env PYTHONDONTWRITEBYTECODE=1 \
	    ssh-audit --no-colors -4 192.0.2.2 >"$TDIR/audit" 2>&1
	sed 's/^/  audit| /' "$TDIR/audit" >&2
	grep -q '^(gen) software: .*sshtap' "$TDIR/audit" ||
	    grep -q '^(gen) banner: SSH-2.0-sshtapd' "$TDIR/audit"
}

# Those that have a line, be it as a second remark.
nothing_bad() {
	not grep -E '\[(fail|warn)\]' "$TDIR/audit"
}

# One key of the type that sshtapd makes.  ssh-audit comes more often than
# strangers may.
start() {
	tapd_config "PerSourceMaxStartups none" "MaxStartups 1000"
	tapd_spawn -h "$KEYS/host_ed25519" || fatal "sshtapd does not start"
}

hosts_up
trixie_up
[ -x "$TREE/usr/bin/ssh-audit" ] || skip "ssh-audit is not in the tree"

start
check "ssh-audit gets through" audit
check "nothing bad" nothing_bad
tapd_stop

[ -f "$SRCDIR/configure" ] || skip "the sources have no configure"
check "sshtapd builds" trixie_make sshtapd
[ -x "$TRIXIE_BUILD/sshtapd" ] || exit 1
cp "$TDIR/etc/passwd" "$TDIR/etc/group" "$TREE/etc"
TAPD_USER="chroot $TREE"
TAPD=$TRIXIE_BUILD/sshtapd
TAPD_EXE=$TREE$TRIXIE_BUILD/sshtapd
start
check "with ML-KEM: ssh-audit gets through" audit
check "with ML-KEM: it knows the method" \
    grep -q '^(kex) mlkem768x25519-sha256' "$TDIR/audit"
check "with ML-KEM: nothing bad" nothing_bad
tapd_stop

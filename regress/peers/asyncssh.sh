# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# For scripts in which the server is AsyncSSH, with a TAP that stays.  Read
# this file after trixie.sh.

asyncssh_start() {
	far ip tuntap add dev "$FAR_TAP" mode tap || fatal "no TAP in far"
	know_host far ed25519
	cp "$SRCDIR/regress/peers/asyncssh_tap.py" "$TDIR"
	cp "$KEYS/host_ed25519" "$TDIR/host_key"
	nsenter --net=/run/netns/far chroot "$TREE" \
	    python3 "$TDIR/asyncssh_tap.py" listen 192.0.2.2 22 "$TDIR/host_key" \
	    "$TDIR/authorized_keys/root" "$FAR_TAP" \
	    >"$SSHD_LOG" 2>&1 &
	wait_for 10 grep -q listening "$SSHD_LOG" ||
	    fatal "AsyncSSH does not start"
	trace "AsyncSSH $(chroot "$TREE" python3 -c \
	    'import asyncssh; print(asyncssh.__version__)')"
}

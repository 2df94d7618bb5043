#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The patched ssh -w to a server that counts a frame's length alone against
# the window, as the RFC does: AsyncSSH gives credit for no more.  What is
# counted in excess adds up, and half of its window is the end.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/openssh.sh"
. "$SRCDIR/regress/peers/trixie.sh"
. "$SRCDIR/regress/peers/asyncssh.sh"

ENOUGH=270000
BATCH=30000
BATCHES=60

received() {
	far awk -v name="$FAR_TAP:" '$1 == name { print $3 }' /proc/net/dev
}

# Until enough have crossed; each batch has to bring some.
flood() {
	start=$(received) crossed=0 batches=0
	while [ $crossed -lt $ENOUGH ]; do
		[ $batches -lt $BATCHES ] || return 1
		batches=$((batches + 1))
		send_frames near 60 $BATCH 1 0x88b5 0 30000
		wait_for 10 ping_near_far || return 1
		before=$crossed
		crossed=$(($(received) - start))
		trace "$crossed frames"
		[ $crossed -gt $((before + 100)) ] || return 1
	done
}

openssh_tree patched ssh
SSH=$OPENSSH/patched/ssh
hosts_up
trixie_up
asyncssh_start
if ssh_start; then
	check "$ENOUGH frames, no stall" flood
	check "and back" ping_far_near
	kill -TERM "$SSH_PID"
	wait "$SSH_PID"
fi
check "nothing is left" not near ip link show "$NEAR_TAP"

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Ten million small frames between a patched and an unpatched OpenSSH, both
# ways at once; what the two count differently adds up to twenty windows.  In
# batches, each of which has to bring frames and to leave a tunnel that works.
#
# After $FLOOD_SECONDS a tunnel may end with fewer, if what it has carried is
# enough for the difference to matter: see ENOUGH.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/openssh.sh"

FRAMES=${FLOOD_FRAMES:-10000000}
SECONDS_MAX=${FLOOD_SECONDS:-45}
ENOUGH=1100000
BATCH=200000
RATE=70000

# received host interface: packets.
received() {
	in_ns "$1" awk -v name="$2:" '$1 == name { print $3 }' /proc/net/dev
}

delivered() {
	echo $(($(received near "$NEAR_TAP") + $(received far "$FAR_TAP")))
}

# Both ways at once, which nobody answers.
batch() {
	send_frames near 60 $BATCH 1 0x88b5 0 $RATE &
	sender=$!
	send_frames far 60 $BATCH 2 0x88b5 0 $RATE
	wait "$sender"
}

# What is queued comes first.
recovers() {
	wait_for 10 ping_near_far && ping_far_near
}

# A device that is down takes nothing, so the whole window fills; and then what
# the other end believes to be left of it.  held host interface sender
held() {
	in_ns "$1" ip link set "$2" down
	send_frames "$3" 60 $BATCH 3 0x88b5 0 $RATE
	in_ns "$1" ip link set "$2" up
	ssh_lives >/dev/null && recovers
}

# flood: sets $crossed; fails when a batch brings nothing or the tunnel ends.
flood() {
	crossed=0
	before=$(delivered) start=$(date +%s)
	while [ $crossed -lt "$FRAMES" ] && { [ $crossed -lt $ENOUGH ] ||
	    [ $(($(date +%s) - start)) -lt "$SECONDS_MAX" ]; }; do
		batch
		after=$(($(delivered) - before))
		trace "$after frames after $(($(date +%s) - start)) seconds"
		[ $after -gt $((crossed + 1000)) ] && ssh_lives >/dev/null &&
		    recovers || return 1
		crossed=$after
	done
}

# scene client server
scene() {
	SSH=$OPENSSH/$1/ssh
	openssh_tree "$1" ssh
	openssh_sshd "$2"
	if ssh_start; then
		if flood; then
			ok "$1 ssh, $2 sshd: $crossed frames, no stall"
		else
			fail "$1 ssh, $2 sshd: no stall"
		fi
		check "$1 ssh, $2 sshd: the far device takes nothing for a while" \
		    held far "$FAR_TAP" near
		check "$1 ssh, $2 sshd: the near device takes nothing" \
		    held near "$NEAR_TAP" far
		check "$1 ssh, $2 sshd: no window was exceeded" \
		    not grep -e 'peer ignored channel window' "$ERR" "$SSHD_LOG"
		ssh_end TERM
	fi
	check "$1 ssh, $2 sshd: nothing is left" not near ip link show \
	    "$NEAR_TAP"
	sshd_stop
}

hosts_up
scene stock patched

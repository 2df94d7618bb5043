#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# An interface that is down while frames for it arrive: sshd takes none from
# the channel then, and we must neither grow nor get stuck.
. "$SRCDIR/regress/test-exec.sh"

COUNT=60000

# Kilobytes of memory, the larger of the two processes.
memory() {
	for exe in $(sshtap_processes); do
		sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' \
		    "${exe%/exe}/status"
	done | sort -n | tail -n 1
}

# The frames that waited come first.
works_again() {
	wait_for 10 ping_near_far && ping_far_near
}

hosts_up
sshd_start
sshtap_start far || exit 1
tunnel_config
ping_near_far

before=$(memory)
far ip link set "$FAR_TAP" down
send_frames near 1000 $COUNT 41 0x88b5 0 60000
check "far was down: little memory is held" \
    [ $(($(memory) - before)) -lt 20000 ]
check "far was down: the processes live" \
    [ "$(sshtap_processes | wc -l)" -eq 2 ]
far ip link set "$FAR_TAP" up
far ip addr add fd00::2/64 dev "$FAR_TAP" nodad
check "far was down: it works again" works_again

near ip link set "$NEAR_TAP" down
send_frames far 1000 $COUNT 42 0x88b5 0 60000
check "near was down: the processes live" \
    [ "$(sshtap_processes | wc -l)" -eq 2 ]
near ip link set "$NEAR_TAP" up
check "near was down: it works again" works_again

# Up and down while frames go.
send_frames near 200 $COUNT 43 0x88b5 0 30000 &
sender=$!
for turn in 1 2 3 4 5; do
	far ip link set "$FAR_TAP" down
	near ip link set "$NEAR_TAP" down
	sleep 0.1
	far ip link set "$FAR_TAP" up
	near ip link set "$NEAR_TAP" up
	sleep 0.1
done
wait "$sender"
# Stock sshd may give up its side when the interface goes away under a write.
check "up and down: the near side lives, or has ended" \
    [ "$(sshtap_processes | wc -l)" -ne 1 ]
sshtap_kill

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Keys are exchanged again every 1 MiB while frames go both ways: none is lost
# that the interfaces did not lose.
. "$SRCDIR/regress/test-exec.sh"

COUNT=20000

drops() {
	echo $(($(device_drops near "$NEAR_TAP") + \
	    $(device_drops far "$FAR_TAP")))
}

# What frametool misses, and its own socket had room for.
lost() {
	echo $(($(recv_number "$1" lost) - $(recv_number "$1" overrun)))
}

both_ways() {
	before=$(drops)
	recv_start far $COUNT 31
	recv_start near $COUNT 32
	follow_frames near 1000 $COUNT 31 0x88b5 0 4000 &
	sender=$!
	follow_frames far 1000 $COUNT 32 0x88b5 0 4000
	wait "$sender"
	recv_end 31
	recv_end 32
	lost=$(($(lost 31) + $(lost 32)))
	dropped=$(($(drops) - before))
	trace "lost $lost, dropped by the interfaces $dropped"
	[ "$lost" -le "$dropped" ] &&
	    [ "$(recv_number 31 corrupt)" -eq 0 ] &&
	    [ "$(recv_number 32 corrupt)" -eq 0 ] &&
	    [ "$(recv_number 31 reordered)" -eq 0 ] &&
	    [ "$(recv_number 32 reordered)" -eq 0 ]
}

# The lines in which sshd tells that keys have changed.
rekeys() {
	grep -c 'rekey in after' "$SSHD_LOG"
}

tunnel_under_load() {
	: >"$SSHD_LOG"
	sshtap_start "$@" far || return
	tunnel_config
	near ip link set "$NEAR_TAP" txqueuelen 10000
	far ip link set "$FAR_TAP" txqueuelen 10000
	check "$label: no frame lost" both_ways
	check "$label: keys changed 15 times or more" \
	    [ "$(rekeys)" -ge 15 ]
	if command -v iperf3 >/dev/null; then
		nsenter --net=/run/netns/far iperf3 -s -1 >/dev/null 2>&1 &
		sleep 0.3
		check "$label: TCP" near iperf3 -c 198.18.0.2 -t 2 --bidir
	else
		skip_check "$label: TCP" "iperf3 is not installed"
	fi
	check "$label: it works afterwards" ping_near_far
	sshtap_stop
}

hosts_up
sshd_start
label="we ask"
tunnel_under_load -o RekeyLimit=1M
sshd_restart "RekeyLimit 1M"
label="sshd asks"
tunnel_under_load
label="both ask"
tunnel_under_load -o RekeyLimit=1M -o Ciphers=chacha20-poly1305@openssh.com

# By time, with nothing to send.
sshd_restart
: >"$SSHD_LOG"
if sshtap_start -o "RekeyLimit=default 1" far; then
	tunnel_config
	sleep 3
	check "every second" [ "$(rekeys)" -ge 3 ]
	check "it works afterwards" ping_near_far
	sshtap_stop
fi

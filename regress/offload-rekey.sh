#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Keys change while a file crosses as fast as it can.  How long others on the
# tunnel wait meanwhile is shown, not judged.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/offload.sh"

PINGS=$TDIR/pings-beside

ping_beside_start() {
	nsenter --net=/run/netns/near env --default-signal=INT \
	    ping -n -D -i 0.01 "$FAR_IPV4" >"$PINGS" 2>&1 &
	ping_pid=$!
	wait_for 5 grep -q 'bytes from' "$PINGS"
}

# Prints the longest time between two answers.
ping_beside_end() {
	kill -INT "$ping_pid"
	wait "$ping_pid"
	awk '
	/bytes from/ {
		t = substr($1, 2) + 0
		if (last && t - last > gap)
			gap = t - last
		last = t
		if (match($0, /time=[0-9.]*/)) {
			ms = substr($0, RSTART + 5, RLENGTH - 5) + 0
			if (ms > worst)
				worst = ms
		}
	}
	/packets transmitted/ { lost = $1 - $4 }
	END {
		printf "longest gap between pings %d ms, longest ping " \
		    "%.1f ms, %d lost\n", gap * 1000, worst, lost
	}' "$PINGS"
}

# rekeys_during pattern from to address
rekeys_during() {
	rekeys_before=$(grep -c "$1" "$SSHD_LOG")
	ping_beside_start || return 1
	transfer "$2" "$3" "$4" "$RANDOM_FILE"
	transferred=$?
	gap=$(ping_beside_end)
	rekeys=$(($(grep -c "$1" "$SSHD_LOG") - rekeys_before))
	scene_note="$scene_note; $rekeys times; $gap"
	trace "$scene_note"
	[ "$transferred" -eq 0 ] && [ "$rekeys" -gt 3 ]
}

under_load() {
	scene "100 MB while keys change, near to far" \
	    rekeys_during "$1" near far "$FAR_IPV4"
	scene "100 MB while keys change, far to near" \
	    rekeys_during "$1" far near "$NEAR_IPV6"
	scene "500 trains of datagrams afterwards" \
	    trains near far "$FAR_IPV4" 500 1200 40 333
}

hosts_up
tapd_start
label="sshtapd, we ask"
if sshtap_start -o RekeyLimit=16M far; then
	tapd_tunnel_config
	under_load 'rekey newkeys -> '
	sshtap_stop
fi
tapd_restart "RekeyLimit 16M"
label="sshtapd asks"
if sshtap_start far; then
	tapd_tunnel_config
	under_load 'rekey newkeys -> '
	sshtap_stop
fi
tapd_stop
sshd_start
label="sshd, we ask"
if sshtap_start -o RekeyLimit=16M far; then
	tunnel_config
	under_load 'rekey in after'
	sshtap_stop
fi
sshd_restart "RekeyLimit 16M"
label="sshd asks"
if sshtap_start far; then
	tunnel_config
	under_load 'rekey in after'
	sshtap_stop
fi

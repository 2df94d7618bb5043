#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Not a test: what a tunnel through sshtapd costs in memory, for 1, 10, 50 and
# 200 at once, each carrying frames.  "make bench-tunnels" runs it.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

# Kilobytes that these processes share with nobody.
private() {
	for pid in "$@"; do
		cat "/proc/$pid/smaps_rollup"
	done 2>/dev/null | awk '/^Private_/ { n += $2 } END { print n + 0 }'
}

# tunnels count: opened, every one has carried frames, and stays.
tunnels() {
	mkfifo "$TDIR/hold.$1"
	nsenter --net=/run/netns/near "$LOADTOOL" tunnels 192.0.2.2 22 \
	    "$IDENTITY" "$1" 100 <"$TDIR/hold.$1" >"$TDIR/load.$1" 2>&1 &
	load_pid=$!
	exec 7>"$TDIR/hold.$1"
	wait_for 60 grep -q holding "$TDIR/load.$1" ||
	    fatal "$1 tunnels did not come up"
	monitors=$(children_of "$TAPD_PID")
	networks=$(for pid in $monitors; do children_of "$pid"; done)
	# Each holds numbers.
	m=$(private $monitors) n=$(private $networks)
	ok "$1 tunnels: $(((m + n) / $1)) KiB each of their own," \
	    "$((m / $1)) in the monitor and $((n / $1)) in the network process"
	exec 7>&-
	wait "$load_pid"
	wait_for 10 tapd_is_idle
}

hosts_up
far_bridge br0
tapd_start "TunnelBridge br0" "MaxStartups 20" "LogLevel INFO"
for count in 1 10 50 200; do
	tunnels $count
done
tapd_stop

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Two hundred tunnels at once, strangers in their thousands while a tunnel
# carries frames, and connections that come and go: nothing is lost, nothing
# is left, nothing grows.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

TUNNELS=200
STRANGERS=10000
COUNT=20000

load() {
	near "$LOADTOOL" "$@"
}

# What the listener holds: descriptors, and kilobytes of memory.
descriptors() {
	ls "/proc/$TAPD_PID/fd" | wc -l
}

memory() {
	sed -n "s/^VmRSS:[[:space:]]*\\([0-9]*\\).*/\\1/p" \
	    "/proc/$TAPD_PID/status"
}

remember() {
	fds=$(descriptors) kilobytes=$(memory)
}

as_before() {
	wait_for 5 tapd_is_idle || return 1
	trace "descriptors $fds, then $(descriptors); kilobytes $kilobytes," \
	    "then $(memory)"
	[ "$(descriptors)" -eq "$fds" ] &&
	    [ "$(memory)" -lt $((kilobytes + 2000)) ]
}

# load_start argument ...: until it holds its tunnels.  Its input is a pipe
# that ends when we say so.
load_start() {
	mkfifo "$TDIR/hold"
	nsenter --net=/run/netns/near "$LOADTOOL" "$@" \
	    <"$TDIR/hold" >"$TDIR/load" 2>&1 &
	LOAD_PID=$!
	exec 7>"$TDIR/hold"
	wait_for 40 load_holds && grep -q holding "$TDIR/load"
}

load_holds() {
	grep -q holding "$TDIR/load" || gone "$LOAD_PID"
}

load_end() {
	exec 7>&-
	wait "$LOAD_PID"
	load_status=$?
	sed 's/^/  loadtool| /' "$TDIR/load" >&2
	return $load_status
}

drops() {
	echo $(($(device_drops near "$NEAR_TAP") + \
	    $(device_drops far "$FAR_TAP")))
}

# Nothing is lost that the interfaces have not dropped.
all_arrived() {
	recv_end 61
	lost=$(($(recv_number 61 lost) - $(recv_number 61 overrun)))
	dropped=$(($(drops) - before))
	trace "lost $lost, dropped by the interfaces $dropped"
	[ "$lost" -le "$dropped" ] && [ "$(recv_number 61 corrupt)" -eq 0 ] &&
	    [ "$(recv_number 61 reordered)" -eq 0 ]
}

hosts_up
far_bridge br0
tapd_start "TunnelBridge br0" "MaxStartups 20" "PerSourceMaxStartups 8" \
    "LogLevel INFO"
# Once, so that what is only needed once is there.
check "one tunnel comes and goes" load churn 192.0.2.2 22 "$IDENTITY" 4
wait_for 5 tapd_is_idle
remember

check "$TUNNELS tunnels at once" \
    load_start tunnels 192.0.2.2 22 "$IDENTITY" $TUNNELS 100
check "as many interfaces, in the bridge" \
    [ "$(far ip -o link show master br0 | wc -l)" = $TUNNELS ]
check "two processes for each" \
    [ "$(tapd_connections | wc -l)" = $((TUNNELS * 2)) ]
trace "memory of all: $(cat /proc/[0-9]*/smaps_rollup 2>/dev/null |
    awk '$1 == "Pss:" { n += $2 } END { print n }') kB"
check "every frame arrived, once and in order" load_end
check "nothing is left of them" as_before

check "$TUNNELS connections, two at a time" \
    load churn 192.0.2.2 22 "$IDENTITY" $TUNNELS
check "nothing is left of them" as_before

if sshtap_start far; then
	tapd_tunnel_config
	near ip link set "$NEAR_TAP" txqueuelen 10000
	before=$(drops)
	RECV_SECONDS=10
	recv_start far $COUNT 61
	follow_frames near 1000 $COUNT 61 0x88b5 0 4000 &
	sender=$!
	check "$STRANGERS strangers" \
	    load -w 500 strangers 192.0.2.2 22 $STRANGERS 50
	check "and a few who take their time" \
	    load -w 200 strangers 192.0.2.2 22 60 8
	wait "$sender"
	check "no frame of a tunnel is lost meanwhile" all_arrived
	sshtap_stop
fi
check "nothing is left of them" as_before
check "the log tells that some were refused" \
    tapd_said 'refused reason=PerSourceMaxStartups count='
tapd_stop

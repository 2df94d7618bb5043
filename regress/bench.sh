#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The benchmark runs, says what it measured, and leaves nothing, interrupted
# or not; its tools count right.  What the numbers are is no matter here.
. "$SRCDIR/regress/test-exec.sh"

PPS=$BUILDDIR/bench/pps
RTT=$BUILDDIR/bench/rtt

require_cmd iperf3 tc jq
TMPDIR=$TDIR
BENCH_OUT=$TDIR/bench.json
BENCH_ROUNDS=1
BENCH_SECONDS=1
BENCH_CASES=throughput1
BENCH_PEERS="sshtap sshtapd"
export TMPDIR BENCH_OUT BENCH_ROUNDS BENCH_SECONDS BENCH_CASES BENCH_PEERS

bench() {
	sh "$SRCDIR/bench/run"
}

bench_is_gone() {
	[ -z "$(find "$TDIR" -name 'sshtap-bench.*')" ] &&
	    ! grep -l -s bench/steps /proc/[0-9]*/cmdline
}

# A row begins with its peer.
has_rows() {
	for peer in $BENCH_PEERS; do
		grep -q "^$peer  *[0-9.]* \\[[0-9.-]*\\]" "$OUT" || return 1
	done
}

# Its iperf3 is there.
is_measuring() {
	grep -a -l -s -e '-t.30' /proc/[0-9]*/cmdline
}

# results expression: true of what was written for programs.
results() {
	jq -e "$1" "$BENCH_OUT"
}

# sent_in file ...: the sum.
sent_in() {
	cat "$@" | awk '{ n += $2 } END { print n + 0 }'
}

# said_pps name: a number that the receiver printed.
said_pps() {
	sed -n "s/.*\\<$1 \\([0-9]*\\).*/\\1/p" "$TDIR/pps"
}

# All that were sent, once each, and none of another run.
pps_counts() {
	nsenter --net=/run/netns/near "$PPS" recv 5301 7 1 >"$TDIR/pps" &
	pps_pid=$!
	wait_for 5 grep -q ready "$TDIR/pps"
	for file in 7.once 7.again 8.other; do
		near "$PPS" send 127.0.0.1 5301 "${file%.*}" 1000 1 \
		    >"$TDIR/sent.$file"
	done
	kill "$pps_pid"
	wait "$pps_pid"
	cat "$TDIR/pps" "$TDIR"/sent.* >&2
	once=$(said_pps received) twice=$(said_pps twice)
	[ "$once" -gt 0 ] && [ "$twice" -gt 0 ] &&
	    [ $((once + twice)) -eq "$(sent_in "$TDIR"/sent.7.*)" ] &&
	    [ "$once" -ge "$(sent_in "$TDIR/sent.7.once")" ] &&
	    [ "$(said_pps stray)" -eq "$(sent_in "$TDIR/sent.8.other")" ]
}

percentiles() {
	seq "$1" | sort -R | "$RTT" rank | grep -q -x "$2"
}

# ping interval
echo_is_timed() {
	: >"$TDIR/echo"
	nsenter --net=/run/netns/near "$RTT" echo 5302 >"$TDIR/echo" &
	echo_pid=$!
	wait_for 5 grep -q ready "$TDIR/echo"
	near "$RTT" ping 127.0.0.1 5302 7 "$1" 1 >"$TDIR/ping"
	ping_status=$?
	kill "$echo_pid"
	wait "$echo_pid"
	cat "$TDIR/ping" >&2
	[ $ping_status -eq 0 ] && grep -q "^sent $2 lost 0 p50 [0-9]" \
	    "$TDIR/ping"
}

check "percentiles of 1000" percentiles 1000 "p50 500.0 p99 990.0 max 1000.0"
check "percentiles of 101" percentiles 101 "p50 51.0 p99 100.0 max 101.0"
check "percentiles of one" percentiles 1 "p50 1.0 p99 1.0 max 1.0"
add_host near || fatal "no namespace"
check "small frames are counted" pps_counts
check "one echo after the other" echo_is_timed 0 '[0-9][0-9]*'
check "an echo every 20 ms" echo_is_timed 20000 '5[01]'

bench >"$OUT" 2>"$ERR"
check "it runs" [ $? = 0 ]
sed 's/^/  bench| /' "$OUT" "$ERR" >&2
check "a row for each peer" has_rows
check "valid JSON with both" results '
    [.results[] | select(.metric == "up" and .median > 0) | .peer] ==
    ["sshtap", "sshtapd"]'
check "and what machine it was" results '.machine.cores | tonumber > 0'
check "nothing is left" bench_is_gone

BENCH_CASES=nonsense bench >"$OUT" 2>&1
check "an unknown case is refused" grep -q 'no such case: nonsense' "$OUT"

BENCH_SECONDS=30
# Not the function, which a shell of its own would run.
sh "$SRCDIR/bench/run" >"$OUT" 2>"$ERR" &
bench_pid=$!
wait_for 10 is_measuring || fatal "it does not begin"
check "interrupted in the middle" kill "$bench_pid"
wait "$bench_pid"
check "status 130" [ $? = 130 ]
check "nothing is left then" bench_is_gone

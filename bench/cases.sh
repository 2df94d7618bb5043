# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# shellcheck disable=SC2034,SC2154 # what the files of these scripts share
#
# What is measured.  case_NAME brings $PEER up, measures, and records; whoever
# called it takes the peer down.  It fails, and sets $REASON, when there is
# nothing to record.

IPERF_PORT=5201
PPS_PORT=5301
RTT_PORT=5302
PPS=$BUILDDIR/bench/pps
RTT=$BUILDDIR/bench/rtt
# Offered, frames in a second; 0 for as many as the sender can.
PPS_LOADS="50000 150000 400000 0"
LINK="rate 50mbit burst 32k latency 50ms"
INNER=cubic
RUN=0
TICKS=$(getconf CLK_TCK)

case_takes() {
	case $1:$2 in
	# Where a variant makes no difference it is not worth the time.
	throughput?:*)				;;
	*:veth-plain)				return 1 ;;
	rtt:*-plain|memory:*-spin|load:*-spin)	return 1 ;;
	reverse:ssh|reverse:sshtap)		return 0 ;;
	reverse:*)				return 1 ;;
	memory:veth*)				return 1 ;;
	tunnels:sshtapd)			return 0 ;;
	tunnels:*)				return 1 ;;
	esac
}

# calc expression: with awk, as many digits as matter.
calc() {
	awk "BEGIN { printf \"%.6g\", $* }"
}

# === Processes ===

# The processes of these numbers, and all below them.
tree_of() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v roots="$*" '
	{ pid = $1; sub(/.*\) /, ""); parent[pid] = $2 }
	END {
		n = split(roots, root, " ")
		for (i = 1; i <= n; i++)
			if (root[i] in parent)
				in_tree[root[i]] = 1
		do {
			more = 0
			for (pid in parent)
				if (!(pid in in_tree) &&
				    parent[pid] in in_tree) {
					in_tree[pid] = 1
					more = 1
				}
		} while (more)
		for (pid in in_tree)
			print pid
	}'
}

# Clock ticks that both ends have taken, with those of children that have
# ended: fields 14 to 17 of /proc/PID/stat, counted from behind the name.
tunnel_ticks() {
	for pid in $(tree_of "$NEAR_ROOTS" "$FAR_ROOTS"); do
		cat "/proc/$pid/stat"
	done 2>/dev/null | awk '
	{ sub(/.*\) /, ""); n += $12 + $13 + $14 + $15 } END { print n + 0 }'
}

# Of the whole machine: user, nice, system, and both kinds of interrupt.
machine_ticks() {
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

# Kilobytes that these processes share with nobody.
private_kilobytes() {
	for pid in $(tree_of "$@"); do
		cat "/proc/$pid/smaps_rollup"
	done 2>/dev/null | awk '/^Private_/ { n += $2 } END { print n + 0 }'
}

# === Traffic ===

listens() {
	# /proc/net has the port in hexadecimal, and 0A for a listener.
	far grep -q ":$(printf %04X "$1") .* 0A " /proc/net/tcp /proc/net/tcp6
}

# iperf name seconds option ...: what it measured is in $TDIR/iperf.name.
iperf() {
	name=$1 seconds=$2
	shift 2
	nsenter --net=/run/netns/far iperf3 -s -1 -p $IPERF_PORT \
	    </dev/null >/dev/null 2>&1 &
	iperf_server=$!
	wait_for 5 listens $IPERF_PORT
	timeout $((seconds + 15)) nsenter --net=/run/netns/near iperf3 \
	    -c "$TARGET" -p $IPERF_PORT -t "$seconds" -C "$INNER" -J "$@" \
	    </dev/null >"$TDIR/iperf.$name" 2>&1
	iperf_status=$?
	kill "$iperf_server" 2>/dev/null
	wait "$iperf_server" 2>/dev/null
	[ $iperf_status -eq 0 ] || {
		REASON="iperf3: $(jq -r '.error // empty' \
		    "$TDIR/iperf.$name" 2>/dev/null | head -n 1)"
		return 1
	}
}

# iperf_said name path: a number that it measured.
iperf_said() {
	jq -r ".end.$2 // 0" "$TDIR/iperf.$1"
}

# === throughput ===

title_throughput1() {
	echo "One TCP stream, up (near to far) and down"
}

title_throughput4() {
	echo "Four TCP streams, up (near to far) and down"
}

# throughput name option ...: one direction.
throughput() {
	name=$1
	shift
	ticks=$(tunnel_ticks) all=$(machine_ticks)
	iperf "$name" "$BENCH_SECONDS" "$@" || return 1
	ticks=$(($(tunnel_ticks) - ticks)) all=$(($(machine_ticks) - all))
	bytes=$(iperf_said "$name" sum_received.bytes)
	sum_ticks=$((sum_ticks + ticks)) sum_all=$((sum_all + all))
	sum_bytes=$((sum_bytes + bytes))
	record "$name" "$(calc "$(iperf_said "$name" \
	    sum_received.bits_per_second) / 1e9")" Gbit/s more
	record "$name retransmits" \
	    "$(iperf_said "$name" sum_sent.retransmits)" segments -
}

# throughput_of streams
throughput_of() {
	sum_ticks=0 sum_all=0 sum_bytes=0
	peer_up "$PEER" && throughput up -P "$1" &&
	    throughput down -P "$1" -R || return 1
	[ "$sum_bytes" -gt 0 ] || return 1
	[ -z "$NEAR_ROOTS" ] || record "tunnel CPU" \
	    "$(calc "$sum_ticks / $TICKS / ($sum_bytes / 1e9)")" s/GB less
	record "machine CPU" \
	    "$(calc "$sum_all / $TICKS / ($sum_bytes / 1e9)")" s/GB less
}

case_throughput1() {
	throughput_of 1
}

case_throughput4() {
	throughput_of 4
}

# === pps ===

title_pps() {
	echo "Frames of 64 bytes, near to far, at the best of the loads offered"
}

# What the tunnel still holds comes out in front of a ping, or soon after.  The
# first ones may find the queue of the TAP full, and a slow end holds seconds.
drain() {
	for try in 1 2 3 4; do
		! near ping -n -q -c 1 -W 5 "$TARGET" >/dev/null || break
		trace "not drained after $try"
	done
	sleep 0.2
}

# pps_load rate: keeps what is best so far.
pps_load() {
	RUN=$((RUN + 1))
	: >"$TDIR/pps.recv"
	nsenter --net=/run/netns/far "$PPS" recv $PPS_PORT $RUN 1 \
	    </dev/null >"$TDIR/pps.recv" 2>&1 &
	pps_receiver=$!
	wait_for 5 grep -q ready "$TDIR/pps.recv"
	ticks=$(tunnel_ticks)
	near "$PPS" send "$TARGET" $PPS_PORT $RUN "$1" 1 >"$TDIR/pps.send" 2>&1
	drain
	kill "$pps_receiver"
	wait "$pps_receiver"
	ticks=$(($(tunnel_ticks) - ticks))
	cat "$TDIR/pps.send" "$TDIR/pps.recv" >&2
	rate=$(sed -n 's/.* rate \([0-9]*\)$/\1/p' "$TDIR/pps.recv")
	[ "${rate:-0}" -gt "$best_rate" ] || return 0
	best_rate=$rate best_ticks=$ticks
	best_sent=$(sed -n 's/^sent //p' "$TDIR/pps.send")
	best_received=$(sed -n 's/^received \([0-9]*\).*/\1/p' \
	    "$TDIR/pps.recv")
}

case_pps() {
	best_rate=0
	peer_up "$PEER" || return 1
	for load in $PPS_LOADS; do
		pps_load "$load"
	done
	[ "$best_rate" -gt 0 ] || return 1
	record delivered "$(calc "$best_rate / 1000")" kframes/s more
	record lost "$(calc \
	    "100 * (1 - $best_received / $best_sent)")" % -
	[ -z "$NEAR_ROOTS" ] || record "tunnel CPU" \
	    "$(calc "$best_ticks * 1e6 / $TICKS / $best_received")" \
	    us/frame less
}

# === rtt ===

title_rtt() {
	echo "There and back: one datagram after the other, and one each ms"
}

# rtt interval seconds: sets $rtt_p50, $rtt_p99 in microseconds, $rtt_lost in
# per cent.  What its log says goes on; a "-" is not a number.
rtt() {
	RUN=$((RUN + 1))
	: >"$TDIR/rtt.echo"
	nsenter --net=/run/netns/far "$RTT" echo $RTT_PORT \
	    </dev/null >"$TDIR/rtt.echo" 2>&1 &
	rtt_echo=$!
	wait_for 5 grep -q ready "$TDIR/rtt.echo"
	near "$RTT" ping "$TARGET" $RTT_PORT $RUN "$1" "$2" \
	    >"$TDIR/rtt.ping" 2>&1
	kill "$rtt_echo"
	wait "$rtt_echo" 2>/dev/null
	cat "$TDIR/rtt.ping" >&2
	rtt_p50=$(sed -n 's/.* p50 \([0-9.]*\) .*/\1/p' "$TDIR/rtt.ping")
	rtt_p99=$(sed -n 's/.* p99 \([0-9.]*\) .*/\1/p' "$TDIR/rtt.ping")
	rtt_lost=$(awk '/^sent/ { print 100 * $4 / $2 }' "$TDIR/rtt.ping")
	[ -n "$rtt_p50" ] || {
		REASON="no datagram comes back"
		return 1
	}
}

case_rtt() {
	peer_up "$PEER" && rtt 0 "$BENCH_SECONDS" || return 1
	record "burst p50" "$rtt_p50" us less
	record "burst p99" "$rtt_p99" us less
	rtt 1000 "$BENCH_SECONDS" || return 1
	record "1/ms p50" "$rtt_p50" us less
	record "1/ms p99" "$rtt_p99" us less
}

# === load and reverse ===

title_load() {
	echo "There and back while one TCP stream goes up a link of 50 Mbit/s" \
	    "(TCP inside/outside)"
}

title_reverse() {
	echo "The same with the stream coming from the stock sshd" \
	    "(txqueuelen of its TAP)"
}

narrow() {
	# It is several words.
	# shellcheck disable=SC2086
	near tc qdisc replace dev near0 root tbf $LINK &&
	    far tc qdisc replace dev far0 root tbf $LINK || {
		REASON="tc makes no narrow link"
		return 1
	}
}

widen() {
	near tc qdisc del dev near0 root
	far tc qdisc del dev far0 root
} 2>/dev/null

# under_load name [option ...]: the stream has two seconds to fill what there
# is, which it does not count, and lasts longer than the datagrams.
under_load() {
	label=$1
	shift
	iperf load $((BENCH_SECONDS + 4)) -O 2 "$@" &
	load_pid=$!
	sleep 2
	rtt 20000 $((BENCH_SECONDS + 1))
	rtt_status=$?
	wait "$load_pid" && [ $rtt_status -eq 0 ] || {
		REASON=${REASON:-the stream has failed}
		return 1
	}
	goodput=$(iperf_said load sum_received.bits_per_second)
	for one_label in $label; do
		record "$one_label p50" "$(calc "$rtt_p50 / 1000")" ms less
		record "$one_label p99" "$(calc "$rtt_p99 / 1000")" ms less
		record "$one_label goodput" "$(calc "$goodput / 1e6")" \
		    Mbit/s more
		record "$one_label lost" "$rtt_lost" % -
	done
}

# load_over outer ...: what is not carried by TCP stands for each of them.
load_over() {
	OUTER=$1
	peer_up "$PEER" && narrow || return 1
	for INNER in cubic bbr; do
		has_congestion_control $INNER || continue
		under_load "$(printf "$INNER/%s " "$@")" || return 1
	done
}

load_all() {
	outers=
	for outer in cubic bbr; do
		! has_congestion_control $outer || outers="$outers $outer"
	done
	# Each is one word.
	# shellcheck disable=SC2086
	if ! is_over_tcp "$PEER"; then
		load_over $outers
		return
	fi
	for outer in $outers; do
		load_over "$outer" || return 1
		widen
		peer_down
	done
}

case_load() {
	load_all
	load_status=$?
	widen
	OUTER=cubic INNER=cubic
	return $load_status
}

reverse_all() {
	peer_up "$PEER" && narrow && under_load "1000" -R || return 1
	far ip link set "$FAR_TAP" txqueuelen 16 && under_load "16" -R
}

case_reverse() {
	reverse_all
	reverse_status=$?
	widen
	return $reverse_status
}

# === memory ===

title_memory() {
	echo "Memory that is shared with nobody, while four TCP streams go up"
}

case_memory() {
	peer_up "$PEER" || return 1
	iperf memory "$BENCH_SECONDS" -P 4 &
	load_pid=$!
	sleep "$(calc "0.3 + $BENCH_SECONDS / 2")"
	memory_near=$(private_kilobytes "$NEAR_ROOTS")
	memory_far=$(private_kilobytes "$FAR_ROOTS")
	wait "$load_pid" || return 1
	record near "$(calc "$memory_near / 1024")" MiB less
	record far "$(calc "$memory_far / 1024")" MiB less
	record both "$(calc "($memory_near + $memory_far) / 1024")" MiB less
}

# === tunnels ===

title_tunnels() {
	echo "Tunnels through one sshtapd, whose frames a bridge passes on"
}

# tunnels count: loadtool opens them, sends from each to the next, and holds.
# A bridge sends nothing back to where it came from, so one alone is idle.
tunnels() {
	[ "$1" -eq 1 ] && frames=0 || frames=$((40000 / $1))
	mkfifo "$TDIR/hold" || return 1
	nsenter --net=/run/netns/near "$LOADTOOL" tunnels 192.0.2.2 \
	    $PORT_TAPD "$IDENTITY" "$1" $frames \
	    <"$TDIR/hold" >"$TDIR/tunnels" 2>&1 &
	load_pid=$!
	exec 7>"$TDIR/hold"
	rm "$TDIR/hold"
	wait_for 60 tunnels_hold || REASON="$1 tunnels: they take too long"
	if [ -z "$REASON" ] && ! gone "$load_pid"; then
		ticks=$(tunnel_ticks)
		sleep 2
		ticks=$(($(tunnel_ticks) - ticks))
		kilobytes=$(private_kilobytes "$FAR_ROOTS")
	fi
	exec 7>&-
	wait_for 30 gone "$load_pid" || kill -KILL "$load_pid"
	wait "$load_pid" || REASON="$1 tunnels: $(last_line "$TDIR/tunnels")"
	cat "$TDIR/tunnels" >&2
	[ -z "$REASON" ]
}

tunnels_hold() {
	grep -q holding "$TDIR/tunnels" || gone "$load_pid"
}

record_tunnels() {
	record memory "$(calc "$kilobytes / $1")" KiB/tunnel less
	record "idle CPU" "$(calc "$ticks * 100 / $TICKS / 2")" % less
	if [ "$1" -gt 1 ]; then
		milliseconds=$(sed -n 's/^exchanged in \([0-9]*\) ms/\1/p' \
		    "$TDIR/tunnels")
		frames=$(sed -n 's/^sent .* received \([0-9]*\) .*/\1/p' \
		    "$TDIR/tunnels")
		record frames "$(calc "$frames / ($milliseconds + 1)")" \
		    kframes/s more
	fi
	show_recorded
}

tunnels_all() {
	far ip link add br0 type bridge && far ip link set br0 up || {
		REASON="no bridge"
		return 1
	}
	TAPD_PORT=$PORT_TAPD
	tapd_start "TunnelBridge br0" "MaxStartups 20" "LogLevel INFO" \
	    "Ciphers $CIPHER" || return 1
	NEAR_ROOTS="" FAR_ROOTS=$TAPD_PID
	for count in 1 10 50 200; do
		[ $count -eq 1 ] && PEER="1 tunnel" || PEER="$count tunnels"
		tunnels $count || return 1
		record_tunnels $count
		wait_for 10 tapd_is_idle
	done
}

case_tunnels() {
	set_outer cubic
	tunnels_all
	tunnels_status=$?
	[ -z "$TAPD_PID" ] || tapd_stop
	far ip link del br0
	return $tunnels_status
}

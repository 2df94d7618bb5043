#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# An interface that stays is what it was when whoever used it with offload has
# ended, however that came: the next program, which knows of no offload, gets
# frames that fit the MTU and have their checksums.
. "$SRCDIR/regress/test-exec.sh"

TAPTOOL=$REGRESS_TMP/bin/taptool
UNIT=3
BYTES=1000000

# value name: what the last line of $OUT says of it.
value() {
	awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name)
	    last = $(i + 1) } END { print last }' "$OUT"
}

stock() {
	near "$TAPTOOL" stock "$UNIT" "$BYTES" >"$OUT"
	status=$?
	trace "stock: $(cat "$OUT")"
	return $status
}

stock_is_unharmed() {
	stock && [ "$(value taken)" = "$BYTES" ] &&
	    [ "$(value longest)" -le 1514 ] && [ "$(value unfinished)" = 0 ]
}

is_open() {
	grep -q '^tap3 offloads [0-9]* pid' "$OUT"
}

# hold command ...: until its input, the pipe, ends.  Sets $USER_PID and, of
# who started that, $MONITOR_PID.
hold() {
	: >"$OUT"
	rm -f "$TDIR/pipe"
	mkfifo "$TDIR/pipe"
	near "$TAPTOOL" "$@" <"$TDIR/pipe" >"$OUT" &
	TOOL=$!
	exec 7>"$TDIR/pipe"
	wait_for 5 is_open || fatal "taptool $* does not open it"
	trace "$(cat "$OUT")"
	USER_PID=$(value pid)
	MONITOR_PID=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$USER_PID/status")
}

# hold_end [signal [pid]]: of the process that has the device, or by itself.
hold_end() {
	[ -z "${1:-}" ] || kill "$1" "${2:-$USER_PID}"
	exec 7>&-
	wait "$TOOL" 2>/dev/null
	wait_for 5 gone "$USER_PID"
}

hosts_up
near ip tuntap add dev tap3 mode tap && near ip link set tap3 up &&
    near ip addr add 198.18.0.1/24 dev tap3 || fatal "no TAP in near"
check "as it was made" stock_is_unharmed

hold open "$UNIT" offload
[ "$(value offloads)" -gt 0 ] || skip "the kernel has no offload for a TAP"
check "it cannot be had twice" not stock
hold_end
check "used with offload, then closed" stock_is_unharmed
hold open "$UNIT" offload
hold_end -KILL
trace "killed without a monitor: this is what whoever comes next would see"
stock
hold open "$UNIT" plain
hold_end
check "left behind by a killed process, then used by ours without offload" \
    stock_is_unharmed

for signal in "" -TERM -KILL; do
	hold monitored "$UNIT"
	check "a monitor opens it with offload" [ "$(value offloads)" -gt 0 ]
	hold_end $signal
	check "its user ends${signal:+ by $signal}" stock_is_unharmed
done
hold monitored "$UNIT"
hold_end -TERM "$MONITOR_PID"
check "the monitor is told to end" stock_is_unharmed

# No root process is left that could; the next one of ours does.
hold monitored "$UNIT"
hold_end -KILL "$MONITOR_PID"
trace "both killed: this is what whoever comes next would see"
stock
hold open "$UNIT" plain
hold_end
check "the monitor is killed, then ours comes" stock_is_unharmed

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share that test tapctl serve.  Read this file after
# test-exec.sh.  A device of near and one of far are both served, and what
# serves them is joined: then they are two ends of a cable.
#
# serve_start NAME HOST WORD ... starts one under a name of the test's own,
# whose messages are in $TDIR/NAME.err.

TAPCTL=$REGRESS_TMP/bin/tapctl
PLUGTOOL=$REGRESS_TMP/bin/plugtool
SSHTAP_EXE=$TAPCTL

serve_said() {
	grep -q -e "$2" "$TDIR/$1.err"
}

serve_pid() {
	eval "echo \"\$serve_pid_$1\""
}

is_serving_or_gone() {
	serve_said "$1" "serving" || gone "$(serve_pid "$1")"
}

# From $SERVE_IN to $SERVE_OUT.  A shell makes what it puts into the background
# ignore SIGINT; what it has open as 8 and 9 is its own.
serve_spawn() {
	verbose "serve $*"
	serve_name=$1 serve_host=$2
	shift 2
	rm -f "$TDIR/$serve_name.err"
	# $AS_USER holds several words.
	nsenter --net="/run/netns/$serve_host" $AS_USER \
	    env --default-signal=INT,QUIT "$TAPCTL" serve "$@" \
	    <"${SERVE_IN:-/dev/null}" >"${SERVE_OUT:-/dev/null}" \
	    2>"$TDIR/$serve_name.err" 8>&- 9>&- &
	eval "serve_pid_$serve_name=\$!"
}

serve_start() {
	serve_spawn "$@"
	wait_for 5 is_serving_or_gone "$serve_name"
	serve_said "$serve_name" "serving" && return
	sed 's/^/  tapctl| /' "$TDIR/$serve_name.err" >&2
	fail "cannot serve: $*"
	return 1
}

# Wait for it to end by itself; sets $SERVE_STATUS.
serve_end() {
	ending=$(serve_pid "$1")
	SERVE_STATUS=running
	if wait_for "${2:-5}" gone "$ending"; then
		wait "$ending"
		SERVE_STATUS=$?
	else
		for pid in $(children_of "$ending") "$ending"; do
			kill -KILL "$pid"
		done
	fi
	sed 's/^/  tapctl| /' "$TDIR/$1.err" >&2
}

serve_ends_with() {
	serve_end "$1"
	[ "$SERVE_STATUS" = "$2" ]
}

serve_stop() {
	kill -TERM "$(serve_pid "$1")"
	serve_ends_with "$1" 0
}

# The monitor is killed; wait for the one that dies with it, too.
serve_kill() {
	killed=$(server_of "$1")
	kill -KILL "$(serve_pid "$1")"
	serve_end "$1"
	wait_for 5 gone "$killed"
}

# serve_refused what pattern word ...: status 1, one line, nothing made.
serve_refused() {
	refused=$1 pattern=$2
	shift 2
	serve_spawn refused near "$@"
	serve_end refused
	if [ "$SERVE_STATUS" != "${REFUSED_STATUS:-1}" ]; then
		fail "$refused: status $SERVE_STATUS"
	elif ! serve_said refused "^tapctl: .*$pattern"; then
		fail "$refused: does not say \"$pattern\""
	elif [ "$(wc -l <"$TDIR/refused.err")" != 1 ]; then
		fail "$refused: says more than one line"
	elif near ip link show "$NEAR_TAP" >/dev/null 2>&1; then
		fail "$refused: the device was made"
	else
		ok "$refused: $(cut -c 9-120 "$TDIR/refused.err")"
	fi
}

# The process that sees frames.
server_of() {
	server=$(children_of "$(serve_pid "$1")")
	echo "${server:-$(serve_pid "$1")}"
}

is_unprivileged() {
	! grep -q '^Uid:.*[[:space:]]0\([[:space:]]\|$\)' \
	    "/proc/$(server_of "$1")/status"
}

cable_works() {
	tunnel_config
	ping_near_far && ping_far_near
}

# Where the other side may need a moment.
cable_comes_up() {
	tunnel_config
	for try in 1 2 3 4 5 6 7 8; do
		! ping_near_far -W 1 || break
	done
	ping_near_far && ping_far_near
}

# Both ways, each size, in order and unchanged.
frames_pass() {
	cable=$1
	check "$cable: frames, near to far" \
	    frames_cross near far 14,60,1514,15,9014 2000 31 0x88b5 0 4000
	check "$cable: frames, far to near" \
	    frames_cross far near 9014,14,999,1514 2000 32 0x88b5 0 4000
}

# No process, no interface, no socket.
nothing_is_left() {
	[ -z "$(sshtap_processes)" ] && ! near ip link show "$NEAR_TAP" &&
	    ! far ip link show "$FAR_TAP" &&
	    [ -z "$(find "$TDIR" -name '*.sock')" ]
} >/dev/null 2>&1

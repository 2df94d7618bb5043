# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share in which sshtapd is the server, in far.  Read this file
# after test-exec.sh.
#
# Its log takes the place of sshd's, so that what both ends said last is shown
# when something fails.

LOADTOOL=$REGRESS_TMP/bin/loadtool
# What is started, and what /proc calls it; words in front of it.
TAPD=$REGRESS_TMP/bin/sshtapd
TAPD_EXE=$TAPD
TAPD_USER=
TAPD_PID=
TAPD_PORT=22
TAPD_CONFIG=$TDIR/sshtapd_config
TAPD_LOG=$TDIR/sshtapd.log
SSHD_LOG=$TAPD_LOG

# The settings given come first: sshtapd takes the first of each.
tapd_config() {
	for line in "$@"; do
		echo "$line"
	done >"$TAPD_CONFIG"
	cat >>"$TAPD_CONFIG" <<-END
	PidFile none
	HostKey $KEYS/host_ed25519
	HostKey $KEYS/host_ecdsa
	HostKey $KEYS/host_rsa
	AuthorizedKeysFile $TDIR/authorized_keys/%u
	StrictModes no
	PerSourceMaxStartups none
	MaxStartups 100
	LogLevel DEBUG
	END
}

# tapd_run option ...: in far and in the foreground.
tapd_run() {
	# $TAPD_USER and $TAPD may hold several words.
	nsenter --net=/run/netns/far $TAPD_USER $TAPD "$@"
}

is_listening_or_gone() {
	grep -q 'listen address=' "$TAPD_LOG" || gone "$TAPD_PID"
}

# tapd_spawn [option ...]: with the configuration as it is.
tapd_spawn() {
	: >"$TAPD_LOG"
	nsenter --net=/run/netns/far $TAPD_USER $TAPD -D -e \
	    -f "$TAPD_CONFIG" -p "$TAPD_PORT" "$@" \
	    </dev/null >/dev/null 2>>"$TAPD_LOG" &
	TAPD_PID=$!
	wait_for 5 is_listening_or_gone &&
	    grep -q 'listen address=' "$TAPD_LOG"
}

# tapd_start [setting ...]
tapd_start() {
	tapd_config "$@"
	tapd_spawn || fatal "sshtapd does not start"
}

# The listener and every connection of it, which would go on without it.
tapd_stop() {
	for pid in $(children_of "$TAPD_PID") "$TAPD_PID"; do
		kill "$pid" 2>/dev/null
	done
	wait "$TAPD_PID" 2>/dev/null
	TAPD_PID=
	wait_for 5 tapd_is_gone || fail "sshtapd has left something"
}

tapd_restart() {
	tapd_stop
	tapd_start "$@"
}

tapd_said() {
	wait_for 3 grep -q -e "$1" "$TAPD_LOG"
}

# Numbers of processes that run it.
tapd_processes() {
	ls -l /proc/[0-9]*/exe 2>/dev/null |
	    sed -n "s,.* /proc/\\([0-9]*\\)/exe -> $TAPD_EXE\$,\\1,p"
}

# Those of connections: all but the listener.
tapd_connections() {
	tapd_processes | grep -v -x "$TAPD_PID"
}

# tapd_role network|checker: processes of connections that do this work.
tapd_role() {
	for pid in $(tapd_processes); do
		! grep -a -q "$1" "/proc/$pid/cmdline" 2>/dev/null ||
		    echo "$pid"
	done
}

# Root's, between it and the listener.
tapd_monitor() {
	children_of "$TAPD_PID"
}

far_taps() {
	far ip -o link show | sed -n 's/^[0-9]*: \(t[au][pn][0-9]*\).*/\1/p'
}

# Nothing of connections is left, neither process nor interface.
tapd_is_idle() {
	[ -z "$(tapd_connections)" ] && [ -z "$(far_taps)" ]
}

tapd_is_gone() {
	[ -z "$(tapd_processes)" ] && [ -z "$(far_taps)" ]
}

# far_bridge name: a bridge without members.
far_bridge() {
	far ip link add "$1" type bridge && far ip link set "$1" up ||
	    skip "no bridge"
}

bridge_of() {
	far ip -o link show dev "$1" | sed -n 's/.* master \([^ ]*\).*/\1/p'
}

# tunnel_config without bringing up the far side: sshtapd has done it.
tapd_tunnel_config() {
	near ip addr add 198.18.0.1/24 dev "$NEAR_TAP" &&
	    near ip addr add fd00::1/64 dev "$NEAR_TAP" nodad &&
	    far ip addr add 198.18.0.2/24 dev "$FAR_TAP" &&
	    far ip addr add fd00::2/64 dev "$FAR_TAP" nodad
} >&2

[ -x "$TAPD" ] || skip "sshtapd is not built"

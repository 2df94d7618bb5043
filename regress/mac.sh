# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share in which a host is a Mac: a network namespace with a
# simulated macOS kernel (regress/darwin-sim/README) and the programs as they
# are built for macOS.  Read this file after test-exec.sh.
#
#	192.0.2.1 near0 ---- far0 192.0.2.2
#	      feth10003  ====  tap5
#
# The interfaces of the Mac are real ones, so that everything else is as in
# other scripts.

MAC_BIN=$REGRESS_TMP/mac
[ -x "$MAC_BIN/sshtap" ] || skip "the build for macOS is missing"
SSHTAP=$MAC_BIN/sshtap
SSHTAP_EXE=$SSHTAP
NEAR_TAP=feth10003
PEER_TAP=feth20003
UNITS=10003:5

# Each Mac has a disk of its own, too: where pairs are written down.  What
# stands for ifconfig(8) is for the programs; here darwinctl does the rest.
in_mac() {
	DARWIN_SIM_REGISTRY=/run/ethtap.$1 in_ns "$@"
}

# In the background, where the process has to be the program's own.
mac_exec() {
	DARWIN_SIM_REGISTRY=/run/ethtap.$1
	mac_host=$1
	shift
	exec nsenter --net="/run/netns/$mac_host" "$@"
}

# darwinctl stands for ifconfig(8) and sysctl(8).
darwinctl() {
	in_mac near "$MAC_BIN/darwinctl" "$@"
}

tapctl() {
	in_mac near "$MAC_BIN/tapctl" "$@"
}

# mac_start host [option of the kernel ...]
mac_start() {
	mac_host=$1
	shift
	nsenter --net="/run/netns/$mac_host" "$MAC_BIN/darwin-kernel" \
	    --veth "$@" >"$TDIR/kernel.$mac_host.log" 2>&1 &
	eval "MAC_PID_$mac_host=\$!"
	wait_for 5 in_mac "$mac_host" "$MAC_BIN/darwinctl" list ||
	    fatal "the simulated kernel does not start"
}

mac_stop() {
	eval "mac_pid=\$MAC_PID_$1"
	kill "$mac_pid" 2>/dev/null
	wait "$mac_pid" 2>/dev/null
}

mac_restart() {
	mac_stop "$@"
	mac_start "$@"
}

# Nothing on the Mac but what is named.
mac_has_only() {
	left=$(darwinctl list | awk '{ print $1 }' | sort | tr '\n' ' ')
	wanted=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
	[ "${left% }" = "${wanted% }" ] || {
		trace "interfaces: $left"
		return 1
	}
}

mac_is_clean() {
	[ -z "$(darwinctl list)" ] || return 1
	[ -z "$(ls /run/ethtap.near 2>/dev/null)" ]
}

DARWIN_SIM_REGISTRY=/run/ethtap.near
DARWIN_SIM_IFCONFIG=$SRCDIR/regress/darwin-sim/ifconfig
export DARWIN_SIM_REGISTRY DARWIN_SIM_IFCONFIG

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What run and demo share; each of them reads this file.
#
# A script gets mount, network, process, IPC and host name namespaces of its
# own, so that nothing it does can touch the machine and nothing that it
# leaves behind survives it: when the first process of the namespaces ends or
# is killed, the kernel ends all the others and removes every interface.

sandbox_tmp=
sandbox_child=

# Sets $sandbox_namespaces to the command that makes the namespaces, or fails.
# $1: how to map more users than root, if that is needed where we are not root.
# --kill-child: nothing in them outlives this command.
sandbox_find() {
	all="--mount --net --ipc --uts --pid --fork --kill-child --mount-proc"
	for sandbox_namespaces in "unshare $all" \
	    "unshare --user --map-root-user $* $all"; do
		# It holds several words.
		! $sandbox_namespaces true 2>/dev/null || return 0
	done
	return 1
}

sandbox_make() {
	sandbox_tmp=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX") || return 1
	# Another account has to get at its files, and the build may be out
	# of reach.
	chmod 755 "$sandbox_tmp" &&
	    mkdir -p "$sandbox_tmp/bin" "$sandbox_tmp/keys" &&
	    cp "$BUILDDIR/sshtap" "$BUILDDIR/sshtapd" "$BUILDDIR/tapctl" \
		"$SRCDIR/contrib/openvpn/openvpn-ethtap" \
		"$sandbox_tmp/bin" && sandbox_tools && sandbox_mac
}

# Those that are built: a demo needs fewer than the tests, and has fewer.
sandbox_tools() {
	for tool in flowtool frametool loadtool plugtool taptool vlantool; do
		[ ! -x "$BUILDDIR/regress/$tool" ] ||
		    cp "$BUILDDIR/regress/$tool" "$sandbox_tmp/bin" || return 1
	done
}

# The programs as they are built for macOS, and the kernel that they need.
sandbox_mac() {
	sim=$BUILDDIR/darwin-sim
	[ -x "$sim/sshtap" ] || return 0
	mkdir "$sandbox_tmp/mac" &&
	    cp "$sim/sshtap" "$sim/sshtapd" "$sim/tapctl" \
		"$sim/regress/darwin-sim/libdarwinsim.so" \
		"$sim/regress/darwin-sim/darwin-kernel" \
		"$sim/regress/darwin-sim/darwinctl" \
		"$SRCDIR/regress/darwin-sim/ifconfig" \
		"$SRCDIR/contrib/openvpn/openvpn-ethtap" "$sandbox_tmp/mac"
}

# sandbox_run script name log seconds: the status of the script, or of
# timeout(1).  The shell that becomes the first process stays there, because
# the first process of a namespace has to wait for those that lost their
# parent.  There is no terminal for it to ask on.  The status of a script's
# last command means nothing, that of an early exit does.
sandbox_run() {
	REGRESS_NAME=$2 REGRESS_LOG=$3 REGRESS_TMP=$sandbox_tmp \
	    REGRESS_NET=$(readlink /proc/self/ns/net) \
	    timeout -k 1 "$4" \
	    setpriv --pdeathsig KILL $sandbox_namespaces \
	    sh -c 'setsid -w sh -c ". \"\$1\"; exit 0" sh "$1"; exit $?' \
	    sh "$1" </dev/null 2>>"$3" &
	sandbox_child=$!
	wait "$sandbox_child"
	sandbox_status=$?
	sandbox_child=
	return $sandbox_status
}

sandbox_stop() {
	if [ -n "$sandbox_child" ] && kill "$sandbox_child" 2>/dev/null; then
		wait "$sandbox_child"
	fi
}

sandbox_remove() {
	sandbox_stop
	[ -z "$sandbox_tmp" ] || rm -rf "$sandbox_tmp"
}

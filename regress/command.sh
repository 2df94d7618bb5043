#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# A command on the far host, beside the tunnel.
. "$SRCDIR/regress/test-exec.sh"

said() {
	[ "$(cat "$OUT")" = "$1" ]
}

hosts_up
sshd_start

if sshtap_start far 'echo $SSH_TUNNEL; sleep 60'; then
	check "SSH_TUNNEL names the far interface" wait_for 5 said "$FAR_TAP"
	sshtap_stop
fi

# The way to bring up an interface that sshd made.
if sshtap_start far 'ip link set $SSH_TUNNEL up && sleep 60'; then
	check "the command brings the far interface up" wait_for 5 \
	    far sh -c "ip link show $FAR_TAP | grep -q '[<,]UP'"
	check "the tunnel works" tunnel_works
	sshtap_stop
fi

# Far more than a window, so that credit is given, too.
head -c 3000000 /dev/urandom >"$TDIR/input"
IN=$TDIR/input
if sshtap_start far 'cat; echo finished >&2; sleep 60'; then
	check "standard input goes there and comes back" wait_for 10 \
	    cmp -s "$IN" "$OUT"
	check "its standard error is ours" wait_for 5 grep -qx finished "$ERR"
	sshtap_stop
fi
if sshtap_start -n far 'wc -c; sleep 60'; then
	check "-n sends nothing" wait_for 5 grep -qx 0 "$OUT"
	sshtap_stop
fi
IN=

# Nobody reads: the command must hear of it, and the tunnel must not mind.
mkfifo "$TDIR/pipe"
head -c 100 "$TDIR/pipe" >/dev/null &
reader=$!
nsenter --net=/run/netns/near "$SSHTAP" -F "$CONFIG" -w "$UNITS" far \
    "echo \$\$ >$TDIR/pid; exec yes" >"$TDIR/pipe" 2>"$ERR" &
TAP_PID=$!
wait "$reader"
if wait_for 5 [ -s "$TDIR/pid" ]; then
	check "a closed standard output ends the command" \
	    wait_for 10 gone "$(cat "$TDIR/pid")"
	check "and not the tunnel" tunnel_works
fi
sshtap_stop

if sshtap_start far echo "'one  two'" three ';' sleep 60; then
	check "words are joined by a blank" wait_for 5 said "one  two three"
	sshtap_stop
fi

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtapd -i: one connection on standard input and output, pipes or a socket.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

# inetd_works what option ...
inetd_works() {
	what=$1
	shift
	: >"$TAPD_LOG"
	sshtap_start "$@" far || return
	check "$what" tunnel_works
	check "$what: keys change" frames_cross near far 1000 3000 71 \
	    0x88b5 0 4000
	sshtap_stop
	check "$what: nothing is left" wait_for 3 tapd_is_gone
	check "$what: the log tells of its end" tapd_said 'disconnect '
}

hosts_up
tapd_config "RekeyLimit 1M"
command="nsenter --net=/run/netns/far $TAPD -i -E $TAPD_LOG -f $TAPD_CONFIG"

inetd_works "a socket that sshtap made" -o "ProxyCommand=$command"
# One for each direction; sshtap's socket is behind both.
cat >"$TDIR/pipes" <<-END
	#!/bin/sh
	cat | $command | cat
END
chmod 755 "$TDIR/pipes"
inetd_works "two pipes" -o "ProxyCommand=$TDIR/pipes"
if command -v socat >/dev/null; then
	far socat TCP-LISTEN:22,reuseaddr,fork "EXEC:$command,nofork" &
	socat=$!
	wait_for 3 far sh -c 'ss -ltn | grep -q :22'
	inetd_works "a TCP socket"
	check "the log tells from where" \
	    tapd_said 'login .*from=192.0.2.1 port=[1-9]'
	kill "$socat"
	wait "$socat"
else
	skip_check "a TCP socket" "socat is not installed"
fi

# Nobody there: it ends by itself, and says nothing that is not in its log.
nsenter --net=/run/netns/far $TAPD -i -E "$TAPD_LOG" -f "$TAPD_CONFIG" \
    </dev/null >"$OUT" 2>"$ERR"
check "no input at all: it ends" [ -z "$(tapd_processes)" ]
check "and says nothing" [ ! -s "$ERR" ]

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share in which OpenSSH's ssh is the client of sshtapd.  Read
# this file after tapd.sh, and set $SSH, which may hold several words.

# stock_spawn option ...: ssh brings up neither side's interface, sshtapd does.
stock_spawn() {
	verbose "ssh -w $UNITS $*"
	rm -f "$ERR"
	nsenter --net=/run/netns/near $SSH -v -F "$CONFIG" \
	    -o BatchMode=yes -o Tunnel=ethernet -o ExitOnForwardFailure=yes \
	    -w "$UNITS" -N "$@" </dev/null >/dev/null 2>"$ERR" &
	SSH_PID=$!
}

stock_has_tunnel() {
	near ip link show "$NEAR_TAP" && far ip link show "$FAR_TAP"
}

stock_start() {
	stock_spawn "$@"
	wait_for 5 stock_has_tunnel && near ip link set "$NEAR_TAP" up &&
	    tapd_tunnel_config
}

stock_stop() {
	kill "$SSH_PID" 2>/dev/null
	wait "$SSH_PID" 2>/dev/null
	wait_for 3 tapd_is_idle
}

# stock_check what option ...: a tunnel comes up, works, and goes away.
stock_check() {
	stock=$1
	shift
	if stock_start "$@" far; then
		check "$stock" wait_for 3 ping_near_far
	else
		fail "$stock"
	fi
	check "$stock: nothing is left" stock_stop
}

# stock_fails pattern option ...: it ends by itself, and says why.
stock_fails() {
	pattern=$1
	shift
	stock_spawn "$@" far
	wait_for 5 gone "$SSH_PID" && grep -e "$pattern" "$ERR" >&2
	stock_failed=$?
	stock_stop && return $stock_failed
}

# stock_refused what pattern: ssh tells the reason only with -v.
stock_refused() {
	check "$1: ssh says so" stock_fails "open failed: .*$2"
	check "$1: the log, too" tapd_said "tunnel-refuse .*text=\".*$2"
}

stock_checks() {
	for cipher in aes256-gcm@openssh.com chacha20-poly1305@openssh.com; do
		stock_check "ssh with $cipher" -o "Ciphers=$cipher"
	done
	stock_check "ssh with a host key of RSA" \
	    -o HostKeyAlgorithms=rsa-sha2-512
	if stock_start -o ServerAliveInterval=1 -o ServerAliveCountMax=1 \
	    -o RekeyLimit=1M far; then
		near ip link set "$NEAR_TAP" txqueuelen 10000
		far ip link set "$FAR_TAP" txqueuelen 10000
		check "frames while keys change, near to far" \
		    frames_cross near far 1000 5000 51 0x88b5 0 4000
		check "frames while keys change, far to near" \
		    frames_cross far near 1000 5000 51 0x88b5 0 4000
		sleep 3
		check "both ask for signs of life, and get them" ping_near_far
	else
		fail "ServerAliveInterval"
	fi
	check "nothing is left" stock_stop
}

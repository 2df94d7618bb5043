#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Peers that cannot be reached, that are not SSH, or that never come to the
# point.
. "$SRCDIR/regress/test-exec.sh"

# listener port command: in far.
listener() {
	nsenter --net=/run/netns/far socat \
	    "TCP-LISTEN:$1,fork,reuseaddr" "SYSTEM:$2" >&2 2>&1 &
	wait_for 5 near socat -u OPEN:/dev/null "TCP:192.0.2.2:$1"
}

hosts_up
sshd_start

sshtap_refused "no such host" "cannot resolve" nosuch.invalid
sshtap_refused "nobody listens" "Connection refused" -p 9 far
# Packets to an address that exists for ARP only go nowhere.
near ip neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev near0
WITHIN=5
sshtap_refused "no answer" "timed out" -o ConnectTimeout=2 192.0.2.99

# peer what pattern commands [option ...]: instead of a server.  A script, as
# "exec" is put in front of a ProxyCommand.
peer() {
	peer_is=$1 expected=$2
	printf '%s\n' "$3" >"$TDIR/peer"
	shift 3
	sshtap_refused "$peer_is" "$expected" "$@" \
	    -o "ProxyCommand=sh $TDIR/peer 2>/dev/null" far
}

drip="while printf x; do sleep 0.2; done"
peer "silence" "timed out" "sleep 20" -o ConnectTimeout=2
peer "a byte now and then" "timed out" "$drip" -o ConnectTimeout=2
peer "silence after the version" "timed out" \
    "printf 'SSH-2.0-x\\r\\n'; sleep 20" -o ConnectTimeout=2
peer "a packet that never ends" "timed out" \
    "printf 'SSH-2.0-x\\r\\n\\0\\0\\020\\004'; $drip" -o ConnectTimeout=2
peer "HTTP" "does not speak SSH" \
    "read line; printf 'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'"
peer "SSH 1" "SSH" "printf 'SSH-1.5-x\\r\\n'; sleep 20"
peer "an endless greeting" "does not speak SSH" \
    "while echo welcome; do :; done"
peer "an endless line" "does not speak SSH" \
    "while printf welcome; do :; done"
peer "the end of the stream" "closed\\|ended" "read line"
peer "the end after the version" "closed\\|reset" \
    "read line; printf 'SSH-2.0-x\\r\\n'"
peer "random bytes after the version" "." \
    "printf 'SSH-2.0-x\\r\\n'; cat /dev/urandom"
peer "a proxy that does not exist" "." "exec /nonexistent"

if command -v socat >/dev/null; then
	listener 2001 "sleep 20"
	sshtap_refused "TCP, silence" "timed out" -o ConnectTimeout=2 \
	    -p 2001 far
	listener 2002 "while printf x; do sleep 0.2; done"
	sshtap_refused "TCP, a byte now and then" "timed out" \
	    -o ConnectTimeout=2 -p 2002 far
	listener 2003 "read line; echo HTTP/1.1 400 Bad Request; echo"
	sshtap_refused "TCP, HTTP" "does not speak SSH" -p 2003 far
else
	skip_check "listeners that are not SSH" "socat is not installed"
fi

# Both lists, so that one knows what to change.
sshd_restart "Ciphers aes128-ctr"
sshtap_refused "no cipher in common" "in common" far
check "their list is there" grep -q 'aes128-ctr' "$ERR"
check "our list is there" grep -q 'aes256-gcm' "$ERR"
sshd_restart "KexAlgorithms diffie-hellman-group14-sha256"
sshtap_refused "no key exchange in common" "in common" far
check "their list is there" grep -q 'group14' "$ERR"
check "our list is there" grep -q 'curve25519' "$ERR"

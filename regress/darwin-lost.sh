#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Somebody destroys an interface of the pair: the tunnel ends, and says so.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"

hosts_up
mac_start near
sshd_start

# lost what interface: no descriptor tells when it is the user's side.
lost() {
	sshtap_start far || return
	darwinctl destroy "$2"
	sshtap_end 10
	check "$1: status 255" [ "$TAP_STATUS" = 255 ]
	check "$1: a line that says so" grep -q "^sshtap: $NEAR_TAP was removed" \
	    "$ERR"
	check "$1: nothing is left" wait_for 5 mac_is_clean
}

lost "the user's side" "$NEAR_TAP"
lost "the I/O peer" "$PEER_TAP"

# Unlinked, and then linked to something else.
if sshtap_start far; then
	darwinctl unpeer "$NEAR_TAP"
	sshtap_end 10
	check "no peer any more: status 255" [ "$TAP_STATUS" = 255 ]
	check "no peer any more: nothing is left" wait_for 5 mac_is_clean
fi
mac_restart near --ndrv-gone epipe
lost "the I/O peer, and SIGPIPE" "$PEER_TAP"

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Compression, with frames that shrink and frames that do not, and again after
# keys have changed.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start "Compression yes"
for option in -C "-o Compression=yes"; do
	: >"$SSHD_LOG"
	# $option may be two words.
	sshtap_start $option -o RekeyLimit=1M far || continue
	tunnel_config
	check "$option: both ways" \
	    [ "$(grep -c 'compression: zlib@openssh.com' "$SSHD_LOG")" -ge 2 ]
	check "$option: frames, near to far" \
	    frames_cross near far 60,1514 5000 51 0x88b5 0 2000
	check "$option: frames, far to near" \
	    frames_cross far near 60,1514 5000 52 0x88b5 0 2000
	check "$option: zeros" near ping -n -q -c 20 -i 0.01 -s 1400 -p 00 \
	    198.18.0.2
	check "$option: keys have changed" \
	    [ "$(grep -c 'rekey in after' "$SSHD_LOG")" -ge 3 ]
	sshtap_stop
done
sshd_restart "Compression no"
tunnel_check "a server that does not compress" -C far

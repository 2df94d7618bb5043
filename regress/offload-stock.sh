#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtap to stock sshd, which knows only plain frames: what the kernel offers
# in one piece is cut for it, and what comes from it may be joined.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/offload.sh"

hosts_up
sshd_start
knows=yes
client_knows_offload || knows=
label="as it is"
if sshtap_start far; then
	tunnel_config
	[ -z "$knows" ] || offload_check near yes
	transfers "$RANDOM_FILE"
	train_scenes 500 1200 40 333
	train_scenes 100 1452 43 8
	odd_scenes
	label="MTU of 9000"
	near ip link set "$NEAR_TAP" mtu 9000
	far ip link set "$FAR_TAP" mtu 9000
	transfers "$SMALL_FILE"
	train_scenes 100 8000 7 333
	scene "frames of 9014 bytes" pings near "$FAR_IPV4" -s 8972 -M do
	check "sshd has no complaint" not grep -q \
	    -e 'ignored channel window' -e 'rcvd too much' "$SSHD_LOG"
	sshtap_stop
fi
label="without offload"
if [ -z "$knows" ]; then
	skip_check "$label" "TunnelOffload is not known"
elif sshtap_start -o TunnelOffload=no far; then
	tunnel_config
	offload_check near no
	transfers "$RANDOM_FILE"
	train_scenes 500 1200 40 333
	odd_scenes
	sshtap_stop
fi

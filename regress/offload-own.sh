#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtap to sshtapd: whatever the kernel offers in one piece arrives as the
# bytes that it stands for, with offload on both ends, on one, or on none.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/offload.sh"

# own_tunnel near-offload far-offload option ...
own_tunnel() {
	near_offload=$1 far_offload=$2
	shift 2
	sshtap_start "$@" far || return
	tapd_tunnel_config
	if [ -n "$knows" ]; then
		offload_check near "$near_offload"
		offload_check far "$far_offload"
	fi
}

large_mtu() {
	near ip link set "$NEAR_TAP" mtu 9000 &&
	    far ip link set "$FAR_TAP" mtu 9000 || return
	label="MTU of 9000"
	transfers "$SMALL_FILE"
	train_scenes 100 8000 7 333
	scene "frames of 9014 bytes" pings near "$FAR_IPV4" -s 8972 -M do
}

knows=yes
client_knows_offload && server_knows_offload || knows=
hosts_up
tapd_start
label="as it is"
if own_tunnel yes yes; then
	transfers "$RANDOM_FILE"
	train_scenes 500 1200 40 333
	train_scenes 100 1452 43 8
	odd_scenes
	large_mtu
	sshtap_stop
fi
if [ -z "$knows" ]; then
	skip_check "without offload" "TunnelOffload is not known"
	tapd_stop
	exit
fi
label="without offload of sshtap"
if own_tunnel no yes -o TunnelOffload=no; then
	transfers "$SMALL_FILE"
	train_scenes 100 1200 40 333
	vlan_scenes
	sshtap_stop
fi
tapd_restart "TunnelOffload no"
label="without offload of sshtapd"
if own_tunnel yes no; then
	transfers "$SMALL_FILE"
	train_scenes 100 1200 40 333
	vlan_scenes
	sshtap_stop
fi
label="without offload"
if own_tunnel no no -o TunnelOffload=no; then
	transfers "$RANDOM_FILE"
	train_scenes 500 1200 40 333
	odd_scenes
	sshtap_stop
fi
tapd_stop

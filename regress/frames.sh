#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Frames arrive as they were sent, whatever their size, both ways.
. "$SRCDIR/regress/test-exec.sh"

set_mtu() {
	near ip link set "$NEAR_TAP" mtu "$1" &&
	    far ip link set "$FAR_TAP" mtu "$1"
}

# cross what sizes count seed [type [vlan [pace]]]: both ways.
cross() {
	what=$1
	shift
	check "$what, near to far" frames_cross near far "$@"
	check "$what, far to near" frames_cross far near "$@"
}

hosts_up
sshd_start
sshtap_start far || exit 1
tunnel_config

cross "VLAN frames of 1518 bytes" 64,1518 300 11 0x88b5 7
set_mtu 9000 || fatal "no MTU of 9000"
for size in 14 60 1514 9014; do
	cross "frames of $size bytes" "$size" 500 $((size % 200)) \
	    0x88b5 0 3000
done
cross "VLAN frames of 9018 bytes" 9018 300 12 0x88b5 4094 3000
cross "mixed sizes" 14,1514,60,9014,15,999 3000 13 \
    0x88b5 0 6000

# The ends of what stock sshd carries: see PROTOCOL, frame sizes.
set_mtu 32750 || fatal "no MTU of 32750"
check "frames of 32764 bytes, near to far" \
    frames_cross near far 32764 100 14 0x88b5 0 1000
check "frames of 16384 bytes, far to near" \
    frames_cross far near 16384 100 15 0x88b5 0 1000
# One byte more is for nobody, and does no harm.
set_mtu 32800
recv_start far 10 16
send_frames near 32765 10 16
recv_end 16
check "longer frames are dropped" [ "$(recv_number 16 received)" -eq 0 ]
check "nothing changed was delivered" [ "$(recv_number 16 corrupt)" -eq 0 ]
check "the tunnel still works" ping_near_far
sshtap_stop

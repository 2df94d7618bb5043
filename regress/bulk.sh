#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# More small frames than 2 MiB of window last when four bytes for each are
# forgotten (524 288), both ways, all of them delivered.
. "$SRCDIR/regress/test-exec.sh"

COUNT=600000
PACE=50000

hosts_up
sshd_start
sshtap_start far || exit 1
tunnel_config
near ip link set "$NEAR_TAP" txqueuelen 20000
far ip link set "$FAR_TAP" txqueuelen 20000

recv_start far $COUNT 61
follow_frames near 60 $COUNT 61 0x88b5 0 $PACE
check "$COUNT frames, near to far" recv_end 61
recv_start near $COUNT 62
follow_frames far 60 $COUNT 62 0x88b5 0 $PACE
check "$COUNT frames, far to near" recv_end 62
check "it works afterwards" ping_near_far
check "and the other way" ping_far_near

# Whatever window is left now, a flood must not be over it for sshd.
send_frames near 1500 50000 63 0x88b5 0 1000000
send_frames far 1500 50000 64 0x88b5 0 1000000
check "it works after a flood" wait_for 5 ping_near_far
check "sshd has no complaint" \
    not grep -q -e 'ignored channel window' -e 'rcvd too much' "$SSHD_LOG"
sshtap_stop

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# A tunnel with nothing special about it.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

tunnel_check "a tunnel by name" far
tunnel_check "by address" 192.0.2.2
client_config "User nobody"
tunnel_check "user@host" root@far
client_config
tunnel_check "over IPv6" -6 -o HostKeyAlias=far 2001:db8::2

# Its state is ours to set, so nothing has to be done in near.
if sshtap_start far; then
	check "the near interface is up" wait_for 2 \
	    near sh -c "ip link show $NEAR_TAP | grep -q '[<,]UP'"
	check "one tunnel has two processes" \
	    [ "$(sshtap_processes | wc -l)" -eq 2 ]
	sshtap_stop
fi

NEAR_TAP=tap0 FAR_TAP=tap0 UNITS=any:any
tunnel_check "any unit" far
far ip tuntap add dev tap0 mode tap
FAR_TAP=tap1
tunnel_check "any unit, tap0 is taken" far

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What can be wrong on a Mac: one line each, and nothing is left.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"

hosts_up
mac_start near
sshd_start

# The first -w counts; sshtap_spawn adds one in front.
UNITS=32768:5
sshtap_refused "a unit that feth does not have" "32767" far
UNITS=010003:5 LINES_SAID=20
sshtap_refused "a unit with a leading zero" "010003" far
LINES_SAID=
UNITS=10003:5

# Somebody else's pair, which has to survive.
darwinctl create feth10003 >&2
darwinctl create feth555 >&2
darwinctl peer feth10003 feth555
STAYS=yes
sshtap_refused "a pair that is not ours" "feth10003 .*not ours" far
STAYS=
check "it is still there" mac_has_only feth10003 feth555
NEAR_TAP=feth10000 UNITS=any:5
tunnel_check "any unit beside it" far
check "it is still there" mac_has_only feth10003 feth555
darwinctl destroy feth10003
darwinctl destroy feth555
NEAR_TAP=feth10003 UNITS=10003:5

as_tuna
IDENTITY=$TDIR/home/$USER_NAME/.ssh/key
client_config
sshtap_refused "no root" "root" far
AS_USER=
IDENTITY=$KEYS/user_ed25519
client_config

# It says how many it holds; asking before it has them would take one.
mac_exec near "$MAC_BIN/darwinctl" hold-bpf 256 >"$TDIR/held" &
holder=$!
wait_for 5 [ -s "$TDIR/held" ] && darwinctl bpf-busy ||
    fatal "cannot take all bpf devices"
sshtap_refused "all bpf devices are in use" "bpf" far
kill "$holder"
wait "$holder" 2>/dev/null
check "nothing is left" wait_for 5 mac_is_clean

darwinctl sysctl net.link.fake.hwcsum=1 >&2
sshtap_start far
check "a setting that breaks frames is named" \
    grep -q 'net.link.fake.hwcsum' "$ERR"
sshtap_stop
darwinctl sysctl net.link.fake.hwcsum=0 >&2

mac_restart near --no-feth
sshtap_refused "a system without feth" "10.13" far

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The ssh of this system as the client of sshtapd.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/stock.sh"

SSH=$(command -v ssh)

hosts_up
tapd_start "ClientAliveInterval 1"
trace "$($SSH -V 2>&1)"
stock_checks

tapd_restart "PermitTunnel no"
stock_refused "PermitTunnel no" \
    "PermitTunnel of the server does not allow ethernet"
tapd_restart "TunnelBridge nowhere"
stock_refused "no such bridge" "nowhere"
tapd_restart
authorise root "$KEYS/host_rsa.pub"
check "an unknown key" stock_fails "Permission denied (publickey)"
tapd_stop

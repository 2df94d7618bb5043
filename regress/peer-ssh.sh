#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The ssh of Debian 13 as the client of sshtapd.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/stock.sh"
. "$SRCDIR/regress/peers/trixie.sh"

hosts_up
trixie_up
SSH="chroot $TREE ssh"
tapd_start "ClientAliveInterval 1"
trace "$($SSH -V 2>&1)"
stock_checks
tapd_restart "PermitTunnel no"
stock_refused "PermitTunnel no" \
    "PermitTunnel of the server does not allow ethernet"
tapd_stop

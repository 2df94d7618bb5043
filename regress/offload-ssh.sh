#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The ssh of this system to sshtapd: see offload-stock.sh.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"
. "$SRCDIR/regress/stock.sh"
. "$SRCDIR/regress/offload.sh"

SSH=$(command -v ssh)

hosts_up
tapd_start
knows=yes
server_knows_offload || knows=
label="as it is"
if stock_start far; then
	[ -z "$knows" ] || offload_check far yes
	transfers "$RANDOM_FILE"
	train_scenes 500 1200 40 333
	odd_scenes
else
	fail "no tunnel of ssh"
fi
check "nothing is left" stock_stop
label="without offload"
if [ -z "$knows" ]; then
	skip_check "$label" "TunnelOffload is not known"
else
	tapd_restart "TunnelOffload no"
	if stock_start far; then
		offload_check far no
		transfers "$RANDOM_FILE"
		train_scenes 500 1200 40 333
	else
		fail "no tunnel of ssh"
	fi
	check "nothing is left" stock_stop
fi
tapd_stop

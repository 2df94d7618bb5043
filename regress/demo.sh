#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The demo works, and leaves nothing, interrupted or not.
. "$SRCDIR/regress/test-exec.sh"

require_cmd iperf3
TMPDIR=$TDIR
DEMO_SECONDS=1
export TMPDIR DEMO_SECONDS

demo_is_gone() {
	[ -z "$(find "$TDIR" -name 'sshtap-demo.*')" ] &&
	    ! grep -l -s demo-steps /proc/[0-9]*/cmdline
}

# What ./bootstrap demo builds, and no more.
few=$TDIR/build
mkdir -p "$few/regress"
ln -s "$BUILDDIR/sshtap" "$BUILDDIR/sshtapd" "$BUILDDIR/tapctl" "$few"
for tool in $(sed -n '/^	demo)/,/;;/s/.*MAKE -s all //p' "$SRCDIR/bootstrap"); do
	ln -s "$BUILDDIR/$tool" "$few/$tool"
done
check "every step" env BUILDDIR="$few" sh "$SRCDIR/regress/demo"
check "nothing is left" demo_is_gone

sh "$SRCDIR/regress/demo" >"$OUT" 2>&1 &
demo_pid=$!
wait_for 20 grep -q 'tunnel up' "$OUT"
check "interrupted in the middle" kill "$demo_pid"
wait "$demo_pid"
check "status 130" [ $? = 130 ]
check "nothing is left then" demo_is_gone

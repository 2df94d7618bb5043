#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What tapctl says, to people and to machines, and how it ends.  What it does
# to devices is tap-admin's part.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
TAPCTL=$REGRESS_TMP/bin/tapctl

# run word ...: sets $status.
run() {
	near $AS_USER "$TAPCTL" "$@" >"$OUT" 2>"$TDIR/err"
	status=$?
	sed 's/^/  out| /' "$OUT" >&2
	sed 's/^/  err| /' "$TDIR/err" >&2
}

# ends status lines-out lines-err word ...
ends() {
	ends_status=$1 ends_out=$2 ends_err=$3
	shift 3
	run "$@"
	[ "$status" = "$ends_status" ] &&
	    [ "$(wc -l <"$OUT")" = "$ends_out" ] &&
	    [ "$(wc -l <"$TDIR/err")" = "$ends_err" ] &&
	    ! grep -v '^tapctl: ' "$TDIR/err"
}

says() {
	grep -q -e "$1" "$OUT" "$TDIR/err"
}

# is_json filter value: whatever reads JSON here agrees.
is_json() {
	if command -v jq >/dev/null; then
		got=$(jq -r "$1" <"$OUT") || return 1
	else
		got=$(python3 -c 'import json, re, sys
v = json.load(sys.stdin)
for key in re.findall(r"\w+", sys.argv[1]):
	v = len(v) if key == "length" else v[int(key) if key.isdigit() else key]
print(v if isinstance(v, str) else json.dumps(v))' "$1" <"$OUT") || return 1
	fi
	trace "$1 is $got"
	[ "$got" = "$2" ]
}

# === Statuses ===

check "no command: 64" ends 64 0 1
check "no such command: 64" ends 64 0 1 lists
check "no such option: 64" ends 64 0 1 list --jso
check "a missing name: 64" ends 64 0 1 show
check "a unit with leading zeros: 64" ends 64 0 1 create -u 007
check "a unit out of range: 64" ends 64 0 1 create -u 2147483646
check "an MTU out of range: 64" ends 64 0 1 create -m 65536
check "a multicast address: 64" ends 64 0 1 create -a 01:00:5e:00:00:01
check "no such device: 1" ends 1 0 1 show tap007
check "no such name: 1" ends 1 0 1 show ../../etc/passwd
check "one that is none of ours: 1" ends 1 0 1 destroy near0
check "all are tried: 1" ends 1 0 2 destroy near0 tap007
check "output that cannot be written: 1" \
    near sh -c '"$1" list >/dev/full 2>/dev/null; [ $? = 1 ]' sh "$TAPCTL"
check "help" ends 0 "$("$TAPCTL" help | wc -l)" 0 help
check "the synopsis has every command" \
    [ "$("$TAPCTL" help | grep -c '^usage: tapctl\|^       tapctl')" = 7 ]
check "version" ends 0 1 0 version

# === Text ===

check "create prints the name" ends 0 1 0 create -u 7 -m 1400 \
    -a 02:00:5e:00:53:07
check "and nothing else" [ "$(cat "$OUT")" = tap7 ]
check "show" ends 0 10 0 show tap7
check "show: the address" says '^address  02:00:5e:00:53:07$'
check "show: the MTU" says '^mtu      1400$'
check "list: a heading and a line" ends 0 2 0 list
check "list: the line" says '^tap7  -  *ethernet  kept  *no  *yes  1400 '
check "--down" ends 0 1 0 create -u 8 --down
check "--down: it is" near sh -c '! ip link show tap8 | grep -q "[<,]UP[,>]"'
check "cleanup has nothing to do" ends 0 0 0 cleanup
check "nor has a dry run" ends 0 0 0 cleanup --dry-run
check "destroy says nothing" ends 0 0 0 destroy tap7 tap8

# === JSON ===

if ! command -v jq >/dev/null && ! command -v python3 >/dev/null; then
	skip "JSON: neither jq nor python3 is installed"
fi
run list --json
check "no device: an empty array" is_json '.|length' 0
check "create --json" ends 0 1 0 create -u 7 -o "$USER_NAME" --json
check "its name" is_json .name tap7
check "its user" is_json .uid "$USER_ID"
check "no peer" is_json .peer null
check "nothing is known of a process" is_json .pid null
near ip tuntap add dev 'a"\b' mode tap
near ip tuntap add dev "$(printf 'e\033[1mx')" mode tap
near ip tuntap add dev "$(printf 'f\377')" mode tun
run list --json
check "all of them" is_json '.|length' 4
check "quotes and backslashes" is_json '.[0].name' 'a"\b'
check "no control characters" is_json '.[1].name' 'e?[1mx'
check "no bytes that are not UTF-8" is_json '.[2].name' 'f?'
check "a tun device" is_json '.[2].mode' point-to-point
run show --json tap7
check "show: one object" is_json .owner kept
check "show: a name with a quote" ends 0 10 0 show 'a"\b'
run list
check "the table has no control characters" \
    not grep -q "$(printf '\033')" "$OUT"
run cleanup --json
check "cleanup: an empty array" is_json '.|length' 0
run destroy 'a"\b' "$(printf 'e\033[1mx')" "$(printf 'f\377')" tap7
check "all can be destroyed" ends 0 1 0 list

# === Without root ===

as_tuna
check "a user may look" ends 0 1 0 list
check "but not make a device" ends 1 0 1 create
check "and is told why" says "root"
AS_USER=
run create -u 7 -o "$USER_NAME"
as_tuna
check "whose device it is may destroy it" ends 0 0 0 destroy tap7

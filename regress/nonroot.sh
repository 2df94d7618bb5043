#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Nobody is root: TAPs that were made before belong to the users at both ends.
. "$SRCDIR/regress/test-exec.sh"

make_tap() {
	in_ns "$1" ip tuntap add dev "$2" mode tap user "$3" &&
	    in_ns "$1" ip link set "$2" up || fatal "no TAP in $1"
}

hosts_up
as_tuna
IDENTITY=$TDIR/home/$USER_NAME/.ssh/key
client_config "User $USER_NAME"
make_tap far "$FAR_TAP" "$USER_ID"
make_tap near "$NEAR_TAP" "$USER_ID"
STAYS=yes
sshd_start

tunnel_check "user without rights at both ends" far
check "the near interface is still there" near ip link show "$NEAR_TAP"
check "the far interface is still there" far ip link show "$FAR_TAP"
if sshtap_start far; then
	check "no process is root's" [ -z "$(for exe in $(sshtap_processes)
	    do stat -c %u "${exe%/exe}"; done | grep -x 0)" ]
	check "traffic" tunnel_works
	sshtap_stop
fi

# tunnel="5" turns "any" into 5.
sed "s/^/tunnel=\"${FAR_TAP#tap}\" /" "$KEYS/user_ed25519.pub" \
    >"$TDIR/authorized_keys/$USER_NAME"
UNITS=3:any
tunnel_check "the server chooses the far unit" far
UNITS=3:6
sshtap_refused "a unit that the server does not allow" "tunnel device" far
authorise "$USER_NAME" "$KEYS/user_ed25519.pub"
UNITS=3:any
sshtap_refused "a far device that had to be made" "tunnel device" far

# Root here, the account there.
AS_USER=
UNITS=3:5
near ip link del "$NEAR_TAP"
tunnel_check "root near, user far" far
check "the interface that was made is gone" \
    wait_for 5 not near ip link show "$NEAR_TAP"

# Root there, the account here.
as_tuna
client_config "User root"
make_tap near "$NEAR_TAP" "$USER_ID"
tunnel_check "user near, root far" far

# Whoever runs it by sudo is the one whose keys are used.
AS_USER="env SUDO_UID=$USER_ID SUDO_GID=$USER_ID SUDO_USER=$USER_NAME"
IDENTITY="~/.ssh/key"
client_config "User $USER_NAME"
near ip link del "$NEAR_TAP"
tunnel_check "as by sudo" far

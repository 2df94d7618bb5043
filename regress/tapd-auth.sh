#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Who gets in, and with which unit: what authorized_keys and the
# configuration say.  A client is told nothing of why not; the log is.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

OTHER=$(make_key other_ed25519 ed25519)
DENIED="permission denied: tried .*; the server offers publickey"

# line options: in front of the key that the tests use.
line() {
	echo "$1 $(cat "$KEYS/user_ed25519.pub")" >"$TDIR/authorized_keys/root"
}

# refused what reason option ...
refused() {
	what=$1 reason=$2
	shift 2
	: >"$TAPD_LOG"
	sshtap_refused "$what" "$DENIED" "$@" far
	check "$what: the log says $reason" tapd_said "refuse .*reason=$reason"
}

# no_unit what text option ...: logged in, and no tunnel.
no_unit() {
	what=$1 text=$2
	shift 2
	sshtap_refused "$what" "$text" "$@" far
}

hosts_up
tapd_start "AllowUsers root $USER_NAME@192.0.2.0/24" "LoginGraceTime 2" \
    "MaxAuthTries 2"
authorise "$USER_NAME" "$KEYS/user_ed25519.pub"

# The same words and the same number of lines for all of these.
IDENTITY=$OTHER
client_config
refused "a wrong key" unknown-key
sed 's/^[^:]*: [^:]*: //' "$ERR" >"$TDIR/wrong_key"
refused "no such user" no-account -l nobody_here
check "he is told what others are" \
    [ "$(sed 's/^[^:]*: [^:]*: //' "$ERR")" = "$(cat "$TDIR/wrong_key")" ]
IDENTITY=$KEYS/user_ed25519
client_config
refused "a user who is not allowed" not-allowed -l sshtapd

line 'from="192.0.2.1,!192.0.2.2"'
tunnel_check 'from= an address of ours' far
line 'from="198.51.100.0/24"'
refused 'from= another network' from
line 'expiry-time="20990101"'
tunnel_check "a key that has not expired" far
line 'expiry-time="20200101"'
refused "a key that has expired" expired
line 'no-such-option'
refused "an unknown option" bad-option
line 'restrict'
no_unit "restrict" "the key is restricted"
line 'restrict,tunnel="5"'
tunnel_check 'restrict and tunnel="5"' far
line 'tunnel="9"'
no_unit 'tunnel="9" and another unit' "the key is for another unit"
(
	FAR_TAP=tap9 UNITS=3:any
	tunnel_check 'tunnel="9" and any unit' far
)
line 'command="echo hello",no-pty'
tunnel_check "options of a shell mean nothing here" far
authorise root "$KEYS/other_ed25519.pub" "$KEYS/user_ed25519.pub"
tunnel_check "the second line" far

# The right key comes too late.
: >"$TAPD_LOG"
authorise root "$KEYS/user_ed25519.pub"
LINES_SAID=2
sshtap_refused "MaxAuthTries" "tried .*host_rsa, .*host_ecdsa" \
    -i "$KEYS/host_rsa" -i "$KEYS/host_ecdsa" -i "$IDENTITY" far
LINES_SAID=1
check "it was not asked again" [ \
    "$(grep -c 'refuse .*unknown-key' "$TAPD_LOG")" = 2 ]
: >"$TAPD_LOG"
near timeout 5 "$LOADTOOL" -w 4000 strangers 192.0.2.2 22 2 >&2
check "LoginGraceTime" tapd_said 'timeout what=login seconds=2'

# Another user, with a device that is made for him: see tapd-refuse, too.
authorise root "$KEYS/user_ed25519.pub"
far ip tuntap add dev "$FAR_TAP" mode tap user "$USER_NAME"
STAYS=yes
if sshtap_start -l "$USER_NAME" far; then
	tapd_tunnel_config
	check "another user, and the device of his" ping_near_far
	sshtap_stop
fi
STAYS=
far ip link del "$FAR_TAP"

tapd_restart "AllowUsers $USER_NAME"
refused "root is not allowed" not-allowed
tapd_restart "DenyUsers root@192.0.2.*"
refused "DenyUsers" not-allowed

# With StrictModes, in a directory that is nobody else's up to /.
chmod 755 /run
mkdir -m 755 /run/keys
cp "$KEYS/user_ed25519.pub" /run/keys/root
tapd_restart "StrictModes yes" "AuthorizedKeysFile /run/keys/%u"
tunnel_check "StrictModes" far
chmod 666 /run/keys/root
: >"$TAPD_LOG"
sshtap_refused "a file that others may write" "$DENIED" far
check "the log says so" tapd_said 'file-refused file=/run/keys/root'
chmod 644 /run/keys/root
chmod 777 /run/keys
: >"$TAPD_LOG"
sshtap_refused "a directory that others may write" "$DENIED" far
check "the log says so" tapd_said 'file-refused file=/run/keys/root'
tapd_stop

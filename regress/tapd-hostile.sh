#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The network process has been taken over: hostile-sshtapd.c is the program
# itself but for that process, which obeys the client.  It gets at nothing,
# the monitor grants nothing out of turn, and nobody else notices.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

TAPD=$BUILDDIR/regress/hostile-sshtapd
TAPD_EXE=$TAPD
PORT=20000

# obey_in seconds words: sets $SAID, in one line, and $FROM, how the log calls
# the connection.  A key is sent along.
obey_in() {
	PORT=$((PORT + 1))
	FROM="from=192.0.2.1 port=$PORT"
	verbose "$FROM: $2"
	{ echo "$2"; cat "$IDENTITY"; } | near socat -t "$1" - \
	    "TCP:192.0.2.2:$TAPD_PORT,sourceport=$PORT" >"$TDIR/said" \
	    2>"$TDIR/socat"
	SAID=$(tr '\n' ' ' <"$TDIR/said")
	trace "said: $SAID"
}

obey() {
	obey_in 8 "$*"
}

# Of this connection, with or without an error behind it.
logged() {
	wait_for 3 grep -q -e "$1.* $FROM\(: .*\)*\$" "$TAPD_LOG"
}

not_logged() {
	! grep -q -e "$1" "$TAPD_LOG"
}

ended() {
	wait_for "${1:-3}" grep -q -e "disconnect .*$FROM\$" "$TAPD_LOG"
}

# Root's process of this connection.
monitor() {
	sed -n "s/^sshtapd.\([0-9]*\).: connect $FROM .*/\1/p" "$TAPD_LOG"
}

descriptors_of() {
	ls "/proc/$1/fd" | grep -c .
}

attempt_judge() {
	FROM="from=192.0.2.1 port=$1"
	said=$(cat "$TDIR/attempt.$1")
	trace "$3: \"$said\""
	ended || return 1
	if [ "$2" = seccomp ]; then
		[ -z "$said" ] && logged "$SIGSYS"
	else
		case $said in
		"errno "*)	;;
		*)		return 1 ;;
		esac
	fi
}

# Those of the table, each on a connection of its own.  The lines in
# $TDIR/attempts are the number of a port, what has to stop it, and its name.
attempts() {
	obey "list quit"
	awk '{ print 30000 + NR, $0 }' "$TDIR/said" >"$TDIR/attempts"
	check "there are attempts" \
	    [ "$(grep -c . "$TDIR/attempts")" -ge 40 ]
	jobs=
	while read -r port by name; do
		{ echo "attempt $name" | near socat -t 8 - \
		    "TCP:192.0.2.2:$TAPD_PORT,sourceport=$port" \
		    >"$TDIR/attempt.$port" 2>/dev/null; } &
		jobs="$jobs $!"
		# Not all of them at the same moment.
		[ $((port % 6)) != 0 ] || wait $jobs
	done <"$TDIR/attempts"
	wait $jobs
	while read -r port by name; do
		check "attempt: $name" attempt_judge "$port" "$by" "$name"
	done <"$TDIR/attempts"
}

# escape what words: it ends for it, with what was said until then in $BEFORE.
escape() {
	obey "$2"
	check "$1: ended for it" [ "$SAID" = "$BEFORE" ]
	check "$1: the log says so" logged "$SIGSYS"
}

escapes() {
	BEFORE=
	escape "kill the monitor" kill:9
	escape "the monitor's memory" mem
	escape "connect to the listener" connect:22
	escape "the host key" "open:$KEYS/host_ed25519"
	escape "authorized_keys" "open:$TDIR/authorized_keys/root"
	escape "its own log" "open:$TAPD_LOG"
	BEFORE="signed 1 yes "
	escape "after a login" "sign login open:/etc/shadow"
	granted "standard error is not the log" "stderr: done " \
	    "stderr:sshtapd[1]:%20login%20method=forged%0a quit"
	check "nothing is there" not_logged forged
}

# refused what kind words: this ends the connection, with what was said until
# then in $BEFORE.
refused() {
	obey "$3"
	while [ "$SAID" != "${SAID%closed }" ]; do
		SAID=${SAID%closed }
	done
	check "$1" [ "$SAID" = "$BEFORE" ]
	check "$1: the log says so" logged "request-refused request=$2"
}

# granted what answer words
granted() {
	obey "$3"
	check "$1" [ "$SAID" = "$2" ]
}

hosts_up
require_cmd socat
[ -x "$TAPD" ] || skip "hostile-sshtapd is not built"
SIGSYS='killed process=network signal=[0-9]* (Bad system call)'
tapd_start "LoginGraceTime 4"

# Whom all of it is not to disturb.
sshtap_start far || exit 1
tapd_tunnel_config
check "there is a genuine tunnel" ping_near_far
genuine=$(tapd_monitor)
network=$(children_of "$genuine")

# These take their time, meanwhile.
{ echo "bytes:00000010 bytes:0102"; } | near socat -t 9 - \
    "TCP:192.0.2.2:22,sourceport=19001" >"$TDIR/half" 2>/dev/null &
half=$!
{ echo "sign login mute:5000"; cat "$IDENTITY"; } | near socat -t 14 - \
    "TCP:192.0.2.2:22,sourceport=19002" >"$TDIR/mute" 2>/dev/null &
mute=$!

# === Escapes ===

# Whatever of it the system, or this build, is without.
if grep 'sandbox text=' "$TAPD_LOG" | grep -q 'no seccomp'; then
	skip_check "escapes" "there is no seccomp"
else
	attempts
	escapes
fi

# === Requests ===

BEFORE=
refused "KEY before SIGN" key "probe"
refused "TUNNEL before SIGN" tunnel "tunnel:2:7"
refused "TUNNEL_END before SIGN" tunnel-end "end:0"
for n in 0 31 33 64; do
	refused "SIGN of $n bytes" sign "hash:$n"
done
refused "a kind that is none" unknown "record:05"
refused "another one" unknown "record:ff0000"
refused "an empty record" unknown "record:"
refused "a LOG that is cut" log "record:00"
refused "a LOG with something behind" log "record:00030000000178ff"
refused "LOG of level 0" log "log:0:x"
refused "LOG of level 6" log "log:6:x"
refused "LOG of 1025 bytes" log "long:1025"
refused "SIGN that is cut" sign "record:0100000003"
refused "SIGN with an unknown algorithm" sign \
    "record:01000000017800000020$(printf '%064d' 0)"
refused "a length of 4 GiB" unknown "bytes:ffffffff"
refused "a length over the limit" unknown "bytes:00004001"

BEFORE="signed 1 "
refused "SIGN twice" sign "sign:2"
refused "TUNNEL before a login" tunnel "sign tunnel:2:7"
refused "TUNNEL_END before a login" tunnel-end "sign end:0"
refused "KEY that is cut" key "sign record:020000"
# How far it came with saying so is chance.
obey "flood:65"
check "65 lines of LOG" logged "request-refused request=log"
check "64 of them are there" grep -q "network: flood line=64 $FROM\$" \
    "$TAPD_LOG"
check "no more" not_logged "flood line=65 $FROM"
BEFORE="signed 1 no no no no no no "
refused "more keys than MaxAuthTries" key "sign user:nobody9 probe:9"
BEFORE="signed 1 $(printf '%64s' '' | sed 's/ /yes /g')"
refused "probes without end" key "sign probe:99"

granted "a session that is not ours" "signed 1 no " "sign foreign quit"
check "the log says so" logged "refuse user=root reason=bad-signature"
granted "a broken signature" "signed 1 no " "sign spoilt quit"
granted "an empty one is a probe" "signed 1 yes " "sign empty quit"
BEFORE="signed 1 yes "
refused "nor does that log in" tunnel "sign empty tunnel:2:7"
check "no device has come of it" not far ip link show tap7
granted "somebody else's name" "signed 1 no " "sign user:sshtapd login quit"
granted "a name of a path" "signed 1 no " "sign user:../root login quit"

# After a login.
granted "SIGN is for exchanges to come" \
    "signed 1 yes signed 1 signed 1 signed 1 " "sign login sign:3 quit"
BEFORE="signed 1 yes "
refused "KEY after a login" key "sign login probe"
refused "a second login" key "sign login user:$USER_NAME login"
refused "TUNNEL_END of a slot that is not open" tunnel-end "sign login end:0"
refused "TUNNEL_END of no slot" tunnel-end "sign login end:4294967295"
refused "SIGN of a long hash" sign "sign login hash:64"
BEFORE="signed 1 yes device tap7 slot 0 "
refused "TUNNEL_END twice" tunnel-end "sign login tunnel:2:7 end:0 end:0"
check "the device has gone" wait_for 3 not far ip link show tap7
BEFORE=
obey "sign login tunnel:2:5 tunnel:3:7 tunnel:2:4000000000 quit"
check "devices that are others', or none" \
    [ "$(grep -c '^refused [0-9]' "$TDIR/said")" = 3 ]

# === The checker ===

obey "sign pause:600 login quit" &
asking=$!
# As the one in the background does.
PORT=$((PORT + 1))
FROM="from=192.0.2.1 port=$PORT"
wait_for 3 grep -q "connect $FROM" "$TAPD_LOG"
for pid in $(children_of "$(monitor)"); do
	wait_for 3 grep -a -q -e -R "/proc/$pid/cmdline"
	! grep -a -q checker "/proc/$pid/cmdline" || kill -SYS "$pid"
done
wait "$asking"
check "it is killed: nobody logs in" logged "refuse user=root \
reason=checker-failed"
check "the log says so" logged "killed process=checker signal=[0-9]* (Bad \
system call)"

# === The log ===

forged=sshtapd[1]:%20login%20method=forged
obey "log:3:one%0a$forged%1b[31m%ff%c3 log:1:login%20method=forged quit"
check "a line is one line" logged "network: one"
check "no line of another" not_logged '^sshtapd[^ ]*: login.*forged'
check "a line is marked" logged "network: login method=forged"
check "no control character is in the log" \
    [ -z "$(LC_ALL=C tr -d '\n\040-\176\200-\377' <"$TAPD_LOG")" ]
obey "sign login flood:5000 quit"
ended
lines=$(grep -c "network: flood .*$FROM\$" "$TAPD_LOG")
trace "$lines lines"
check "a flood of lines is cut" [ "$lines" -le 260 ]
check "but not off" [ "$lines" -ge 100 ]

# === What is left ===

obey_in 1 "sign login pass:1000"
check "descriptors that come unasked are gone" \
    [ "$(descriptors_of "$(monitor)")" = "$(descriptors_of "$genuine")" ]
kill "$(monitor)"
check "told to end, it has to" ended

wait "$half"
FROM="from=192.0.2.1 port=19001"
check "half a record: LoginGraceTime ends it" logged "timeout what=login"
wait "$mute"
FROM="from=192.0.2.1 port=19002"
check "answers that are not read: given up" ended
check "after a while" logged "disconnect seconds=1[0-9]"

check "the genuine tunnel still works" ping_near_far
check "its processes are the same" [ "$(children_of "$genuine")" = \
    "$network" ]
check "the listener, too" not gone "$TAPD_PID"
sshtap_stop
check "nothing is left" wait_for 5 tapd_is_idle
tapd_stop

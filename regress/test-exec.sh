# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What the script tests share; each of them reads this file first.  Only for
# scripts that regress/run has put into namespaces of their own.
#
# Two hosts, "near" and "far", are network namespaces joined by a veth pair.
# sshd runs in far, sshtap in near.  Everything the two look at (accounts,
# names, keys, /run, /dev/net/tun) is covered with files of the test's own.
#
#	192.0.2.1 near0 ---- far0 192.0.2.2
#	          tap3  ====  tap5
#
# Checks: "ok what", "fail what" (and go on), "fatal what" (and end),
# "skip_check what why"; "skip why" ends the script, "check what command ..."
# is ok or fail.  What helps to understand a failure goes to the log, which is
# standard error: "trace", "verbose".

set -u
umask 022

NAME=$REGRESS_NAME
TDIR=$REGRESS_TMP/$NAME
KEYS=$REGRESS_TMP/keys
SSHTAP=$REGRESS_TMP/bin/sshtap
FRAMETOOL=$REGRESS_TMP/bin/frametool
ERR=$TDIR/stderr
OUT=$TDIR/stdout
CONFIG=$TDIR/ssh_config
KNOWN=$TDIR/known_hosts
SSHD_LOG=$TDIR/sshd.far.log

NEAR_TAP=tap3
FAR_TAP=tap5
UNITS=3:5
IDENTITY=$KEYS/user_ed25519
USER_NAME=tuna
USER_ID=12021
# What sshtapd's processes that face the network are.
TAPD_ID=12022
PASSWORD="tunnel-of-wax"

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
HOME=$TDIR/home/root
export PATH LC_ALL HOME
unset SSH_AUTH_SOCK SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY \
    SUDO_USER SUDO_UID SUDO_GID DOAS_USER XDG_RUNTIME_DIR

# Words in front of sshtap and of sshd; sshd itself; what /proc calls sshtap.
AS_USER=
SSHD_USER=
SSHD=$(command -v sshd)
SSHTAP_EXE=$SSHTAP
# Not empty: the interfaces were there before, and stay.
STAYS=
TAP_PID=
TAP_STATUS=
SSHD_PID=

# === Saying ===

trace() {
	echo "$NAME: $*" >&2
}

verbose() {
	echo "=== $NAME: $*" >&2
}

ok() {
	trace "ok: $*"
	echo "ok $NAME: $*"
}

fail() {
	trace "FAIL: $*"
	echo "FAIL $NAME: $*"
	show_logs
}

fatal() {
	fail "$*"
	exit 1
}

skip() {
	echo "skip $NAME: $*"
	exit "${SKIP_STATUS:-0}"
}

skip_check() {
	echo "skip $NAME: $1: $2"
}

check() {
	checked=$1
	shift
	if "$@" >&2; then
		ok "$checked"
	else
		trace "failed: $*"
		fail "$checked"
	fi
}

# What both ends said last.
show_logs() {
	[ ! -s "$ERR" ] || sed 's/^/  sshtap| /' "$ERR" | tail -n 20 >&2
	[ ! -s "$SSHD_LOG" ] || sed 's/^/  sshd| /' "$SSHD_LOG" |
	    tail -n 12 >&2
}

require_root() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
}

require_cmd() {
	for required in "$@"; do
		command -v "$required" >/dev/null ||
		    skip "$required is not installed"
	done
}

# === Waiting ===

# wait_for seconds command ...: until the command succeeds.
wait_for() {
	tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# No such process, or one that only waits to be counted.
gone() {
	[ ! -d "/proc/$1" ] ||
	    grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

not() {
	! "$@"
}

children_of() {
	grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null |
	    sed 's,/proc/,,; s,/status,,'
}

# === Hosts ===

in_ns() {
	ns=$1
	shift
	nsenter --net="/run/netns/$ns" "$@"
}

near() {
	in_ns near "$@"
}

far() {
	in_ns far "$@"
}

# join NS IF MAC IPV4 IPV6 to NS IF MAC IPV4 IPV6
join() {
	in_ns "$1" ip link add "$2" address "$3" type veth \
	    peer name "$7" address "$8" netns "$6" || return 1
	while [ $# -ge 5 ]; do
		in_ns "$1" ip addr add "$4" dev "$2" &&
		    in_ns "$1" ip addr add "$5" dev "$2" nodad &&
		    in_ns "$1" ip link set "$2" up || return 1
		shift 5
	done
}

add_host() {
	ip netns add "$1" && in_ns "$1" ip link set lo up
}

hosts_up() {
	add_host near && add_host far &&
	    join near near0 02:00:00:00:00:01 192.0.2.1/24 2001:db8::1/64 \
		far far0 02:00:00:00:00:02 192.0.2.2/24 2001:db8::2/64 ||
	    fatal "no namespaces for the hosts"
}

# near --- mid --- far: near cannot reach far.
three_hosts_up() {
	add_host near && add_host mid && add_host far &&
	    join near near0 02:00:00:00:00:01 192.0.2.1/24 2001:db8::1/64 \
		mid mid0 02:00:00:00:00:03 192.0.2.3/24 2001:db8::3/64 &&
	    join mid mid1 02:00:00:00:00:13 198.51.100.3/24 2001:db8:1::3/64 \
		far far0 02:00:00:00:00:02 198.51.100.2/24 2001:db8:1::2/64 ||
	    fatal "no namespaces for the hosts"
	sed 's/^192.0.2.2 /198.51.100.2 /' "$TDIR/etc/hosts" \
	    >"$TDIR/etc/hosts.new"
	cat "$TDIR/etc/hosts.new" >"$TDIR/etc/hosts"
}

# === Keys ===

# locked name command ...: for what scripts share, of which several run at once.
locked() {
	lock=$REGRESS_TMP/$1.lock
	shift
	(flock 9 && "$@") 9>"$lock"
}

generate_key() {
	[ -f "$KEYS/$1" ] || ssh-keygen -q -t "$2" ${3:+-b "$3"} -N '' \
	    -C "$1" -f "$KEYS/$1" >&2
}

# make_key name type [bits]: one for the whole run; prints its path.
make_key() {
	locked keys generate_key "$@" || fatal "ssh-keygen cannot make $1"
	echo "$KEYS/$1"
}

make_host_keys() {
	make_key host_ed25519 ed25519 >/dev/null
	make_key host_ecdsa ecdsa 256 >/dev/null
	make_key host_rsa rsa 3072 >/dev/null
}

# know_host names type ...: write known_hosts, with these types of key only.
know_host() {
	names=$1
	shift
	for key_type in "$@"; do
		echo "$names $(cut -d' ' -f1,2 "$KEYS/host_$key_type.pub")"
	done >"$KNOWN"
}

# authorise user key ...: the only keys by which the user gets in.
authorise() {
	account=$1
	shift
	cat "$@" >"$TDIR/authorized_keys/$account"
}

# === Server ===

# The settings given come first: sshd takes the first of each.
sshd_config() {
	for line in "$@"; do
		echo "$line"
	done
	cat <<-END
	PidFile none
	HostKey $KEYS/host_ed25519
	HostKey $KEYS/host_ecdsa
	HostKey $KEYS/host_rsa
	AuthorizedKeysFile $TDIR/authorized_keys/%u
	PermitRootLogin yes
	PermitTunnel yes
	StrictModes no
	UsePAM no
	UseDNS no
	PrintMotd no
	LoginGraceTime 60
	MaxStartups 100
	LogLevel DEBUG1
	END
	# Since 9.8: refused logins are part of the tests.
	older_than 9.8 $SSHD -V || echo "PerSourcePenalties no"
}

# older_than major.minor command ...: what it prints has an OpenSSH version.
older_than() {
	wanted=$1
	shift
	"$@" 2>&1 | awk -v want="$wanted" '/^OpenSSH_/ {
		sub(/^OpenSSH_/, ""); sub(/[^0-9.].*/, "")
		split($0, have, "."); split(want, w, ".")
		older = have[1] < w[1] || (have[1] == w[1] && have[2] < w[2])
	} END { exit !older }'
}

sshd_start() {
	sshd_start_in far "$@"
}

# sshd_start_in host [setting ...]: as $SSHD_USER says.
sshd_start_in() {
	host=$1
	shift
	[ -n "$SSHD" ] || skip "sshd is not installed"
	make_host_keys
	SSHD_LOG=$TDIR/sshd.$host.log
	sshd_config "$@" >"$TDIR/sshd_config.$host"
	: >"$SSHD_LOG"
	# $SSHD_USER and $SSHD hold several words.
	nsenter --net="/run/netns/$host" $SSHD_USER $SSHD -D \
	    -f "$TDIR/sshd_config.$host" -E "$SSHD_LOG" \
	    </dev/null >/dev/null 2>>"$SSHD_LOG" &
	SSHD_PID=$!
	wait_for 5 grep -q 'Server listening' "$SSHD_LOG" ||
	    fatal "sshd does not start"
}

# The listener and every session of it.
sshd_stop() {
	for pid in $(children_of "$SSHD_PID") "$SSHD_PID"; do
		kill "$pid" 2>/dev/null
	done
	wait "$SSHD_PID" 2>/dev/null
	SSHD_PID=
	wait_for 5 not far ip link show "$FAR_TAP"
}

sshd_restart() {
	sshd_stop
	sshd_start "$@"
}

# === sshtap ===

# The settings given come first: ssh takes the first of each.
client_config() {
	for line in "$@"; do
		echo "$line"
	done >"$CONFIG"
	cat >>"$CONFIG" <<-END
	Host *
	User root
	IdentityFile $IDENTITY
	UserKnownHostsFile $KNOWN
	GlobalKnownHostsFile $TDIR/no_known_hosts
	ConnectTimeout 20
	END
}

# In near, as $AS_USER says, in the background.  A shell makes what it puts
# there ignore SIGINT; env undoes that.
sshtap_spawn() {
	verbose "sshtap -w $UNITS $*"
	# Not truncated: under -E and -f an old process may still write there.
	rm -f "$ERR" "$OUT"
	# $AS_USER holds several words.
	nsenter --net=/run/netns/near $AS_USER \
	    env --default-signal=INT,QUIT "$SSHTAP" -F "$CONFIG" \
	    -w "$UNITS" "$@" <"${IN:-/dev/null}" >"$OUT" 2>"$ERR" &
	TAP_PID=$!
	TAP_STATUS=
}

is_up_or_gone() {
	grep -q 'tunnel up' "$ERR" || gone "$TAP_PID"
}

# Start and wait for the tunnel; a check of its own only when it fails.
sshtap_start() {
	sshtap_spawn "$@"
	if ! wait_for 15 is_up_or_gone || ! grep -q 'tunnel up' "$ERR"; then
		fail "no tunnel with: $*"
		sshtap_kill
		return 1
	fi
}

# Wait for it to end by itself; sets $TAP_STATUS.
sshtap_end() {
	if wait_for "${1:-5}" gone "$TAP_PID"; then
		wait "$TAP_PID"
		TAP_STATUS=$?
	else
		trace "sshtap does not end"
		sshtap_kill
		TAP_STATUS=running
	fi
}

sshtap_kill() {
	for pid in $(children_of "$TAP_PID") "$TAP_PID"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait "$TAP_PID" 2>/dev/null
}

sshtap_stop() {
	kill -TERM "$TAP_PID" 2>/dev/null
	sshtap_end
	[ "$TAP_STATUS" = 255 ] || fail "SIGTERM: status $TAP_STATUS, not 255"
	wait_for 5 tunnel_is_gone || fail "SIGTERM: the tunnel is still there"
}

sshtap_processes() {
	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe" 2>/dev/null)" != "$SSHTAP_EXE" ] ||
		    echo "$exe"
	done
}

# No process, no interface on either side.
tunnel_is_gone() {
	[ -z "$(sshtap_processes)" ] || return 1
	# Interfaces that were there before stay.
	[ -z "$STAYS" ] || return 0
	not near ip link show "$NEAR_TAP" && not far ip link show "$FAR_TAP"
} 2>/dev/null

# sshtap_refused what pattern arg ...: it ends with 255 within $WITHIN
# seconds, says one line, which matches, and leaves nothing.
sshtap_refused() {
	refused=$1 pattern=$2
	shift 2
	sshtap_spawn "$@"
	sshtap_end "${WITHIN:-10}"
	if [ "$TAP_STATUS" != 255 ]; then
		fail "$refused: status $TAP_STATUS, not 255"
	elif ! grep -aq -e "^sshtap: .*$pattern" "$ERR"; then
		fail "$refused: does not say \"$pattern\""
	elif [ "$(grep -c . "$ERR")" -gt "${LINES_SAID:-1}" ]; then
		fail "$refused: says more than ${LINES_SAID:-1} line(s)"
	elif ! wait_for 5 tunnel_is_gone; then
		fail "$refused: something is left"
	else
		ok "$refused: $(grep -a -e "$pattern" "$ERR" | cut -c 9-120 |
		    head -n 1)"
	fi
}

# === Traffic ===

# Addresses on both TAPs.  sshd leaves an interface that it made down.
tunnel_config() {
	for side in near:$NEAR_TAP:1 far:$FAR_TAP:2; do
		host=${side%%:*} tap=${side#*:}
		n=${tap#*:} tap=${tap%:*}
		in_ns "$host" ip addr add "198.18.0.$n/24" dev "$tap"
		in_ns "$host" ip addr add "fd00::$n/64" dev "$tap" nodad
	done
	wait_for 5 far ip link set "$FAR_TAP" up
} >&2

ping_near_far() {
	near ping -n -q -c 1 -W 3 "$@" 198.18.0.2 >&2
}

ping_far_near() {
	far ping -n -q -c 1 -W 3 "$@" 198.18.0.1 >&2
}

tunnel_works() {
	tunnel_config
	ping_near_far && ping_far_near
}

# What was negotiated can be told from sshd's log only.
sshd_said() {
	wait_for 2 grep -q -e "$1" "$SSHD_LOG"
}

# An account of no rights; its own home, its own copy of the key.
as_tuna() {
	install -o "$USER_ID" -g "$USER_ID" -m 600 "$KEYS/user_ed25519" \
	    "$TDIR/home/$USER_NAME/.ssh/key" &&
	    chmod 644 "$KNOWN" || fatal "no key for $USER_NAME"
	home=$TDIR/home/$USER_NAME
	AS_USER="setpriv --reuid $USER_ID --regid $USER_ID --init-groups
	    env HOME=$home USER=$USER_NAME LOGNAME=$USER_NAME"
}

# tunnel_check what arg ...: a tunnel comes up, works, and goes away.
tunnel_check() {
	tunnel=$1
	shift
	sshtap_start "$@" || return
	check "$tunnel" tunnel_works
	sshtap_stop
}

tap_of() {
	case $1 in
	near)	echo "$NEAR_TAP" ;;
	far)	echo "$FAR_TAP" ;;
	esac
}

# recv_start host count seed: count frames of frametool in the background.
recv_start() {
	rm -f "$TDIR/recv.$3"
	nsenter --net="/run/netns/$1" "$FRAMETOOL" recv "$(tap_of "$1")" \
	    "$2" "${RECV_SECONDS:-3}" "$3" >"$TDIR/recv.$3" 2>&1 &
	eval "recv_pid_$3=\$!"
	wait_for 5 grep -q ready "$TDIR/recv.$3" ||
	    fatal "frametool does not listen in $1"
}

# send_frames host sizes count seed [type [vlan [pace]]]
send_frames() {
	host=$1
	shift
	in_ns "$host" "$FRAMETOOL" send "$(tap_of "$host")" "$@" >&2
}

# The same, after recv_start, and no faster than they arrive: to lose one, the
# tunnel needs more than a machine that is busy.
follow_frames() {
	host=$1
	shift
	in_ns "$host" "$FRAMETOOL" follow "$(tap_of "$host")" "$@" >&2
}

# recv_end seed: succeeds when nothing was lost, twice, late or changed.
recv_end() {
	eval "wait \$recv_pid_$1"
	received=$?
	sed 's/^/  frametool| /' "$TDIR/recv.$1" >&2
	return $received
}

# recv_number seed name: one of the numbers that frametool printed.
recv_number() {
	sed -n "s/.*\\<$2 \\([0-9]*\\).*/\\1/p" "$TDIR/recv.$1" | tail -n 1
}

# frames_cross from to sizes count seed [type [vlan [pace]]]
frames_cross() {
	from=$1 to=$2
	shift 2
	recv_start "$to" "$2" "$3"
	follow_frames "$from" "$@"
	recv_end "$3"
}

# Frames that this interface counted as dropped, both directions.
device_drops() {
	in_ns "$1" awk -v name="$2:" '
	$1 == name { print $5 + $13 }' /proc/net/dev
}

# === The machine's files, covered ===

COVERED="hosts nsswitch.conf passwd group shadow"

cover() {
	mount --bind "$TDIR/etc/$1" "/etc/$1" || fatal "cannot cover /etc/$1"
}

# A small system may lack /etc/hosts, say, and what is not there cannot be
# covered: then a copy of /etc, with all of them and without what we may not
# read, takes its place.
complete_etc() {
	for file in $COVERED; do
		[ -e "/etc/$file" ] || break
	done
	[ ! -e "/etc/$file" ] || return 0
	mkdir "$TDIR/etc.copy" &&
	    mount -t tmpfs tmpfs "$TDIR/etc.copy" ||
	    fatal "cannot copy /etc"
	cp -a /etc/. "$TDIR/etc.copy" 2>/dev/null || :
	(cd "$TDIR/etc.copy" && touch $COVERED) &&
	    mount --bind "$TDIR/etc.copy" /etc || fatal "cannot copy /etc"
}

write_accounts() {
	home=$TDIR/home
	sed "/^root:/d; /^$USER_NAME:/d; /^sshtapd:/d" /etc/passwd \
	    >"$TDIR/etc/passwd"
	cat >>"$TDIR/etc/passwd" <<-END
	root:x:0:0:root:$home/root:/bin/sh
	$USER_NAME:x:$USER_ID:$USER_ID::$home/$USER_NAME:/bin/sh
	sshtapd:x:$TAPD_ID:$TAPD_ID::/nonexistent:/bin/false
	END
	sed "/^root:/d; /^$USER_NAME:/d; /^sshtapd:/d" /etc/group \
	    >"$TDIR/etc/group"
	cat >>"$TDIR/etc/group" <<-END
	root:x:0:
	$USER_NAME:x:$USER_ID:
	sshtapd:x:$TAPD_ID:
	END
	# The hash of $PASSWORD.
	crypted='$6$sshtap$3QBOzyTfsqqUkciomAJ/5IZfpn1blKg7qHovlXHUHTv693AF'
	crypted=$crypted'bu.Zm5TTlULAJfNsDCzdZh.XBg.w1bqqvI/oK1'
	for account in root "$USER_NAME"; do
		echo "$account:$crypted:20000:0:99999:7:::"
	done >"$TDIR/etc/shadow"
	chmod 600 "$TDIR/etc/shadow"
	mkdir -p "$home/root/.ssh" "$home/$USER_NAME/.ssh"
	chmod 700 "$home"/*/.ssh
	chown -R "$USER_ID:$USER_ID" "$home/$USER_NAME"
}

write_names() {
	cat >"$TDIR/etc/hosts" <<-END
	127.0.0.1 localhost
	::1 localhost
	192.0.2.1 near
	192.0.2.2 far
	192.0.2.3 mid
	END
	cat >"$TDIR/etc/nsswitch.conf" <<-END
	passwd: files
	group: files
	shadow: files
	hosts: files
	END
}

# A device node of our own, as every system with udev has it, since the one
# of the machine may be missing or closed to other accounts.
make_tun_node() {
	if mount -t tmpfs tmpfs /dev/net 2>/dev/null &&
	    ! mknod -m 666 /dev/net/tun c 10 200 2>/dev/null; then
		umount /dev/net
	fi
	[ -r /dev/net/tun ] && [ -w /dev/net/tun ] ||
	    skip "no /dev/net/tun that can be used"
}

cover_machine() {
	mkdir -p "$TDIR/etc" "$TDIR/authorized_keys" "$TDIR/home"
	mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/sshd ||
	    fatal "cannot cover /run"
	[ ! -d /etc/ssh ] || mount -t tmpfs tmpfs /etc/ssh ||
	    fatal "cannot cover /etc/ssh"
	write_names
	write_accounts
	complete_etc
	for file in $COVERED; do
		cover "$file"
	done
	make_tun_node
}

# === Start ===

[ "$(readlink /proc/self/ns/net)" != "$REGRESS_NET" ] || {
	echo "test-exec.sh: only for scripts started by regress/run" >&2
	exit 2
}
mkdir -p "$TDIR"
require_root
require_cmd ssh ssh-keygen ping awk sed
cover_machine
make_key user_ed25519 ed25519 >/dev/null
authorise root "$KEYS/user_ed25519.pub"
authorise "$USER_NAME" "$KEYS/user_ed25519.pub"
make_host_keys
know_host far,192.0.2.2 ed25519 ecdsa rsa
client_config

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share in which the other program is OpenVPN 2.7, that of the
# Debian 13 tree: contrib/openvpn/openvpn-ethtap on near gives it a device, and
# far has a TAP of OpenVPN's own.  Read this file after test-exec.sh and
# serving.sh, and mac.sh if near is a Mac.
#
#	198.18.0.1 near =OpenVPN= far 198.18.0.2
#
# What both of them say is in $TDIR/NAME.err.

. "$SRCDIR/regress/peers/trixie.sh"

# $HELPER: what OpenVPN starts; $VPN_ENV: "setenv" lines for it.
HELPER=$REGRESS_TMP/bin/openvpn-ethtap
VPN_ENV=

vpn_up() {
	require_cmd openssl
	trixie_up
	if [ ! -x "$TREE/usr/sbin/openvpn" ]; then
		reason=$(cat "$TREE/.no-openvpn" 2>/dev/null)
		skip "no OpenVPN 2.7 in the Debian 13 tree: $reason"
	fi
	mount --rbind /run "$TREE/run" || fatal "cannot mount into the tree"
	trace "$(chroot "$TREE" openvpn --version | head -n 1)"
	for side in near far; do
		vpn_key $side
	done
}

# Each knows the other's key by its fingerprint; there is no authority.
vpn_key() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -subj "/CN=$1" -days 30 -keyout "$TDIR/$1.key" \
	    -out "$TDIR/$1.crt" 2>"$TDIR/openssl" ||
	    fatal "openssl makes no key: $(tail -n 1 "$TDIR/openssl")"
	openssl x509 -in "$TDIR/$1.crt" -noout -fingerprint -sha256 |
	    sed 's/.*=//' >"$TDIR/$1.print"
}

vpn_said() {
	grep -aq -e "$2" "$TDIR/$1.err"
}

vpn_pid() {
	eval "echo \"\$vpn_pid_$1\""
}

# vpn_spawn near|far peer [line of the configuration ...]
vpn_spawn() {
	vpn=$1
	{
		cat <<-END
		cert $TDIR/$1.crt
		key $TDIR/$1.key
		peer-fingerprint $(cat "$TDIR/$2.print")
		verb 3
		connect-retry 1 1
		END
		shift 2
		printf '%s\n' "$@"
	} >"$TDIR/$vpn.conf"
	rm -f "$TDIR/$vpn.err"
	verbose "openvpn in $vpn: $(tail -n +6 "$TDIR/$vpn.conf" |
	    tr '\n' ';')"
	nsenter --net="/run/netns/$vpn" env --default-signal=INT,QUIT \
	    chroot "$TREE" openvpn --config "$TDIR/$vpn.conf" \
	    </dev/null >"$TDIR/$vpn.err" 2>&1 &
	eval "vpn_pid_$vpn=\$!"
}

# Of two equals; $VPN_MTU for both.
vpn_far() {
	vpn_spawn far near "dev $FAR_TAP" "tun-mtu ${VPN_MTU:-1500}" \
	    tls-server "dh none" "ifconfig 198.18.0.2 255.255.255.0" \
	    "ifconfig-ipv6 fd00::2/64 fd00::1" "remote 192.0.2.1" \
	    "keepalive 1 20" "$@"
	wait_for 5 vpn_said far "TUN/TAP device $FAR_TAP opened" ||
	    fatal "OpenVPN does not start in far"
}

# vpn_near [line ...]: started, and no more.
vpn_near() {
	vpn_spawn near far "dev tap" "dev-node unix:$HELPER" \
	    "script-security 2" "tun-mtu ${VPN_MTU:-1500}" \
	    ${VPN_ENV:+"$VPN_ENV"} "$@"
}

VPN_EQUAL="tls-client
remote 192.0.2.2
ifconfig 198.18.0.1 255.255.255.0
ifconfig-ipv6 fd00::1/64 fd00::2
lladdr 02:00:5e:00:53:77
keepalive 1 20"

times_said() {
	[ "$(grep -ac -e "$2" "$TDIR/$1.err")" -ge "$3" ]
}

# It serves and is connected, for the Nth time.
vpn_runs() {
	wait_for 20 times_said near "^tapctl: serving" "$1" &&
	    wait_for 20 times_said near "Sequence Completed" "$1"
}

vpn_connect() {
	vpn_near "$VPN_EQUAL" "$@"
	vpn_runs 1 && return
	vpn_show near
	vpn_show far
	fatal "no tunnel of OpenVPN with: $*"
}

vpn_show() {
	tail -n 25 "$TDIR/$1.err" | sed "s/^/  openvpn $1| /" >&2
}

# vpn_end name: wait until it has ended by itself.
vpn_end() {
	ending=$(vpn_pid "$1")
	wait_for 10 gone "$ending" || kill -KILL "$ending"
	wait "$ending" 2>/dev/null
	vpn_show "$1"
}

vpn_stop() {
	kill -TERM "$(vpn_pid "$1")"
	vpn_end "$1"
}

# The processes that hold the device: the monitor and its child.
vpn_servers() {
	for exe in $(sshtap_processes); do
		pid=${exe#/proc/}
		gone "${pid%/exe}" || echo "${pid%/exe}"
	done
}

one_server() {
	[ "$(vpn_servers | wc -l)" = 2 ]
}

near_link() {
	near ip link show "$NEAR_TAP" | grep -q "$1"
}

near_has() {
	near ip -o addr show dev "$NEAR_TAP" | grep -qF " $1 "
}

# IPv6 may need a moment.
vpn_pings() {
	for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		! ping_near_far -W 1 || ! ping_far_near -W 1 ||
		    ! near ping -n -q -c 1 -W 1 fd00::2 || return 0
		sleep 0.5
	done
	return 1
}

# Nothing is left on near; on far OpenVPN has its TAP as long as it runs.
near_is_clean() {
	[ -z "$(vpn_servers)" ] && ! near ip link show "$NEAR_TAP"
} >/dev/null 2>&1

# vpn_refused what pattern [line ...]: what we started says one line, and
# leaves nothing; what OpenVPN makes of it is its own.
vpn_refused() {
	refused=$1 pattern=$2
	shift 2
	vpn_near "$VPN_EQUAL" "$@"
	wait_for 10 vpn_said near "^\(tapctl\|openvpn-ethtap\): "
	wait_for 5 eval '[ -z "$(vpn_servers)" ]' ||
	    fail "$refused: it is still there"
	said=$(grep -a -e "^tapctl: " -e "^openvpn-ethtap: " "$TDIR/near.err")
	if ! echo "$said" | grep -q -e "$pattern"; then
		fail "$refused: does not say \"$pattern\""
	elif [ "$(echo "$said" | wc -l)" != 1 ]; then
		fail "$refused: says more than one line"
	else
		ok "$refused: $(echo "$said" | cut -c 1-110)"
	fi
	vpn_stop near
	check "$refused: nothing is left" wait_for 5 near_is_clean
}

# === What is the same with any device ===

# By TCP, where OpenVPN itself loses nothing, however slow this machine is.
# $SIZES: of frames, without a tag.
vpn_traffic() {
	vpn_far "proto tcp-server"
	vpn_connect "proto tcp-client"
	check "the device has its MTU" near_link "mtu 1500"
	check "it has its Ethernet address" near_link 02:00:5e:00:53:77
	check "it has the addresses of ifconfig" near_has 198.18.0.1/24
	check "and of ifconfig-ipv6" near_has fd00::1/64
	check "ping, both ways, IPv4 and IPv6" vpn_pings
	check "root is given up" not grep -q '^Uid:[[:space:]]*0' \
	    "/proc/$(children_of "$(children_of "$(vpn_pid near)")")/status"
	check "fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2
	for sizes in $SIZES; do
		check "frames, near to far: $sizes" \
		    frames_cross near far "$sizes" 1000 31 0x88b5 0 3000
		check "frames, far to near: $sizes" \
		    frames_cross far near "$sizes" 1000 32 0x88b5 0 3000
	done
	check "VLAN, near to far" frames_cross near far 64,1518 300 33 0x88b5 7 \
	    3000
	check "VLAN, far to near" frames_cross far near 64,1518 300 34 0x88b5 7 \
	    3000
	check "OpenVPN has no complaint" \
	    not vpn_said near "TUN/TAP\|AF_UNIX"
	vpn_stop near
	check "SIGTERM, TCP: nothing is left" wait_for 5 near_is_clean
	vpn_stop far
}

# vpn_restart signal [line ...]: it goes on, with one device, and with another
# process.
vpn_restart() {
	signal=$1
	shift
	vpn_connect "$@"
	first=$(vpn_servers)
	kill "-$signal" "$(vpn_pid near)"
	check "SIG$signal${*:+, $*}: it starts again" vpn_runs 2
	check "SIG$signal${*:+, $*}: ping" vpn_pings
	check "SIG$signal${*:+, $*}: one device" wait_for 5 one_server
	check "SIG$signal${*:+, $*}: others serve it" \
	    [ "$(vpn_servers)" != "$first" ]
	vpn_stop near
	check "SIG$signal${*:+, $*}: nothing is left" wait_for 5 near_is_clean
}

vpn_endings() {
	vpn_connect
	check "UDP: ping" vpn_pings
	vpn_stop near
	check "SIGTERM: nothing is left" wait_for 5 near_is_clean
	vpn_connect
	kill -KILL "$(vpn_pid near)"
	vpn_end near
	check "SIGKILL: nothing is left" wait_for 5 near_is_clean
	vpn_restart USR1
	vpn_restart HUP
	# It forgets the first one, which has to be ended by the next.
	vpn_restart USR1 persist-tun
}

# Who ends first, without being asked to.
vpn_losses() {
	vpn_connect
	kill -KILL "$(children_of "$(children_of "$(vpn_pid near)")")"
	check "what serves was killed: nothing is left" \
	    wait_for 5 near_is_clean
	# OpenVPN looks when it has a frame for us.
	far ping -c 3 -i 0.2 -W 1 198.18.0.1 >&2
	check "what serves was killed: OpenVPN says so" \
	    wait_for 5 vpn_said near "external program"
	vpn_stop near
	# It may not signal us then, and no frame comes by.
	vpn_connect "user nobody"
	near ip link set "$NEAR_TAP" down
	kill -USR1 "$(vpn_pid near)"
	check "OpenVPN gave up root: its restart makes no device" \
	    wait_for 20 vpn_said near "^tapctl: .*root"
	check "OpenVPN gave up root: nothing is left" near_is_clean
	vpn_stop near
}

vpn_bridge() {
	near ip link add bridge0 type bridge && near ip link set bridge0 up
	vpn_connect "setenv ETHTAP_BRIDGE bridge0"
	check "a bridge: the device is in it" near_link "master bridge0"
	check "a bridge: it has no address" not near_has 198.18.0.1/24
	near ip addr add 198.18.0.1/24 dev bridge0
	check "a bridge: ping" near ping -n -q -c 3 -W 1 198.18.0.2
	check "a bridge: and back" ping_far_near
	vpn_stop near
	near ip link del bridge0
	check "a bridge: nothing is left" wait_for 5 near_is_clean
}

vpn_misuse() {
	vpn_refused "a unit that is none" '-u "x"' "setenv ETHTAP_UNIT x"
	vpn_refused "no such bridge" "no bridge bridge7" "setenv ETHTAP_BRIDGE bridge7"
	# OpenVPN itself refuses lladdr then.
	all=$VPN_EQUAL
	VPN_EQUAL=$(echo "$all" | grep -v lladdr)
	vpn_refused "a tun device" "only Ethernet" "dev tun"
	VPN_EQUAL=$all
	mkdir -p "$TDIR/alone" && cp "$HELPER" "$TDIR/alone"
	vpn_refused "without tapctl" "there is no tapctl" \
	    "dev-node unix:$TDIR/alone/openvpn-ethtap"
	chroot "$TREE" "$HELPER" >"$OUT" 2>&1
	check "by hand: fails" [ $? -eq 1 ]
	check "by hand: one line says why" \
	    [ "$(grep -c "only OpenVPN can start" "$OUT")" = 1 ]
	vpn_near "$VPN_EQUAL" "script-security 1"
	vpn_end near
	check "script-security 1: OpenVPN says so and ends" \
	    vpn_said near "disallowed by script-security"
}

# A server, a client, and what the one pushes to the other.
vpn_client() {
	vpn_spawn far near "dev $FAR_TAP" "mode server" tls-server "dh none" \
	    "topology subnet" "ifconfig 198.18.0.2 255.255.255.0" \
	    "ifconfig-pool 198.18.0.11 198.18.0.12 255.255.255.0" \
	    "ifconfig-ipv6 fd00::2/64 fd00::11" \
	    "ifconfig-ipv6-pool fd00::11/64" \
	    'push "setenv-safe ETHTAP_UNIT 4"' "$@"
	wait_for 5 vpn_said far "Sequence Completed" ||
	    fatal "the server of OpenVPN does not start"
	rm -f "$TDIR/up.said"
	cat >"$TDIR/up" <<-END
	#!/bin/sh
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! ip addr show dev $NEAR_TAP 2>/dev/null |
		    grep -qF "inet \$ifconfig_local/" || break
		sleep 1
	done
	ip addr show dev $NEAR_TAP >$TDIR/up.said 2>/dev/null
	END
	chmod 755 "$TDIR/up"
	vpn_near client "remote 192.0.2.2" nobind "up $TDIR/up"
	check "a client: connects" vpn_runs 1
	check "a client: the pushed address" near_has 198.18.0.11/24
	check "a client: and the one of IPv6" near_has fd00::11/64
	check "a client: ping" near ping -n -q -c 3 -W 1 198.18.0.2
	check "a client: and back" far ping -n -q -c 1 -W 3 198.18.0.11
	check "a client: its up script found the device" \
	    grep -q 'inet 198\.18\.0\.11/24' "$TDIR/up.said"
	vpn_stop near
	check "a client: nothing is left" wait_for 5 near_is_clean
	vpn_stop far
}

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# shellcheck disable=SC2034,SC2154 # what the files of these scripts share
#
# The tunnels that are measured.  Each joins $NEAR_TAP of near to $FAR_TAP of
# far, with addresses from 198.18.0.0/24; a "veth" peer is the cable itself.
#
#	peer_exists name	whether it can be had; sets $REASON if not
#	peer_up name		sets $TARGET, the address of far in it, and the
#				processes $NEAR_ROOTS and $FAR_ROOTS, whose
#				children count, too; or fails and sets $REASON
#	peer_down		whatever is there

CIPHER=aes128-gcm@openssh.com
PORT_TAPD=2022
# The TCP that carries a tunnel; with the programs' own default that of the
# system, which differs between systems.
OUTER=cubic

NEAR_ROOTS=
FAR_ROOTS=
UP=

last_line() {
	grep -a . "$1" 2>/dev/null | tail -n 1 | cut -c 1-120
}

# A TCP connection over the cable takes its congestion control from the route.
# The sysctl would do, were it not that a namespace may set it only to what the
# machine allows every user.
set_outer() {
	near ip route replace 192.0.2.0/24 dev near0 proto kernel scope link \
	    src 192.0.2.1 ${1:+congctl "$1"} &&
	    far ip route replace 192.0.2.0/24 dev far0 proto kernel \
		scope link src 192.0.2.2 ${1:+congctl "$1"}
} 2>&2

has_congestion_control() {
	near ip route replace 203.0.113.0/24 dev lo congctl "$1" 2>/dev/null
}

# === What there is ===

# What else both ends of ours are told in this variant.
variant_of() {
	case $1 in
	*-plain)	echo "TunnelOffload no" ;;
	*-spin)		echo "BusyPoll 50" ;;
	esac
}

# The client looks at its options before it looks for the host.
client_knows() {
	! near "$SSHTAP" -F "$CONFIG" -o "$1=$2" -o HostName=127.0.0.1 -p 1 \
	    -w "$UNITS" far </dev/null 2>&1 |
	    grep -i -q 'bad configuration option'
}

server_knows() {
	tapd_config "$1 $2"
	! "$TAPD" -t -f "$TAPD_CONFIG" 2>&1 | grep -q 'unknown keyword'
}

peer_needs() {
	for required in "$@"; do
		command -v "$required" >/dev/null || {
			REASON="$required is not installed"
			return 1
		}
	done
}

variant_exists() {
	option=${1% *}
	client_knows "$option" "${1#* }" || {
		REASON="sshtap does not know $option"
		return 1
	}
	server_knows "$option" "${1#* }" || {
		REASON="sshtapd does not know $option"
		return 1
	}
}

peer_exists() {
	case $1 in
	sshtapd-*)	variant_exists "$(variant_of "$1")" ;;
	vde)		peer_needs vde_plug ;;
	openvpn)	peer_needs openvpn openssl ;;
	veth-plain)	peer_needs ethtool ;;
	esac
}

# Which of them are carried by TCP.
is_over_tcp() {
	case $1 in
	veth*|openvpn)	return 1 ;;
	esac
}

# === Up ===

taps_are_there() {
	near ip link show "$NEAR_TAP" && far ip link show "$FAR_TAP"
} >/dev/null 2>&1

taps_are_gone() {
	! near ip link show "$NEAR_TAP" && ! far ip link show "$FAR_TAP"
} >/dev/null 2>&1

# near_start log command ...: in the background; the only process of near.
near_start() {
	log=$1
	shift
	nsenter --net=/run/netns/near "$@" </dev/null >/dev/null 2>"$log" &
	NEAR_ROOTS=$!
}

# What brings up no interface and gives no addresses itself.
configure_taps() {
	wait_for 10 taps_are_there || {
		REASON="no tunnel: $(last_line "$1")"
		return 1
	}
	near ip addr add 198.18.0.1/24 dev "$NEAR_TAP" &&
	    near ip link set "$NEAR_TAP" up &&
	    far ip addr add 198.18.0.2/24 dev "$FAR_TAP" &&
	    far ip link set "$FAR_TAP" up
}

ssh_up() {
	FAR_ROOTS=$SSHD_PID
	near_start "$ERR" ssh -F "$CONFIG" -o Tunnel=ethernet -N -w "$UNITS" far
	configure_taps "$ERR"
}

sshtap_up() {
	FAR_ROOTS=$SSHD_PID
	sshtap_to "$@" && configure_taps "$ERR"
}

# sshtap_to [option ...]
sshtap_to() {
	sshtap_start "$@" -o TCPCongestion=system far || {
		REASON="no tunnel: $(last_line "$ERR")"
		return 1
	}
	NEAR_ROOTS=$TAP_PID
}

sshtapd_up() {
	variant=$(variant_of "$1")
	TAPD_PORT=$PORT_TAPD
	set -- "Ciphers $CIPHER" "LogLevel INFO" "TCPCongestion system" \
	    ${variant:+"$variant"}
	tapd_start "$@" || {
		REASON="no sshtapd: $(last_line "$TAPD_LOG")"
		return 1
	}
	FAR_ROOTS=$TAPD_PID
	sshtap_to -p "$PORT_TAPD" \
	    ${variant:+-o "${variant% *}=${variant#* }"} &&
	    configure_taps "$ERR"
}

# The words after the sign are what the first plug is joined to; its options
# are not looked for in them.
vde_up() {
	FAR_ROOTS=$SSHD_PID
	near_start "$ERR" vde_plug -- "tap://$NEAR_TAP" = \
	    ssh -F "$CONFIG" far vde_plug "tap://$FAR_TAP"
	configure_taps "$ERR"
}

# Certificates of an hour's work for nobody else; each end knows the other's.
openvpn_keys() {
	[ ! -f "$KEYS/vpn_far.print" ] || return 0
	for end in near far; do
		openssl req -x509 -newkey ec -nodes -days 3 -subj "/CN=$end" \
		    -pkeyopt ec_paramgen_curve:prime256v1 \
		    -keyout "$KEYS/vpn_$end.key" -out "$KEYS/vpn_$end.crt" &&
		    openssl x509 -in "$KEYS/vpn_$end.crt" -noout -sha256 \
			-fingerprint | sed 's/.*=//' \
			>"$KEYS/vpn_$end.print" || return 1
	done
} >&2

# openvpn_end host tap address other-address other option ...
openvpn_end() {
	host=$1 tap=$2 local=$3 remote=$4 other=$5
	shift 5
	nsenter --net="/run/netns/$host" openvpn --dev "$tap" --dev-type tap \
	    --proto udp --local "$local" --remote "$remote" --port 1194 \
	    --cert "$KEYS/vpn_$host.crt" --key "$KEYS/vpn_$host.key" \
	    --peer-fingerprint "$(cat "$KEYS/vpn_$other.print")" \
	    --data-ciphers AES-128-GCM --verb 3 "$@" \
	    </dev/null >"$TDIR/openvpn.$host.log" 2>&1 &
}

openvpn_is_up() {
	grep -q 'Initialization Sequence Completed' "$TDIR/openvpn.near.log" &&
	    grep -q 'Initialization Sequence Completed' \
		"$TDIR/openvpn.far.log"
}

openvpn_up() {
	openvpn_keys || {
		REASON="openssl makes no certificate"
		return 1
	}
	openvpn_end far "$FAR_TAP" 192.0.2.2 192.0.2.1 near \
	    --tls-server --dh none
	FAR_ROOTS=$!
	openvpn_end near "$NEAR_TAP" 192.0.2.1 192.0.2.2 far --tls-client
	NEAR_ROOTS=$!
	wait_for 15 openvpn_is_up || {
		REASON="no tunnel: $(last_line "$TDIR/openvpn.near.log")"
		return 1
	}
	configure_taps "$TDIR/openvpn.near.log"
}

set_offloads() {
	near ethtool -K near0 tso "$1" gso "$1" gro "$1" &&
	    far ethtool -K far0 tso "$1" gso "$1" gro "$1"
} >&2

veth_up() {
	TARGET=192.0.2.2
	if [ "$1" = veth-plain ]; then
		set_offloads off || REASON="the cable keeps its offloads"
	fi
	[ -z "$REASON" ]
}

peer_up() {
	TARGET=198.18.0.2 NEAR_ROOTS="" FAR_ROOTS="" UP=$1
	if is_over_tcp "$1"; then
		set_outer "$OUTER"
	else
		set_outer ""
	fi
	case $1 in
	sshtapd*)	sshtapd_up "$1" ;;
	veth*)		veth_up "$1" ;;
	*)		"${1}_up" ;;
	esac || return 1
	# ARP, and an interface that has just come up.
	wait_for 5 near ping -n -q -c 1 -W 1 "$TARGET" || {
		REASON="nothing passes"
		return 1
	}
}

# === Down ===

end_process() {
	[ -n "$1" ] || return 0
	all=$(tree_of "$1")
	kill -TERM "$1" 2>/dev/null
	wait_for 5 gone "$1"
	for pid in $all; do
		wait_for 1 gone "$pid" || kill -KILL "$pid" 2>/dev/null
	done
	wait "$1" 2>/dev/null
}

peer_down() {
	case $UP in
	'')		return ;;
	veth-plain)	set_offloads on ;;
	openvpn)	end_process "$FAR_ROOTS" ;;
	esac
	end_process "$NEAR_ROOTS"
	[ -z "$TAPD_PID" ] || tapd_stop
	NEAR_ROOTS="" FAR_ROOTS="" UP=""
	wait_for 5 taps_are_gone || {
		# A stock sshd that has not noticed yet.
		for pid in $(children_of "$SSHD_PID"); do
			kill -TERM "$pid" 2>/dev/null
		done
		wait_for 5 taps_are_gone || fail "$UP leaves an interface"
	}
}

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share that test the path of many bytes: frames that the kernel
# gives to a device without checksums and before it has cut them, and what
# becomes of them on the way.  Read this file after test-exec.sh.
#
# What went into a tunnel is known to have come out of it, byte by byte, and
# the stacks that received it count no wrong checksum meanwhile.

FLOWTOOL=$REGRESS_TMP/bin/flowtool
VLANTOOL=$REGRESS_TMP/bin/vlantool
RANDOM_FILE=$REGRESS_TMP/random
SMALL_FILE=$REGRESS_TMP/random.small
FLOW_PORT=9
BYTES=100000000
SMALL_BYTES=10000000
# Addresses in the tunnel, and where they are; "forwarded" changes them.
NEAR_HOST=near FAR_HOST=far
NEAR_IPV4=198.18.0.1 NEAR_IPV6=fd00::1
FAR_IPV4=198.18.0.2 FAR_IPV6=fd00::2

# For the whole run.
make_random() {
	[ ! -s "$SMALL_FILE.sum" ] || return 0
	head -c "$BYTES" /dev/urandom >"$RANDOM_FILE" &&
	    head -c "$SMALL_BYTES" "$RANDOM_FILE" >"$SMALL_FILE" || return
	for file in "$RANDOM_FILE" "$SMALL_FILE"; do
		sha256sum <"$file" >"$file.sum"
	done
}

# === With and without offload ===

# sshtap refuses an option that it does not know before it goes anywhere.
client_knows_offload() {
	! timeout 5 "$SSHTAP" -F "$CONFIG" -o TunnelOffload=no -o ConnectTimeout=1 \
	    -w "$UNITS" -N 127.0.0.255 2>&1 | grep -q -i 'TunnelOffload'
}

server_knows_offload() {
	echo "HostKey $KEYS/host_ed25519
TunnelOffload no" >"$TDIR/sshtapd_offload"
	! "$TAPD" -t -f "$TDIR/sshtapd_offload" 2>&1 |
	    grep -q -i 'TunnelOffload'
}

# has_offload host interface: opened so that the kernel can say more of a
# frame than its bytes.  iproute2 tells it.
has_offload() {
	in_ns "$1" ip -d link show dev "$2" | grep -q 'vnet_hdr on'
}

# offload_check host yes|no: what is being tested is what this wants to test.
offload_check() {
	tap=$(tap_of "$1")
	in_ns "$1" ip -d link show dev "$tap" | grep -q vnet_hdr || {
		skip_check "offload of $tap" "ip does not tell"
		return
	}
	if [ "$2" = yes ]; then
		check "$label: $tap has offload" has_offload "$1" "$tap"
	else
		check "$label: $tap has none" not has_offload "$1" "$tap"
	fi
}

# === Counters ===

# Errors of all that came in, of a host's stack; it checks in software.
stack_errors() {
	in_ns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '
	/^[A-Z][A-Za-z]*: [A-Z]/ { n = split($0, name, " "); next }
	/^[A-Z][A-Za-z]*: / {
		for (i = 2; i <= n; i++)
			if (name[i] ~ /^(InCsumErrors|InHdrErrors)$/)
				sum += $i
	}
	/^[A-Z][a-z]*6In(Csum|Hdr)Errors / { sum += $2 }
	END { print sum + 0 }'
}

all_errors() {
	for host in "$NEAR_HOST" "$FAR_HOST"; do
		stack_errors "$host"
	done | awk '{ sum += $1 } END { print sum }'
}

# scene what command arg ...: it succeeds, and nobody counted an error.
scene() {
	scene_name="$label: $1" scene_note=
	shift
	scene_before=$(all_errors)
	"$@" >&2
	scene_failed=$?
	scene_errors=$(($(all_errors) - scene_before))
	if [ "$scene_failed" -ne 0 ]; then
		fail "$scene_name"
	elif [ "$scene_errors" -ne 0 ]; then
		fail "$scene_name: $scene_errors wrong checksums or headers"
	else
		ok "$scene_name${scene_note:+ ($scene_note)}"
	fi
}

# === Flows ===

# Of a file that the shell has emptied before: the last run's is no answer.
is_ready() {
	grep -q '^ready' "$1"
}

take_sum() {
	in_ns "$1" "$FLOWTOOL" take "$2" "$FLOW_PORT" 2>"$TDIR/take" |
	    sha256sum >"$TDIR/taken"
}

# transfer from to address file [options]: by TCP.
transfer() {
	: >"$TDIR/take"
	take_sum "$2" "$3" &
	taker=$!
	wait_for 5 is_ready "$TDIR/take" || return 1
	# Nothing, or one word.
	in_ns "$1" "$FLOWTOOL" give "$3" "$FLOW_PORT" ${5:-} <"$4" \
	    2>"$TDIR/give"
	given=$?
	wait "$taker"
	cat "$TDIR/take" "$TDIR/give"
	scene_note=$(sed -n 's/^sent [0-9]* in //p' "$TDIR/give")
	[ "$given" -eq 0 ] && cmp "$4.sum" "$TDIR/taken"
}

# transfers file [options]: both ways, over IPv4 and IPv6.
transfers() {
	file=$1 options=${2:-}
	load="$(($(wc -c <"$1") / 1000000)) MB by TCP"
	load=$load${options:+ with header options}
	scene "$load, IPv4, near to far" transfer "$NEAR_HOST" "$FAR_HOST" \
	    "$FAR_IPV4" "$file" "$options"
	scene "$load, IPv4, far to near" transfer "$FAR_HOST" "$NEAR_HOST" \
	    "$NEAR_IPV4" "$file" "$options"
	scene "$load, IPv6, near to far" transfer "$NEAR_HOST" "$FAR_HOST" \
	    "$FAR_IPV6" "$file" "$options"
	scene "$load, IPv6, far to near" transfer "$FAR_HOST" "$NEAR_HOST" \
	    "$NEAR_IPV6" "$file" "$options"
}

# trains from to address count size segments last [gro]
trains() {
	from=$1 to=$2 address=$3
	shift 3
	: >"$TDIR/gather"
	in_ns "$to" "$FLOWTOOL" gather "$address" "$FLOW_PORT" "$@" \
	    2>"$TDIR/gather" &
	gatherer=$!
	wait_for 5 is_ready "$TDIR/gather" || return 1
	in_ns "$from" "$FLOWTOOL" trains "$address" "$FLOW_PORT" \
	    "$1" "$2" "$3" "$4"
	sent=$?
	wait "$gatherer"
	gathered=$?
	cat "$TDIR/gather"
	scene_note=$(sed -n 's/.*\(joined .*\)/\1/p' "$TDIR/gather")
	[ "$sent" -eq 0 ] && [ "$gathered" -eq 0 ]
}

# train_scenes count size segments last: four, one way or the other; the
# receiver takes them one by one, or joined again.
train_scenes() {
	shape="$1 trains of $3 x $2 + $4 bytes"
	scene "$shape, IPv4, near to far" \
	    trains "$NEAR_HOST" "$FAR_HOST" "$FAR_IPV4" "$@"
	scene "$shape, IPv6, far to near" \
	    trains "$FAR_HOST" "$NEAR_HOST" "$NEAR_IPV6" "$@"
	scene "$shape, IPv4 with UDP_GRO, far to near" \
	    trains "$FAR_HOST" "$NEAR_HOST" "$NEAR_IPV4" "$@" gro
	scene "$shape, IPv6 with UDP_GRO, near to far" \
	    trains "$NEAR_HOST" "$FAR_HOST" "$FAR_IPV6" "$@" gro
}

# vlan_frames from to: super-frames with a tag, and their segments.
vlan_frames() {
	: >"$TDIR/collect"
	in_ns "$2" "$VLANTOOL" collect "$(tap_of "$2")" 200 1400 20 5 \
	    2>"$TDIR/collect" &
	collector=$!
	wait_for 5 is_ready "$TDIR/collect" || return 1
	in_ns "$1" "$VLANTOOL" inject "$(tap_of "$1")" 200 1400 20 5
	injected=$?
	wait "$collector"
	collected=$?
	cat "$TDIR/collect"
	scene_note=$(sed -n 's/.*\(joined .*\)/\1/p' "$TDIR/collect")
	[ "$injected" -eq 0 ] && [ "$collected" -eq 0 ]
}

# pings host address option ...: five, one by one, since the socket of ping
# has no room for two of the largest answers.
pings() {
	pinging=$1 address=$2
	shift 2
	for n in 1 2 3 4 5; do
		in_ns "$pinging" ping -n -q -c 1 -W 3 "$@" "$address" ||
		    return 1
	done
}

# The neighbour is found again, by broadcast or multicast.
learns() {
	near ip neigh flush dev "$NEAR_TAP"
	far ip neigh flush dev "$FAR_TAP"
	pings near "$FAR_IPV4" && pings far "$NEAR_IPV6" || return 1
	for address in "$FAR_IPV4" "$FAR_IPV6"; do
		near ip neigh show dev "$NEAR_TAP" |
		    grep -q "^$address lladdr" || return 1
	done
}

# Real VLAN devices on both ends, where the kernel has them.
vlan_scenes() {
	scene "super-frames with a VLAN tag, near to far" vlan_frames near far
	scene "super-frames with a VLAN tag, far to near" vlan_frames far near
	for side in near:$NEAR_TAP:1 far:$FAR_TAP:2; do
		host=${side%%:*} tap=${side#*:}
		n=${tap#*:} tap=${tap%:*}
		in_ns "$host" ip link add link "$tap" name "$tap.5" \
		    type vlan id 5 2>/dev/null &&
		    in_ns "$host" ip addr add "198.18.5.$n/24" dev "$tap.5" &&
		    in_ns "$host" ip link set "$tap.5" up || {
			skip_check "$label: VLAN devices" \
			    "this kernel has none"
			return
		}
	done
	scene "TCP through VLAN devices, near to far" transfer near far \
	    198.18.5.2 "$SMALL_FILE"
	scene "TCP through VLAN devices, far to near" transfer far near \
	    198.18.5.1 "$SMALL_FILE"
}

# What is not to be cut or joined, and must not suffer from it.
odd_scenes() {
	scene "ARP and neighbour discovery" learns
	for size in 8000 60000; do
		scene "fragments of $size bytes, IPv4" \
		    pings near "$FAR_IPV4" -s "$size"
		scene "fragments of $size bytes, IPv6" \
		    pings far "$NEAR_IPV6" -s "$size"
	done
	scene "record route" pings near "$FAR_IPV4" -R
	scene "frames that are not IP, near to far" frames_cross near far \
	    $ODD_SIZES 320 71 0x88b5 0 4000
	scene "frames that are not IP, far to near" frames_cross far near \
	    $ODD_SIZES 320 72 0x88b5 0 4000
	vlan_scenes
	transfers "$SMALL_FILE" options
}
ODD_SIZES=14,15,59,60,61,127,128,129,500,999,1000,1001,1499,1512,1513,1514

require_cmd sha256sum
locked random make_random || fatal "no file of $BYTES bytes"

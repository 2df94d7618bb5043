#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# sshtap to sshtapd: tunnels carry everything, both ways, also while keys
# change.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

COUNT=20000

drops() {
	echo $(($(device_drops near "$NEAR_TAP") + \
	    $(device_drops far "$FAR_TAP")))
}

lost() {
	echo $(($(recv_number "$1" lost) - $(recv_number "$1" overrun)))
}

# Nothing is lost that the interfaces have not dropped.
both_ways() {
	before=$(drops)
	recv_start far $COUNT 31
	recv_start near $COUNT 32
	follow_frames near 1000 $COUNT 31 0x88b5 0 6000 &
	sender=$!
	follow_frames far 1000 $COUNT 32 0x88b5 0 6000
	wait "$sender"
	recv_end 31
	recv_end 32
	lost=$(($(lost 31) + $(lost 32)))
	dropped=$(($(drops) - before))
	trace "lost $lost, dropped by the interfaces $dropped"
	[ "$lost" -le "$dropped" ] || return 1
	for seed in 31 32; do
		for what in corrupt duplicate reordered; do
			[ "$(recv_number $seed $what)" -eq 0 ] || return 1
		done
	done
}

# Each exchange of keys takes the state of a session from here to there.
rekeys() {
	grep -c 'rekey newkeys -> ' "$TAPD_LOG"
}

cross() {
	what=$1
	shift
	check "$what, near to far" frames_cross near far "$@"
	check "$what, far to near" frames_cross far near "$@"
}

hosts_up
tapd_start "RekeyLimit 1M"
sshtap_start far || exit 1
check "the log tells of the login" tapd_said \
    'login method=publickey-hostbound key=ssh-ed25519 .*user=root from=192.0.2.1'
check "and of the tunnel" tapd_said "tunnel device=$FAR_TAP mode=ethernet"
check "the interface is up" sh -c "nsenter --net=/run/netns/far \
    ip link show $FAR_TAP | grep -q '[<,]UP'"
tapd_tunnel_config
check "IPv4" ping_near_far
check "IPv4 back" ping_far_near
check "IPv6" near ping -n -q -c 1 -W 3 fd00::2
check "IPv6 back" far ping -n -q -c 1 -W 3 fd00::1
check "fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2
cross "VLAN frames of 1518 bytes" 64,1518 300 11 0x88b5 7
cross "mixed sizes" 14,1514,60,15,999 1000 13 0x88b5 0 6000
near ip link set "$NEAR_TAP" txqueuelen 10000
far ip link set "$FAR_TAP" txqueuelen 10000
check "keys change under load: no frame lost" both_ways
check "keys have changed 15 times or more" [ "$(rekeys)" -ge 15 ]
check "it works afterwards" ping_near_far
near ip link set "$NEAR_TAP" mtu 32750
far ip link set "$FAR_TAP" mtu 32750
cross "frames of 32764 bytes" 32764 100 14 0x88b5 0 1000
sshtap_stop
check "the log tells of its end" tapd_said \
    "tunnel-end device=$FAR_TAP reason=.* frames_in=[1-9]"
check "and of the connection's" tapd_said 'disconnect .*user=root'
check "nothing is left" wait_for 3 tapd_is_idle

tapd_restart "Compression yes" "PermitTunnel yes"
for cipher in aes256-gcm@openssh.com aes128-gcm@openssh.com \
    chacha20-poly1305@openssh.com; do
	tunnel_check "$cipher" -o "Ciphers=$cipher" far
done
for key in ssh-ed25519 ecdsa-sha2-nistp256 rsa-sha2-512 rsa-sha2-256; do
	tunnel_check "host key $key" -o "HostKeyAlgorithms=$key" far
done
tunnel_check "compression" -C far
tunnel_check "over IPv6" -o HostKeyAlias=far 2001:db8::2
NEAR_TAP=tap0 FAR_TAP=tap0 UNITS=any:any
tunnel_check "any unit" far
NEAR_TAP=tun3 FAR_TAP=tun5 UNITS=3:5
if sshtap_start -o Tunnel=point-to-point far; then
	near ip addr add 198.18.0.1 peer 198.18.0.2 dev "$NEAR_TAP"
	far ip addr add 198.18.0.2 peer 198.18.0.1 dev "$FAR_TAP"
	check "point-to-point" ping_near_far
	check "point-to-point, back" ping_far_near
	sshtap_stop
fi
tapd_stop

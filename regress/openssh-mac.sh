#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The patched ssh -w on a Mac, an unpatched sshd with a TAP at the other end.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/mac.sh"
. "$SRCDIR/regress/openssh.sh"
. "$SRCDIR/regress/traffic.sh"

openssh_tree sim ssh
SSH=$OPENSSH/sim/ssh

# What ssh wrote down of a pair is where its process numbers are.
mac_is_bare() {
	[ -z "$(darwinctl list)" ] && [ -z "$(ls /run/ssh-feth[0-9]*)" ]
} 2>/dev/null

traffic() {
	check "$1: IPv4" ping_near_far
	check "$1: IPv4 back" ping_far_near
	check "$1: IPv6" near ping -n -q -c 1 -W 3 fd00::2
	check "$1: IPv6 back" far ping -n -q -c 1 -W 3 fd00::1
	check "$1: fragments" near ping -n -q -c 1 -W 3 -s 8000 198.18.0.2
	check "$1: flood" near ping -n -q -f -c 5000 -s 56 198.18.0.2
	check "$1: flood of long ones" near ping -n -q -f -c 2000 -s 1472 \
	    198.18.0.2
	check "$1: flood back" far ping -n -q -f -c 5000 -s 56 198.18.0.1
	iperf_checks "$1"
}

hosts_up
mac_start near
openssh_sshd stock

if ssh_start; then
	check "the pair has our names" mac_has_only "$NEAR_TAP" "$PEER_TAP"
	traffic ethernet
	RECV_SECONDS=2
	# Its bpf device holds twice 16 KiB, so no more than that at a time.
	check "ethernet: every size, near to far" each_size near far 1
	check "ethernet: every size, far to near" each_size far near 1
	check "ethernet: VLAN" frames_cross near far 64,1518 20 11 0x88b5 7
	check "ethernet: ssh and sshd live" ssh_lives
	ssh_end TERM
fi
check "SIGTERM: nothing is left" wait_for 5 mac_is_bare

if ssh_start; then
	ssh_end INT
fi
check "SIGINT: nothing is left" wait_for 5 mac_is_bare

# An end that frees no channel.
if ssh_start -o ServerAliveInterval=1 -o ServerAliveCountMax=1; then
	near ip link set near0 down
	check "the server is silent: ssh ends" wait_for 10 gone "$SSH_PID"
	near ip link set near0 up
	wait_for 5 mac_is_bare
	ssh_end TERM
	near ip -6 addr add 2001:db8::1/64 dev near0 nodad
fi
check "the server is silent: nothing is left" mac_is_bare

# SIGKILL, beside a pair that is somebody else's.
darwinctl create feth10007 >&2
darwinctl create feth20007 >&2
darwinctl peer feth10007 feth20007
if ssh_start; then
	ssh_end KILL
	check "SIGKILL: the pair is left" not mac_has_only feth10007 feth20007
	if ssh_start; then
		check "SIGKILL: the next ssh takes its place" ping_near_far
		ssh_end TERM
	fi
fi
check "only the pair of somebody else is left" \
    wait_for 5 mac_has_only feth10007 feth20007
if ssh_start; then
	ssh_end KILL
fi
UNITS=any:5 NEAR_TAP=feth10000 PEER_TAP=feth20000
if ssh_start; then
	check "any unit: the first one, and what was left is gone" \
	    mac_has_only feth10000 feth20000 feth10007 feth20007
	check "any unit: IPv4" ping_near_far
	ssh_end TERM
fi
UNITS=10007:5
ssh_spawn
check "a unit that is taken: ssh ends" wait_for 5 gone "$SSH_PID"
check "a unit that is taken: it says so" \
    grep "feth10007: cannot create it" "$ERR"
check "a unit that is taken: it stays" \
    mac_has_only feth10007 feth20007
darwinctl destroy feth10007
darwinctl destroy feth20007

# At any moment.
UNITS=10003:5 NEAR_TAP=feth10003
round=0
while [ $round -lt "${KILL_ROUNDS:-20}" ]; do
	round=$((round + 1))
	ssh_spawn
	sleep "0.$(awk -v r=$round 'BEGIN { srand(r); printf "%03d", rand() * 400 }')"
	kill -KILL "$SSH_PID" 2>/dev/null
	wait "$SSH_PID" 2>/dev/null
done
if ssh_start; then
	check "killed at $round moments: the next ssh works" ping_near_far
	ssh_end TERM
fi
check "killed at $round moments: nothing is left" wait_for 5 mac_is_bare

# In the background, where the process that made the pair has ended.
ssh_spawn -f -o ControlMaster=yes -o ControlPath="$TDIR/master"
if wait_for 10 "$SSH" -F "$CONFIG" -S "$TDIR/master" -O check far; then
	near ip link set "$NEAR_TAP" up
	tunnel_config
	check "ssh -f: IPv4" ping_near_far
	near "$SSH" -F "$CONFIG" -S "$TDIR/master" -O exit far
	wait_for 5 not sshd_has_session
else
	fail "ssh -f"
fi
check "ssh -f: nothing is left" wait_for 5 mac_is_bare

# Of a master that asks before it takes somebody in, and cannot ask: its child
# that fails is not the owner of the pair.
export SSH_ASKPASS=/nonexistent SSH_ASKPASS_REQUIRE=force
if ssh_start -o ControlMaster=ask -o ControlPath="$TDIR/asks"; then
	check "nobody can be asked: refused" \
	    not near timeout 10 "$SSH" -F "$CONFIG" -S "$TDIR/asks" \
	    -o ProxyCommand=false far true
	check "nobody can be asked: its child says so" \
	    grep "exec(/nonexistent)" "$ERR"
	check "nobody can be asked: the tunnel works" ping_near_far
	ssh_end TERM
fi
unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
check "nobody can be asked: nothing is left" wait_for 5 mac_is_bare

sshd_stop
MODE=point-to-point NEAR_TAP=utun3 FAR_TAP=tun5 UNITS=3:5
openssh_sshd stock
if ssh_start; then
	traffic point-to-point
	check "point-to-point: ssh and sshd live" ssh_lives
	ssh_end TERM
fi
check "point-to-point: nothing is left" wait_for 5 mac_is_bare

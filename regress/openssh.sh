# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What scripts share in which one end or both is an OpenSSH that our series
# of patches (contrib/openssh) was applied to.  The trees are made by
# tools/run-openssh.  Read this file after test-exec.sh.

OPENSSH=$BUILDDIR/openssh
MODE=ethernet

# openssh_tree name program ...
openssh_tree() {
	for program in "$@"; do
		[ "$program" = "$1" ] || [ -x "$OPENSSH/$1/$program" ] ||
		    skip "there is no $OPENSSH/$1/$program:" \
		    "make openssh-check makes it"
	done
}

# The sshd of a tree and the programs that it runs.
openssh_sshd() {
	openssh_tree "$1" sshd sshd-session sshd-auth
	SSHD=$OPENSSH/$1/sshd
	# Not each datagram that is lost.
	sshd_start "LogLevel INFO" \
	    "SshdSessionPath $OPENSSH/$1/sshd-session" \
	    "SshdAuthPath $OPENSSH/$1/sshd-auth"
}

# A shell makes what it puts there ignore SIGINT; env undoes that.
ssh_spawn() {
	verbose "ssh -w $UNITS $*"
	rm -f "$ERR"
	nsenter --net=/run/netns/near env --default-signal=INT "$SSH" -N \
	    -F "$CONFIG" -o BatchMode=yes -o ExitOnForwardFailure=yes \
	    -o Tunnel="$MODE" -w "$UNITS" "$@" far \
	    </dev/null >/dev/null 2>"$ERR" &
	SSH_PID=$!
}

# ssh itself brings up neither side on Linux.
ssh_start() {
	ssh_spawn "$@"
	if ! wait_for 10 tunnel_is_there; then
		fail "no tunnel with ssh: $*"
		kill "$SSH_PID" 2>/dev/null
		wait "$SSH_PID" 2>/dev/null
		return 1
	fi
	near ip link set "$NEAR_TAP" up
	tunnel_config
}

tunnel_is_there() {
	near ip link show "$NEAR_TAP" && sshd_has_session
}

ssh_lives() {
	not gone "$SSH_PID" && sshd_has_session
}

sshd_has_session() {
	far ip link show "$FAR_TAP"
}

# ssh_end signal: sent to ssh, which is waited for.
ssh_end() {
	kill "-$1" "$SSH_PID" 2>/dev/null
	wait "$SSH_PID" 2>/dev/null
	wait_for 5 not sshd_has_session
}

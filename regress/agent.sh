#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Keys in ssh-agent, also those that may be used for some hosts only, for which
# the agent has to be told about the connection (session-bind).
. "$SRCDIR/regress/test-exec.sh"

# In debug mode the agent tells what it is asked.
agent_start() {
	SSH_AUTH_SOCK=$TDIR/agent.sock
	export SSH_AUTH_SOCK
	rm -f "$SSH_AUTH_SOCK"
	ssh-agent -d -a "$SSH_AUTH_SOCK" >/dev/null 2>"$TDIR/agent.log" &
	agent_pid=$!
	wait_for 5 [ -S "$SSH_AUTH_SOCK" ] || fatal "ssh-agent does not start"
}

agent_has() {
	ssh-add -q -D >&2 && ssh-add -q "$@" >&2
}

require_cmd ssh-agent ssh-add
hosts_up
sshd_start
IDENTITY=none
client_config
agent_start

for type in ed25519 ecdsa rsa; do
	bits=
	[ "$type" = ed25519 ] || bits=256
	[ "$type" != rsa ] || bits=3072
	key=$(make_key "user_$type" "$type" $bits)
	authorise root "$key.pub"
	agent_has "$key" || fatal "ssh-add does not work"
	tunnel_check "$type key in the agent" far
done
for algorithm in rsa-sha2-256 rsa-sha2-512; do
	: >"$SSHD_LOG"
	tunnel_check "RSA key in the agent with $algorithm" \
	    -o "PubkeyAcceptedAlgorithms=$algorithm" far
	check "it was $algorithm" sshd_said "pkalg $algorithm"
done

key=$KEYS/user_ed25519
authorise root "$key.pub"
agent_has "$KEYS/user_rsa" "$KEYS/user_ecdsa" "$key"
tunnel_check "the last of three keys in the agent" far
tunnel_check "IdentitiesOnly and a public key file" \
    -o IdentitiesOnly=yes -o "IdentityFile=$key.pub" far
tunnel_check "IdentityAgent instead of the environment" \
    -o "IdentityAgent=$SSH_AUTH_SOCK" far

if older_than 8.9 ssh -V; then
	skip_check "keys for some hosts" "ssh-agent is older than 8.9"
else
	check "the agent was told about the connection" \
	    grep -q 'session_bind: recorded' "$TDIR/agent.log"
	know_host far ed25519 ecdsa rsa
	agent_has -H "$KNOWN" -h far "$key"
	tunnel_check "key for this host" far
	echo "other $(cut -d' ' -f1,2 "$KEYS/user_ecdsa.pub")" >>"$KNOWN"
	agent_has -H "$KNOWN" -h other "$key"
	LINES_SAID=2 sshtap_refused "key for another host" \
	    "[Pp]ermission denied" far
fi

# It does not matter that an agent is named which is not there.
kill "$agent_pid"
wait "$agent_pid" 2>/dev/null
rm -f "$SSH_AUTH_SOCK"
IDENTITY=$KEYS/user_ed25519
client_config
tunnel_check "agent gone, key in a file" far

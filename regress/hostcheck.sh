#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# StrictHostKeyChecking: whose keys are taken, which are filed.
. "$SRCDIR/regress/test-exec.sh"

# answer text: to a question about a host key.
answer() {
	printf '#!/bin/sh\necho "$1" >>"%s"\necho "%s"\n' "$TDIR/asked" "$1" \
	    >"$TDIR/askpass"
	chmod 755 "$TDIR/askpass"
	: >"$TDIR/asked"
	chmod 666 "$TDIR/asked"
	: >"$KNOWN"
	SSH_ASKPASS=$TDIR/askpass SSH_ASKPASS_REQUIRE=force
	export SSH_ASKPASS SSH_ASKPASS_REQUIRE
}

filed() {
	[ "$(grep -c "$1" "$KNOWN")" -eq "$2" ]
}

strict() {
	mode=$1
	shift
	set -- -o "StrictHostKeyChecking=$mode" "$@"
	tunnel_check "$mode" "$@" far
}

hosts_up
sshd_start
fingerprint=$(ssh-keygen -lf "$KEYS/host_ed25519.pub" | cut -d' ' -f2)

: >"$KNOWN"
strict accept-new
check "accept-new filed one line" filed '^far[ ,]' 1
tunnel_check "yes, now that it is known" -o StrictHostKeyChecking=yes far
check "nothing more was filed" filed '' 1

: >"$KNOWN"
strict no
check "no filed it too" filed '^far[ ,]' 1

: >"$KNOWN"
strict accept-new -o HashKnownHosts=yes
check "HashKnownHosts hid the name" filed '^|1|' 1
check "ssh-keygen finds it" ssh-keygen -q -F far -f "$KNOWN"
tunnel_check "the hidden name is found" -o StrictHostKeyChecking=yes far

answer yes
strict ask
check "ask filed it" filed '^far[ ,]' 1
check "the question has the fingerprint" grep -qF "$fingerprint" "$TDIR/asked"
answer "$fingerprint"
strict ask
answer no
LINES_SAID=2 sshtap_refused "ask, no" . -o StrictHostKeyChecking=ask far
check "nothing was filed" filed '' 0
answer yes
sshtap_refused "ask, nobody to ask" "is not known" -o BatchMode=yes far
unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
sshtap_refused "ask, no terminal" "is not known" far

# The user's own file is made when there is none.
rm -f "$KNOWN"
KNOWN=$HOME/.ssh/new/known_hosts
mkdir "$HOME/.ssh/new"
client_config
strict accept-new
check "a new file was made" filed '^far[ ,]' 1
check "nobody else may write it" \
    [ -z "$(find "$KNOWN" -perm /022)" ]

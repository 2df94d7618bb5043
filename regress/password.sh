#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Passwords: by the program that SSH_ASKPASS names, on a terminal, and by
# keyboard-interactive.
. "$SRCDIR/regress/test-exec.sh"

# answer text: what the program answers to every question.
answer() {
	cat >"$TDIR/askpass" <<-END
	#!/bin/sh
	echo "\$1" >>"$TDIR/asked"
	echo "$1"
	END
	chmod 755 "$TDIR/askpass"
	: >"$TDIR/asked"
	chmod 666 "$TDIR/asked"
	SSH_ASKPASS=$TDIR/askpass SSH_ASKPASS_REQUIRE=force
	export SSH_ASKPASS SSH_ASKPASS_REQUIRE
}

# PAM with a stack of our own.
cover_pam() {
	[ -d /etc/pam.d ] && mount -t tmpfs tmpfs /etc/pam.d &&
	    cat >/etc/pam.d/sshd <<-END
	auth required pam_unix.so
	account required pam_permit.so
	session required pam_permit.so
	END
}

# Types the password when it is asked for.
on_terminal() {
	unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
	trap '' PIPE
	mkfifo "$TDIR/keyboard"
	nsenter --net=/run/netns/near script -qec "exec $SSHTAP -F $CONFIG \
	    -w $UNITS far" /dev/null <"$TDIR/keyboard" >"$ERR" 2>&1 &
	terminal_pid=$!
	exec 4>"$TDIR/keyboard"
	wait_for 10 grep -qi 'password' "$ERR" || return 1
	sleep 0.2
	echo "$PASSWORD" >&4
	wait_for 10 grep -q 'tunnel up' "$ERR"
}

hosts_up
sshd_start "AuthenticationMethods password"
answer "$PASSWORD"
tunnel_check "the right password" far
check "asked once, for whom and where" \
    [ "$(grep -ci "root@.*password" "$TDIR/asked")" -eq 1 ]
LINES_SAID=4
answer wrong
sshtap_refused "the wrong password" "[Pp]ermission denied" far
check "asked three times" [ "$(wc -l <"$TDIR/asked")" -eq 3 ]
answer wrong
sshtap_refused "NumberOfPasswordPrompts" "[Pp]ermission denied" \
    -o NumberOfPasswordPrompts=1 far
check "asked once" [ "$(wc -l <"$TDIR/asked")" -eq 1 ]
answer "$PASSWORD"
sshtap_refused "nobody to ask" "[Pp]ermission denied" -o BatchMode=yes far
check "nobody was asked" [ ! -s "$TDIR/asked" ]

if command -v script >/dev/null; then
	check "on a terminal" on_terminal
	check "the password is not shown" not grep -q "$PASSWORD" "$ERR"
	exec 4>&-
	for pid in $(children_of "$terminal_pid"); do
		kill "$pid"
	done
	wait_for 5 gone "$terminal_pid" || sshtap_kill
	check "it ended with its terminal" wait_for 5 tunnel_is_gone
else
	skip_check "on a terminal" "script is not installed"
fi

sshd_restart "AuthenticationMethods publickey,password"
answer "$PASSWORD"
tunnel_check "a key and then the password" far

if cover_pam; then
	sshd_stop
	sshd_start "UsePAM yes" "KbdInteractiveAuthentication yes" \
	    "AuthenticationMethods keyboard-interactive"
	answer "$PASSWORD"
	if grep -qi 'unsupported option.*usepam' "$SSHD_LOG"; then
		skip_check "keyboard-interactive" "sshd without PAM"
	else
		tunnel_check "keyboard-interactive" far
		answer wrong
		sshtap_refused "keyboard-interactive, wrong answer" \
		    "[Pp]ermission denied" far
		sshtap_refused "keyboard-interactive, BatchMode" \
		    "tried no key at all" -o BatchMode=yes far
	fi
else
	skip_check "keyboard-interactive" "no /etc/pam.d"
fi

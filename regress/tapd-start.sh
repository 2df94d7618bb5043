#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# How sshtapd starts, or does not and says why: its configuration, its host
# key, its port, SIGHUP, and what a service manager expects.
. "$SRCDIR/regress/test-exec.sh"
. "$SRCDIR/regress/tapd.sh"

# start_refused what pattern option ...: it says one line, and ends with 255.
start_refused() {
	what=$1 pattern=$2
	shift 2
	tapd_run -D -e "$@" </dev/null >"$OUT" 2>"$TAPD_LOG"
	start_status=$?
	if [ $start_status -ne 255 ]; then
		fail "$what: status $start_status, not 255"
	elif ! grep -q -e "$pattern" "$TAPD_LOG"; then
		fail "$what: does not say \"$pattern\""
	else
		ok "$what: $(grep -e "$pattern" "$TAPD_LOG" | head -n 1 |
		    cut -d ' ' -f 2- | cut -c 1-100)"
	fi
}

# with_line what pattern line: a configuration with this line in it.
with_line() {
	tapd_config "$3"
	start_refused "$1" "$2" -f "$TAPD_CONFIG"
}

hup() {
	: >"$TAPD_LOG"
	kill -HUP "$TAPD_PID"
}

dump() {
	tapd_run -T -f "$1"
}

fingerprint_of() {
	ssh-keygen -lf "$1" | cut -d ' ' -f 2
}

# started_by command ...: a manager that passes what we need.
started_by() {
	: >"$TAPD_LOG"
	nsenter --net=/run/netns/far "$@" \
	    </dev/null >"$OUT" 2>>"$TAPD_LOG" &
	TAPD_PID=$!
}

hosts_up

# The configuration.
tapd_config
start_refused "a file that is not there" "$TDIR/nothing: .*o such file" \
    -f "$TDIR/nothing"
with_line "an unknown keyword" "line 1: .*Frobnicate" "Frobnicate yes"
with_line "a bad value" "line 1: .*Port" "Port many"
with_line "a keyword of sshd that cannot be had" "line 1: .*Match" \
    "Match user root"
with_line "a bad unit" "line 1: .*TunnelBridge" "TunnelBridge br0 9-3"
tapd_config
start_refused "no host key for the algorithms" \
    "HostKeyAlgorithms names: ecdsa-sha2-nistp256" -f "$TAPD_CONFIG" \
    -h "$KEYS/host_ed25519" -o HostKeyAlgorithms=ecdsa-sha2-nistp256
chmod 666 "$TAPD_CONFIG"
start_refused "a file that others may write" "nobody else" -f "$TAPD_CONFIG"
chmod 644 "$TAPD_CONFIG"
start_refused "no such option" "usage: " -Z
check "-t: nothing to say" [ -z "$(tapd_run -t -f "$TAPD_CONFIG" 2>&1)" ]
tapd_config "TunnelBridge br0 1-9 12" "TunnelAddress fd00::2/64 5" \
    "AllowUsers root tuna@192.0.2.0/24" "Ciphers -aes128-gcm@openssh.com"
dump "$TAPD_CONFIG" >"$TDIR/dump.1"
dump "$TDIR/dump.1" >"$TDIR/dump.2"
check "-T: its output is a configuration" [ -s "$TDIR/dump.1" ]
check "and means the same" cmp "$TDIR/dump.1" "$TDIR/dump.2"
check "-V" sh -c "'$TAPD' -V | grep -q '^sshtapd '"

# The host key is made when there is none, once.
key=/run/made/ssh_host_ed25519_key
mkdir -m 755 /run/made && chmod 755 /run
echo "AuthorizedKeysFile $TDIR/authorized_keys/%u" >"$TAPD_CONFIG"
echo "StrictModes no" >>"$TAPD_CONFIG"
check "it starts without a host key" tapd_spawn -h $key
check "the log tells its fingerprint" tapd_said "$(fingerprint_of $key)"
check "it is for root alone" [ "$(stat -c %a $key)" = 600 ]
check "its public half belongs to it" \
    [ "$(ssh-keygen -yf $key | cut -d ' ' -f 2)" = \
    "$(cut -d ' ' -f 2 $key.pub)" ]
start_refused "the port is in use" "cannot listen at .* port 22: .*in use" \
    -f "$TAPD_CONFIG" -h $key -p 22
tapd_is_gone || for pid in $(tapd_processes); do
	kill "$pid"
done
wait "$TAPD_PID"
before=$(fingerprint_of $key)
check "it starts again" tapd_spawn -h $key
check "with the same key" [ "$(fingerprint_of $key)" = "$before" ]
tapd_stop

# SIGHUP: the new configuration for new connections; a bad one for nobody.
tapd_start "PidFile $TDIR/pid"
check "PidFile" [ "$(cat "$TDIR/pid")" = "$TAPD_PID" ]
if sshtap_start far; then
	tapd_tunnel_config
	tapd_config "Frobnicate yes"
	hup
	check "SIGHUP, a bad file: it says so" tapd_said 'line 1: .*Frobnicate'
	check "and stays" tapd_said 'reload result=failed'
	tapd_config "PermitTunnel no" "PidFile $TDIR/pid"
	hup
	check "SIGHUP, a good one" tapd_said 'listen address='
	check "a tunnel that is up goes on" ping_near_far
	sshtap_stop
fi
sshtap_refused "a new one is refused" "PermitTunnel of the server" far
tapd_stop
check "the PidFile is gone" [ ! -e "$TDIR/pid" ]

# Sockets from a service manager, and the word that it is ready.
tapd_config
if command -v systemd-socket-activate >/dev/null; then
	started_by systemd-socket-activate -l 192.0.2.2:22 \
	    "$TAPD" -D -e -f "$TAPD_CONFIG"
	wait_for 5 far sh -c 'ss -ltn 2>/dev/null | grep -q :22' || sleep 0.5
	tunnel_check "socket activation" far
	check "the log tells so" tapd_said 'listen-activated address=192.0.2.2'
	hup
	tunnel_check "also after SIGHUP" far
	tapd_stop
else
	skip_check "socket activation" "there is no systemd-socket-activate"
fi
if command -v socat >/dev/null; then
	socat -u "UNIX-RECV:$TDIR/notify" "CREATE:$TDIR/notified" &
	notify=$!
	wait_for 3 [ -S "$TDIR/notify" ]
	started_by env NOTIFY_SOCKET="$TDIR/notify" \
	    "$TAPD" -D -e -f "$TAPD_CONFIG"
	check "it says that it is ready" \
	    wait_for 3 grep -q READY=1 "$TDIR/notified"
	tapd_stop
	kill "$notify"
	wait "$notify"
else
	skip_check "it says that it is ready" "socat is not installed"
fi

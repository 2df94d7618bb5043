#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# The user's ssh configuration, by "ssh -G".
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start "Port 22" "Port 2222"
key=$(make_key user_ecdsa ecdsa 256)
authorise root "$key.pub"

know_host '[far]:2222' ed25519
client_config "Host wire" " HostName far" " Port 2222" \
    " IdentityFile $key" "Host *" "IdentitiesOnly yes"
tunnel_check "Host block: HostName, Port, IdentityFile" wire

client_config "Host wire" " HostName 192.0.2.2" " HostKeyAlias far" \
    " User nobody" " IdentityFile $key"
know_host far ed25519
tunnel_check "Host block and -l" -l root wire
tunnel_check "the command line comes first" -o User=root wire
client_config "Include $TDIR/included"
printf 'Host wire\n HostName far\n IdentityFile %s\n' "$key" \
    >"$TDIR/included"
tunnel_check "Include" wire
client_config "Match exec true host far" " IdentityFile $key"
tunnel_check "Match" far
client_config "IdentityFile $TDIR/home/%u/%n-%r"
cp "$key" "$HOME/far-root"
tunnel_check "tokens in IdentityFile" far
client_config "IdentityFile ~/far-root"
tunnel_check "~ in IdentityFile" far
client_config
tunnel_check "ssh://user@host:port" -i "$key" -o HostKeyAlias=far \
    ssh://root@far:2222
tunnel_check "BindAddress" -i "$key" -o BindAddress=192.0.2.1 far
tunnel_check "options behind the host" far -i "$key"

# As ssh itself connects, but with a process of the user's in between.
client_config "IdentityFile $key" \
    "ProxyCommand ssh -F $TDIR/hop -W %%h:%%p hop" \
    "HostName far"
sed -i 's/%%/%/g' "$CONFIG"
cat >"$TDIR/hop" <<END
Host hop
 HostName far
 User root
 IdentityFile $key
 UserKnownHostsFile $KNOWN
 BatchMode yes
END
tunnel_check "ProxyCommand" far
check "the ProxyCommand ended too" wait_for 5 \
    not grep -qs -l -a "$TDIR/hop" /proc/[0-9]*/cmdline

# Without an ssh to ask there are the defaults and -o.
mkdir "$TDIR/path"
for tool in sh env; do
	ln -s "$(command -v $tool)" "$TDIR/path/$tool"
done
AS_USER="env PATH=$TDIR/path"
CONFIG=none
tunnel_check "no ssh in the path" -o User=root -o "IdentityFile=$key" \
    -o "UserKnownHostsFile=$KNOWN" -o StrictHostKeyChecking=yes far

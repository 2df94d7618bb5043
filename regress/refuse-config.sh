#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What was typed makes no sense.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start

# A mistake on the command line brings its usage.
LINES_SAID=4
sshtap_refused "-p is no number" "port" -p twentytwo far
sshtap_refused "-w is no unit" "-w" -w 3:x far
sshtap_refused "an option without its value" "." -o ConnectTimeout far
sshtap_refused "a letter that does not exist" "-Z" -Z far
sshtap_refused "no destination" "."
sshtap_refused "a destination that would be an option" "." -- -oProxyCommand=x
LINES_SAID=1
sshtap_refused "Ciphers is malformed" "." -o Ciphers=nonsense far
sshtap_refused "Ciphers names nothing we have" "iphers" \
    -o Ciphers=aes128-cbc far
sshtap_refused "RekeyLimit is malformed" "." -o RekeyLimit=1X far
sshtap_refused "StrictHostKeyChecking is malformed" "." \
    -o StrictHostKeyChecking=maybe far
sshtap_refused "an option that does not exist" "." -o NoSuchOption=yes far
CONFIG=$TDIR/missing
sshtap_refused "a configuration file that does not exist" "missing" far
CONFIG=$TDIR/ssh_config
client_config "NoSuchKeyword yes"
sshtap_refused "a configuration file with a mistake" "nosuchkeyword" far

#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# User certificates.
. "$SRCDIR/regress/test-exec.sh"

# certify key principals validity
certify() {
	rm -f "$1-cert.pub"
	ssh-keygen -q -s "$ca" -I "$NAME" -n "$2" -V "$3" "$1.pub" >&2 ||
	    fatal "ssh-keygen does not certify"
}

hosts_up
ca=$(make_key user_ca ed25519)
authorise root /dev/null
sshd_start "TrustedUserCAKeys $ca.pub"

for type in ed25519 ecdsa rsa; do
	bits=
	[ "$type" = ed25519 ] || bits=256
	[ "$type" != rsa ] || bits=3072
	cp "$(make_key "user_$type" "$type" $bits)" "$TDIR/$type"
	cp "$KEYS/user_$type.pub" "$TDIR/$type.pub"
	certify "$TDIR/$type" root +1h
	tunnel_check "$type certificate beside the key" -i "$TDIR/$type" far
done

key=$TDIR/ed25519
mv "$key-cert.pub" "$TDIR/certificate.pub"
tunnel_check "CertificateFile" -i "$key" \
    -o "CertificateFile=$TDIR/certificate.pub" far
sshtap_refused "the key without its certificate" "[Pp]ermission denied" \
    -i "$key" far
certify "$key" nobody +1h
sshtap_refused "certificate for another user" "[Pp]ermission denied" \
    -i "$key" far
certify "$key" root -2h:-1h
sshtap_refused "certificate that has expired" "[Pp]ermission denied" \
    -i "$key" far

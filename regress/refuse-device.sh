#!/bin/sh
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Tunnel devices that are refused, far and near.
. "$SRCDIR/regress/test-exec.sh"

hosts_up
sshd_start "PermitTunnel no"
sshtap_refused "PermitTunnel no" "PermitTunnel" far
sshd_restart "PermitTunnel point-to-point"
sshtap_refused "PermitTunnel point-to-point" "PermitTunnel" far
sshd_restart

# Far.
if sshtap_start far; then
	first=$TAP_PID
	STAYS=yes
	wait_again() {
		[ "$(sshtap_processes | wc -l)" -le 2 ]
	}
	sshtap_spawn -w any:5 far
	sshtap_end
	check "far device is busy" grep -q '^sshtap: .*tunnel device' "$ERR"
	check "status 255" [ "$TAP_STATUS" = 255 ]
	# -w comes first: what sshtap_spawn adds is not what is tested.
	sshtap_spawn -w 3:any far
	sshtap_end
	check "near device is busy" grep -q "^sshtap: .*$NEAR_TAP" "$ERR"
	check "status 255" [ "$TAP_STATUS" = 255 ]
	check "the first tunnel works" tunnel_works
	check "nothing else is left" wait_for 5 wait_again
	STAYS=
	TAP_PID=$first
	sshtap_stop
fi
far ip tuntap add dev "$FAR_TAP" mode tap user 12345
authorise "$USER_NAME" "$KEYS/user_ed25519.pub"
STAYS=yes
sshtap_refused "far device belongs to another" "tunnel device" -l "$USER_NAME" \
    far
STAYS=
far ip link del "$FAR_TAP"

near ip tuntap add dev "$NEAR_TAP" mode tun
STAYS=yes
sshtap_refused "near name is taken" "not a tap device" far
STAYS=
near ip link del "$NEAR_TAP"

# Near; without the device node for sshtap alone.
cat >"$TDIR/no-tun" <<'END'
#!/bin/sh
mount -t tmpfs tmpfs /dev/net && exec "$@"
END
AS_USER="unshare --mount sh $TDIR/no-tun"
sshtap_refused "near /dev/net/tun is missing" "/dev/net/tun" far
as_tuna
IDENTITY=$TDIR/home/$USER_NAME/.ssh/key
client_config
chmod 600 /dev/net/tun
sshtap_refused "near /dev/net/tun is not permitted" "/dev/net/tun" far
chmod 666 /dev/net/tun
sshtap_refused "near device had to be made, not root" "$NEAR_TAP" far

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# For scripts that test against what Debian 13 has: regress/run has made the
# tree, or says why not.  Changes to it are kept apart and vanish.

TREE=$TDIR/trixie

trixie_up() {
	made=$REGRESS_CACHE/trixie
	if [ ! -f "$made/.complete" ]; then
		reason=$(tail -n 1 "$REGRESS_TMP/no-trixie")
		skip "no Debian 13 tree: ${reason:-nobody made one}"
	fi
	mkdir -p "$TREE" "$TDIR/layer"
	mount -t tmpfs tmpfs "$TDIR/layer" &&
	    mkdir "$TDIR/layer/upper" "$TDIR/layer/work" &&
	    mount -t overlay overlay "$TREE" -o "lowerdir=$made" \
		-o "upperdir=$TDIR/layer/upper,workdir=$TDIR/layer/work" ||
	    skip "no overlay file system"
	mkdir -p "$TREE$REGRESS_TMP" "$TREE/run/sshd"
	# In this order, because $TREE is below $REGRESS_TMP.
	mount -t proc proc "$TREE/proc" &&
	    mount --rbind /dev "$TREE/dev" &&
	    mount --bind "$REGRESS_TMP" "$TREE$REGRESS_TMP" ||
	    fatal "cannot mount into the tree"
	cp "$TDIR/etc/hosts" "$TREE/etc/hosts"
	SSHD="chroot $TREE /usr/sbin/sshd"
}

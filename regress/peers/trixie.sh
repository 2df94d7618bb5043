# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# For scripts that test against what Debian 13 has: regress/run has made the
# tree, or says why not.  Changes to it are kept apart and vanish.

TREE=$TDIR/trixie
# What is built there, for all of these scripts; inside it has the same name.
TRIXIE_BUILD=$REGRESS_TMP/trixie-build

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

build_in_trixie() {
	mkdir -p "$TRIXIE_BUILD" &&
	    chroot "$TREE" sh -c '
		cd "$1" && { [ -f Makefile ] ||
		    /src/configure --quiet CFLAGS=-O1; } && shift &&
		make -s -j "$(nproc)" "$@"' sh "$TRIXIE_BUILD" "$@"
}

# trixie_make target ...: of these sources, with the libraries of the tree.
trixie_make() {
	mkdir -p "$TREE/src" && mount --bind "$SRCDIR" "$TREE/src" &&
	    locked trixie-build build_in_trixie "$@"
} >&2

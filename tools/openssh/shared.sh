# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What the scripts here share; each of them reads this file first.
#
#   SRCDIR    the sources of sshtap
#   BUILDDIR  where they are built
#   WORK      the trees of OpenSSH that are made, and what was said about it
#   CACHE     where get-source has put what they are made of
#   SERIES    the directory of the patches
#
# Each check is a line on standard output, "ok", "FAIL" or "skip", which
# tools/run-openssh counts.

# To which the series is made, and of which the trees are built.
VERSION=10.0p1

ok() {
	echo "ok openssh: $1"
}

# fail what [log]: shows the end of the log.
fail() {
	echo "FAIL openssh: $1"
	[ $# -gt 1 ] || return 0
	echo "--- the end of $2:"
	tail -n "${OPENSSH_TAIL:-40}" "$2" | sed 's/^/    /'
	echo "---"
}

skip() {
	echo "skip openssh: $1: $2"
}

# === The series ===

patches() {
	for patch in "$SERIES"/[0-9]*.patch; do
		[ ! -f "$patch" ] || echo "$patch"
	done
}

# What another release needs before them.
patches_before() {
	for patch in "$SERIES/$1"/[0-9]*.patch; do
		[ ! -f "$patch" ] || echo "$patch"
	done
}

# Those at the beginning that touch nothing but the tests.
test_patches() {
	for patch in $(patches); do
		[ -z "$(files_of "$patch" | grep -v '^regress/')" ] || break
		echo "$patch"
	done
}

# Of patches: the files that they touch, and those among them that are new.
files_of() {
	sed -n 's,^diff --git a/\([^ ]*\) b/.*,\1,p' "$@" | sort -u
}

new_files_of() {
	awk '/^diff --git / { file = substr($4, 3) }
	/^new file mode / { print file }' "$@" | sort -u
}

# apply tree patch ...: an offset is fine, a fuzz is not.
apply() {
	applied_to=$1
	shift
	for patch in "$@"; do
		echo "applying ${patch##*/}"
		patch -d "$applied_to" -p1 -F0 -N -t --no-backup-if-mismatch \
		    <"$patch" || return 1
	done
}

# === Sources ===

# The file that get-source has for a name.
file_of() {
	case $1 in
	debian-*)	set -- "$CACHE"/openssh_"${1#debian-}"-*.debian.tar.xz ;;
	*)		set -- "$CACHE/openssh_$1.orig.tar.gz" ;;
	esac
	shift $(($# - 1))
	[ -f "$1" ] && echo "$1"
}

# unpack name tree
unpack() {
	rm -rf "$2"
	mkdir -p "$2" &&
	    tar -xzf "$(file_of "${1#debian-}")" -C "$2" --no-same-owner \
		--strip-components=1 || return 1
	case $1 in
	debian-*)	patch_as_debian "$2" "$(file_of "$1")" ;;
	esac
}

# The patches that debian/patches/series names, as dpkg-source applies them.
patch_as_debian() {
	tar -xJf "$2" -C "$1" --no-same-owner || return 1
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1/debian/patches/series" |
	    while read -r name options; do
		apply "$1" "$1/debian/patches/$name" || exit 1
	done
}

# === Building ===

sum_of() {
	cat "$@" | sha256sum
}

# made_of script patch ...: what a tree is made of, so that another one is
# known.
made_of() {
	sum_of "$SRCDIR/tools/openssh/$1" "$SRCDIR/tools/openssh/shared.sh"
	shift
	for patch in "$(file_of "$VERSION")" "$@"; do
		sum_of "$patch"
	done
}

# make_configure tree patch ...: the release has a configure that is made of
# the configure.ac in it.
make_configure() {
	touched=$1
	shift
	case "$(files_of "$@" </dev/null)" in
	*configure.ac*|*m4/*)
		(cd "$touched" && autoconf && autoheader) || return 1 ;;
	esac
	touch "$touched/config.h.in" "$touched/configure"
}

# make, as if nobody had called us by it.
plain_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u LTESTS -u SRCDIR \
	    -u BUILDDIR -u TALLY "${MAKE:-make}" "$@"
}

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || jobs=1

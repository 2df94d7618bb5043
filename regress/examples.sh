# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What the scripts share that run the examples of libethtap, built as users
# build theirs: against what was installed, through pkg-config.  Read this
# file after test-exec.sh.

CC=${CC:-cc}
CXX=${CXX:-c++}
MAKE=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS
INSTALLED=$TDIR/installed
PKG_CONFIG_SYSROOT_DIR=$INSTALLED
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS \
    PKG_CONFIG_ALLOW_SYSTEM_LIBS

# Words in front of a program; the program that start has started.
AS_EXAMPLE=
PROGRAM_PID=
require_cmd pkg-config "${CC%% *}" "${MAKE%% *}" find

# === Building ===

# run_make directory target
run_make() {
	$MAKE -C "$1" "$2" DESTDIR="$INSTALLED" >&2
}

# install_library directory: of the build.
install_library() {
	run_make "$1" install-ethtap ||
	    fatal "make install-ethtap does not work"
	PKG_CONFIG_LIBDIR=$(find "$INSTALLED" -type d -name pkgconfig)
	export PKG_CONFIG_LIBDIR
	LIBDIR=$(dirname "$PKG_CONFIG_LIBDIR")
	LD_LIBRARY_PATH=$LIBDIR
	export LD_LIBRARY_PATH
}

# $CC and what pkg-config says hold several words.
build_shared() {
	$CC -o "$BIN/$1" "$2" $(pkg-config --cflags --libs libethtap) >&2
}

build_static() {
	$CC -o "$BIN/$1" "$2" $(pkg-config --cflags libethtap) \
	    "$LIBDIR/libethtap.a" >&2
}

# build_examples shared|static: into $BIN.
build_examples() {
	mkdir "$BIN"
	for source in "$SRCDIR"/examples/*.c; do
		"build_$1" "$(basename "$source" .c)" "$source" || return 1
	done
}

# === Running ===

# start program [arg ...]: in near, until it has named its devices.
start() {
	started=$1
	verbose "$*"
	shift
	# $AS_EXAMPLE holds several words.
	nsenter --net=/run/netns/near $AS_EXAMPLE "$BIN/$started" "$@" \
	    >"$TDIR/out" 2>"$TDIR/err" </dev/null &
	PROGRAM_PID=$!
	wait_for 5 has_named_all $# ||
	    fatal "$started does not start: $(cat "$TDIR/err")"
}

# Each example that opens devices has one argument for each.
has_named_all() {
	[ "$(grep -c "^$started: [a-z]*[0-9]*\$" "$TDIR/err")" -eq "$1" ]
}

stop() {
	kill "$PROGRAM_PID" 2>/dev/null
	wait "$PROGRAM_PID" 2>/dev/null
}

# It says why and ends, when its device is gone.
ends_with_device() {
	wait_for 5 gone "$PROGRAM_PID" &&
	    grep -q "device no longer exists" "$TDIR/err"
}

# run program arg ...: in near, to its end.
run() {
	ran=$1
	shift
	near $AS_EXAMPLE "$BIN/$ran" "$@"
}

list_says() {
	listed=$(run ethtap-list)
	trace "list: $listed"
	[ "$listed" = "$1" ]
}

# refuses pattern program arg ...: status 1 and a line that matches.
refuses() {
	pattern=$1
	shift
	run "$@" >&2 2>"$TDIR/err" && return 1
	cat "$TDIR/err" >&2
	grep -q "^$1: .*$pattern" "$TDIR/err"
}

# === Frames ===

# What ethtap-dump has to print for those of frametool.
expected_dump() {
	awk -v sizes="$1" -v count="$2" -v seed="$3" 'BEGIN {
		k = split(sizes, size, ",")
		for (n = 0; n < count; n++)
			printf "02:%02x:00:00:%02x:%02x > " \
			    "ff:ff:ff:ff:ff:ff, ethertype 0x88b5, length %d\n",
			    seed, n / 256, n % 256, size[n % k + 1]
	}'
}

dump_is_right() {
	grep 0x88b5 "$TDIR/out" >"$TDIR/dump"
	cmp "$TDIR/expected" "$TDIR/dump"
}

# dump_shows_all sizes count seed
dump_shows_all() {
	expected_dump "$@" >"$TDIR/expected"
	send_frames near "$@" 0x88b5 0 6000
	wait_for 5 dump_is_right
}

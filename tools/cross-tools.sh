# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# What those share that compile for macOS; each of them reads this file.
#
# CC, CPPFLAGS, LDFLAGS and NM are those of the build: tools/make-stubs looks
# with them for the libraries.

# Processor, oldest macOS, and how a file for it begins: the oldest with
# feth(4), and the first for the other processor.
CROSS_TARGETS="aarch64:11.0:0c000001 x86_64:10.13:07000001"
CACHE_MAX=1048576	# kilobytes of compiled files that are kept

# cross_get directory cache: the compiler, and the libraries' stubs below
# directory/stubs.  Why not, is the last line of directory/log.
cross_get() {
	zig=$(sh "$SRCDIR/tools/get-zig" "$2" 2>"$1/log") &&
	    sh "$SRCDIR/tools/make-stubs" "$1/stubs" 2>"$1/log" || return 1
	# Compiled files stay in there, for this build and the next ones.
	ZIG_GLOBAL_CACHE_DIR=$2/zig-cache
	export ZIG_GLOBAL_CACHE_DIR
	[ "$(du -sk "$ZIG_GLOBAL_CACHE_DIR" 2>/dev/null | cut -f 1)" \
	    -lt $CACHE_MAX ] 2>/dev/null || rm -rf "$ZIG_GLOBAL_CACHE_DIR"
}

# $1: one of the targets.
cross_target() {
	arch=${1%%:*} cputype=${1##*:}
	oldest=${1#*:} oldest=${oldest%:*}
}

# write_tool file command ...
write_tool() {
	tool=$1
	shift
	printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$tool.new"
	chmod 755 "$tool.new"
	mv "$tool.new" "$tool"
}

# cross_write_tools directory: for the target.  zig adds a sanitizer, which
# Apple's compiler does not.
cross_write_tools() {
	mkdir -p "$1"
	write_tool "$1/cc" "'$zig'" cc -target "$arch-macos.$oldest" \
	    -fno-sanitize=undefined -Wunguarded-availability
	write_tool "$1/ar" "'$zig'" ar
	write_tool "$1/ranlib" "'$zig'" ranlib
	write_tool "$1/nm" "$(command -v llvm-nm || echo false)"
	write_tool "$1/objcopy" false
}

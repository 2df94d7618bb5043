# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
#
# Traffic that several scripts send through a tunnel.  Read this file after
# test-exec.sh.

iperf() {
	nsenter --net=/run/netns/far iperf3 -s -1 >&2 &
	iperf_pid=$!
	wait_for 5 far sh -c "ss -ltn | grep -q ':5201 '" &&
	    near iperf3 -c 198.18.0.2 -n 10M "$@" >&2
	status=$?
	kill "$iperf_pid" 2>/dev/null
	wait "$iperf_pid" 2>/dev/null
	return $status
}

# iperf_checks [what]
iperf_checks() {
	what=${1:+$1: }TCP
	if command -v iperf3 >/dev/null && command -v ss >/dev/null; then
		check "$what, near to far" iperf
		check "$what, far to near" iperf -R
	else
		skip_check "$what" "iperf3 or ss is not installed"
	fi
}

# each_size from to [count]: every size from a bare header to the MTU, so many
# frames of each.
each_size() {
	for first in 14 200 400 600 800 1000 1200 1400; do
		last=$((first + 199))
		[ $first -ne 14 ] || last=199
		[ $first -ne 1400 ] || last=1514
		size=$first
		while [ $size -le $last ]; do
			sizes=$size n=1
			size=$((size + 1))
			while [ $n -lt 16 ] && [ $size -le $last ]; do
				sizes=$sizes,$size
				size=$((size + 1)) n=$((n + 1))
			done
			frames_cross "$1" "$2" "$sizes" $((n * ${3:-3})) \
			    $((size % 200)) || return 1
		done
	done
}

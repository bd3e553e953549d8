#!/bin/sh
# Live speed on a veth pair in two namespaces of its own; two minutes.  77: it cannot be done here, and why.
#	live.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
B=$1
dir=${BENCH_DIR:-$B/bench}
skip() {
	echo "live speed: skipped: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root, for namespaces and packet sockets"
for tool in ip ethtool tcpdump python3; do
	command -v $tool >/dev/null || skip "needs $tool"
done
ip netns add gwspeed$$ 2>/dev/null || skip "cannot make network namespaces here"
ip netns del gwspeed$$
mkdir -p "$dir"
. tests/bench/captures.sh
bench_traffic
for tool in send listen; do
	${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -o "$dir/$tool" tests/bench/$tool.c -lpcap
done
make_capture gateway 1000000 gateway
make_capture small 300000 small
exec python3 tests/bench/live.py "$dir" "$B/gatewitness"

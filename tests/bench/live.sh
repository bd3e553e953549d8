#!/bin/sh
# Live speed on a veth pair in two namespaces of its own; two minutes.  77: it cannot be done here, and why.
#	live.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
B=$1
dir=${BENCH_DIR:-$B/bench}
. tests/common/needs.sh
needs ethtool tcpdump python3
mkdir -p "$dir"
. tests/bench/captures.sh
bench_traffic
for tool in send listen; do
	${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -o "$dir/$tool" tests/bench/$tool.c -lpcap
done
make_capture gateway 1000000 gateway
make_capture small 300000 small
exec python3 tests/bench/live.py "$dir" "$B/gatewitness"

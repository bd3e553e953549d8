#!/bin/sh
# Makes the captures (about 6 GiB in BENCH_DIR, default BUILD/bench) and prints the tables.
#	run.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
B=$1
dir=${BENCH_DIR:-$B/bench}
mkdir -p "$dir"
. tests/bench/captures.sh
bench_traffic
${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -o "$dir/bare" tests/bench/bare.c -lpcap
${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -Isrc -o "$dir/known" tests/bench/known.c "$B/core.a"
${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -Isrc -o "$dir/records" tests/bench/records.c "$B/src/flow/classify.o" \
    "$B/src/base/crypt.o" "$B/core.a" -lcrypto -lndpi
make_capture gateway 1000000 gateway
make_capture gateway 20000 gateway-20k
make_capture gateway 200000 gateway-200k
make_capture open 20000 open-20k
make_capture open 200000 open-200k
make_capture brief 20000 brief-20k
make_capture brief 200000 brief-200k
make_capture small 300000 small
make_capture flood 1000000 flood
make_capture hellos 100000 hellos
make_capture scale 1000 scale-1k
make_capture scale 1000000 scale-1m
make_capture scale-long 1000 scale-long-1k
make_capture scale-long 1000000 scale-long-1m
exec python3 tests/bench/bench.py "$dir" "$B/gatewitness"

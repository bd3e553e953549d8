#!/bin/sh
# Attacks on the sensor, as captures: what a packet costs beside one of the gateway mix, memory, known clients kept.
#	attacks.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
B=$1
dir=${BENCH_DIR:-$B/bench}/attacks
mkdir -p "$dir"
. tests/bench/captures.sh
bench_traffic
${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -Isrc -o "$dir/attack" tests/bench/attack.c "$B/core.a" "$B/src/base/crypt.o" \
    -lcrypto
exec python3 tests/bench/attacks.py "$dir" "$B/gatewitness" $templates

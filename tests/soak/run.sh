#!/bin/sh
# Soak and chaos, on a veth pair and a small disk of its own.  77: it cannot be done here, and why.
#	run.sh BUILD MINUTES [SEED [EVENT...]]
set -eu
cd "$(dirname "$0")/../.."
B=$1 minutes=$2
shift 2
dir=${SOAK_DIR:-$B/soak}
. tests/common/needs.sh
needs ethtool python3 mount
mkdir -p "$dir"
. tests/bench/captures.sh
bench_traffic
${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -o "$dir/send" tests/bench/send.c
make_capture gateway 300000 gateway
make_capture small 30000 small
exec python3 tests/soak/soak.py "$dir" "$B/tests/soak/clock" "$minutes" "$@"

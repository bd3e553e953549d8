#!/bin/sh
# Captures cut at every byte of their first 4 KiB and at 200 seeded places are read without a crash: what was whole
# before the cut is kept, the exit code is 0 or 1, and nothing is left unsaid.
#	cut.sh GATEWITNESS [CAPTURE...]		default: every third golden capture in turn
set -eu
cd "$(dirname "$0")/../.."
program=$1
shift
[ $# -gt 0 ] || set -- $(ls tests/golden/*/*.pcap | awk 'NR % 3 == 1')
exec python3 tests/bad/cut.py "$program" "$@"

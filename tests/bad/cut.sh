#!/bin/sh
# Captures cut at every byte of their first 4 KiB and at 200 seeded places go through the whole pipeline.
#	cut.sh BUILD [CAPTURE...]		default: every fourth golden capture
set -eu
cd "$(dirname "$0")/../.."
cuts=$1/tests/fuzz/main/cuts
shift
[ $# -gt 0 ] || set -- $(ls tests/golden/*/*.pcap | awk 'NR % 4 == 1')
exec "$cuts" "$@"

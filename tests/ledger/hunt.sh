#!/bin/sh
# Hunts with --where pass over the blocks that cannot answer, and find the same.
#	hunt.sh GATEWITNESS WORLD
set -eu
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$2" --seed 5 --days 1 --users 2 --behaviour C01 --pcap "$dir/world.pcap" >/dev/null
"$program" read --quiet --set ndpi.enabled=no --ledger "$dir/ledger" "$dir/world.pcap"
rm "$dir/world.pcap"
tests/ledger/hunt.py "$program" "$(echo "$dir"/ledger/import-*)"

#!/bin/sh
# Queries while a ledger is written.
#	while.sh GATEWITNESS WORLD
set -eu
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$2" --seed 5 --days 3 --users 2 --behaviour C01 --pcap "$dir/world.pcap" >/dev/null
tests/ledger/while.py "$program" "$dir/world.pcap" "$dir"

#!/bin/sh
# Two reads of the same captures give the same bytes, with nDPI and all; the table's key is random in each run.
set -eu
cd "$(dirname "$0")/../.."
program=$1
one=$(mktemp)
two=$(mktemp)
trap 'rm -f "$one" "$two"' EXIT
for out in "$one" "$two"; do
	"$program" read --quiet --eve - tests/demo/demo.pcap tests/golden/*/*.pcap >"$out"
done
cmp "$one" "$two"
echo "$(wc -l <"$one") lines, twice the same"

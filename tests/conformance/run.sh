#!/bin/sh
# Reads every capture of a corpus and compares the EVE lines with what independent tools found.
#	conformance/run.sh GATEWITNESS CORPUS
set -eu
program=$(realpath "$1")
corpus=$2
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f "$corpus/expected.jsonl" ]; then
	echo "no corpus at $corpus (make conformance CORPUS=...)"
	exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
(cd "$corpus" && find . -name '*.pcap' -o -name '*.pcapng' | sed 's|^\./||' | LC_ALL=C sort) >"$out/list"
: >"$out/eve.json"
while read -r capture; do
	(cd "$corpus" && "$program" read --quiet --eve - "$capture") >>"$out/eve.json" 2>>"$out/errors" || {
		echo "$capture: exit $?"
		tail -n 1 "$out/errors"
	}
done <"$out/list"
python3 "$here/compare.py" "$out/eve.json" "$corpus/expected.jsonl"

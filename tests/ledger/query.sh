#!/bin/sh
# Queries of a ledger: the same rows whatever is passed over, and what cannot be there is not read.
#	query.sh GATEWITNESS
set -eu
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$program" read --quiet --set ndpi.enabled=no -c tests/demo/demo.conf --ledger "$dir/ledger" tests/demo/demo.pcap
folder=$(echo "$dir"/ledger/import-*)
tests/ledger/query.py "$program" "$folder" >"$dir/said" || { cat "$dir/said"; exit 1; }

# passed_over WHERE: nothing can hold that
passed_over() {
	"$program" query "$folder" "SELECT * FROM records WHERE $1" >"$dir/none"
	grep -q '^0 rows; 0 of ' "$dir/none" || { echo "$1: $(tail -n 1 "$dir/none")"; exit 1; }
}
passed_over "time < '2020-01-01'"
passed_over "src = '203.0.113.254'"
passed_over "sni = 'nobody.example'"
passed_over "bytes_in > 1000000000000"
passed_over "id = '0123456789abcdef'"

# A day that nobody sealed is read, too.
mkdir "$dir/open"
cp "$folder"/20* "$dir/open/"
chmod 644 "$dir/open"/*
[ "$("$program" query --csv "$dir/open" 'SELECT count(*) FROM sessions' | tail -n 1)" -gt 0 ] ||
	{ echo "an open day has no sessions"; exit 1; }
[ "$("$program" query --csv --sizes "$folder" | wc -l)" -gt 40 ] || { echo "--sizes: few columns"; exit 1; }
cat "$dir/said"

#!/bin/sh
# Every golden capture gives the EVE lines kept beside it, byte for byte.
#	run.sh GATEWITNESS [--write]	--write: make the present output the expected one
# A folder holds NAME.pcap, eve.json (expected) and, where wanted, args (options of `read`).
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
write=${2:-}
got=$(mktemp)
trap 'rm -f "$got"' EXIT
checked=0 bad=0
for folder in tests/golden/*/; do
	name=$(basename "$folder")
	args=$(cat "$folder/args" 2>/dev/null || true)
	(cd "$folder" && "$program" read --quiet --set ndpi.enabled=no --set sensor.name=golden --eve - $args "$name.pcap") >"$got" || {
		echo "$name: exit $?"
		bad=$((bad + 1))
		continue
	}
	checked=$((checked + 1))
	if [ "$write" = --write ]; then
		cp "$got" "$folder/eve.json"
	elif ! cmp -s "$got" "$folder/eve.json"; then
		echo "$name: differs"
		diff "$folder/eve.json" "$got" | cut -c1-400 | head -n 6
		bad=$((bad + 1))
	fi
done
echo "$checked captures"
[ "$bad" -eq 0 ] && [ "$checked" -gt 0 ]

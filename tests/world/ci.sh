#!/bin/sh
# tests/world/ci.sh: the part of `make evaluate` that every change must pass: what is found always, in one world each,
# and a fortnight of look-alikes without a false alert.  About a minute and a half on two cores.
#
#	tests/world/ci.sh build/tests/world/world

set -u
world=$1
seed=7
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Behaviours of which every variant that is marked strong is found in every world tried so far.
ALWAYS="B01 B02 B03 B06 B07 B08 B11 B15 B16 B17 B18 B19 B20 B23 B26 B28 B29 B31"

for behaviour in $ALWAYS; do
	"$world" evaluate --seeds 1 --first $seed --jobs 2 --behaviour "$behaviour" > "$log" 2>&1 || {
		grep -a MISSED "$log" || tail -n 3 "$log"
		echo "$behaviour is not found: $world evaluate --seeds 1 --first $seed --behaviour $behaviour"
		exit 1
	}
done
"$world" --seed $seed --lookalikes --days 14 --users 150 --show > "$log" 2>&1
grep -q ' 0 false from medium on' "$log" || {
	grep -aE 'FALSE +(medium|high|critical)' "$log" || tail -n 3 "$log"
	echo "false alerts: $world --seed $seed --lookalikes --days 14 --users 150 --show"
	exit 1
}
echo "$(echo "$ALWAYS" | wc -w) behaviours found, no false alert in a fortnight"

#!/bin/sh
# What months need, on days that are short: hunts that begin at a snapshot find what those from the first record find,
# and what was found then; retention by quota takes the oldest first and says so.
#	months.sh GATEWITNESS WORLD
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
world=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

fail() {
	echo "$*"
	bad=$((bad + 1))
}

"$world" --seed 5 --days 2 --users 1 --behaviour C01 --pcap "$dir/world.pcap" >/dev/null || fail "no world"
"$program" read --quiet --set ndpi.enabled=no --set ledger.snapshot=1d --set detect.learn=12h \
	--eve "$dir/read.json" --ledger "$dir/ledger" "$dir/world.pcap" || fail "read: exit $?"
rm "$dir/world.pcap"
folder=$(echo "$dir"/ledger/import-*)
since=$("$program" hunt --json "$folder" | jq -r 'select(.coverage).coverage.until' | cut -c1-10)
since=$(date -u -d "$since - 1 day + 1 hour" +%Y-%m-%dT%H:%M:%SZ)

# hunts NAME OPTION...: findings of the last day
hunts() {
	name=$1
	shift
	"$program" hunt --json --since "$since" "$@" "$folder" >"$dir/$name.said"
	jq -cS 'select(.finding)' "$dir/$name.said" >"$dir/$name.findings"
	jq -r 'select(.coverage).coverage.snapshot' "$dir/$name.said" >"$dir/$name.snapshot"
}

hunts was --as-was
hunts today
[ "$(cat "$dir/was.snapshot")" != null ] && [ "$(cat "$dir/today.snapshot")" != null ] || fail "no hunt begins at a snapshot"
"$program" verify --quiet "$folder" >"$dir/said" || fail "verify: $(cat "$dir/said")"
for file in "$folder"/snapshot-*; do
	mv "$file" "$dir/kept"
	"$program" verify --quiet "$folder" >"$dir/said" && fail "a snapshot that is gone is called whole"
	grep -q 'missing .*snapshot-' "$dir/said" || fail "a snapshot that is gone: $(cat "$dir/said")"
	sed 's/./X/' "$dir/kept" >"$file"
	"$program" verify --quiet "$folder" >"$dir/said" && fail "an altered snapshot is called whole"
	grep -q 'altered .*snapshot-' "$dir/said" || fail "an altered snapshot: $(cat "$dir/said")"
	rm "$file"
done
hunts was-first --as-was
hunts today-first
[ "$(cat "$dir/was-first.snapshot")" = null ] || fail "a hunt begins at a snapshot that is gone"
for kind in was today; do
	[ -s "$dir/$kind.findings" ] || fail "$kind: nothing found"
	cmp -s "$dir/$kind.findings" "$dir/$kind-first.findings" || {
		fail "$kind: other findings from the snapshot than from the first record"
		diff "$dir/$kind.findings" "$dir/$kind-first.findings" | cut -c1-200 | head -n 4
	}
done
# and those of then, from EVE
jq -r --arg since "$since" 'select(.gatewitness.finding and (.timestamp[:19] >= $since[:19])) | .gatewitness.finding' \
	"$dir/read.json" | sort >"$dir/then"
jq -r '.finding.id' "$dir/was.findings" | sort >"$dir/now"
[ -s "$dir/then" ] && cmp -s "$dir/then" "$dir/now" ||
	fail "as-was: $(wc -l <"$dir/now") findings of the last day, then $(wc -l <"$dir/then")"

echo "$(wc -l <"$dir/was.findings") findings of a day, from a snapshot, from the first record and live: the same"
[ "$bad" -eq 0 ]

#!/bin/sh
# The ledger's promise, on every golden capture, the demo and days of attacks: what hunt --as-was finds is what read
# found, line for line, the ledger is whole, a byte that is altered is found, and the same capture is not taken twice.
#	run.sh GATEWITNESS [WORLD]	WORLD: makes the days of attacks (build/tests/world/world), one with losses
# CATALOGUE=yes: of every variant of every behaviour, and a day of look-alikes, instead of three behaviours (make as-was).
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
world=${2:-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
captures=0 findings=0 bad=0

fail() {
	echo "$1: $2"
	bad=$((bad + 1))
}

# both CAPTURE OPTION...
both() {
	capture=$1
	shift
	captures=$((captures + 1))
	rm -rf "$dir/ledger"
	"$program" read --quiet --set ndpi.enabled=no --set detect.learn=75s --eve "$dir/read.json" \
		--ledger "$dir/ledger" "$@" "$capture" || fail "$capture" "read: exit $?"
	"$program" hunt --as-was --eve "$dir/hunt.json" --json "$dir/ledger" >"$dir/said" || fail "$capture" "hunt: exit $?"
	# whole lines of findings and incidents, but for the capture's name
	for side in read hunt; do
		jq -cS 'select(.event_type == "alert" or .gatewitness.event == "finding" or
			.gatewitness.event == "incident_closed") | del(.pcap_filename)' \
			"$dir/$side.json" >"$dir/$side.findings"
	done
	findings=$((findings + $(wc -l <"$dir/read.findings")))
	cmp -s "$dir/read.findings" "$dir/hunt.findings" || {
		fail "$capture" "hunt --as-was finds other things"
		diff "$dir/read.findings" "$dir/hunt.findings" | cut -c1-300 | head -n 6
	}
	# a hunt that unpacks the fields that detectors read finds what one does that unpacks all
	"$program" hunt --json "$dir/ledger" >"$dir/some" && "$program" hunt --json --eve /dev/null "$dir/ledger" >"$dir/all" ||
		fail "$capture" "hunt: exit $?"
	cmp -s "$dir/some" "$dir/all" || fail "$capture" "hunt finds other things without --eve"
	[ "$(jq -r 'select(.verification).verification.whole' "$dir/said")" = true ] || fail "$capture" "not whole"
	"$program" verify --quiet --key "$dir/ledger/seal.pub" "$dir/ledger" >/dev/null || fail "$capture" "verify"
}

for folder in tests/golden/*/; do
	name=$(basename "$folder")
	# shellcheck disable=SC2046 # options are words
	both "$folder/$name.pcap" $(cat "$folder/args" 2>/dev/null || true)
done

# day NAME OPTION...: of a world
day() {
	name=$1
	shift
	"$world" --seed 3 --days 1 --pcap "$dir/$name.pcap" "$@" >/dev/null || fail "$name" "no world"
	both "$dir/$name.pcap"
	rm -f "$dir/$name.pcap"
}

if [ -n "${CATALOGUE:-}" ]; then
	"$world" list | awk '$1 ~ /^[BC][0-9]/ { print $1, $2 }' >"$dir/catalogue"
	while read -r behaviour variant; do
		day "$behaviour-$variant" --users 1 --behaviour "$behaviour" --variant "$variant"
	done <"$dir/catalogue"
	day lookalikes --users 20 --lookalikes
else
	for behaviour in ${world:+B01 B15}; do
		day "$behaviour" --users 1 --behaviour "$behaviour"
	done
fi
# each finding says how much was seen before it
[ -z "$world" ] || day lossy --users 1 --behaviour B03 --loss 20000
both tests/demo/demo.pcap -c tests/demo/demo.conf

# Of one detector: in EVE what is shown, and nothing of the others.
"$program" hunt --as-was --json --detector new_egress --eve "$dir/one.json" "$dir/ledger" >"$dir/said" || fail demo "hunt: exit $?"
jq -r '.finding.id // empty' "$dir/said" | sort >"$dir/shown"
jq -r '.gatewitness.finding // "another line"' "$dir/one.json" | sort >"$dir/written"
jq -r 'select(.gatewitness.detector == "new_egress").gatewitness.finding' "$dir/hunt.findings" | sort >"$dir/all"
[ -s "$dir/all" ] && [ "$(wc -l <"$dir/all")" -lt "$(wc -l <"$dir/hunt.findings")" ] ||
	fail demo "its findings are not of several detectors"
cmp -s "$dir/shown" "$dir/written" && cmp -s "$dir/shown" "$dir/all" ||
	fail demo "hunt --detector: $(paste -sd' ' "$dir/shown"); in EVE $(paste -sd' ' "$dir/written")"

"$program" read --quiet --ledger "$dir/ledger" tests/demo/demo.pcap 2>"$dir/err" && fail demo "taken twice"
grep -q 'imported before' "$dir/err" || fail demo "$(cat "$dir/err")"
"$program" verify --json --key "$dir/ledger/seal.pub" "$dir/ledger" >"$dir/said" || fail demo "verify --json: exit $?"
jq -se 'length > 1 and all(.[:-1][]; .verdict == "whole" and (.of | test("/import-")) and .says != "") and (.[-1] |
	.sum == "whole" and .days == 1 and .records > 0 and .altered + .missing + .torn + .unread + .expired == 0 and
	.seal == "key")' "$dir/said" >/dev/null || fail demo "$(cat "$dir/said")"
"$program" verify --json --quiet "$dir/ledger" >"$dir/said" || fail demo "verify --json --quiet: exit $?"
jq -se 'length == 1 and .[0].sum == "whole" and .[0].seal == "own"' "$dir/said" >/dev/null || fail demo "$(cat "$dir/said")"
file=$(ls "$dir"/ledger/import-*/*.sessions)
chmod 644 "$file"
printf '\377' | dd of="$file" bs=1 seek=9000 conv=notrunc 2>/dev/null
"$program" verify "$dir/ledger" >"$dir/said" && fail demo "an altered byte is called whole"
grep -q 'altered.*sessions: is not what was sealed' "$dir/said" || fail demo "$(cat "$dir/said")"
"$program" verify --json "$dir/ledger" >"$dir/said" && fail demo "an altered byte is called whole in JSON"
jq -se 'any(.[]; .verdict == "altered" and (.says | test("is not what was sealed"))) and .[-1].sum == "not whole" and
	.[-1].altered > 0' "$dir/said" >/dev/null || fail demo "$(cat "$dir/said")"
"$program" hunt "$dir/ledger" >"$dir/said" && fail demo "hunt does not say that the ledger was altered"
grep -q 'NOT WHOLE' "$dir/said" || fail demo "$(tail -n 3 "$dir/said")"

echo "$captures captures, $findings lines of findings and incidents: hunt --as-was finds what read found"
[ "$bad" -eq 0 ] && [ "$findings" -gt 0 ]

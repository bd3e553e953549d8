#!/bin/sh
# The demo's capture through a file sink of every format; rotation, filters, reopening, the test alert.
#	run.sh GATEWITNESS
set -eu
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "$*"
	exit 1
}

# Two reads of the same bytes write the same bytes, in every format.
for run in one two; do
	mkdir "$dir/$run"
	printf 'include = %s\n[sensor]\nsite = Zürich "4"\n' "$PWD/tests/demo/demo.conf" >"$dir/$run.conf"
	for format in eve ecs ocsf cef leef zeek fleet text; do
		case $format in
		ocsf | zeek) events=alerts,incidents,sessions ;;
		*) events=alerts,incidents,sessions,stats ;;
		esac
		printf '[sink %s]\npath = %s\nformat = %s\nevents = %s\n' \
			"$format" "$dir/$run/out.$format" "$format" "$events" >>"$dir/$run.conf"
	done
	"$program" read --quiet -c "$dir/$run.conf" tests/demo/demo.pcap
done
diff -r "$dir/one" "$dir/two" >/dev/null || fail "two reads differ: $(diff -rq "$dir/one" "$dir/two")"
words=$(python3 tests/sink/check.py "$dir/one") || fail "$words"

# The EVE sink has the lines of --eve, less those that have no event of their own.
"$program" read --quiet -c tests/demo/demo.conf --set 'sensor.site=Zürich "4"' --eve "$dir/eve.json" tests/demo/demo.pcap
grep -E '"event_type":"(tls|quic|flow|stats|anomaly|alert)"|incident_closed' "$dir/eve.json" |
	cmp - "$dir/one/out.eve" || fail "the eve format is not what --eve writes"

# Numbered files: none is larger than it may be, together they are the whole, compressed or not.
one() { "$program" read --quiet -c tests/demo/demo.conf --set sink.s.path="$dir/r/log" --set sink.s.format=ecs \
	--set sink.s.events=sessions "$@" tests/demo/demo.pcap; }
mkdir "$dir/r"
one
mv "$dir/r/log" "$dir/whole"
one --set sink.s.rotate_size=32KiB --set sink.s.rotate_keep=100 --set sink.s.compress=yes
files=$(ls "$dir/r" | wc -l)
[ "$files" -gt 3 ] || fail "rotation by size made $files files"
[ "$(find "$dir/r" -name '*.gz' | wc -l)" -eq $((files - 1)) ] || fail "not all rotated files are compressed: $(ls "$dir/r")"
for n in $(seq $((files - 1)) -1 1); do gzip -dc "$dir/r/log.$n.gz"; done | cat - "$dir/r/log" | cmp - "$dir/whole"
for n in $(seq $((files - 1)) -1 1); do
	[ "$(gzip -dc "$dir/r/log.$n.gz" | wc -c)" -le 32768 ] || fail "log.$n.gz is too large"
done
rm "$dir/r/"*
one --set sink.s.rotate_time=30s --set sink.s.rotate_keep=2
[ "$(ls "$dir/r" | tr '\n' ' ')" = "log log.1 log.2 " ] || fail "rotation by time left $(ls "$dir/r")"
cat "$dir/r/log.2" "$dir/r/log.1" "$dir/r/log" >"$dir/kept"
tail -c "$(wc -c <"$dir/kept")" "$dir/whole" | cmp - "$dir/kept"

# Filters: severity, a question about the finding, a question about the session.
count() {
	"$program" read --quiet -c tests/demo/demo.conf --set sink.s.path=- --set sink.s.format=text "$@" \
		tests/demo/demo.pcap | wc -l
}
all=$(count)
critical=$(count --set sink.s.severity=critical)
leak=$(count --set 'sink.s.where=detector = leak_loop')
calls=$(count --set sink.s.events=sessions --set 'sink.s.where=role = outbound')
[ "$all" -gt "$critical" ] && [ "$critical" -gt 0 ] || fail "severity: $critical of $all"
[ "$leak" -eq 1 ] || fail "where: $leak alerts of leak_loop"
[ "$calls" -eq "$(jq -s '[.[] | select(.event_type == "flow")] | map(select(.src_ip == "192.0.2.10" or
	.src_ip == "2001:db8:0:1::10")) | length' "$dir/eve.json")" ] || fail "where: $calls sessions of the gateway"

# With pseudonyms no client's address is sent, and a question about one finds it all the same.
printf '%064d\n' 7 >"$dir/key"
chmod 600 "$dir/key"
clear=$(count --set sink.s.events=sessions --set 'sink.s.where=src = 203.0.113.140')
hidden=$(count --set privacy.pseudonymize=yes --set privacy.key="$dir/key" --set sink.s.events=sessions \
	--set 'sink.s.where=src = 203.0.113.140')
[ "$clear" -gt 0 ] && [ "$hidden" -eq "$clear" ] || fail "pseudonyms: $hidden sessions, not $clear"
one --set privacy.pseudonymize=yes --set privacy.key="$dir/key" --set sink.s.events=alerts,incidents,sessions
! grep -q '203\.0\.113\.140' "$dir/r/log" || fail "a client's address in spite of pseudonyms"

# A test alert goes behind what is there, and ends a line that was torn off.
printf 'torn' >"$dir/t"
said=$("$program" test-sink t --set sink.t.path="$dir/t" --set sink.t.format=cef 2>&1)
[ "$(sed -n 1p "$dir/t")" = torn ] && [ "$(wc -l <"$dir/t")" -eq 2 ] || fail "test-sink: $(cat "$dir/t")"
id=$(echo "$said" | grep -o '[0-9a-f]\{16\}')
grep -q "externalId=$id" "$dir/t" || fail "test-sink: $said"
grep -q 'flexString1=test' "$dir/t" || fail "test-sink: no mark"

# A sink that cannot write is told once, and the others have everything.
if [ -c /dev/full ]; then
	code=0
	"$program" read --quiet -c tests/demo/demo.conf --set sink.a.path=/dev/full --set sink.b.path="$dir/b" \
		--set sink.b.format=text --set sink.a.events=sessions tests/demo/demo.pcap 2>"$dir/err" || code=$?
	[ "$code" -eq 1 ] && [ "$(wc -l <"$dir/err")" -eq 1 ] && grep -q '^gatewitness: sink a: /dev/full' "$dir/err" ||
		fail "a full disk: exit $code, $(cat "$dir/err")"
	[ "$(wc -l <"$dir/b")" -eq "$all" ] || fail "a full disk took another sink's alerts"
fi
echo "$words, twice the same; rotated, filtered, tested"

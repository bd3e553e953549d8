#!/bin/sh
# The number of taps changes no byte of what is said: every capture, read by one process and by 1, 2 and 4 taps.
#	run.sh GATEWITNESS			the golden captures, the demo, several at once, ledgers
#	run.sh GATEWITNESS --corpus FOLDER	every capture below it
# nDPI is off: how often it was asked depends on who saw an equal hello before.
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pass=0 fail=0 lines=0
(umask 077 && echo 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff >"$work/key")
head -c 300000 tests/demo/demo.pcap >"$work/cut"

# same NAME OPTION... CAPTURE...: the same exit code and the same lines
same() {
	name=$1
	shift
	"$program" read --quiet --set ndpi.enabled=no --set sensor.name=taps --set eve.stats=10s --set eve.replay=yes \
		--set eve.updates=yes --eve "$work/one" "$@" 2>"$work/one.err"
	code=$?
	[ -s "$work/one" ] || echo "$name: no lines: $(cat "$work/one.err")"
	sort "$work/one.err" >"$work/one.said"
	lines=$((lines + $(wc -l <"$work/one")))
	for taps in 1 2 4; do
		"$program" read --taps $taps --quiet --set ndpi.enabled=no --set sensor.name=taps --set eve.stats=10s \
			--set eve.replay=yes --set eve.updates=yes --eve "$work/many" "$@" 2>"$work/many.err"
		got=$?
		sort "$work/many.err" >"$work/many.said"
		if [ $got -eq $code ] && cmp -s "$work/one" "$work/many" && cmp -s "$work/one.said" "$work/many.said"; then
			pass=$((pass + 1))
		else
			fail=$((fail + 1))
			echo "$name: differs with $taps taps (exit $code and $got)"
			diff "$work/one" "$work/many" | cut -c1-300 | head -n 4
			diff "$work/one.said" "$work/many.said" | cut -c1-300 | head -n 4
		fi
	done
}

if [ "${1:-}" = --corpus ]; then
	if [ ! -d "$2" ]; then
		echo "no corpus at $2"
		exit 77
	fi
	find "$2" -name '*.pcap' -o -name '*.pcapng' | LC_ALL=C sort >"$work/list"
	while read -r capture; do
		same "$capture" "$capture"
	done <"$work/list"
	echo "$pass the same, $fail not; $lines lines"
	[ "$fail" -eq 0 ]
	exit
fi
for folder in tests/golden/*/; do
	name=$(basename "$folder")
	# shellcheck disable=SC2046 # args are words
	same "$name" $(cat "$folder/args" 2>/dev/null) "$folder$name.pcap"
done
demo=tests/demo/demo.pcap
same "demo" -g 192.0.2.10,2001:db8:0:1::10 --set detect.learn=0s "$demo"
same "demo, gateway looked for" "$demo"
same "demo, learning" -c tests/demo/demo.conf "$demo"
same "demo, under pseudonyms" -g 192.0.2.10 --set privacy.pseudonymize=yes --set privacy.key="$work/key" "$demo"
same "several captures, times going back" -g 192.0.2.10 "$demo" tests/golden/curl/curl.pcap "$demo"
same "captures that are none" "$demo" tests/golden/run.sh "$work/none" tests/golden/go/go.pcap
same "a capture that is cut" "$work/cut" "$demo"
# ledgers: the same rows in the same commits; what differs is whose key signs
for taps in 1 4; do
	for how in "" "--taps $taps"; do
		rm -rf "$work/ledger"
		# shellcheck disable=SC2086
		"$program" read $how --quiet --set ndpi.enabled=no --set sensor.name=taps -g 192.0.2.10 \
			--ledger "$work/ledger" "$demo"
		find "$work/ledger" -name seals -exec sed 's/ key=.*//' {} + >"$work/seals${how:+.taps}"
	done
	if grep -q ' head=' "$work/seals" && cmp "$work/seals" "$work/seals.taps"; then
		pass=$((pass + 1))
	else
		fail=$((fail + 1))
		echo "ledger: differs with $taps taps"
	fi
done
echo "$pass the same, $fail not; $lines lines"
[ "$fail" -eq 0 ]

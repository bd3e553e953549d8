#!/bin/sh
# Two builds of the program say the same bytes, and each reads the ledgers of the other: a card goes from the board into
# a PC, and an investigation must not depend on which of them was asked.
#	same.sh NATIVE OTHER [CORPUS]	CORPUS: a folder of captures, each read by both
set -u
cd "$(dirname "$0")/../.." || exit 1
native=$(realpath "$1") other=$(realpath "$2") corpus=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compared=0 bytes=0 bad=0

# either NAME ARGUMENT...: what both print, on either channel, and how they end
either() {
	name=$1
	shift
	"$native" "$@" >"$work/native" 2>"$work/native.err"
	echo "exit $?" >>"$work/native.err"
	"$other" "$@" >"$work/other" 2>"$work/other.err"
	echo "exit $?" >>"$work/other.err"
	compared=$((compared + 1))
	bytes=$((bytes + $(wc -c <"$work/native")))
	for channel in '' .err; do
		cmp -s "$work/native$channel" "$work/other$channel" || {
			bad=$((bad + 1))
			echo "$name: differs"
			diff "$work/native$channel" "$work/other$channel" | cut -c1-300 | head -n 6
		}
	done
}

# the same of what has to succeed, so that nobody compares two complaints
same() {
	either "$@"
	[ "$(tail -n 1 "$work/native.err")" = 'exit 0' ] || {
		bad=$((bad + 1))
		echo "$1: $(tail -n 2 "$work/native.err" | paste -sd' ')"
	}
}

# what is printed from tables
for command in detectors schema 'schema --counters' config manual\ --list 'completion bash' 'sinks --formats' profiles; do
	# shellcheck disable=SC2086 # a command is words
	same "$command" $command
done

# all at once, so that one capture's state meets the next, with nDPI, all that EVE can say, and several processes
set -- --quiet --set sensor.name=cross --set eve.stats=10s --set eve.replay=yes --set eve.updates=yes --eve -
same 'goldens, in one stream' read "$@" tests/golden/*/*.pcap
same demo read "$@" -c tests/demo/demo.conf tests/demo/demo.pcap
same 'three taps' read "$@" --set ndpi.enabled=no --taps 3 tests/demo/demo.pcap tests/golden/*/*.pcap
for format in ecs ocsf cef leef zeek fleet text; do
	same "events as $format" read --quiet -c tests/demo/demo.conf --set sensor.name=cross --set sink.cross.path=- \
		--set "sink.cross.format=$format" --set sink.cross.events=alerts,incidents,sessions tests/demo/demo.pcap
done

# the ledger of one is read by both
for side in native other; do
	case $side in
	native) program=$native ;;
	other) program=$other ;;
	esac
	ledger=$work/$side.ledger
	"$program" read --quiet --set sensor.name=cross -c tests/demo/demo.conf --eve /dev/null --ledger "$ledger" \
		tests/demo/demo.pcap || bad=$((bad + 1))
	same "verify, ledger of $side" verify --quiet --key "$ledger/seal.pub" "$ledger"
	same "hunt, ledger of $side" hunt --as-was --json --eve - "$ledger"
	same "report, ledger of $side" report --quiet -o - "$ledger"
	for table in sessions exchanges pulses findings incidents peers coverage; do
		same "$table of $side" query --json "$ledger" "SELECT * FROM $table"
		cp "$work/native" "$work/$side.$table"
	done
done
for table in sessions exchanges pulses findings incidents peers coverage; do
	cmp -s "$work/native.$table" "$work/other.$table" || {
		bad=$((bad + 1))
		echo "the ledgers' tables of $table differ"
		diff "$work/native.$table" "$work/other.$table" | cut -c1-300 | head -n 6
	}
done

read_corpus=', without a corpus'
if [ -d "$corpus" ]; then
	read_corpus=
	find "$corpus" -name '*.pcap' -o -name '*.pcapng' | LC_ALL=C sort >"$work/list"
	while read -r capture; do
		either "$capture" read --quiet --set sensor.name=cross --eve - "$capture"
	done <"$work/list"
fi

[ "$bad" -eq 0 ] || {
	echo "$compared answers of two builds, differences: $bad"
	exit 1
}
echo "$compared answers of two builds, $bytes bytes$read_corpus: the same"

#!/bin/sh
# Everything that `make test` runs, in order; the last line is the count.
#	run.sh BUILD
set -u
cd "$(dirname "$0")/.."
B=$1
passed=0 failed=0 skipped=0

# What a failure says first is often why, what it says last how far it came.
show() {
	if [ "$(wc -l <"$1")" -gt 40 ]; then
		head -n 10 "$1"
		echo "[...]"
		tail -n 30 "$1"
	else
		cat "$1"
	fi | sed 's/^/        /'
}

# A step is a command; exit 77 is a skip and its last line says why.
step() {
	name=$1
	shift
	if "$@" >"$B/step.log" 2>&1; then
		passed=$((passed + 1))
		printf '  ok    %-28s %s\n' "$name" "$(tail -n 1 "$B/step.log")"
	elif [ $? -eq 77 ]; then
		skipped=$((skipped + 1))
		printf '  skip  %-28s %s\n' "$name" "$(tail -n 1 "$B/step.log")"
	else
		failed=$((failed + 1))
		printf '  FAIL  %s\n' "$name"
		show "$B/step.log"
	fi
}

echo "unit tests (under AddressSanitizer and UndefinedBehaviorSanitizer)"
for test in tests/unit/*.c; do
	name=$(basename "$test" .c)
	step "$name" "$B/san/tests/unit/$name"
done

echo "fuzz seeds (same)"
for target in tests/fuzz/*.c; do
	name=$(basename "$target" .c)
	step "$name" "$B/san/tests/fuzz/$name" "tests/fuzz/seeds/$name"
done

echo "the program"
step "golden captures" tests/golden/run.sh "$B/san/gatewitness"
step "same in, same out" tests/golden/twice.sh "$B/gatewitness"
step "cut everywhere" tests/bad/cut.sh "$B/san"
step "bad input" env GATEWITNESS="$B/san/gatewitness" tests/bad/run.sh
step "install" tests/install/run.sh "$B"
step "ledger" tests/ledger/run.sh "$B/san/gatewitness" "$B/tests/world/world"
step "evidence" tests/evidence/run.sh "$B/san/gatewitness"
step "report" tests/ledger/report.sh "$B/san/gatewitness"
step "months of ledger" tests/ledger/months.sh "$B/gatewitness" "$B/tests/world/world"
step "hunts that pass over" tests/ledger/hunt.sh "$B/gatewitness" "$B/tests/world/world"
step "queries while it is written" tests/ledger/while.sh "$B/gatewitness" "$B/tests/world/world"
step "queries" tests/ledger/query.sh "$B/san/gatewitness"
step "full and cut disks" tests/ledger/disk.sh "$B/san/gatewitness"
step "lists and places" tests/enrich/run.sh "$B/san/gatewitness"
step "sinks and formats" tests/sink/run.sh "$B/san/gatewitness"
step "syslog" tests/sink/syslog.sh "$B/gatewitness"
step "senders over HTTP" python3 tests/sink/over_http.py "$B/san/tests/sink/drive" 100
step "senders and what can fail" env KILLS=20 GATEWITNESS="$B/gatewitness" python3 tests/sink/chaos.py "$B/san/tests/sink/drive" 200 courier full
step "formats by other readers" python3 tests/sink/readers.py "$B/san/tests/unit/sink_format"
step "Kafka with SASL" python3 tests/sink/kafka_sasl.py "$B/san/tests/sink/drive" 50
step "senders over TLS" python3 tests/sink/over_tls.py "$B/san/tests/sink/drive" 100
step "ClickHouse and the fleet" env GATEWITNESS="$B/gatewitness" python3 tests/sink/to_clickhouse.py "$B/san/tests/sink/drive" 200
step "pseudonyms" tests/privacy/run.sh "$B/san/gatewitness"
step "other sensors' logs" tests/import/run.sh "$B/san/gatewitness"
step "any number of taps" tests/taps/run.sh "$B/gatewitness"
step "taps over the corpus" tests/taps/run.sh "$B/gatewitness" --corpus "${CORPUS:-../shared/corpus}"
step "live equals read" env GATEWITNESS="$B/gatewitness" tests/live/run.sh
step "evidence, taps and disks" env GATEWITNESS="$B/gatewitness" tests/live/evidence.sh
step "roles of run" env GATEWITNESS="$B/gatewitness" tests/live/roles.sh
step "status, metrics, brokers" env GATEWITNESS="$B/gatewitness" tests/live/desk.sh
step "shedding" env GATEWITNESS="$B/gatewitness" tests/live/shed.sh
step "alerts about the sensor" tests/sensor/rules.sh
step "a tap taken over" tests/live/confine.sh "$B/tests/live/try"
step "worlds" tests/world/ci.sh "$B/tests/world/world"
step "EVE schema" tests/golden/schema.sh "$B/gatewitness"
step "conformance" tests/conformance/run.sh "$B/gatewitness" "${CORPUS:-../shared/corpus}"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

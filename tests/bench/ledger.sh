#!/bin/sh
# What a ledger costs and how fast it answers, beside the same rows in plain SQLite, in JSON lines under zstd with jq,
# and in ClickHouse where clickhouse-local is installed (Debian 12 packages its server only, and no such program).
#	ledger.sh BUILD [SESSIONS]		default 300,000: three minutes; 10,000,000 need 5 GB in BENCH_DIR
set -eu
cd "$(dirname "$0")/../.."
B=$1
sessions=${2:-${LEDGER_SESSIONS:-300000}}
dir=${BENCH_DIR:-$B/bench}/ledger
program=$B/gatewitness
rm -rf "$dir"
mkdir -p "$dir/whole"

world=$(find "$B/tests/world" -name '*.o' ! -name main.o)
# shellcheck disable=SC2086 # objects are words
${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -Isrc -flto=auto -o "$dir/make" tests/bench/ledger_make.c $world "$B/world.a" \
	"$B/src/base/crypt.o" "$B/src/flow/classify.o" "$B/core.a" -lpcap -lcrypto -ljansson -lmaxminddb -lsqlite3 -lzstd -lndpi

seconds() { # of CPU that a command takes; what it prints goes to $dir/said
	command time -f '%U %S' -o "$dir/time" "$@" >"$dir/said"
	awk '{ print $1 + $2 }' "$dir/time"
}
rate() { # WHAT SECONDS ROWS
	awk -v what="$1" -v s="$2" -v n="$3" 'BEGIN { printf "  %-58s %7.2f s  %6.2f million/s\n", what, s, n / (s > 0 ? s : 0.01) / 1e6 }'
}
bytes() { du -sb "$@" | awk '{ s += $1 } END { print s }'; }
size() { # WHAT BYTES
	awk -v what="$1" -v n="$2" -v s="$sessions" 'BEGIN { printf "  %-58s %7.1f MB %6.1f bytes a session\n", what, n / 1e6, n / s }'
}

echo "Ledger of $sessions sessions"
"$dir/make" "$dir/whole" "$sessions"
rows=$("$program" query --csv "$dir/whole" 'SELECT count(*) FROM records' | tail -n 1)
written=$dir/written # a disk that counts what is written, not a tmpfs
for commit in 5 30 60; do
	rm -rf "$written"
	mkdir "$written"
	echo "  a day of 300,000 sessions, commits every $commit s:"
	"$dir/make" "$written" 300000 "$commit" 20
done
rm -rf "$written"
mkdir "$written"
echo "  two days of 15,000 sessions, commits every 60 s:"
"$dir/make" "$written" 30000 60

echo "CPU, and records that it answers for"
ask() { rate "$1" "$(seconds "$program" query --csv "$dir/whole" "$2")" "$rows"; }
first=$("$program" query --csv "$dir/whole" "SELECT src FROM records WHERE role = 'inbound' LIMIT 1" | tail -n 1)
ask "an address that is nowhere" "SELECT count(*) FROM records WHERE src = '203.0.113.254'"
ask "an address that is everywhere" "SELECT count(*) FROM records WHERE src = '$first'"
ask "a JA4 that is nowhere" "SELECT count(*) FROM records WHERE ja4 = 'none'"
ask "an hour" "SELECT count(*) FROM records WHERE time >= '2025-06-02T12:00' AND time < '2025-06-02T13:00'"
ask "every record's time" "SELECT count(*) FROM records WHERE time_us % 2 = 1"
ask "sessions, clients and bytes by JA4" \
	"SELECT ja4, count(*), count(DISTINCT src), sum(bytes_in) FROM sessions GROUP BY ja4"
printf '%s\n' 203.0.113.240/28 nobody.example '*.nobody.example' t00d000000_000000000000_000000000000 >"$dir/list.txt"
rate "hunt: a list that nobody is on, and verification" "$(seconds "$program" hunt --quiet --indicators "$dir/list.txt" "$dir/whole")" "$rows"
rate "hunt: all detectors, and verification" "$(seconds "$program" hunt --quiet "$dir/whole")" "$rows"

echo "The same sessions elsewhere"
columns='start_us, src, src_port, dest, dest_port, sni, ja4, bytes_out, bytes_in'
"$program" query --csv "$dir/whole" "SELECT $columns FROM sessions" >"$dir/some.csv"
"$program" query --json "$dir/whole" 'SELECT * FROM sessions' | zstd -q -3 >"$dir/all.json.zst"
"$program" query --json "$dir/whole" 'SELECT * FROM sessions LIMIT 20000' | zstd -q -3 >"$dir/few.json.zst" # jq is slow
count=$(($(wc -l <"$dir/some.csv") - 1))
size "ledger, all records, exchanges, identities, pulses, chained" "$(bytes "$dir/whole")"
size "JSON lines, last record only, no exchanges, zstd -3" "$(bytes "$dir/all.json.zst")"
rate "  jq: bytes by JA4, the first 20,000" "$(seconds sh -c "zstdcat '$dir/few.json.zst' |
	jq -n 'reduce inputs as \$s ({}; .[\$s.ja4 // \"-\"] += \$s.bytes_in)'")" 20000
sql="SELECT ja4, count(*), sum(bytes_in) FROM s GROUP BY ja4"
if command -v sqlite3 >/dev/null; then
	sqlite3 "$dir/plain.db" -cmd '.mode csv' ".import $dir/some.csv s" 'CREATE INDEX i ON s(src)'
	size "SQLite, nine fields, an index" "$(bytes "$dir/plain.db")"
	rate "  bytes by JA4" "$(seconds sqlite3 "$dir/plain.db" "$sql")" "$count"
else
	echo "  sqlite3 is not installed: left out"
fi
if command -v clickhouse-local >/dev/null; then
	rate "ClickHouse, CSV: bytes by JA4" "$(seconds clickhouse-local --input-format CSVWithNames --table s --file "$dir/some.csv" \
		--structure 'start_us Int64, src String, src_port UInt16, dest String, dest_port UInt16, sni String, ja4 String, bytes_out UInt64, bytes_in UInt64' \
		--query "$sql")" "$count"
else
	echo "  clickhouse-local is not installed: left out"
fi

#!/bin/sh
# What a ledger costs and how fast it answers, beside the same sessions in plain SQLite, in JSON lines under zstd with
# jq, and in ClickHouse.
#	ledger.sh BUILD [SESSIONS]		default 300,000: five minutes; 10,000,000 need 8 GB in BENCH_DIR, and an hour
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
rate() { # WHAT SECONDS SESSIONS
	awk -v what="$1" -v s="$2" -v n="$3" 'BEGIN { printf "  %-58s %7.2f s  %6.2f million/s\n", what, s, n / (s > 0 ? s : 0.01) / 1e6 }'
}
bytes() { du -sb "$@" | awk '{ s += $1 } END { print s }'; }
size() { # WHAT BYTES SESSIONS
	awk -v what="$1" -v n="$2" -v s="$3" 'BEGIN { printf "  %-58s %7.1f MB %6.1f bytes a session\n", what, n / 1e6, n / s }'
}

echo "Ledger of $sessions sessions"
"$dir/make" "$dir/whole" "$sessions"
"$program" query --csv --sizes "$dir/whole" | awk -F, '
NR > 1 && $1 != "(all)" {
	what = "all else: what 64 bytes are promised for"
	if ($1 ~ /pairs|\(exchanges\)/) what = "exchanges, commonest pairs of sizes"
	if ($1 ~ /^(client_random|id_offered|id_issued)$/) what = "identities"
	if ($1 ~ /pulses/) what = "pulses"
	if ($1 ~ /tail/) what = "tail of the open day"
	sum[what] += $3
}
END { for (what in sum) printf "  bytes a session: %-42s %6.1f\n", what, sum[what] }' | sort -t: -k2
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

echo "CPU, and sessions that it answers for"
ask() { rate "$1" "$(seconds "$program" query --csv "$dir/whole" "$2")" "$sessions"; }
first=$("$program" query --csv "$dir/whole" "SELECT src FROM records WHERE role = 'inbound' LIMIT 1" | tail -n 1)
ask "an address that is nowhere" "SELECT count(*) FROM sessions WHERE src = '203.0.113.254'"
ask "a JA4 that is nowhere" "SELECT count(*) FROM sessions WHERE ja4 = 'none'"
ask "an hour" "SELECT count(*) FROM sessions WHERE time >= '2025-06-02T12:00' AND time < '2025-06-02T13:00'"
ask "an address that is everywhere" "SELECT count(*) FROM sessions WHERE src = '$first'"
ask "each session's time" "SELECT count(*) FROM sessions WHERE time_us % 2 = 1"
ask "sessions and bytes by JA4" "SELECT ja4, count(*), sum(bytes_in) FROM sessions GROUP BY ja4"
ask "sessions, clients and bytes by JA4" \
	"SELECT ja4, count(*), count(DISTINCT src), sum(bytes_in) FROM sessions GROUP BY ja4"
printf '%s\n' 203.0.113.240/28 nobody.example '*.nobody.example' t00d000000_000000000000_000000000000 >"$dir/list.txt"
rate "hunt: a list that nobody is on, and verification" "$(seconds "$program" hunt --quiet --indicators "$dir/list.txt" "$dir/whole")" "$sessions"
rate "hunt: all detectors, and verification" "$(seconds "$program" hunt --quiet "$dir/whole")" "$sessions"

echo "The same sessions elsewhere"
columns='start_us, src, src_port, dest, dest_port, sni, ja4, bytes_out, bytes_in'
few=$((sessions < 300000 ? sessions : 300000)) # JSON is long, and jq is slow
"$program" query --csv --timeout 2h "$dir/whole" "SELECT $columns FROM sessions" >"$dir/some.csv"
"$program" query --json "$dir/whole" "SELECT * FROM sessions LIMIT $few" | zstd -q -3 >"$dir/few.json.zst"
count=$(($(wc -l <"$dir/some.csv") - 1))
size "ledger: all records, exchanges, identities, pulses, chained" "$(bytes "$dir/whole")" "$sessions"
size "JSON lines, zstd -3: $few last records, no exchanges" "$(bytes "$dir/few.json.zst")" "$few"
rate "  jq: bytes by JA4 of these" "$(seconds sh -c "zstdcat '$dir/few.json.zst' |
	jq -n 'reduce inputs as \$s ({}; .[\$s.ja4 // \"-\"] += \$s.bytes_in)'")" "$few"
sql="SELECT ja4, count(*), sum(bytes_in) FROM s GROUP BY ja4"
if command -v sqlite3 >/dev/null; then
	sqlite3 "$dir/plain.db" -cmd "CREATE TABLE s($columns)" '.mode csv' ".import --skip 1 $dir/some.csv s" 'CREATE INDEX i ON s(src)'
	size "SQLite: nine fields, an index" "$(bytes "$dir/plain.db")" "$count"
	rate "  bytes by JA4" "$(seconds sqlite3 "$dir/plain.db" "$sql")" "$count"
	rate "  an address that is everywhere" "$(seconds sqlite3 "$dir/plain.db" "SELECT count(*) FROM s WHERE src = '$first'")" "$count"
else
	echo "  sqlite3 is not installed: left out"
fi
if command -v clickhouse-server >/dev/null; then
	python3 tests/bench/ledger_clickhouse.py "$dir" "$first"
else
	echo "  clickhouse-server is not installed: left out"
fi

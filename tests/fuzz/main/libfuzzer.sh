#!/bin/sh
# Fuzzes every target for $MINUTES with libFuzzer; crashes stay in $B, to become seeds once they are mended.
set -eu
cd "$(dirname "$0")/../../.."
mkdir -p "$B"
sources=$(ls src/*/*.c src/pipeline*.c | grep -v classify_none)
for target in tests/fuzz/*.c; do
	name=$(basename "$target" .c)
	mkdir -p "$B/$name.corpus"
	clang -std=c11 -D_GNU_SOURCE -O1 -g -Isrc -DGATEWITNESS_VERSION='"fuzz"' -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=undefined -o "$B/$name" "$target" $sources $LIBS
	echo "fuzzing $name for $MINUTES min"
	"$B/$name" -max_total_time=$((MINUTES * 60)) -artifact_prefix="$B/$name-" -print_final_stats=1 \
	    "$B/$name.corpus" "tests/fuzz/seeds/$name" >"$B/$name.log" 2>&1 || {
		tail -n 40 "$B/$name.log"
		exit 1
	}
	grep -E 'stat::number_of_executed_units|cov:' "$B/$name.log" | tail -n 2
done

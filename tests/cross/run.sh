#!/bin/sh
# The same source on another processor: built against a sysroot, run by QEMU's user mode, held to the same bytes.
#	run.sh arm64|armhf BUILD
# Under UndefinedBehaviorSanitizer (an unaligned access is one of its errors): goldens, bad input, fuzz seeds, unit tests.
# As it is shipped: what it prints, and the ledgers it writes, against this machine's BUILD/gatewitness.
set -eu
cd "$(dirname "$0")/../.."
arch=$1 B=$2
. tests/cross/arch.sh
b=$B/$arch
as_shipped
cross "$b/san" '-O1 -g' '-fsanitize=undefined -fno-sanitize-recover=undefined' "$b/san/gatewitness" units fuzzers
runs_as "$b"
runs_as "$b/san"

passed=0 failed=0
step() {
	name=$1
	shift
	if "$@" >"$b/step.log" 2>&1; then
		passed=$((passed + 1))
		printf '  ok    %-28s %s\n' "$name" "$(tail -n 1 "$b/step.log")"
	else
		failed=$((failed + 1))
		printf '  FAIL  %s\n' "$name"
		sed 's/^/        /' "$b/step.log" | tail -n 20
	fi
}

echo "$arch, under UndefinedBehaviorSanitizer"
step "golden captures" tests/golden/run.sh "$b/san/run/gatewitness"
step "bad input" env EMULATED=yes GATEWITNESS="$b/san/run/gatewitness" tests/bad/run.sh
for target in tests/fuzz/*.c; do
	name=$(basename "$target" .c)
	step "seeds of $name" $qemu -L "$root" "$b/san/tests/fuzz/$name" "tests/fuzz/seeds/$name"
done
for test in tests/unit/*.c; do
	name=$(basename "$test" .c)
	case $name in
	sensor_capture | sensor_confine) # rings, time stamps of a port, filters of system calls, on which firmware/test rests
		printf '  skip  %-28s %s\n' "$name" "not handed to the kernel by QEMU's user mode; make firmware-test has it"
		continue
		;;
	esac
	step "$name" $qemu -L "$root" "$b/san/tests/unit/$name"
done
echo "$arch, as shipped"
step "golden captures" tests/golden/run.sh "$b/run/gatewitness"
step "the same as here" tests/cross/same.sh "$B/gatewitness" "$b/run/gatewitness" "${CORPUS:-../shared/corpus}"
echo "$arch: $passed passed, $failed failed"
[ "$failed" -eq 0 ]

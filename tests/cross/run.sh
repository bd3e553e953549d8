#!/bin/sh
# The same source on another processor: built against a sysroot, run by QEMU's user mode, held to the same bytes.
#	run.sh arm64|armhf BUILD
# arm64: everything under UndefinedBehaviorSanitizer (alignment, too), unit tests, goldens, bad input.  armhf: goldens.
set -eu
cd "$(dirname "$0")/../.."
arch=$1 B=$2

case $arch in
arm64) triplet=aarch64-linux-gnu qemu=qemu-aarch64-static SAN='-fsanitize=undefined -fno-sanitize-recover=undefined' ;;
armhf) triplet=arm-linux-gnueabihf qemu=qemu-arm-static SAN= ;;
*)
	echo "cross: unknown architecture \"$arch\"; there are arm64 and armhf" >&2
	exit 2
	;;
esac
root=$PWD/$B/sysroot-$arch
firmware/sysroot.sh "$arch" "$root"

b=$B/$arch
cross() {
	make --no-print-directory -j2 B="$b" CC="$triplet-gcc --sysroot=$root" CFLAGS='-O2 -g' SAN="$SAN" "$@"
}
cross "$b/gatewitness"
mkdir -p "$b/run"
printf '#!/bin/sh\nexec %s -L "%s" "%s/%s/gatewitness" "$@"\n' "$qemu" "$root" "$PWD" "$b" >"$b/run/gatewitness"
chmod +x "$b/run/gatewitness"

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

step "goldens on $arch" tests/golden/run.sh "$b/run/gatewitness"
if [ "$arch" = arm64 ]; then
	step "bad input on $arch" env GATEWITNESS="$b/run/gatewitness" tests/bad/run.sh
	cross units
	for test in tests/unit/*.c; do
		name=$(basename "$test" .c)
		step "$name" "$qemu" -L "$root" "$b/tests/unit/$name"
	done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

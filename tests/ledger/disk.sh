#!/bin/sh
# A ledger on a disk that is full, read-only or damaged, as who uses the program sees it: one line and exit 1, what was
# committed before is whole or torn and never altered, and with more room it goes on.  Then a day's files cut at many
# places: verify and hunt end, say where, and never call it whole.
#	disk.sh GATEWITNESS
# Where namespaces are allowed, on small disks of its own, too.
set -u
if [ -z "${OWN_DISKS:-}" ] && unshare -rm true 2>/dev/null; then
	OWN_DISKS=yes exec unshare -rm "$0" "$@"
fi
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'umount "$dir/disk" 2>/dev/null; rm -rf "$dir"' EXIT
tried=0 refused=0 bad=0

fail() {
	echo "$*"
	bad=$((bad + 1))
}

import() {
	"$program" read --quiet --set ndpi.enabled=no -c tests/demo/demo.conf --ledger "$1" tests/demo/demo.pcap
}

# one line that names a file under DIR
clear_line() {
	[ "$(wc -l <"$dir/err")" -eq 1 ] && grep -q "^gatewitness: $1" "$dir/err" || fail "$2: $(cat "$dir/err")"
}

# What an import that failed left: whole, torn or nothing yet.
left_fine() {
	for part in "$1"/import-*; do
		[ -e "$part" ] || continue
		"$program" verify "$part" >"$dir/said" 2>"$dir/err"
		if [ -s "$dir/said" ]; then
			grep -Eq '^(whole|NOT WHOLE): .* 0 altered, 0 missing, ' "$dir/said" || fail "$2: $(cat "$dir/said")"
		else
			clear_line "$1.*holds no ledger" "$2"
		fi
	done
}

# refuses WHAT CODE LEDGER: the import that just ended
refuses() {
	tried=$((tried + 1))
	[ "$2" -eq 0 ] && return
	refused=$((refused + 1))
	[ "$2" -eq 1 ] || fail "$1: exit $2"
	clear_line "$dir/" "$1"
	left_fine "$3" "$1"
}

# goes_on WHAT LEDGER
goes_on() {
	[ -e "$(echo "$2"/import-*)/seals" ] && [ ! -e "$(echo "$2"/import-*.part)" ] || import "$2" 2>"$dir/err" ||
		fail "$1: does not go on: $(cat "$dir/err")"
	"$program" verify --quiet --key "$2/seal.pub" "$2" >"$dir/said" || fail "$1: $(cat "$dir/said")"
}

# Files that may not grow beyond so many KiB (here and in dash the unit is 512 bytes).
for size in 1 8 24 36 40 48 56 64 96 128 160 192 256 384; do
	rm -rf "$dir/ledger"
	(
		ulimit -f $((size * 2))
		import "$dir/ledger" 2>"$dir/err"
	)
	refuses "files of $size KiB" $? "$dir/ledger"
	goes_on "files of $size KiB" "$dir/ledger"
done

# Disks of so many KiB, and one that is read-only.
mkdir "$dir/disk"
for size in ${OWN_DISKS:+20 40 60 80 100 140 180 220 260 300 400}; do
	mount -t tmpfs -o "size=${size}k" none "$dir/disk"
	import "$dir/disk/ledger" 2>"$dir/err"
	refuses "a disk of $size KiB" $? "$dir/disk/ledger"
	mount -o remount,size=16m "$dir/disk"
	goes_on "a disk of $size KiB" "$dir/disk/ledger"
	umount "$dir/disk"
done
if [ -n "${OWN_DISKS:-}" ]; then
	mount -t tmpfs -o ro none "$dir/disk"
	import "$dir/disk/ledger" 2>"$dir/err"
	refuses "a read-only disk" $? "$dir/disk/ledger"
	grep -q 'Read-only file system$' "$dir/err" || fail "a read-only disk: $(cat "$dir/err")"
	umount "$dir/disk"
elif [ "$(id -u)" -ne 0 ]; then
	chmod 555 "$dir/disk"
	import "$dir/disk/ledger" 2>"$dir/err"
	refuses "a read-only folder" $? "$dir/disk/ledger"
fi

# The day's files cut, sealed and then not.
cuts=0
rm -rf "$dir/ledger"
import "$dir/ledger"
folder=$(echo "$dir"/ledger/import-*)
chmod 644 "$folder"/20*
for state in sealed open; do
	[ "$state" = sealed ] || rm "$folder/seals"
	for file in "$folder"/20*; do
		cp "$file" "$dir/kept"
		size=$(wc -c <"$file")
		# the very last byte, where it is 0, is read as if it were there: of an open day nothing is lost then
		for at in 0 1 99 100 4095 4096 4097 $((size / 2)) $((size - 4096)) $((size - 1)); do
			[ "$state" = open ] && [ "$at" -eq $((size - 1)) ] && continue
			cuts=$((cuts + 1))
			head -c "$at" "$dir/kept" >"$file"
			what="$state, $(basename "$file") cut at $at"
			timeout 20 "$program" verify "$folder" >"$dir/said" 2>"$dir/err"
			code=$?
			[ $code -eq 1 ] && [ ! -s "$dir/err" ] && tail -n 1 "$dir/said" | grep -q '^NOT WHOLE: ' ||
				fail "$what: verify: exit $code: $(tail -n 1 "$dir/said" "$dir/err")"
			timeout 20 "$program" hunt --quiet "$folder" >"$dir/said" 2>"$dir/err"
			code=$?
			[ $code -eq 1 ] || fail "$what: hunt: exit $code"
			grep -q '^ledger *NOT WHOLE' "$dir/said" || clear_line "$folder" "$what: hunt"
		done
		cp "$dir/kept" "$file"
	done
done
"$program" verify --quiet "$folder" >"$dir/said" || fail "put back: $(cat "$dir/said")"

# A day that cannot be read does not silence the others.
"$program" hunt --json "$folder" >"$dir/before" || fail "put back: hunt: exit $?"
echo 'neither is this a database' >"$folder/2001-01-01.summary"
"$program" hunt --json "$folder" >"$dir/said" && fail "a foreign day: hunt calls it whole"
jq -c 'select(.finding)' "$dir/before" >"$dir/want"
jq -c 'select(.finding)' "$dir/said" >"$dir/got"
[ -s "$dir/want" ] && cmp -s "$dir/want" "$dir/got" || fail "a foreign day: other findings: $(tail -n 2 "$dir/said")"
jq -e 'select(.verification) | .verification.whole == false' "$dir/said" >/dev/null || fail "a foreign day: called whole"

echo "$tried disks, $refused too small: one line, nothing altered, goes on; $cuts cuts told"
[ "$bad" -eq 0 ] && [ "$refused" -gt 8 ]

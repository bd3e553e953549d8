#!/bin/sh
# tests/world/strangers.sh: millions of addresses connect in the hour before each attack of the catalogue, and must hide
# nothing: what is found without them at a severity that counts is found after them, by every detector.
#
#	tests/world/strangers.sh build/tests/world/world [ADDRESSES [SEED [OPTION...]]]	(default: 10000000 7)
#
# Two minutes on two cores; --behaviour B07 is for one behaviour.

set -u
world=$1 count=${2:-10000000} seed=${3:-7}
[ $# -gt 3 ] && shift 3 || shift $#
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# found BEHAVIOUR VARIANT: a line each of what was found
found() {
	"$world" evaluate --attacks-only --seeds 1 --first "$seed" --jobs 1 "$@" >"$dir/table" 2>"$dir/err"
	[ $? -le 1 ] && awk '/^  [BC][0-9][0-9] / { print $1, $2, 1; if (/ 1 of 1 /) print $1, $2 > "/dev/stderr" }' "$dir/table" \
		2>"$dir/found" | wc -l
}

tried=$(found "$@") && mv "$dir/found" "$dir/without"
again=$(found --strangers "$count" "$@") && mv "$dir/found" "$dir/after"
[ "$tried" -gt 0 ] && [ "$tried" -eq "$again" ] && [ -s "$dir/without" ] || {
	echo "nothing to compare: $(tail -n 1 "$dir/err")"
	exit 1
}
sort "$dir/without" -o "$dir/without"
sort "$dir/after" -o "$dir/after"
hidden=$(comm -23 "$dir/without" "$dir/after" | paste -sd, | sed 's/,/, /g')
[ -z "$hidden" ] || {
	echo "hidden by $count strangers: $hidden"
	exit 1
}
echo "$(wc -l <"$dir/after") of $tried attacks found after $count strangers, $(wc -l <"$dir/without") without them"

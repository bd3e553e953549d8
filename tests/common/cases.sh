# cases: what test scripts count: is, like.  Sourced; sets cases and failed.
# shellcheck shell=sh
cases=0 failed=0

# is NAME WANTED GOT
is() {
	cases=$((cases + 1))
	[ "$2" = "$3" ] && return
	failed=$((failed + 1))
	echo "$1: wanted \"$2\", got \"$3\""
}

# like NAME PATTERN FILE: one line, and like this
like() {
	cases=$((cases + 1))
	[ "$(wc -l <"$3")" -eq 1 ] && grep -Eq "$2" "$3" && return
	failed=$((failed + 1))
	echo "$1: wanted one line like \"$2\", got: $(head -n 3 "$3")"
}

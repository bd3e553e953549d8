# shellcheck shell=sh
# within.sh: what a script waits for.  To be sourced.

# within SECONDS COMMAND...: until it succeeds
within() {
	n=$(($1 * 10))
	shift
	while [ "$n" -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
		n=$((n - 1))
	done
	return 1
}

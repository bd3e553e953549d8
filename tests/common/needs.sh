# shellcheck shell=sh
# needs.sh: what a script does that can do its work on some machines only.  To be sourced.

# skip WHY
skip() {
	echo "$*"
	exit 77
}

# needs TOOL...: these, root and network namespaces
needs() {
	[ "$(id -u)" = 0 ] || skip "needs root, for namespaces and packet sockets"
	for tool in ip "$@"; do
		command -v "$tool" >/dev/null || skip "needs $tool"
	done
	ip netns add "gwneeds$$" 2>/dev/null || skip "cannot make network namespaces here"
	ip netns del "gwneeds$$"
}

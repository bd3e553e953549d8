# live: a sensor at work, for scripts that count cases.  Sourced, with cases.sh; net is the name of the namespace.
# shellcheck shell=sh disable=SC2154 # net

# A wire from send0 to span0, on which nothing is but what we send.
live() {
	[ "$(id -u)" = 0 ] && command -v ip >/dev/null && ip netns add "$net" 2>/dev/null || return 1
	ip netns exec "$net" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "$net" link add send0 type veth peer name span0 && ip -n "$net" link set span0 up && ip -n "$net" link set send0 up
}

# hears PATTERN: until a line like this is in run.err, ten seconds at most
hears() {
	within 10 grep -q "$1" run.err && return 0
	cases=$((cases + 1)) failed=$((failed + 1))
	echo "run does not say \"$1\": $(cat run.err)"
}

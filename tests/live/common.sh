# common.sh: what the scripts here share; they set `name`, `here` and `witness`, and source it.  Namespaces $in and $out, the
# folder $work, and processes in $pid, $sender, $listener, $broker and $reader end with the script.
in=gw$name$$-in out=gw$name$$-out
work='' pid='' sender='' listener='' broker='' reader=''
. "$here/../common/needs.sh"
. "$here/../common/within.sh"

# begin TOOL...: makes both namespaces and the folder
begin()
{
	needs "$@"
	[ -x "$witness" ] || skip "$witness is not built"
	trap clean EXIT
	trap 'exit 130' INT TERM
	work=$(mktemp -d)
	: > "$work/run.log"
	for ns in "$out" "$in"; do
		ip netns add "$ns" || fail "no namespace $ns"
	done
}

# Nothing shall be on a wire but what we send: no IPv6 of the kernel's own.
mute()
{
	for ns in "$out" "$in"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
}

# wire: from send0 of $out to span0 of $in
wire()
{
	ip -n "$out" link add send0 type veth peer name span0 netns "$in" || skip "cannot make a veth pair here"
	ip -n "$in" link set span0 up && ip -n "$out" link set send0 up
}

fail()
{
	echo "FAIL $name: $*" >&2
	[ -z "$work" ] || sed 's/^/	/' "$work/run.log" >&2
	exit 1
}

clean()
{
	for p in $pid $sender $listener $broker $reader; do
		kill "$p" 2> /dev/null
	done
	ip netns del "$out" 2> /dev/null
	ip netns del "$in" 2> /dev/null
	[ -z "$work" ] || umount "$work/small" 2> /dev/null
	[ -z "$work" ] || rm -rf "$work"
}

# The process of a role of ours: its id.
role()
{
	pgrep -P "$pid" -f "(role|again):$1( |\$)"
}

# Is it at work, its last right given away?
has()
{
	grep -q '^Seccomp:.*2' "/proc/$(role "$1")/status" 2> /dev/null
}

# is_new ROLE WAS
is_new()
{
	now=$(role "$1") && [ "$now" != "$2" ] && has "$1"
}

# common.sh: what the scripts here share; they set `name` and source it.  Namespaces $in and $out, the folder $work, and
# processes in $pid, $sender, $listener, $broker and $reader end with the script.
in=gw$name$$-in out=gw$name$$-out
work='' pid='' sender='' listener='' broker='' reader=''

skip()
{
	echo "$*"
	exit 77
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
	[ -z "$work" ] || rm -rf "$work"
}

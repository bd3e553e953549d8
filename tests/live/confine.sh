#!/bin/sh
# tests/live/confine.sh: what a tap that was taken over can do: nothing.  Each attempt is made from inside a tap of a
# running sensor (tests/live/try.c), which goes on without it.  Some 15 seconds.
#
#   confine.sh build/tests/live/try

set -u
here=$(cd "$(dirname "$0")" && pwd)
name=confine
witness=$(realpath "${1:?which program}")
. "$here/common.sh"

begin
ip -n "$in" link set lo up
failed=0 tries=0

# attempt WHAT: what has to be on stderr, "refused EACCES" or "ends"
attempt()
{
	tries=$((tries + 1))
	case $2 in
	ends) words='tap 0 made a system call that it may not make (SIGSYS)' ;;
	*) words="try $1: $2" ;;
	esac
	: > "$work/err" # what the one before said is not to be found in it
	GATEWITNESS_TRY=$1 GATEWITNESS_LEDGER=$work/ledger/try ip netns exec "$in" "$witness" run -i lo --quiet \
		--set capture.taps=1 --ledger "$work/ledger" 2> "$work/err" &
	pid=$!
	for _ in $(seq 900); do
		grep -Fq "$words" "$work/err" && break
		sleep 0.1
	done
	if ! grep -Fq "$words" "$work/err" || grep -q "^try $1: done" "$work/err" || ! kill -0 "$pid"; then
		failed=$((failed + 1))
		echo "$1: wanted \"$words\", got: $(cat "$work/err")" >&2
	fi
	kill "$pid"
	wait "$pid" 2> /dev/null
	pid=
}

mkdir -p "$work/ledger"
echo 'not its own' > "$work/ledger/try"
chmod 666 "$work/ledger/try"
attempt open EACCES
attempt ledger EACCES
attempt memory EACCES
attempt configuration EPERM
attempt configuration-map EPERM
for what in write-into socket packet-socket transmit fork exec ptrace kill code; do
	attempt $what ends
done
[ "$(cat "$work/ledger/try")" = 'not its own' ] || failed=$((failed + 1))
echo "$tries attempts from inside a tap, $failed failed"
[ "$failed" -eq 0 ]

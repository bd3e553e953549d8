#!/bin/sh
# tests/live/shed.sh: a tap that gets too little of its core leaves out payload, stage by stage, says so where people look, and
# reads everything again when it has its core back; handshakes are read all the time.  Some 50 seconds.
#
#   GATEWITNESS=build/gatewitness tests/live/shed.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
name=shed
witness=$(realpath "${GATEWITNESS:-$here/../../build/gatewitness}")
. "$here/common.sh"
capture=$here/../demo/demo.pcap

logged()
{
	grep -q "$1" "$work/run.log"
}
# of `status --json`
number()
{
	"$witness" status --ledger "$work/ledger" --json | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

begin python3 pgrep
wire
ip netns exec "$in" "$witness" run -i span0 -g 192.0.2.10 --set capture.taps=1 --set capture.buffer=1MiB --set ledger.commit=1s \
	--ledger "$work/ledger" --eve "$work/eve.json" 2> "$work/run.log" &
pid=$!
within 10 logged "watching span0" || fail "run did not start"
ip netns exec "$out" sh -c "while python3 '$here/send.py' send0 '$capture' 200; do :; done" > /dev/null 2>&1 &
sender=$!
within 10 sh -c "[ \$(grep -c '\"event_type\":\"tls\"' '$work/eve.json') -gt 5 ]" || fail "no sessions"
[ "$(number shed)" = 0 ] || fail "something is left out while there is no need"

tap=$(pgrep -P "$pid" -f "run role:tap:0")
for _ in 1 2 3 4 5 6; do
	kill -STOP "$tap"
	sleep 1.4
	kill -CONT "$tap"
	sleep 0.1
done
within 5 logged "and nDPI is not asked" || fail "it does not leave out all that it may"
for stage in "payload of long tunnels is not read" "no payload behind handshakes is read$"; do
	logged "$stage" || fail "a stage was passed over: $stage"
done
before=$(grep -c '"event_type":"tls".*"ja4":' "$work/eve.json")
within 8 sh -c "[ \"\$(grep -c '\"event_type\":\"tls\".*\"ja4\":' '$work/eve.json')\" -gt $((before + 5)) ]" ||
	fail "no handshakes are read while payload is left out"
[ "$(number shed)" -gt 0 ] || fail "what is left out is not counted"
"$witness" status --ledger "$work/ledger" | grep -q "^  shed " || fail "status does not tell what is left out"

within 60 logged "everything is read again" || fail "it does not read everything again"
kept=$(number shed)
sleep 2
[ "$(number shed)" = "$kept" ] || fail "payload is still left out"
kill -INT "$pid"
wait "$pid" || fail "run ended with $?"
pid=
"$witness" query "$work/ledger" "select cause from coverage" --json > "$work/causes"
for stage in "payload of long tunnels" "and nDPI is not asked" "everything is read again"; do
	grep -q "$stage" "$work/causes" || fail "the coverage does not say: $stage"
done
echo "PASS shed: three stages, $kept bytes left out, and back"

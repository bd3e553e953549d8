#!/bin/sh
# tests/live/roles.sh: the processes of run: what each may, who is started again and how soon, what the ledger says of
# the time in between, how they end, and that a start that fails leaves nothing.  Some 40 seconds.
#
#   GATEWITNESS=build/gatewitness tests/live/roles.sh

set -u
here=$(cd "$(dirname "$0")" && pwd)
name=roles
witness=$(realpath "${GATEWITNESS:-$here/../../build/gatewitness}")
. "$here/common.sh"
capture=$here/../demo/demo.pcap

all_at_work()
{
	[ "$(grep -c watching "$work/run.log")" -gt 0 ]
}
gone()
{
	! kill -0 "$1" 2> /dev/null
}
lines()
{
	grep -c '"kind":"close"' "$work/eve.json"
}
more_lines()
{
	[ "$(lines)" -gt "$1" ]
}

# The frames that were sent there are counted.
more_later()
{
	"$witness" status --ledger "$work/later" --json 2> /dev/null | grep -q "\"frames\":$1,"
}

start()
{
	: > "$work/run.log"
	NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=3000000 ip netns exec "$in" "$witness" run -i span0 -g 192.0.2.10 \
		-c "$work/conf" --set capture.taps=2 --set detect.learn=5s --set capture.scope=all --ledger "$work/ledger" \
		--set sink.own.path="$work/own.json" --set sink.own.format=ecs --set sink.own.events=alerts,heartbeats \
		--set sensor.heartbeat=1s --eve "$work/eve.json" 2>> "$work/run.log" &
	pid=$!
	within 10 all_at_work || fail "run did not start"
}

# A role dies: how soon is it back (the best of four, on a machine that has other things to do), and do sessions go on?
dies()
{
	for more in 0 100 300 700; do
		was=$(role "$1")
		began=$(date +%s%N)
		kill "-$2" "$was"
		within 10 is_new "$1" "$was" || fail "$1 was not started again"
		took=$((($(date +%s%N) - began) / 1000000))
		[ "$took" -ge $((1000 + more)) ] || break # each time it waits longer
		[ $more -lt 700 ] || fail "$1 was back after $took ms"
	done
	before=$(lines)
	within 10 more_lines "$before" || fail "no session was written after $1 died"
	echo "$1 killed by SIG$2: back after $took ms"
}

# What /proc says of a role: a line of its status.
status_is()
{
	grep -Eq "^$2:[[:space:]]+$3" "/proc/$(role "$1")/status" || fail "$1: $2 is $(grep "^$2:" "/proc/$(role "$1")/status")"
}

# A start that cannot be: exit code, what it says in one line, and that there is no ledger.
refused()
{
	code=$1 words=$2
	shift 2
	"$@" > "$work/out" 2>&1
	got=$?
	[ "$got" = "$code" ] || fail "\"$*\" ended with $got: $(cat "$work/out")"
	grep -Eq "$words" "$work/out" || fail "\"$*\" says: $(cat "$work/out")"
	[ "$(wc -l < "$work/out")" = 1 ] || fail "\"$*\" says more than a line: $(cat "$work/out")"
}

begin python3 pgrep setpriv
mute
wire

# Nothing begins that cannot go on.
refused 1 'nosuch: no such interface; there are: .*span0' ip netns exec "$in" "$witness" run -i nosuch --ledger "$work/ledger"
refused 1 'no permission to capture.*CAP_NET_RAW' ip netns exec "$in" setpriv --reuid 65534 --regid 65534 --clear-groups \
	--bounding-set=-all "$witness" run -i span0 --ledger "$work/ledger"
[ ! -e "$work/ledger" ] || fail "a start that failed left a ledger"
refused 1 '/proc/none.*(No such file|Permission denied)' ip netns exec "$in" "$witness" run --quiet -i span0 --ledger /proc/none
refused 2 'unknown|nearest' ip netns exec "$in" "$witness" run -i span0 --set capture.tabs=1
refused 2 'roles are started by the monitor' "$witness" run role:tap:0 -i span0
pgrep -f "$witness run .*span0" > /dev/null && fail "a start that failed left a process"

# A port that is not there yet, or down, is waited for where a configuration has its name; and one that is down in any case.
printf '[capture]\ninterface = later0\n' > "$work/conf"
ip netns exec "$in" "$witness" run -c "$work/conf" --set capture.taps=2 --ledger "$work/later" 2> "$work/run.log" &
pid=$!
within 5 grep -q 'later0: is not there; waiting for it' "$work/run.log" || fail "a port of the configuration is not waited for"
within 5 "$witness" status --ledger "$work/later" > /dev/null 2>&1 || fail "no status while it waits"
ip -n "$in" link add later0 type veth peer name later1
ip -n "$in" link set later1 up && ip -n "$in" link set later0 up
within 5 has tap:0 && within 5 has tap:1 || fail "the taps do not begin with their port"
within 5 more_later "$(ip netns exec "$in" python3 "$here/send.py" later1 "$capture" 1000)" || fail "nothing is seen on the port that came"
kill -TERM "$pid"
within 10 gone "$pid" || fail "run did not stop"
wait "$pid" || fail "run ended with $?"
"$witness" query "$work/later" "select cause from coverage" --json | grep -q 'tap 1 waited for its port' ||
	fail "the wait is no gap"
ip -n "$in" link set later0 down
ip netns exec "$in" "$witness" run -i later0 2> "$work/run.log" &
pid=$!
within 5 grep -q 'later0: is down; waiting for it' "$work/run.log" || fail "a port that is down is not waited for"
kill -TERM "$pid"
within 5 gone "$pid" || fail "run did not stop while it waited"
wait "$pid" || fail "run ended with $? while it waited"
pid=
ip -n "$in" link del later0

python3 - "$work/notify" > "$work/notified" 2> /dev/null <<'END' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
END
listener=$!
within 5 [ -S "$work/notify" ] || fail "no notify socket"

echo '# nothing yet' > "$work/conf"
start
within 5 grep -q 'READY=1' "$work/notified" || fail "systemd was not told that it is ready"
refused 1 'another|lock|in use' ip netns exec "$in" "$witness" run --quiet -i span0 --ledger "$work/ledger"

for r in tap:0 tap:1 keeper; do
	has "$r" || fail "$r has no filter of system calls"
	status_is "$r" CapEff 0000000000000000
	status_is "$r" CapPrm 0000000000000000
	status_is "$r" CapBnd 0000000000000000
	status_is "$r" NoNewPrivs 1
	grep -q '^Max core file size *0 *0' "/proc/$(role "$r")/limits" || fail "$r may dump core"
done
status_is tap:0 Uid "$(id -u nobody)"
[ "$(stat -c %U "/proc/$(role tap:0)/mem")" = root ] || fail "a tap may be looked into by its user"

ip netns exec "$out" sh -c "while python3 '$here/send.py' send0 '$capture' 40; do :; done" > /dev/null 2>&1 &
sender=$!
within 10 more_lines 1 || fail "no sessions"
dies keeper SEGV
dies tap:0 SEGV
dies tap:1 KILL

# A configuration with a mistake changes nothing; and nobody is started anew for one without.
were="$(role tap:0) $(role tap:1) $(role keeper)"
echo 'memory = 1' > "$work/conf"
kill -HUP "$pid"
within 3 grep -q 'conf:1: .*what was in force stays' "$work/run.log" || fail "a bad configuration was taken"
printf '[suppress scan]\ndetector = leak_loop\nowner = me\nreason = a test\nexpires = 2099-01-01\n' > "$work/conf"
kill -HUP "$pid"
within 3 grep -q 'configuration read again: 1 suppressions' "$work/run.log" || fail "the configuration was not read again"
"$witness" reload --ledger "$work/ledger" > "$work/out" 2>&1 || fail "reload: $(cat "$work/out")"
grep -q '^configuration read again: 1 suppressions' "$work/out" || fail "reload says: $(cat "$work/out")"
echo 'memory = 1' > "$work/conf"
refused 2 'conf:1: .*what was in force stays' "$witness" reload --ledger "$work/ledger"
[ "$were" = "$(role tap:0) $(role tap:1) $(role keeper)" ] || fail "a reload started somebody anew"

# One that hangs is as good as dead.
was=$(role tap:0)
kill -STOP "$was"
within 15 is_new tap:0 "$was" || fail "a tap that hangs was not started again"

# An interface that is unplugged and comes back, under the same name and another number.
kill "$sender"
sender=
ip -n "$in" link del span0
sleep 1
wire
within 10 has tap:0 && within 10 has tap:1 || fail "the taps did not come back with their interface"
before=$(lines)
ip netns exec "$out" python3 "$here/send.py" send0 "$capture" 40 > /dev/null || fail "could not send"
within 5 more_lines "$before" || fail "nothing is seen on the interface that came back"

sleep 0.5
kill -TERM "$pid"
within 10 gone "$pid" || fail "run did not stop"
wait "$pid" || fail "run ended with $?"
pid=
for word in READY=1 RELOADING=1 STOPPING=1 WATCHDOG=1; do
	within 5 grep -q "$word" "$work/notified" || fail "systemd was not told $word"
done
"$witness" verify "$work/ledger" > "$work/out" 2>&1 || fail "the ledger: $(cat "$work/out")"
"$witness" query "$work/ledger" "select cause, begin, end from coverage where cause != '' and end > begin" --json > "$work/gaps" 2>&1
for cause in 'tap 0 died of SIGSEGV' 'tap 1 died of SIGKILL' 'keeper died of SIGSEGV' 'tap 0 lost its keeper' 'tap 0 gave no sign of life' 'tap 1 ended by itself'; do
	grep -q "$cause" "$work/gaps" || fail "the coverage does not say \"$cause\": $(cat "$work/gaps")"
done
python3 - "$work/eve.json" <<'END' || fail "a line of EVE is torn"
import json, sys
for line in open(sys.argv[1]):
    json.loads(line)
END

# The sensor says of itself that a part of it died, and that it lives.
python3 - "$work/own.json" <<'END' || fail "own.json: $(tail -n 3 "$work/own.json")"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
died = [e for e in events if e["event"]["action"] == "part_died"]
beats = [e["gatewitness"]["heartbeat"] for e in events if e["event"]["action"] == "heartbeat"]
assert died and all(e["event"]["kind"] == "alert" and "source" not in e for e in died), "no alert"
assert len(beats) > 5 and all(b["every"] == 1 for b in beats) and beats[-1]["number"] > 1, "no heartbeats"
assert any(b.get("trouble") == "a part of the sensor died" for b in beats), "no trouble in heartbeats"
END

# What a tap worked on when it died is there for those who mend it; it is theirs alone.
set -- "$work"/ledger/crashes/crash-*.pcap
[ $# -ge 3 ] || fail "of three deaths of taps there are $# captures"
[ "$(stat -c %a "$work/ledger/crashes")" = 700 ] || fail "others may see the frames of a crash"
for f; do
	"$witness" read --quiet --set identity.key=public "$f" > "$work/out" 2>&1 || fail "$f: $(cat "$work/out")"
done

refused 1 'nobody answers|no such socket' "$witness" reload --ledger "$work/ledger"
: > "$work/conf"

# A recording goes on where its tap died, behind its last whole frame: both rounds are in it to their last frame.
ip netns exec "$in" "$witness" run -i span0 -g 192.0.2.10 --record "$work/seen.pcap" --eve "$work/seen.json" 2> "$work/run.log" &
pid=$!
within 10 has tap:0 || fail "run with --record did not start"
ip netns exec "$out" python3 "$here/send.py" send0 "$capture" 40 > /dev/null || fail "could not send"
was=$(role tap:0)
kill -SEGV "$was"
within 10 is_new tap:0 "$was" || fail "the tap with a recording was not started again"
sent=$(ip netns exec "$out" python3 "$here/send.py" send0 "$capture" 40) || fail "could not send"
sleep 0.5
kill -TERM "$pid"
wait "$pid" || fail "run with --record ended with $?"
pid=
"$witness" read --quiet -g 192.0.2.10 --eve "$work/read.json" "$work/seen.pcap" > "$work/out" 2>&1 || fail "the recording: $(cat "$work/out")"
got=$(sed -n 's/.*"event_type":"stats".*"decoder":{"pkts":\([0-9]*\).*/\1/p' "$work/read.json" | tail -n 1)
[ "$got" -gt "$sent" ] || fail "of two rounds of $sent frames the recording has $got"

# Who dies while the disk is full comes back to it: alerts go on elsewhere, and the ledger as soon as there is room.  A
# recording that the disk has no room for ends alone.
mkdir "$work/small"
mount -t tmpfs -o size=8m small "$work/small" || fail "no small disk"
: > "$work/run.log"
: > "$work/eve.json"
ip netns exec "$in" "$witness" run -i span0 -g 192.0.2.10 --ledger "$work/small/ledger" --set ledger.commit=1s \
	--set sink.own.path="$work/small/own.json" --set sink.own.events=alerts,sessions --set sink.net.kind=syslog \
	--set sink.net.address=127.0.0.1:1 --set outbox.file="$work/small/outbox" --record "$work/small/seen.pcap" --eve "$work/eve.json" 2> "$work/run.log" &
pid=$!
within 10 has tap:0 || fail "run on a small disk did not start"
ip netns exec "$out" sh -c "while python3 '$here/send.py' send0 '$capture' 40; do :; done" > /dev/null 2>&1 &
sender=$!
within 10 more_lines 1 || fail "no sessions"
within 10 [ -s "$work/small/own.json" ] || fail "no sessions on the small disk"
dd if=/dev/zero of="$work/small/fill" bs=4k 2> /dev/null
within 10 grep -q 'seen.pcap: cannot be written: .*the watch goes on without' "$work/run.log" || fail "a recording on a full disk"
printf torn >> "$work/small/own.json" 2> /dev/null # what is left of its last page
was=$(role keeper)
kill -SEGV "$was"
within 10 is_new keeper "$was" || fail "the keeper was not started again on a full disk"
before=$(lines)
within 10 more_lines "$before" || fail "no session was written after the keeper died on a full disk"
kept=$("$witness" query "$work/small/ledger" --csv "select count(*) from records" | tail -n 1)
rm "$work/small/fill"
kept_more()
{
	[ "$("$witness" query "$work/small/ledger" --csv "select count(*) from records" | tail -n 1)" -gt "$kept" ]
}
within 40 kept_more || fail "the ledger does not go on when there is room again"
kill "$sender"
sender=
kill -TERM "$pid"
wait "$pid"
[ $? -eq 1 ] || fail "run whose recording failed does not say so at its end"
pid=
"$witness" verify "$work/small/ledger" > "$work/out" 2>&1 || fail "the ledger of the small disk: $(cat "$work/out")"
"$witness" query "$work/small/ledger" --json "select cause from coverage" > "$work/gaps2" 2>&1
grep -Eq 'kept (late)?.*(full|No space)' "$work/gaps2" || fail "the coverage does not tell of the full disk: $(cat "$work/gaps2")"
umount "$work/small"

# Without its monitor nothing lives on, and what was kept is whole.
start
were="$(role tap:0) $(role tap:1) $(role keeper)"
kill -KILL "$pid"
wait "$pid" 2> /dev/null
pid=
for p in $were; do
	within 5 gone "$p" || fail "process $p outlived its monitor"
done
"$witness" verify "$work/ledger" > "$work/out" 2>&1 || fail "the ledger after the monitor's death: $(cat "$work/out")"

echo "PASS roles: $(wc -l < "$work/gaps") gaps with their causes"

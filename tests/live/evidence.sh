#!/bin/sh
# tests/live/evidence.sh: what becomes of an incident's capture while a tap dies and its disk is full: it goes on, says
# what is missing, and the ledger knows what it holds.  A minute and a half, most of it a wait.
#
#   GATEWITNESS=build/gatewitness tests/live/evidence.sh

set -u
here=$(cd "$(dirname "$0")" && pwd)
name=evidence
witness=$(realpath "${GATEWITNESS:-$here/../../build/gatewitness}")
. "$here/common.sh"
demo=$here/../demo/demo.pcap
intruder=203.0.113.140

send()
{
	ip netns exec "$out" python3 "$here/send.py" send0 "$1" 15 > /dev/null || fail "could not send"
}
# Frames in the incident's capture.
frames()
{
	python3 - "$capture" <<'END'
import struct, sys
data, at, n = open(sys.argv[1], "rb").read(), 0, 0
while at + 8 <= len(data):
    kind, size = struct.unpack_from("<II", data, at)
    n += kind == 6
    at += size
print(n)
END
}
more_frames()
{
	[ "$(frames)" -gt "$1" ]
}
alerted()
{
	capture=$(grep -l "of $intruder, told by" "$work"/small/evidence/*.pcapng 2> /dev/null | head -n 1)
	[ -n "$capture" ]
}

begin python3 pgrep mount
mute
wire
mkdir "$work/small"
mount -t tmpfs -o size=8m small "$work/small" || skip "no small disk"
python3 - "$demo" "$intruder" "$work/own.pcap" <<'END'
import ipaddress, struct, sys
data, at, own = open(sys.argv[1], "rb").read(), 24, ipaddress.ip_address(sys.argv[2]).packed
with open(sys.argv[3], "wb") as to:
    to.write(data[:24])
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + length]
        if own in (frame[26:30], frame[30:34]):
            to.write(data[at:at + 16 + length])
        at += 16 + length
END

ip netns exec "$in" "$witness" run -i span0 -g 192.0.2.10 --set capture.taps=2 --set detect.learn=5s --set capture.scope=all \
	--set evidence.ring=16MiB --set evidence.folder="$work/small/evidence" --ledger "$work/ledger" --set ledger.commit=1s \
	--set capture.crashes=no --eve "$work/eve.json" 2> "$work/run.log" &
pid=$!
within 10 has tap:0 && within 10 has tap:1 || fail "run did not start"
send "$demo"
within 10 alerted || fail "no capture of the intruder's incident"
before=$(frames)
[ "$before" -gt 100 ] || fail "$before frames of an incident of some hundred"

# What a tap knew dies with it; of whom it is, its successor is told.
for r in tap:0 tap:1; do
	was=$(role $r)
	kill -KILL "$was"
	within 10 is_new $r "$was" || fail "$r was not started again"
done
send "$work/own.pcap"
within 10 more_frames "$before" || fail "the capture did not go on after the taps died"

# A full disk: what does not fit is counted, what fits later says so.
dd if=/dev/zero of="$work/small/fill" bs=4k 2> /dev/null
send "$work/own.pcap"
within 10 grep -q 'frames of incidents are lost until it can be written' "$work/run.log" || fail "a full disk was not told"
rm "$work/small/fill"
before=$(frames)
sleep 60
send "$work/own.pcap"
within 10 more_frames "$before" || fail "the capture did not go on when there was room again"
within 5 grep -q 'evidence is written again; [1-9][0-9]* frames were lost' "$work/run.log" || fail "it was not told that evidence is written again"
grep -aq 'missing before this frame, because they could not be written: [1-9]' "$capture" || fail "the capture does not say what is missing"

kill -TERM "$pid"
wait "$pid" || fail "run ended with $?"
pid=
"$witness" verify "$work/ledger" > "$work/out" 2>&1 || fail "the ledger: $(cat "$work/out")"
grep -q "whole .*$(basename "$capture"): [0-9]* frames" "$work/out" || fail "verify does not know the capture: $(cat "$work/out")"
"$witness" read --quiet "$capture" > "$work/out" 2>&1 || fail "the capture: $(cat "$work/out")"

echo "PASS evidence: $(frames) frames, two taps killed, a full disk"

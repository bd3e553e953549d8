#!/bin/sh
# tests/live/run.sh: what `run --record` saw live and what `read` makes of that recording are the same, byte for
# byte.  A veth pair in two namespaces of its own; the demo goes over it fifteen times as fast: once without and once with
# evidence.ring, whose frames wait in the tap until the keeper wants them.  Some 25 seconds.
#
#   GATEWITNESS=build/gatewitness tests/live/run.sh [CAPTURE [SPEED]]
#
# Left out of the comparison, because they name the source and not the traffic:
#   in_iface (live only), pcap_filename (read only), lines of type stats (they count the kernel's side too).

set -u
here=$(cd "$(dirname "$0")" && pwd)
name=live
witness=$(realpath "${GATEWITNESS:-$here/../../build/gatewitness}")
. "$here/common.sh"
capture=${1:-$here/../demo/demo.pcap}
speed=${2:-15}
same="--set identity.key=public --set sensor.name=live --set capture.scope=all --set detect.learn=5s --set eve.replay=yes"

# Until a packet socket is open in the namespace: /proc/net/packet has a heading and then a line each.
listening()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		kill -0 "$pid" 2> /dev/null || return 1
		[ "$(ip netns exec "$in" cat /proc/net/packet | wc -l)" -gt 1 ] && sleep 0.2 && return 0
		sleep 0.2
	done
	return 1
}

ended()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		kill -0 "$pid" 2> /dev/null || return 0
		sleep 0.2
	done
	return 1
}

plain()
{
	sed -e '/"event_type":"stats"/d' -e 's/,"in_iface":"[^"]*"//' -e 's/,"pcap_filename":"[^"]*"//' "$1"
}

begin python3 ethtool pgrep
[ -f "$capture" ] || skip "no $capture"
mute
wire
ip netns exec "$out" ethtool -K send0 tso off gso off gro off tx off > /dev/null 2>&1
ip netns exec "$in" ethtool -K span0 tso off gso off gro off tx off rx off > /dev/null 2>&1

# same_both RING CAPTURE: what is kept of frames; what is sent
same_both()
{
	# shellcheck disable=SC2086
	ip netns exec "$in" "$witness" run -i span0 -g 192.0.2.10 $same --set evidence.ring="$1" --set evidence.folder="$work/live" --record "$work/seen.pcap" --eve "$work/live.json" \
		2> "$work/run.log" &
	pid=$!
	listening || fail "run did not open its interface"
	pgrep -P "$pid" -f "run role:tap:0" > /dev/null || fail "there is no tap"
	kill -HUP "$pid" # a reload of what is already in force changes nothing
	sent=$(ip netns exec "$out" python3 "$here/send.py" send0 "$2" "$speed") || fail "could not send"
	sleep 0.5
	kill -INT "$pid"
	ended || fail "run did not stop within 4 s of SIGINT"
	grep -q "configuration read again" "$work/run.log" || fail "SIGHUP did not read the configuration again"
	wait "$pid" || fail "run ended with $?"
	pid=

	# shellcheck disable=SC2086
	"$witness" read -g 192.0.2.10 $same --set evidence.ring="$1" --set evidence.folder="$work/read" --eve "$work/read.json" "$work/seen.pcap" 2>> "$work/run.log" || fail "read ended with $?"
	python3 - "$work/seen.pcap" "$2" <<'END' || fail "the recording has not the very frames that were sent"
import struct, sys
def frames(path):
    data, at, order = open(path, "rb").read(), 24, "<"
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length
sys.exit(list(frames(sys.argv[1])) != list(frames(sys.argv[2])))
END
	plain "$work/live.json" > "$work/live.txt"
	plain "$work/read.json" > "$work/read.txt"
	[ -s "$work/live.txt" ] || fail "no records"
	if ! cmp -s "$work/live.txt" "$work/read.txt"; then
		sort "$work/live.txt" > "$work/live.sorted"
		sort "$work/read.txt" > "$work/read.sorted"
		cmp -s "$work/live.sorted" "$work/read.sorted" && echo "	(same lines in another order)" >&2
		diff "$work/live.txt" "$work/read.txt" | cut -c1-600 | head -20 >&2
		fail "live and read differ (evidence.ring=$1)"
	fi
}

# same_evidence CAPTURE: each incident has its file, with the same frames; a session that a later finding names stands
# elsewhere in it, because the tap is a moment ahead of the keeper
same_evidence()
{
	rm -rf "$work/live" "$work/read"
	same_both 16MiB "$1"
	frames=$(python3 - "$work/live" "$work/read" <<'END'
import pathlib, struct, sys
def frames(path):
    data, at, all = path.read_bytes(), 0, []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 6:
            high, low, kept, length = struct.unpack_from("<IIII", data, at + 12)
            all.append((high << 32 | low, data[at + 28:at + 28 + kept], length))
        at += size
    return sorted(all)
live, read = ({p.name: frames(p) for p in pathlib.Path(d).iterdir()} for d in sys.argv[1:])
print(sum(map(len, read.values())))
sys.exit(live != read or not all(read.values()) or not read)
END
	) || fail "captures of incidents differ, or there are none"
	[ "$(grep -aoh 'finding [0-9a-f]*)' "$work"/live/* | sort)" = "$(grep -aoh 'finding [0-9a-f]*)' "$work"/read/* | sort)" ] ||
		fail "captures of incidents tell other findings"
}

same_both 0B "$capture"
# What is found when the end was asked for already: the last answer of a leak, whose connection is open still.
python3 - "$work/live.json" "$capture" "$work/open.pcap" <<'END' || fail "no leak in the capture"
import ipaddress, json, struct, sys
for line in open(sys.argv[1]):
    e = json.loads(line)
    if e["event_type"] == "alert" and e["gatewitness"]["detector"] == "leak_loop":
        break
else:
    sys.exit(1)
data, at, ends = open(sys.argv[2], "rb").read(), 24, []
while at + 16 <= len(data):
    length = struct.unpack_from("<I", data, at + 8)[0]
    frame = data[at + 16:at + 16 + length]
    if frame[30:34] == ipaddress.ip_address(e["src_ip"]).packed and frame[47] & 1: # the gateway's FIN
        ends.append(at)
    at += 16 + length
open(sys.argv[3], "wb").write(data[:ends[7]])
END
same_evidence "$work/open.pcap"
[ "$frames" -gt 0 ] || fail "no frames of what was found at the end"
same_evidence "$capture"

# The same wire, for span: a mirror that is as it should be; then one that carries one direction of two.
span()
{
	ip netns exec "$in" "$witness" span -i span0 -g 192.0.2.10 --for 60s --quiet --json > "$work/span.json" 2> "$work/run.log" &
	pid=$!
	listening || fail "span did not open its interface"
	ip netns exec "$out" python3 "$here/send.py" send0 "$1" 60 > /dev/null || fail "could not send"
	sleep 0.5
	kill -INT "$pid"
	ended || fail "span did not stop within 4 s of SIGINT"
	wait "$pid" || fail "span ended with $?"
	pid=
	sed 's/.*"name":"'"$2"'","grade":"\([a-z]*\)".*/\1/' "$work/span.json"
}
python3 - "$capture" "$work/half.pcap" <<'END'
import ipaddress, struct, sys
data = open(sys.argv[1], "rb").read()
with open(sys.argv[2], "wb") as half:
    half.write(data[:24])
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + length]
        if frame[26:30] != ipaddress.ip_address("192.0.2.10").packed:
            half.write(data[at:at + 16 + length])
        at += 16 + length
END
[ "$(span "$capture" "both directions")" = good ] || fail "span on a good mirror: $(cat "$work/span.json")"
[ "$(span "$work/half.pcap" "both directions")" = bad ] || fail "span on half a mirror: $(cat "$work/span.json")"

echo "PASS live: $sent frames, $(grep -c . "$work/live.txt") lines, $(grep -c '"event_type":"alert"' "$work/live.txt") alerts, $frames frames of incidents, live = read"

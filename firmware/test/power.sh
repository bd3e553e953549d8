#!/bin/sh
# Power goes at a random moment while the board writes, CUTS times: it starts again by itself, the ledger verifies, and
# what is lost is at most the commit interval.
#	GATEWITNESS=build/gatewitness CUTS=20 test/power.sh FOLDER_OF_IMAGE
# SLACK: seconds that a guest may be late on a machine that does other things, too.
set -u
here=$(realpath "$(dirname "$0")") image=$(realpath "$1") top=$(realpath "$(dirname "$0")/../..")
witness=${GATEWITNESS:-$top/build/gatewitness} cuts=${CUTS:-20}
. "$here/lib.sh"
ready

# ledger.commit, the ten seconds of a pulse, and what a slow machine takes to write
interval=10 pulse=10 slack=${SLACK:-15}
cat >"$work/gatewitness.conf" <<-END_SETTINGS
	[gateway vpn]
	address = 192.0.2.10
	[ledger]
	commit = ${interval}s
	[board]
	address = 10.77.0.2/24
	span = 52:54:00:00:00:02
END_SETTINGS
flash "$image/gatewitness-virt.img"
put "$work/gatewitness.conf" gatewitness.conf

traffic() {
	while :; do
		inside python3 "$top/tests/live/send.py" span0 "$top/tests/demo/demo.pcap" 2 >/dev/null || return
	done
}

metric() {
	sed -n "s/^gatewitness_$1 \([0-9]*\).*/\1/p" "$work/metrics"
}

# The ledger has grown since this start, as the board's metrics say; $woke: when this start's sensor did.
commits() {
	inside curl -s -k -m 20 https://10.77.0.2/metrics >"$work/metrics"
	when=$(metric ledger_commit_time_seconds)
	woke=$(metric start_time_seconds)
	[ "${when:-0}" -gt "$started" ] && [ -n "$woke" ]
}

# Seconds from the newest pulse that was kept to the cut, or from the sensor's start: its first commit may have no pulse yet.
lost() {
	newest=$("$witness" query --csv "$work/data/gatewitness/ledger" 'SELECT max(time) FROM pulses' | tail -n 1 | tr -d '"')
	[ -n "$newest" ] || fail "no pulse is in the ledger"
	newest=$(date -d "$newest" +%s)
	[ "$newest" -gt "$woke" ] || newest=$woke
	echo $(($1 - newest))
}

worst=0
traffic &
sender=$!
for cut in $(seq "$cuts"); do
	started=$(date +%s)
	boot direct
	wait_until 900 commits || fail "cut $cut: the board does not start, or writes nothing"
	sleep "$(awk -v seed="$cut$$" 'BEGIN { srand(seed); print rand() * 30 }')"
	power_cut
	when=$(date +%s)
	cp --sparse=always "$work/card.img" "$work/card.as-cut"
	take
	# made at the first start, and the sensor's for good
	[ -e "$work/seal.pub" ] || cp "$work/data/gatewitness/ledger/seal.pub" "$work/seal.pub"
	"$witness" verify --key "$work/seal.pub" "$work/data/gatewitness/ledger" >"$work/verify" 2>&1
	grep -q ' 0 altered, 0 missing' "$work/verify" || fail "cut $cut: $(tail -n 3 "$work/verify")"
	lost=$(lost "$when")
	[ "$lost" -le $((interval + pulse + slack)) ] || fail "cut $cut: $lost s are lost"
	[ "$lost" -le "$worst" ] || worst=$lost
	printf '  ok    cut %s: %s s lost; %s\n' "$cut" "$lost" "$(tail -n 1 "$work/verify")"
done
kill $sender
echo "$cuts power cuts: the board starts after each, its ledger verifies; at most $worst s are lost, of $interval s between commits"

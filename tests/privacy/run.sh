#!/bin/sh
# Pseudonyms: no output has a client's address, the same is found, and only the key leads back, with a trace.
#	run.sh GATEWITNESS
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../common/cases.sh"
. "$here/../common/within.sh"
. "$here/../common/live.sh"
program=$(realpath "$1")
demo=$here/../demo/demo.pcap
gateway=192.0.2.10,2001:db8:0:1::10
work=$(mktemp -d)
net=gwprivacy$$ pid=

clean() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	ip netns del "$net" 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT
cd "$work" || exit 1
umask 077

key() {
	printf '%s\n' "$1$1$1$1$1$1$1$1" >"$2"
}
key 0123abcd key
key 89ef4567 other
hide="--set privacy.pseudonymize=yes --set privacy.key=key"

# Every address of a client in that capture that is found in these files, as text or as bytes.
clear_in() {
	python3 "$here/clear.py" plain.json "$gateway" "$@"
}

# What was found, without addresses and what is made of them.
found() {
	jq -r 'select(.gatewitness.detector) | [.timestamp, .event_type, .gatewitness.detector, .gatewitness.severity,
		.gatewitness.confidence] | join(" ")' "$1"
}

printf '203.0.113.0/24\n198.51.100.77\n' >feed
settings="--set list.feed.file=feed --set suppress.s.where=actor=203.0.113.32/28 --set suppress.s.owner=o --set suppress.s.reason=r
	--set suppress.s.expires=2030-01-01 --set fact.a.kind=admin_networks --set fact.a.networks=203.0.113.192/26"
# shellcheck disable=SC2086
"$program" read -g $gateway $settings --eve plain.json "$demo" 2>plain.err
# shellcheck disable=SC2086
"$program" read -g $gateway $settings $hide --eve hidden.json --ledger ledger --set detect.memory=memory "$demo" >out 2>err
is "read" 0 $?
is "found the same" "$(found plain.json)" "$(found hidden.json)"
is "suppressed the same" "$(grep -c '"suppressed":"s"' plain.json)" "$(grep -c '"suppressed":"s"' hidden.json)"
is "as many sessions" "$(grep -c '"gatewitness":{"id"' plain.json)" "$(grep -c '"gatewitness":{"id"' hidden.json)"
"$program" hunt --json --where 'bytes_out >= 0' ledger >sessions 2>>err
"$program" hunt --json ledger >findings 2>>err
is "records come back" "$(jq -c 'select(.gatewitness.kind == "close") | .gatewitness.id' hidden.json | sort)" \
	"$(jq -c 'select(.session) | .session.id' sessions | sort)"
ls memory.* >/dev/null 2>&1
is "what was learnt has a file of its key" 0 $?
import=$(ls -d ledger/import-*)
is "clear addresses" "" "$(clear_in hidden.json out err sessions findings memory.* "$import"/*.summary "$import"/*.sessions)"
cp plain.json leak
is "the check itself sees them" 11 "$(clear_in leak | wc -l)"
is "lists are noted" "$(jq -r 'select(.gatewitness.kind == "close" and .gatewitness.role == "inbound") | .gatewitness.src |
	select(test("^203.0.113|100.77$"))' plain.json | wc -l)" \
	"$(jq -r 'select(.gatewitness.kind == "close") | .gatewitness.src_list // empty' hidden.json | wc -l)"
"$program" config -c /dev/null $hide | grep -c 0123abcd >count
is "the key is no setting" 0 "$(cat count)"

# --- behind a balancer: who the PROXY header names is a client, and so is the balancer unless it is the gateway's own
behind=$here/../golden/haproxy-proxy-v2/haproxy-proxy-v2.pcap
"$program" read --quiet -g 192.0.2.20 --eve plain2.json "$behind"
# shellcheck disable=SC2086
"$program" read --quiet -g 192.0.2.20 $hide --eve hidden2.json "$behind"
is "PROXY header" "5 2" "$(jq -r 'select(.gatewitness.actor and .gatewitness.kind) | .gatewitness.pseudonyms' hidden2.json | sort -u) $(
	jq -r 'select(.gatewitness.actor and .gatewitness.kind) | .gatewitness.actor' hidden2.json | wc -l)"
is "clear addresses behind it" "" "$(python3 "$here/clear.py" plain2.json 192.0.2.20 hidden2.json)"

# --- with the key and without
is "by address, with the key" \
	"$(jq -r 'select(.gatewitness.src == "203.0.113.140" and .gatewitness.kind == "close") | .timestamp' plain.json | wc -l)" \
	"$("$program" hunt --quiet --privacy-key key --json --where 'src = 203.0.113.140' ledger | grep -c '"session":')"
is "by network, with the key" \
	"$(jq -r 'select(.gatewitness.kind == "close") | .gatewitness.src // empty | select(startswith("203.0.113."))' plain.json | wc -l)" \
	"$("$program" hunt --quiet --privacy-key key --json --where 'src in 203.0.113.0/24' ledger | grep -c '"session":')"
"$program" hunt --quiet --where 'src = 203.0.113.140' ledger >out 2>err
is "by address, without" 2 $?
like "by address, without" 'pseudonyms under key [0-9a-f]{16}, and the question asks for addresses; give that key with --privacy-key' err
"$program" hunt --quiet --indicators feed ledger >out 2>err
is "a list of addresses, without" 2 $?
"$program" hunt --quiet --indicators feed --privacy-key other ledger >out 2>err
is "another key" 2 $?
like "another key" 'pseudonyms under key [0-9a-f]{16}, and the key given is [0-9a-f]{16}$' err
jq -r 'select(.gatewitness.src == "203.0.113.140") | .gatewitness.ja4 // empty' plain.json | sort -u >prints
is "by fingerprint, without" \
	"$("$program" read --quiet -g $gateway --set list.hunt.file=prints --eve - "$demo" | grep -c '"event_type":"alert".*"detector":"indicator"')" \
	"$("$program" hunt --quiet --json --indicators prints ledger | grep -c '"detector":"indicator".*"alert":true')"
"$program" hunt --quiet --as-was --eve was.json ledger >out 2>err
is "as it was" "$(found hidden.json | grep ' alert ')" "$(found was.json | grep ' alert ')"

is "as it was, nothing wrong" "" "$(grep -v '%' err)"
is "the list of then has hits" "$(found hidden.json | grep -c ' indicator ')" "$(found was.json | grep -c ' indicator ')"
is "the list of then is kept without pseudonyms" "kept 2" "$("$program" query --csv ledger \
	"SELECT value FROM settings WHERE name = 'list feed' LIMIT 1" | tail -n 1 | cut -d' ' -f2-)"
mv key elsewhere
"$program" hunt --quiet --as-was --privacy-key elsewhere --eve was2.json ledger >out 2>err
is "as it was, the key lies elsewhere" "0 $(found was.json | grep -c ' alert ')" "$? $(found was2.json | grep -c ' alert ')"
"$program" report --quiet --as-was --privacy-key elsewhere -o page.html ledger 2>err
is "its page" 0 $?
is "its page has the list of then" 0 "$(grep -q "on list feed" page.html; echo $?)"
mv elsewhere key

# --- mistakes
mistake() {
	name=$1 pattern=$2
	shift 2
	"$@" >out 2>err
	is "$name" 2 $?
	like "$name" "$pattern" err
}
mistake "no key" 'privacy.pseudonymize needs a key' "$program" read -g $gateway --set privacy.pseudonymize=yes "$demo"
mistake "no file" 'nowhere: the privacy key cannot be read' "$program" read -g $gateway --set privacy.pseudonymize=yes \
	--set privacy.key=nowhere "$demo"
mistake "frames" 'run: --record keeps frames with their addresses' "$program" run -i lo -g $gateway $hide --record x.pcap
mistake "no boot key" 'privacy.key is boot: give the key' "$program" read -g $gateway --set privacy.pseudonymize=yes \
	--set privacy.key=boot "$demo"
key 0123abcd once
"$program" read --quiet -g $gateway --set privacy.pseudonymize=yes --set privacy.key=boot --privacy-key once --eve boot.json "$demo"
is "boot" "0 $(grep -c pseudonyms hidden.json)" "$? $(grep -c pseudonyms boot.json)"
[ -e once ]
is "boot leaves no file" 1 $?
"$program" read --quiet -g $gateway --set privacy.pseudonymize=yes --set privacy.key=boot --privacy-key - --eve boot.json "$demo" <key
is "boot from standard input" "0 $(grep -c pseudonyms hidden.json)" "$? $(grep -c pseudonyms boot.json)"

# --- back again
pseudonym=$(jq -r 'select(.gatewitness.detector == "leak_loop") | .src_ip' hidden.json | head -n 1)
mistake "no reason" 'no reason: --reason' "$program" reveal --privacy-key key ledger "$pseudonym"
mistake "no such key" 'is key [0-9a-f]{16}$' "$program" reveal --privacy-key other --reason x ledger "$pseudonym"
is "reveal" 203.0.113.140 "$("$program" reveal --privacy-key key --reason 'case 7 "x"' ledger "$pseudonym")"
traces() {
	python3 - "$1" <<'END'
import glob, json, sqlite3, sys
for path in sorted(glob.glob(sys.argv[1] + "/*.summary")):
    with sqlite3.connect("file:" + path + "?mode=ro", uri=True) as d:
        for (value,) in d.execute("SELECT value FROM setting WHERE name = 'reveal' ORDER BY rowid"):
            t = json.loads(value)
            print(t["pseudonym"], t["uid"], t["reason"])
END
}
is "its trace" "$pseudonym $(id -u) case 7 \"x\"" "$(traces "$import")"
"$program" verify --key ledger/seal.pub ledger >out 2>err
is "the chain has it" 0 $?
chmod 500 "$import"
if [ "$(id -u)" != 0 ]; then
	"$program" reveal --privacy-key key --reason y ledger "$pseudonym" >out 2>err
	is "no trace, no address" "1 0" "$? $(wc -c <out)"
fi
chmod 700 "$import"

# --- a running sensor
if live; then
	key 0123abcd once
	ip netns exec "$net" "$program" run -i span0 -g $gateway --set privacy.pseudonymize=yes \
		--set privacy.key=boot --privacy-key once --eve live.json --ledger live --set ledger.commit=1s 2>run.err &
	pid=$!
	hears "watching span0"
	ip netns exec "$net" python3 "$here/../live/send.py" send0 "$demo" 1000 >/dev/null
	sleep 4 # a second late, then committed
	is "who asks a running sensor" 203.0.113.140 \
		"$("$program" reveal --privacy-key key --reason 'case 8' live "$pseudonym" 2>&1)"
	is "its trace is there before the answer" "$pseudonym $(id -u) case 8" "$(traces live)"
	kill -INT $pid
	wait $pid
	is "run ends" 0 $?
	pid=
	is "run hides the same" "$(jq -r 'select(.gatewitness.kind == "close") | [.src_ip, .dest_ip] | join(" ")' hidden.json | sort -u)" \
		"$(jq -r 'select(.gatewitness.kind == "close") | [.src_ip, .dest_ip] | join(" ")' live.json | sort -u)"
	is "clear addresses of a running sensor" "" "$(clear_in live.json run.err live/*.s*)"
	"$program" verify live >out 2>err
	is "its chain is whole" 0 $?
else
	echo "no network namespace: the running sensor is left out"
fi

echo "$cases cases, $failed failed"
[ "$failed" -eq 0 ]

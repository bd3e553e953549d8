#!/bin/sh
# What is known from outside: places in the records, lists in four formats, and both read anew by a running sensor.
#	run.sh GATEWITNESS
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../common/cases.sh"
. "$here/../common/within.sh"
. "$here/../common/live.sh"
program=$(realpath "$1")
demo=$here/../demo/demo.pcap
work=$(mktemp -d)
net=gwenrich$$ pid=

clean() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	ip netns del "$net" 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT
cd "$work" || exit 1

read_demo() {
	"$program" read --quiet -g 192.0.2.10 --set identity.key=public --eve eve.json "$@" "$demo" 2>err
}

# --- places
python3 "$here/mmdb.py" country.mmdb Test-Country <<'END'
203.0.113.0/24 {"country": {"iso_code": "NL"}}
203.0.113.64/26 {"registered_country": {"iso_code": "DE"}}
2001:db8:97::/48 {"country": {"iso_code": "SE"}}
192.0.2.0/24 {"country": {"iso_code": "XX"}}
END
python3 "$here/mmdb.py" asn.mmdb Test-ASN <<'END'
203.0.113.0/24 {"autonomous_system_number": 64500, "autonomous_system_organization": "Exämple \"B.V.\""}
2001:db8:97::/48 {"asn": "AS64501", "as_name": "Other"}
END
places_of() {
	jq -r "select(.gatewitness.src and .event_type != \"alert\") | .gatewitness | select($1) |
		[.src_country, .src_as, .src_as_name, .dest_country, .dest_as] | map(. // \"-\") | join(\" \")" eve.json | sort -u
}
read_demo --set places.country=country.mmdb --set places.asn=asn.mmdb
is "read with places" 0 $?
is "a client" 'NL 64500 Exämple "B.V." - -' "$(places_of '.src == "203.0.113.140"')"
is "registered elsewhere, the gateway calls" '- - - DE 64500' "$(places_of '.dest == "203.0.113.66" and .role == "outbound"')"
is "IPv6, the other names" 'SE 64501 Other - -' "$(places_of '.src == "2001:db8:97::7"')"
is "nobody knows" '- - - - -' "$(places_of '.src == "198.51.100.180"')"
grep -q '"\(src\|dest\)_country":"XX"' eve.json
is "the gateway itself is not looked up" 1 $?
read_demo --set places.asn=asn.mmdb
is "operators alone" '- 64500 Exämple "B.V." - -' "$(places_of '.src == "203.0.113.140"')"
read_demo
is "without" '- - - - -' "$(places_of '.src == "203.0.113.140"')"

head -c 60 country.mmdb >cut.mmdb
echo 'not a database' >letter.mmdb
read_demo --set places.country=none.mmdb
is "no such database" 2 $?
like "no such database" 'none.mmdb: not a MaxMind database for places.country: Error opening' err
read_demo --set places.country=letter.mmdb
is "a letter" 2 $?
like "a letter" 'letter.mmdb: not a MaxMind database for places.country' err
read_demo --set places.asn=cut.mmdb
like "cut" 'cut.mmdb: not a MaxMind database for places.asn' err
read_demo --set places.asn=country.mmdb
is "foreign" 2 $?
like "foreign" 'country.mmdb: a database of type "Test-Country", in which there is no autonomous system for places.asn' err
read_demo --set places.country=asn.mmdb
like "foreign the other way" 'asn.mmdb: a database of type "Test-ASN", in which there is no country code for places.country' err

# --- lists: the same two indicators in every format give the same findings
printf '# a client, and where the gateway logs to\n203.0.113.140\n*.example.net\n' >plain.list
printf 'type,value\nip,203.0.113.140\ndomain,"*.example.net"\n' >csv.list
cat >stix.list <<'END'
{"type": "bundle", "id": "bundle--1", "objects": [{"type": "indicator", "pattern_type": "stix",
 "pattern": "[ipv4-addr:value = '203.0.113.140' OR domain-name:value = '*.example.net']"}]}
END
cat >misp.list <<'END'
{"Event": {"Attribute": [{"type": "ip-src", "value": "203.0.113.140", "to_ids": true},
 {"type": "hostname", "value": "*.example.net", "to_ids": true}]}}
END
found() {
	jq -r '.gatewitness | select(.detector == "indicator") | [.severity, .text] | join(" ")' eve.json | sort -u
}
wanted='critical gateway 192.0.2.10 called 198.51.100.53 port 6514 by a name on list feed (*.example.net)
high client 203.0.113.140 is on list feed (203.0.113.140)'
for format in plain csv stix misp; do
	read_demo --set list.feed.file=$format.list
	is "$format" "$wanted" "$(found | grep -v '^info')"
done
read_demo --set list.feed.file=plain.list --set list.feed.severity=low --set list.feed.expires=2026-11-23
is "a list whose time is over" "" "$(found)"
printf '203.0.113.140\n192.0.2.0/24\n' >own.list
read_demo --set list.feed.file=own.list
is "the gateway's own network" 2 $?
like "the gateway's own network" 'own.list:2: "192.0.2.0/24" has an address of the gateway itself in it' err

# --- a running sensor
if live; then
	echo 198.18.0.1 >feed
	cp country.mmdb live.mmdb
	ip netns exec "$net" "$program" run -i span0 -g 192.0.2.10 --set list.feed.file=feed --set places.country=live.mmdb \
		--eve eve.json 2>run.err &
	pid=$!
	hears "watching span0"
	printf '203.0.113.140\nwhat is this\nor this\n' >feed
	cp letter.mmdb new.mmdb && mv new.mmdb live.mmdb
	kill -HUP $pid
	hears "places stay as they were read before"
	is "a broken list" 1 "$(grep -c 'feed:2: "what is this" .* (and 1 more); list feed stays as it was read before' run.err)"
	is "a broken database" 1 "$(grep -c 'live.mmdb: not a MaxMind database.*places stay' run.err)"
	printf '203.0.113.140\n' >feed
	cp country.mmdb new.mmdb && mv new.mmdb live.mmdb
	: >run.err
	kill -HUP $pid
	hears "list feed: 1 entry from feed (plain)"
	ip netns exec "$net" python3 "$here/../live/send.py" send0 "$demo" 1000 >/dev/null
	sleep 0.5
	kill -INT $pid
	wait $pid
	is "run ends" 0 $?
	pid=
	is "the new list is in force" 'high client 203.0.113.140 is on list feed (203.0.113.140)' "$(found | grep -v '^info')"
	is "and the places" NL "$(jq -r '.gatewitness | select(.src == "203.0.113.140") | .src_country' eve.json | sort -u)"
else
	echo "no network namespace: the running sensor is left out"
fi

echo "$cases cases, $failed failed"
[ "$failed" -eq 0 ]

#!/bin/bash
# record-demo.sh: records tests/demo/demo.pcap, one hour at an organisation's gateway told in three minutes.
#
# Clients, servers and clocks are real; only the pace is quick.  Who does what when is below and in
# tests/demo/README.md; the bytes differ from recording to recording, the roles and the second do not.

set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/portal.sh"

DEMO=$(cd "$LAB_HERE/.." && pwd)/demo
DEMO_MAX=1572864
LENGTH=185
SERVICES=198.51.100.53 DROP=203.0.113.66

people()
{
	local rest='/static/portal.css /static/portal.js /static/logo.png'

	lab_client alice 198.51.100.21
	lab_client bob 203.0.113.35
	lab_client carol 198.51.100.77
	lab_client dave 203.0.113.92
	lab_client erin 2001:db8:51::5 128
	lab_client frank 198.51.100.140
	lab_client grace 198.51.100.180 128
	lab_client heidi 2001:db8:97::7
	lab_client watch 198.51.100.250
	lab_client scan 203.0.113.200
	lab_client thief 203.0.113.140
	lab_client drop $DROP
	lab_client services $SERVICES
	portal_curl alice $GW http2 -- /login $rest '/login?post' /rpc?1 /rpc?2 '/stream?seconds=8' /rpc?3
	portal_curl heidi "[$GW6]" 'http1.1\ntls-max = 1.2' -- /login $rest '/login?post' /rpc?1 '!/rpc?2' '!/rpc?3' /rpc?4
	portal_plan bob login work back > "$LAB_TMP/bob.1"
	portal_plan bob login tunnel55 > "$LAB_TMP/bob.2"
	portal_plan erin login work back > "$LAB_TMP/erin.1"
	portal_plan frank login work back > "$LAB_TMP/frank.1"
	portal_plan dave login work > "$LAB_TMP/dave.1"
	portal_plan carol login work > "$LAB_TMP/carol.1"
	portal_plan carol back | grep -v new > "$LAB_TMP/carol.2"
}

# Everybody's working day.  The first LEARN seconds (demo.conf) hold all of them and nobody else.
ordinary_day()
{
	local work="python3 $LAB_HERE/work.py" others="python3 $LAB_HERE/others.py" to="-connect $GW:443 -servername $NAME"
	lab_start services services python3 "$LAB_HERE/others.py" services "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_listens services 6514
	lab_at 0 watch "$others monitor $((LENGTH - 3))"
	lab_at 1 gw "$others egress $((LENGTH - 15))"
	lab_at 2 alice "curl -K $LAB_TMP/alice.curl"
	lab_at 4 carol "$work feed < $LAB_TMP/carol.1 | openssl s_client $to -quiet -tls1_2 -sess_out $LAB_TMP/carol.ticket"
	lab_at 7 bob "$work talk $GW $NAME < $LAB_TMP/bob.1"
	lab_at 10 erin "java -cp $LAB_TMP Client $GW6 443 $NAME < $LAB_TMP/erin.1"
	lab_at 13 grace "timeout 40 $(portal_browser grace)"
	lab_at 16 frank "$LAB_TMP/client-go $GW:443 $NAME < $LAB_TMP/frank.1"
	lab_at 20 dave "$work feed < $LAB_TMP/dave.1 | gnutls-cli -p 443 --sni-hostname $NAME --verify-hostname $NAME" \
		"--x509cafile $PKI/ca.pem $GW"
	lab_at 24 heidi "curl -K $LAB_TMP/heidi.curl"
	lab_at 52 carol "$work feed < $LAB_TMP/carol.2 | openssl s_client $to -quiet -tls1_2 -sess_in $LAB_TMP/carol.ticket"
	# Second shift, while the intruder is about.
	lab_at 83 bob "$work talk $GW $NAME < $LAB_TMP/bob.2"
	lab_at 92 alice "curl -K $LAB_TMP/alice.curl"
	lab_at 104 frank "$LAB_TMP/client-go $GW:443 $NAME tls12 < $LAB_TMP/frank.1"
	lab_at 112 heidi "curl -K $LAB_TMP/heidi.curl"
	lab_at 130 grace "timeout 35 $(portal_browser grace)"
	lab_at 158 carol "$work feed < $LAB_TMP/carol.2 | openssl s_client $to -quiet -tls1_2 -sess_in $LAB_TMP/carol.ticket"
}

bad_morning()
{
	local others="python3 $LAB_HERE/others.py" work="python3 $LAB_HERE/work.py"

	lab_start drop drop python3 "$LAB_HERE/others.py" drop "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_listens drop 8443
	lab_at 80 scan "$others scan"
	lab_at 95 thief "$others oversize"
	lab_at 102 thief "$others leak 24"
	lab_at 128 thief "$work feed < $LAB_TMP/carol.2 | openssl s_client -connect $GW:443 -servername $NAME -quiet" \
		"-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256 -groups P-256" \
		"-sigalgs ECDSA+SHA256 -sess_in $LAB_TMP/carol.ticket"
	lab_at 140 gw "$others callout"
}

lab_need curl:curl gnutls-cli:gnutls-bin chromium:chromium go:golang-go javac:default-jdk-headless nginx:nginx-light
lab_begin
PKI=$LAB_TMP/pki
(cd "$LAB_TMP" && GOCACHE=$LAB_TMP/go go build -o client-go "$LAB_HERE/client.go" && javac -d . "$LAB_HERE/Client.java") \
	2> "$LAB_TMP/build.log" || lab_die "$(cat "$LAB_TMP/build.log")"
people
portal_serve
lab_capture "$LAB_TMP/demo.pcap"
ordinary_day
bad_morning
lab_say "recording for $LENGTH s"
sleep $LENGTH
lab_capture_stop
grep -h -E '^(leaked|oversized|fetched)' "$LAB_TMP"/*.log
size=$(stat -c %s "$LAB_TMP/demo.pcap")
[ "$size" -le $DEMO_MAX ] || lab_die "the demo is $size bytes, which is more than $DEMO_MAX"
mv "$LAB_TMP/demo.pcap" "$DEMO/demo.pcap"
lab_say "tests/demo/demo.pcap: $size bytes"

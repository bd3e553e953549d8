#!/bin/bash
# run.sh: real stacks in network namespaces, the sensor live on the mirror port; it must find exactly the intruder.
#
#	GATEWITNESS=build/gatewitness tests/lab/run.sh [DIR]
#
# Some four minutes.  DIR (build/lab) gets the sensor's EVE lines, its recording and everybody's logs.  Who does what
# when is below; what must be found of it is in judge.py.  Exit code 77: no namespaces here.

set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/portal.sh"
. "$(dirname "$0")/tunnel.sh"

WITNESS=$(realpath "${GATEWITNESS:-$LAB_HERE/../../build/gatewitness}")
OUT=$(realpath -m "${1:-$LAB_HERE/../../build/lab}")
LEARN=75 LENGTH=205		# seconds: the quiet beginning; all of it
VPN=$LAB_SITE.11		# the gateway's second address, for tunnels
SERVICES=198.51.100.53 DROP=203.0.113.66 THIEF=203.0.113.140
WORK="python3 $LAB_HERE/work.py" OTHERS="python3 $LAB_HERE/others.py" INTRUDER="python3 $LAB_HERE/intruder.py"

# party NODE ADDRESS ROLE: somebody, and what the judge shall take him for.
party()
{
	lab_client "$1" "$2"
	echo "$2 $1 $3" >> "$OUT/parties"
}

# deed SECOND NODE NAME COMMAND...: something the intruder does, for the judge.
deed()
{
	echo "$3 $2-$1" >> "$OUT/deeds"
	lab_at "$1" "$2" "${@:4}"
}

everybody()
{
	local user

	party alice 198.51.100.21 portal
	party bob 203.0.113.35 portal
	party frank 198.51.100.140 portal
	party grace 198.51.100.180 portal
	party heidi 2001:db8:97::7 portal
	party mike 198.51.100.61 portal
	party rita 198.51.100.99 portal
	party nina 203.0.113.70 tunnel
	party oscar 198.51.100.130 tunnel
	party watch 198.51.100.250 monitor
	party scan 203.0.113.200 scanner
	party csirt 198.51.100.9 tester
	party services $SERVICES services
	party thief $THIEF intruder
	party drop $DROP intruder
	party botnet 198.18.0.1 intruder
	echo "198.18.0.0/16 botnet intruder" >> "$OUT/parties"
	ip -n "$(lab_ns router)" route add 198.18.0.0/16 dev c-botnet
	lab_on botnet ip route add local 198.18.0.0/16 dev lo
	# Rita has a second address, for later.
	ip -n "$(lab_ns router)" route add 203.0.113.98/32 dev c-rita
	echo "203.0.113.98 rita portal" >> "$OUT/parties"
	(cd "$LAB_TMP" && GOCACHE=$LAB_TMP/go go build -o client-go "$LAB_HERE/client.go") 2> "$OUT/logs/build.log" ||
		lab_die "$(cat "$OUT/logs/build.log")"
	for user in alice heidi; do echo "$user not-the-real-one-$user"; done > "$LAB_TMP/users"
	for user in bob mike rita frank; do echo "$user $($WORK password $user)"; done >> "$LAB_TMP/users"
	echo "grace correct horse" >> "$LAB_TMP/users"
}

plans()
{
	local rest='/static/portal.css /static/portal.js /static/logo.png'

	# shellcheck disable=SC2086
	portal_curl alice $GW http2 -- /login $rest '/login?post' /rpc?1 /rpc?2 '/stream?seconds=8' /rpc?3
	# shellcheck disable=SC2086
	portal_curl heidi "[$GW6]" 'http1.1\ntls-max = 1.2' -- /login $rest '/login?post' /rpc?1 '!/rpc?2' '!/rpc?3' /rpc?4
	portal_plan bob login tunnel90 > "$LAB_TMP/bob.plan"
	portal_plan mike mistyped work > "$LAB_TMP/mike.plan"
	portal_plan frank login work back > "$LAB_TMP/frank.plan"
	{ portal_plan rita login work; echo '45000 new'; portal_plan rita back; } > "$LAB_TMP/rita.plan"
}

# through SECONDS USER: commands of somebody who works through a tunnel for so long: small pings, now and then large ones.
through()
{
	echo "$(tunnel_command "$2" "$VPN") < $LAB_TMP/vpn-secret & vpn=\$!; sleep 6;" \
		"timeout $1 sh -c 'while ping -q -c 20 -i 0.3 $TUNNEL_INSIDE; do ping -q -c 40 -i 0.05 -s 1000 $TUNNEL_INSIDE;" \
		"done'; kill -INT \$vpn; wait \$vpn"
}

# The first LEARN seconds hold everybody but the scanner, the tester and the intruder.
ordinary_day()
{
	lab_start services services $OTHERS services "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_listens services 6514
	lab_at 0 watch "$OTHERS monitor $((LENGTH - 3))"
	lab_at 1 gw "$OTHERS egress $((LENGTH - 15))"
	lab_at 2 alice "curl -K $LAB_TMP/alice.curl"
	lab_at 4 bob "$WORK talk $GW $NAME < $LAB_TMP/bob.plan"
	lab_at 5 nina "$(through 180 nina)"
	lab_at 7 grace "timeout 45 $(portal_browser grace)"
	lab_at 12 rita "$WORK talk $GW $NAME tls12 < $LAB_TMP/rita.plan"
	lab_at 15 heidi "curl -K $LAB_TMP/heidi.curl"
	lab_at 18 oscar "$(through 40 oscar)"
	lab_at 22 mike "$WORK talk $GW $NAME < $LAB_TMP/mike.plan"
	lab_at 26 frank "$LAB_TMP/client-go $GW:443 $NAME < $LAB_TMP/frank.plan"
	# Rita goes elsewhere, between her work and the rest of it.
	lab_at 62 rita "ip addr add 203.0.113.98/32 dev eth0;" \
		"ip route replace default via 169.254.0.1 dev eth0 onlink src 203.0.113.98"
	lab_at 78 scan "$OTHERS scan"
	lab_at 84 csirt "for i in 1 2 3; do curl -sk -o /dev/null --resolve $NAME:443:$GW -d login" \
		"https://$NAME/p/u/auth; sleep 2; done"
	# Second shift, while the intruder is about.
	lab_at 96 mike "$WORK talk $GW $NAME < $LAB_TMP/mike.plan"
	lab_at 104 alice "curl -K $LAB_TMP/alice.curl"
	lab_at 112 oscar "$(through 60 oscar)"
	lab_at 120 heidi "curl -K $LAB_TMP/heidi.curl"
	lab_at 128 grace "timeout 45 $(portal_browser grace)"
	lab_at 140 bob "$WORK talk $GW $NAME < $LAB_TMP/bob.plan"
}

bad_morning()
{
	lab_start drop drop $OTHERS drop "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_start drop lead $INTRUDER lead "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_listens drop 8443
	lab_listens drop 4443
	deed 92 thief leak "$INTRUDER leak 30 $LAB_TMP/stolen"
	deed 110 thief oversize "curl -sk --http1.1 --resolve $NAME:443:$GW -H 'Host: $(printf %24812s '' | tr ' ' a)'" \
		"-o /dev/null -w 'oversized: status %{http_code}, answer %{size_download}\\n' https://$NAME/oauth/config"
	deed 116 thief replay "for page in portal rpc portal; do curl -sk -o /dev/null --resolve $NAME:443:$GW" \
		"-b \$(cat $LAB_TMP/stolen) -w 'replayed: status %{http_code}\\n' https://$NAME/\$page; sleep 1; done;" \
		"$INTRUDER tunnel $LAB_TMP/stolen 45"
	deed 126 gw fetch "$OTHERS callout"
	deed 134 gw shell "$INTRUDER shell"
	deed 165 botnet spray "$INTRUDER spray"
}

# The sensor's own view of the same, live and from what it recorded.
witness()
{
	cat > "$OUT/lab.conf" <<-END
		[gateway lab]
		address = $GW, $VPN, $GW6
		egress = $GW
		[detect]
		learn = ${LEARN}s
		[session]
		update = 20s
		[capture]
		scope = gateway
		[eve]
		updates = yes
		[identity]
		key = public
		[sensor]
		name = lab
		[list drop-hosts]
		file = $OUT/drop-hosts.txt
	END
	echo "$DROP" > "$OUT/drop-hosts.txt"
	lab_start span sensor "$WITNESS" run -i eth0 -c "$OUT/lab.conf" --record "$OUT/seen.pcap" --eve "$OUT/live.json"
	SENSOR=$LAB_LAST
	lab_hears span
}

witness_ends()
{
	kill -INT "$SENSOR" 2> /dev/null
	for _ in $(seq 100); do
		kill -0 "$SENSOR" 2> /dev/null || break
		sleep 0.1
	done
	wait "$SENSOR" || lab_die "the sensor ended with $?: $(cat "$LAB_TMP/sensor.log")"
	timeout 60 "$WITNESS" read -c "$OUT/lab.conf" --eve "$OUT/read.json" "$OUT/seen.pcap" > "$OUT/logs/read.log" 2>&1 ||
		lab_die "read ended with $?: $(cat "$OUT/logs/read.log")"
}

# Sprays are counted by the hour of the clock: one that an hour divides is no test.  Waits 41 seconds at most.
off_the_hour()
{
	local left=$((3600 - $(date +%s) % 3600))

	[ $left -le 160 ] || [ $left -ge 200 ] || sleep $((left - 159))
}

[ -x "$WITNESS" ] || lab_die "$WITNESS is not built"
if command -v ip > /dev/null; then lab_possible || exit 77; fi
"$LAB_HERE/../setup.sh" lab || exit 1
lab_possible || exit 77
mkdir -p "$OUT/logs"
rm -f "$OUT"/{parties,deeds,lab.conf,drop-hosts.txt,seen.pcap,live.json,read.json} "$OUT"/logs/*.log
lab_begin
PKI=$LAB_TMP/pki
everybody
plans
ip -n "$(lab_ns gw)" addr add "$VPN/24" dev eth0
tunnel_serve "$VPN" 'dtls-psk = true' nina oscar
portal_serve "$LAB_TMP/users"
off_the_hour
witness
ordinary_day
bad_morning
lab_say "$(wc -l < "$OUT/parties") addresses, $LENGTH s, of which the first $LEARN are quiet"
lab_start span length sleep $LENGTH
wait "$LAB_LAST"
witness_ends
cp "$LAB_TMP"/*.log "$OUT/logs"
cp "$LAB_TMP/nginx/access" "$OUT/logs/access.log"
python3 "$LAB_HERE/judge.py" "$OUT"

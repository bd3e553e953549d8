#!/bin/bash
# record-demo.sh: records tests/demo/demo.pcap, one hour at an organisation's gateway told in three minutes.
#
# Clients, servers and clocks are real; only the pace is quick.  Who does what when is below and in
# tests/demo/README.md; the bytes differ from recording to recording, the roles and the second do not.

set -u
. "$(dirname "$0")/lab.sh"

DEMO=$(cd "$LAB_HERE/.." && pwd)/demo
DEMO_MAX=1572864
LENGTH=185
SERVICES=198.51.100.53 DROP=203.0.113.66

# at SECOND NODE COMMAND...: later, in that node.  Commands are shell text.
at()
{
	local second=$1 node=$2

	shift 2
	lab_start "$node" "$node-$second" bash -c "sleep $second; echo start \$(date +%s.%N); $*"
}

gateway()
{
	local dir=$LAB_TMP/nginx

	mkdir -p "$dir"
	cat > "$dir/conf" <<-END
		daemon off; user root; worker_processes 1; pid $dir/pid; error_log stderr;
		events { worker_connections 256; }
		http {
			access_log $dir/access; client_body_temp_path $dir/b; proxy_temp_path $dir/p;
			fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
			server_tokens off; keepalive_timeout 60s; large_client_header_buffers 4 32k;
			server {
				listen 443 ssl http2; listen [::]:443 ssl http2;
				server_name $NAME;
				ssl_certificate $PKI/gw.pem; ssl_certificate_key $PKI/gw.key;
				ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on;
				ssl_session_cache shared:s:1m; ssl_session_timeout 1h;
				proxy_http_version 1.1;
				location / { proxy_pass http://127.0.0.1:8080; }
				location /stream { proxy_pass http://127.0.0.1:8080; proxy_buffering off; }
				location /tunnel {
					proxy_pass http://127.0.0.1:8080; proxy_buffering off;
					proxy_set_header Upgrade \$http_upgrade; proxy_set_header Connection Upgrade;
				}
			}
		}
	END
	lab_start gw backend python3 "$LAB_HERE/gateway.py" 8080
	lab_start gw nginx nginx -c "$dir/conf" -p "$dir" -e stderr
	lab_listens gw 8080
	lab_listens gw 443
}

# curl_plan NAME HOST-ADDRESS COMMON -- PATH...: a curl configuration, one block a page; "!PATH" closes after it.
curl_plan()
{
	local user=$1 addr=$2 common=$3 path

	shift 4
	for path in "$@"; do
		printf 'url = "https://%s%s"\nresolve = "%s:443:%s"\ncacert = "%s"\n' $NAME "${path#!}" $NAME "$addr" \
			"$PKI/ca.pem"
		printf 'silent\noutput = /dev/null\nrate = 30/m\ncookie-jar = %s\ncookie = %s\n%b\n' \
			"$LAB_TMP/$user.jar" "$LAB_TMP/$user.jar" "$common"
		case $path in
		!*) echo 'header = "Connection: close"' ;;
		/login\?post) printf 'location\ndata = "login=%s%%%%40example.org&passwd=%s&domain=corp"\n' "$user" \
			"not-the-real-one-$user" ;;
		*rpc*) echo 'data = "call=list-applications&view=tiles"' ;;
		esac
		echo next
	done | sed '$d' > "$LAB_TMP/$user.curl"
}

# plan USER PHASE...: see work.py.
plan()
{
	local user=$1 phase

	for phase in "${@:2}"; do
		case $phase in
		tunnel*) echo "400 tunnel ${phase#tunnel}" ;;
		*) python3 "$LAB_HERE/work.py" plan "$user" "$phase" ;;
		esac
	done
}

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
	curl_plan alice $GW http2 -- /login $rest '/login?post' /rpc?1 /rpc?2 '/stream?seconds=8' /rpc?3
	curl_plan heidi "[$GW6]" 'http1.1\ntls-max = 1.2' -- /login $rest '/login?post' /rpc?1 '!/rpc?2' '!/rpc?3' /rpc?4
	plan bob login work back > "$LAB_TMP/bob.1"
	plan bob login tunnel55 > "$LAB_TMP/bob.2"
	plan erin login work back > "$LAB_TMP/erin.1"
	plan frank login work back > "$LAB_TMP/frank.1"
	plan dave login work > "$LAB_TMP/dave.1"
	plan carol login work > "$LAB_TMP/carol.1"
	plan carol back | grep -v new > "$LAB_TMP/carol.2"
}

# Everybody's working day.  The first LEARN seconds (demo.conf) hold all of them and nobody else.
ordinary_day()
{
	local work="python3 $LAB_HERE/work.py" others="python3 $LAB_HERE/others.py" to="-connect $GW:443 -servername $NAME"
	local chromium="chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run
		--disable-background-networking --disable-component-update --ignore-certificate-errors
		--remote-debugging-port=0 --host-resolver-rules='MAP $NAME $GW'"

	chromium=${chromium//$'\n'/ }
	lab_start services services python3 "$LAB_HERE/others.py" services "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_listens services 6514
	at 0 watch "$others monitor $((LENGTH - 3))"
	at 1 gw "$others egress $((LENGTH - 15))"
	at 2 alice "curl -K $LAB_TMP/alice.curl"
	at 4 carol "$work feed < $LAB_TMP/carol.1 | openssl s_client $to -quiet -tls1_2 -sess_out $LAB_TMP/carol.ticket"
	at 7 bob "$work talk $GW $NAME < $LAB_TMP/bob.1"
	at 10 erin "java -cp $LAB_TMP Client $GW6 443 $NAME < $LAB_TMP/erin.1"
	at 13 grace "timeout 40 $chromium --user-data-dir=$LAB_TMP/grace https://$NAME/login#grace"
	at 16 frank "$LAB_TMP/client-go $GW:443 $NAME < $LAB_TMP/frank.1"
	at 20 dave "$work feed < $LAB_TMP/dave.1 | gnutls-cli -p 443 --sni-hostname $NAME --verify-hostname $NAME" \
		"--x509cafile $PKI/ca.pem $GW"
	at 24 heidi "curl -K $LAB_TMP/heidi.curl"
	at 52 carol "$work feed < $LAB_TMP/carol.2 | openssl s_client $to -quiet -tls1_2 -sess_in $LAB_TMP/carol.ticket"
	# Second shift, while the intruder is about.
	at 83 bob "$work talk $GW $NAME < $LAB_TMP/bob.2"
	at 92 alice "curl -K $LAB_TMP/alice.curl"
	at 104 frank "$LAB_TMP/client-go $GW:443 $NAME tls12 < $LAB_TMP/frank.1"
	at 112 heidi "curl -K $LAB_TMP/heidi.curl"
	at 130 grace "timeout 35 $chromium --user-data-dir=$LAB_TMP/grace https://$NAME/login#grace"
	at 158 carol "$work feed < $LAB_TMP/carol.2 | openssl s_client $to -quiet -tls1_2 -sess_in $LAB_TMP/carol.ticket"
}

bad_morning()
{
	local others="python3 $LAB_HERE/others.py" work="python3 $LAB_HERE/work.py"

	lab_start drop drop python3 "$LAB_HERE/others.py" drop "$PKI/rsa.pem" "$PKI/rsa.key"
	lab_listens drop 8443
	at 80 scan "$others scan"
	at 95 thief "$others oversize"
	at 102 thief "$others leak 24"
	at 128 thief "$work feed < $LAB_TMP/carol.2 | openssl s_client -connect $GW:443 -servername $NAME -quiet" \
		"-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256 -groups P-256" \
		"-sigalgs ECDSA+SHA256 -sess_in $LAB_TMP/carol.ticket"
	at 140 gw "$others callout"
}

lab_need curl:curl gnutls-cli:gnutls-bin chromium:chromium go:golang-go javac:default-jdk-headless nginx:nginx-light
lab_begin
PKI=$LAB_TMP/pki
(cd "$LAB_TMP" && GOCACHE=$LAB_TMP/go go build -o client-go "$LAB_HERE/client.go" && javac -d . "$LAB_HERE/Client.java") \
	2> "$LAB_TMP/build.log" || lab_die "$(cat "$LAB_TMP/build.log")"
people
gateway
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

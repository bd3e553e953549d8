#!/bin/bash
# record-goldens.sh [NAME...]: records tests/golden/NAME/NAME.pcap, real TLS stacks on both ends, nothing made up.
#
# Each golden is one function below; its first line says what it is, and that becomes the folder's `about`.
# Bytes differ from recording to recording (keys, times, ports); what is said in `about` does not.  So a new
# recording needs new expected output: record only when a golden is added or found wrong.

set -u
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/tunnel.sh"

GOLDEN=${GOLDEN:-$(cd "$LAB_HERE/.." && pwd)/golden}
GOLDEN_MAX=61440		# bytes; a golden is read many times in tests, and kept for ever

# about TEXT [FILTER]: names this golden and starts the recording.
about()
{
	mkdir -p "$GOLDEN/$THIS"
	echo "$1" > "$GOLDEN/$THIS/about"
	lab_capture "$LAB_TMP/$THIS.pcap" "${2:-tcp or udp}"
}

s_server()
{
	lab_start gw s_server env OPENSSL_CONF=/dev/null openssl s_server -accept 443 -cert "$PKI/gw.pem" \
		-key "$PKI/gw.key" -cert_chain "$PKI/ca.pem" -CAfile "$PKI/ca.pem" "$@"
	lab_listens gw 443
}

www()
{
	s_server -www "$@"
}

# One request with openssl s_client; -ign_eof makes it stay until the server closes.
s_client()
{
	printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' $NAME | lab_on c1 env OPENSSL_CONF=/dev/null timeout 10 \
		openssl s_client -connect $GW:443 -servername $NAME -CAfile "$PKI/ca.pem" -ign_eof "$@" \
		>> "$LAB_TMP/s_client.log" 2>&1
}

# A client that types with pauses and leaves with Q.
s_typing()
{
	{ sleep 0.7; printf 'hello from the client\n'; sleep 0.7; printf 'Q\n'; sleep 0.3; } |
		lab_on c1 env OPENSSL_CONF=/dev/null timeout 10 openssl s_client -connect $GW:443 \
		-CAfile "$PKI/ca.pem" "$@" >> "$LAB_TMP/s_client.log" 2>&1
}

# nginx LISTEN-LINES [PROTOCOLS [NODE]]: serves a small page.
nginx_serve()
{
	local dir=$LAB_TMP/nginx

	mkdir -p "$dir"
	head -c 1500 /dev/zero | tr '\0' 'x' > "$dir/index.html"
	cat > "$dir/conf" <<-END
		daemon off; user root; worker_processes 1; pid $dir/pid; error_log stderr;
		events { worker_connections 64; }
		http {
			access_log off; client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
			uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
			server {
				$1
				server_name $NAME; root $dir;
				ssl_certificate $PKI/gw.chain; ssl_certificate_key $PKI/gw.key;
				ssl_protocols ${2:-TLSv1.2 TLSv1.3}; ssl_session_tickets on;
			}
		}
	END
	lab_start "${3:-gw}" nginx nginx -c "$dir/conf" -p "$dir" -e stderr
}

web()
{
	nginx_serve 'listen 443 ssl http2; listen [::]:443 ssl http2;'
	lab_listens gw 443
}

curl_gw()
{
	lab_on c1 curl -s -m 10 --resolve "$NAME:443:$GW" --cacert "$PKI/ca.pem" "$@" "https://$NAME/" \
		-o /dev/null 2>> "$LAB_TMP/curl.log"
}

g_openssl_tls12_full()
{
	about 'OpenSSL 3.0 s_client and s_server: TLS 1.2, full handshake, ECDSA certificate'
	www -tls1_2
	s_client -tls1_2
}

g_openssl_tls12_rsa()
{
	about 'OpenSSL 3.0: TLS 1.2, RSA key exchange with AES-CBC and an RSA certificate, then ECDHE with CHACHA20'
	www -tls1_2 -cert "$PKI/rsa.pem" -key "$PKI/rsa.key"
	s_client -tls1_2 -cipher AES128-SHA
	s_client -tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305
}

g_openssl_tls12_resumed_id()
{
	about 'OpenSSL 3.0: TLS 1.2, full, then resumed twice by session id (no tickets)'
	www -tls1_2 -no_ticket
	s_client -tls1_2 -no_ticket -sess_out "$LAB_TMP/id"
	s_client -tls1_2 -no_ticket -sess_in "$LAB_TMP/id"
	s_client -tls1_2 -no_ticket -sess_in "$LAB_TMP/id"
}

g_openssl_tls12_resumed_ticket()
{
	about 'OpenSSL 3.0: TLS 1.2, full with a ticket issued, then resumed twice with that ticket'
	www -tls1_2
	s_client -tls1_2 -sess_out "$LAB_TMP/ticket"
	s_client -tls1_2 -sess_in "$LAB_TMP/ticket"
	s_client -tls1_2 -sess_in "$LAB_TMP/ticket"
}

g_openssl_tls12_ticket_refused()
{
	about 'OpenSSL 3.0: TLS 1.2, a ticket offered to a restarted server that cannot read it: full handshake'
	www -tls1_2
	s_client -tls1_2 -sess_out "$LAB_TMP/ticket"
	lab_stop "$LAB_LAST"
	www -tls1_2
	s_client -tls1_2 -sess_in "$LAB_TMP/ticket"
}

g_openssl_tls13_full()
{
	about 'OpenSSL 3.0: TLS 1.3, full handshake'
	www
	s_client
}

g_openssl_tls13_resumed()
{
	about 'OpenSSL 3.0: TLS 1.3, full, then resumed with a PSK (psk_dhe_ke)'
	www
	s_client -sess_out "$LAB_TMP/psk"
	s_client -sess_in "$LAB_TMP/psk"
}

g_openssl_tls13_early_data()
{
	about 'OpenSSL 3.0: TLS 1.3, full, then resumed with a PSK and early data (0-RTT) that is accepted'
	echo 'early words, sent before the handshake is over' > "$LAB_TMP/early"
	LAB_STDIN=$LAB_TMP/quiet s_server -early_data
	s_typing -servername $NAME -sess_out "$LAB_TMP/psk0"
	s_typing -servername $NAME -sess_in "$LAB_TMP/psk0" -early_data "$LAB_TMP/early"
}

g_openssl_tls13_hrr()
{
	about 'OpenSSL 3.0: TLS 1.3, HelloRetryRequest (client shares X25519, server wants P-384)'
	www -groups P-384
	s_client -groups X25519:P-384
}

g_openssl_client_cert()
{
	about 'OpenSSL 3.0: client certificate, TLS 1.2 (visible) and then TLS 1.3 (not visible)'
	www -Verify 2
	s_client -tls1_2 -cert "$PKI/user.pem" -key "$PKI/user.key"
	s_client -tls1_3 -cert "$PKI/user.pem" -key "$PKI/user.key"
}

g_openssl_old_versions()
{
	about 'OpenSSL 3.0 at security level 0: TLS 1.0, then TLS 1.1, then a TLS 1.3 client that settles for TLS 1.1'
	www -cipher ALL:@SECLEVEL=0 -no_tls1_2 -no_tls1_3
	s_client -tls1 -cipher ALL:@SECLEVEL=0
	s_client -tls1_1 -cipher ALL:@SECLEVEL=0
	s_client -cipher ALL:@SECLEVEL=0
}

g_openssl_alerts()
{
	about 'Handshakes that fail with an alert: no shared cipher (40), protocol version (70), unknown CA (48, curl, TLS 1.2)'
	www -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384
	s_client -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
	s_client -tls1_3
	lab_on c1 curl -s -m 10 --tls-max 1.2 --resolve "$NAME:443:$GW" --cacert "$PKI/user.pem" "https://$NAME/"
}

g_openssl_big_hello()
{
	local i list=

	for i in $(seq 300); do list=$list,protocol-$i; done
	about 'OpenSSL 3.0: a ClientHello of some 4 kB over several segments (300 ALPN values), TLS 1.3'
	www
	s_client -alpn "${list#,}"
}

g_openssl_dtls12()
{
	about 'OpenSSL 3.0: DTLS 1.2 with HelloVerifyRequest, handshake messages fragmented (MTU 400)' udp
	LAB_STDIN=$LAB_TMP/quiet lab_start gw dtls env OPENSSL_CONF=/dev/null openssl s_server -dtls1_2 -listen -mtu 400 \
		-accept 443 -cert "$PKI/rsa.pem" -key "$PKI/rsa.key" -cert_chain "$PKI/ca.pem"
	lab_listens gw 443 udp
	s_typing -dtls1_2 -mtu 400 -servername $NAME
}

g_openssl_dtls10()
{
	about 'OpenSSL 3.0 at security level 0: DTLS 1.0' udp
	LAB_STDIN=$LAB_TMP/quiet lab_start gw dtls env OPENSSL_CONF=/dev/null openssl s_server -dtls1 -accept 443 \
		-cert "$PKI/gw.pem" -key "$PKI/gw.key" -cipher ALL:@SECLEVEL=0
	lab_listens gw 443 udp
	s_typing -dtls1 -cipher ALL:@SECLEVEL=0
}

g_gnutls_cli()
{
	about 'GnuTLS 3.7 gnutls-cli to nginx: full and resumed in one go, TLS 1.3 and then TLS 1.2'
	web
	for priority in NORMAL:-VERS-ALL:+VERS-TLS1.3 NORMAL:-VERS-ALL:+VERS-TLS1.2; do
		{ sleep 1; printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' $NAME; sleep 1; } |
			lab_on c1 timeout 10 gnutls-cli -r --priority $priority --sni-hostname $NAME \
			--verify-hostname $NAME --x509cafile "$PKI/ca.pem" -p 443 $GW >> "$LAB_TMP/gnutls.log" 2>&1
	done
}

g_nss_tstclnt()
{
	about 'NSS 3.87 tstclnt to nginx: TLS 1.2 and TLS 1.3'
	web
	mkdir -p "$LAB_TMP/nss"
	certutil -N -d "sql:$LAB_TMP/nss" --empty-password
	for version in tls1.2:tls1.2 tls1.3:tls1.3; do
		{ sleep 0.5; printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' $NAME; sleep 1; } |
			lab_on c1 timeout 8 tstclnt -h $GW -p 443 -a $NAME -d "sql:$LAB_TMP/nss" -o -V $version \
			>> "$LAB_TMP/nss.log" 2>&1
	done
}

g_curl()
{
	about 'curl 7.88 (OpenSSL) to nginx: HTTP/2 over TLS 1.3, HTTP/1.1 over TLS 1.2, and TLS 1.3 resumed, by IPv6 at last'
	web
	curl_gw --http2
	curl_gw --http1.1 --tls-max 1.2
	curl_gw --http1.1 -H 'Connection: close' "https://$NAME/" -o /dev/null
	lab_on c6 curl -s -m 10 --resolve "$NAME:443:[$GW6]" --cacert "$PKI/ca.pem" "https://$NAME/" -o /dev/null
}

g_chromium()
{
	about 'Chromium (BoringSSL) to nginx: GREASE, shuffled extensions, ECH GREASE, hybrid key share; TLS 1.3' \
		'tcp port 443'
	web
	chromium_at https://$NAME/
}

chromium_at()
{
	lab_on c1 timeout 20 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--disable-background-networking --disable-component-update --user-data-dir="$LAB_TMP/chromium" \
		--ignore-certificate-errors --host-resolver-rules="MAP $NAME $GW" --dump-dom "$1" \
		>> "$LAB_TMP/chromium.log" 2>&1
}

g_chromium_tls12()
{
	about 'Chromium (BoringSSL) to nginx that knows TLS 1.2 only' 'tcp port 443'
	nginx_serve 'listen 443 ssl;' TLSv1.2
	lab_listens gw 443
	chromium_at https://$NAME/
}

# A plan of two connections, for clients that resume by themselves.
two_visits()
{
	local get

	get=$(printf 'GET / HTTP/1.1\r\nHost: %s\r\n\r\n' $NAME | base64 -w 0)
	printf '10 %s\n300 new\n10 %s\n' "$get" "$get"
}

g_go()
{
	about 'Go 1.19 crypto/tls to nginx: full and resumed, TLS 1.3 and then TLS 1.2'
	web
	two_visits | lab_on c1 "$LAB_TMP/client-go" $GW:443 $NAME >> "$LAB_TMP/go.log" 2>&1
	two_visits | lab_on c1 "$LAB_TMP/client-go" $GW:443 $NAME tls12 >> "$LAB_TMP/go.log" 2>&1
}

g_java()
{
	about 'Java 17 JSSE to nginx: full and resumed, TLS 1.3 and then TLS 1.2'
	web
	two_visits | lab_on c1 java -cp "$LAB_TMP" Client $GW 443 $NAME >> "$LAB_TMP/java.log" 2>&1
	two_visits | lab_on c1 java -Djdk.tls.client.protocols=TLSv1.2 -cp "$LAB_TMP" Client $GW 443 $NAME \
		>> "$LAB_TMP/java.log" 2>&1
}

g_python()
{
	about 'Python 3.11 ssl to nginx: full and resumed, TLS 1.3 and then TLS 1.2'
	web
	two_visits | lab_on c1 python3 "$LAB_HERE/work.py" talk $GW $NAME >> "$LAB_TMP/python.log" 2>&1
	two_visits | lab_on c1 python3 "$LAB_HERE/work.py" talk $GW $NAME tls12 >> "$LAB_TMP/python.log" 2>&1
}

g_haproxy_proxy_v2()
{
	about 'haproxy in TCP mode before nginx: PROXY v2, then PROXY v1, each followed by TLS 1.3 from curl' 'port 8443'
	nginx_serve 'listen 8443 ssl proxy_protocol;' '' inner
	cat > "$LAB_TMP/haproxy.cfg" <<-END
		defaults
			mode tcp
			timeout connect 2s
			timeout client 10s
			timeout server 10s
		listen v2
			bind :443
			server inner $LAB_SITE.20:8443 send-proxy-v2
		listen v1
			bind :444
			server inner $LAB_SITE.20:8443 send-proxy
	END
	lab_start gw haproxy haproxy -db -f "$LAB_TMP/haproxy.cfg"
	lab_listens gw 443
	lab_listens inner 8443
	curl_gw
	lab_on c1 curl -s -m 10 --resolve "$NAME:444:$GW" --cacert "$PKI/ca.pem" "https://$NAME:444/" -o /dev/null
}

g_starttls()
{
	local kind

	about 'TLS after STARTTLS: OpenSSL s_client at SMTP, IMAP, POP3, PostgreSQL and LDAP, server Python 3.11'
	lab_start gw starttls python3 "$LAB_HERE/starttls_server.py" "$PKI/gw.pem" "$PKI/gw.key"
	lab_listens gw 389
	for kind in smtp:25 imap:143 pop3:110 postgres:5432 ldap:389; do
		{ sleep 0.5; printf 'hello\n'; sleep 0.3; } | lab_on c1 timeout 5 openssl s_client -quiet \
			-starttls ${kind%:*} -connect $GW:${kind#*:} -servername mail.example.org \
			>> "$LAB_TMP/s_client.log" 2>&1
	done
}

g_proxied()
{
	about 'TLS inside HTTP CONNECT and inside SOCKS 5: curl through a proxy at the gateway to nginx beside it' \
		'port 3128'
	nginx_serve 'listen 8443 ssl;' '' inner
	lab_listens inner 8443
	lab_start gw proxy python3 "$LAB_HERE/starttls_server.py" "$PKI/gw.pem" "$PKI/gw.key"
	lab_listens gw 3128
	for proxy in http socks5; do
		lab_on c1 curl -s -m 10 -k -x $proxy://$GW:3128 --connect-to "$NAME:8443:$LAB_SITE.20:8443" \
			"https://$NAME:8443/" -o /dev/null
	done
}

# vpn EXTRA-CONFIG [OPENCONNECT-OPTION...]: logs in, pings through the tunnel, leaves.
vpn()
{
	tunnel_serve $GW "$1" carol
	tunnel_join c1 carol $GW "${@:2}"
	sleep 4
	lab_on c1 ping -c 4 -i 0.3 $TUNNEL_INSIDE > "$LAB_TMP/ping.log" 2>&1
	lab_on c1 ping -c 2 -i 0.3 -s 1000 $TUNNEL_INSIDE >> "$LAB_TMP/ping.log" 2>&1
	grep -q ' 0% packet loss' "$LAB_TMP/ping.log" || lab_die "nothing came through the tunnel"
	kill -INT "$LAB_LAST"
	sleep 1
}

g_ocserv_openconnect()
{
	about 'openconnect 9.01 to ocserv 1.1.6 (GnuTLS): TLS 1.2 control channel, DTLS 1.2 with an external PSK, pings inside'
	vpn 'dtls-psk = true'
}

g_ocserv_dtls_legacy()
{
	about 'openconnect 9.01 to ocserv 1.1.6 as older AnyConnect does it: TLS 1.2, DTLS 1.2 that resumes a session set up by HTTPS'
	vpn 'dtls-psk = false
		dtls-legacy = true
		tls-priorities = "NORMAL:-VERS-TLS1.3"'
}

# openvpn_pair UDP-OR-TCP: a tunnel without a device; only its control channel matters.
openvpn_pair()
{
	local server=$1 client=$1 common=(--dev null --port 1194 --ca "$PKI/ca.pem" --cipher AES-256-GCM --verb 3)

	[ "$1" = tcp ] && server=tcp-server client=tcp-client
	lab_start gw openvpn openvpn "${common[@]}" --proto "$server" --tls-server --dh none --cert "$PKI/gw.pem" \
		--key "$PKI/gw.key"
	lab_listens gw 1194 "$1"
	lab_start c1 openvpn-client openvpn "${common[@]}" --proto "$client" --tls-client --remote $GW 1194 \
		--cert "$PKI/user.pem" --key "$PKI/user.key" --ping 1 "${@:2}"
	sleep 4
	grep -q 'Control Channel:' "$LAB_TMP/openvpn-client.log" || lab_die "openvpn did not connect"
}

g_openvpn_udp()
{
	about 'OpenVPN 2.6 over UDP: TLS 1.3 inside the control channel, packets in P_CONTROL order'
	openvpn_pair udp
}

g_openvpn_tcp()
{
	about 'OpenVPN 2.6 over TCP: TLS 1.2 with a client certificate inside the control channel'
	openvpn_pair tcp --tls-version-max 1.2
}

quic_serve()
{
	mkdir -p "$LAB_TMP/docs"
	head -c 900 /dev/zero | tr '\0' 'x' > "$LAB_TMP/docs/index.html"
	lab_start gw quic gtlsserver -q -d "$LAB_TMP/docs" "$@" $GW 443 "$PKI/gw.key" "$PKI/gw.pem"
	lab_listens gw 443 udp
}

quic_ask()
{
	lab_on c1 timeout 5 gtlsclient -q --exit-on-all-streams-close --timeout=2s "$@" $GW 443 "https://$NAME/index.html" \
		>> "$LAB_TMP/quic.log" 2>&1
}

g_quic_v1()
{
	about 'QUIC v1, ngtcp2 0.12 (GnuTLS) at both ends: full, then resumed with 0-RTT'
	quic_serve
	quic_ask --session-file="$LAB_TMP/quic.session" --tp-file="$LAB_TMP/quic.tp"
	quic_ask --session-file="$LAB_TMP/quic.session" --tp-file="$LAB_TMP/quic.tp"
}

g_quic_retry()
{
	about 'QUIC v1, ngtcp2 0.12 (GnuTLS) at both ends: address validation by Retry, then the handshake'
	quic_serve -V
	quic_ask
}

g_quic_version_negotiation()
{
	about 'QUIC: a first Initial in a version that the server does not know, Version Negotiation, then v1 (ngtcp2 0.12)'
	quic_serve
	quic_ask -v 0x6a7a8a9a --preferred-versions=v1
}

g_quic_chromium()
{
	about 'QUIC v1 from Chromium (its hello scrambled over CRYPTO frames and several Initial packets) to ngtcp2' \
		'udp port 443'
	quic_serve
	lab_on c1 timeout 15 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--disable-background-networking --disable-component-update --user-data-dir="$LAB_TMP/chromium-quic" \
		--enable-quic --origin-to-force-quic-on=$NAME:443 --ignore-certificate-errors \
		--ignore-certificate-errors-spki-list="$(openssl x509 -in "$PKI/gw.pem" -noout -pubkey |
			openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)" \
		--host-resolver-rules="MAP $NAME $GW" --dump-dom https://$NAME/index.html >> "$LAB_TMP/chromium.log" 2>&1
}

g_stolen_psk()
{
	about 'A TLS 1.3 PSK used by its owner (OpenSSL) and again, with other ciphers and groups, from another network'
	www
	s_client -sess_out "$LAB_TMP/psk1"
	s_client -sess_in "$LAB_TMP/psk1"
	sleep 1
	printf 'GET / HTTP/1.0\r\n\r\n' | lab_on c2 timeout 10 openssl s_client -connect $GW:443 -servername $NAME \
		-ign_eof -sess_in "$LAB_TMP/psk1" -ciphersuites TLS_AES_256_GCM_SHA384 -groups P-256 -tls1_3 \
		>> "$LAB_TMP/s_client.log" 2>&1
}

g_password_spray()
{
	local i word

	about 'Not a leak loop: password guesses, request sizes vary, answers do not (Python, one connection each)'
	web
	for i in $(seq 10); do
		word=$(head -c $((i * 7 % 13 + 4)) /dev/zero | tr '\0' p)
		printf '10 %s\n' "$(printf 'POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %s\r\n\r\n%s' $NAME \
			${#word} "$word" | base64 -w 0)" | lab_on c2 python3 "$LAB_HERE/work.py" talk $GW $NAME \
			>> "$LAB_TMP/python.log" 2>&1
		sleep 0.3
	done
}

prepare()
{
	PKI=$LAB_TMP/pki
	lab_client c1 198.51.100.21
	lab_client c2 203.0.113.140
	lab_client c6 2001:db8:51::21
	lab_site_host inner 20
	mkfifo "$LAB_TMP/quiet"
	exec 9<> "$LAB_TMP/quiet"		# keeps a server's standard input open and silent
	(cd "$LAB_TMP" && GOCACHE=$LAB_TMP/go GOFLAGS=-mod=mod go build -o client-go "$LAB_HERE/client.go" &&
		javac -d . "$LAB_HERE/Client.java") 2> "$LAB_TMP/build.log" || lab_die "$(cat "$LAB_TMP/build.log")"
}

record()
{
	THIS=$1
	"g_${THIS//-/_}"
	lab_capture_stop
	for pid in "${LAB_PIDS[@]}"; do lab_stop "$pid"; done
	for node in gw c1 c2 c6 inner; do lab_empty "$node"; done
	LAB_PIDS=()
	[ "$(stat -c %s "$LAB_TMP/$THIS.pcap")" -le $GOLDEN_MAX ] || lab_die "$THIS is larger than $GOLDEN_MAX"
	mv "$LAB_TMP/$THIS.pcap" "$GOLDEN/$THIS/$THIS.pcap"
	lab_say "$THIS: $(stat -c %s "$GOLDEN/$THIS/$THIS.pcap") bytes"
}

lab_need curl:curl gnutls-cli:gnutls-bin tstclnt:libnss3-tools certutil:libnss3-tools chromium:chromium go:golang-go \
	javac:default-jdk-headless nginx:nginx-light haproxy:haproxy ocserv:ocserv openconnect:openconnect openvpn:openvpn \
	gtlsserver:ngtcp2-server gtlsclient:ngtcp2-client ping:iputils-ping
lab_begin
prepare
[ $# -gt 0 ] || mapfile -t all < <(declare -F | sed -n 's/^declare -f g_//p' | tr _ -)
for name in "${@:-${all[@]}}"; do
	record "$name"
done

# shellcheck shell=bash
# portal.sh: the gateway's web side and plans for who works there.  Sourced after lab.sh, never run.  PKI is set.

# portal_serve [USERS]: nginx with gateway.py behind it.  USERS: see there.
portal_serve()
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
				listen $GW:443 ssl http2; listen [$GW6]:443 ssl http2;
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
	lab_start gw backend python3 "$LAB_HERE/gateway.py" 8080 "$@"
	lab_start gw nginx nginx -c "$dir/conf" -p "$dir" -e stderr
	lab_listens gw 8080
	lab_listens gw 443
}

# portal_curl NAME HOST-ADDRESS COMMON -- PATH...: a curl configuration, one block a page; "!PATH" closes after it.
portal_curl()
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
		/login\?post) printf 'location\ndata = "login=%s%%40example.org&passwd=%s&domain=corp"\n' "$user" \
			"not-the-real-one-$user" ;;
		*rpc*) echo 'data = "call=list-applications&view=tiles"' ;;
		esac
		echo next
	done | sed '$d' > "$LAB_TMP/$user.curl"
}

# portal_plan USER PHASE...: see work.py.
portal_plan()
{
	local user=$1 phase

	for phase in "${@:2}"; do
		case $phase in
		tunnel*) echo "400 tunnel ${phase#tunnel}" ;;
		*) python3 "$LAB_HERE/work.py" plan "$user" "$phase" ;;
		esac
	done
}

# portal_browser USER: a browser that loads the page; the page's own script types, waits, logs on and works.
portal_browser()
{
	echo chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --ignore-certificate-errors \
		--remote-debugging-port=0 "--host-resolver-rules='MAP $NAME $GW'" "--user-data-dir=$LAB_TMP/$1" \
		"https://$NAME/login#$1"
}

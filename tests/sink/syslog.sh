#!/bin/sh
# rsyslog and syslog-ng over TLS on loopback of a namespace, as receivers of read and of run: what a file sink has, they have,
# in order, whatever happened to them and to the courier meanwhile.  Half a minute; ROUNDS=40 for minutes (make sinks-chaos).
#	syslog.sh GATEWITNESS
set -u
witness=$(realpath "$1")
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-2}
out=gwsys$$-out in=gwsys$$-in port=6514
work='' pid='' receiver=''

skip() {
	echo "$*"
	exit 77
}
fail() {
	echo "$*"
	[ -z "$work" ] || tail -n 20 "$work"/*.err
	exit 1
}
clean() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	[ -z "$receiver" ] || kill -9 "$receiver" 2>/dev/null
	ip netns del "$out" 2>/dev/null
	ip netns del "$in" 2>/dev/null
	[ -z "$work" ] || rm -rf "$work"
}

# Debian installs rsyslog or syslog-ng, not both: the second is only unpacked, where apt can get it.
beside=$PWD/build/syslog-ng
unpack() {
	mkdir -p "$beside" && cd "$beside" && apt-get -qq -o APT::Sandbox::User=root download syslog-ng-core &&
		dpkg -x syslog-ng-core_*.deb . && rm syslog-ng-core_*.deb
}
syslog_ng() { # ARGUMENT...
	env LD_LIBRARY_PATH="$beside/usr/lib/syslog-ng" "$beside/usr/sbin/syslog-ng" \
		--module-path="$(echo "$beside"/usr/lib/syslog-ng/[0-9]*)" "$@"
}

[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$beside/usr/sbin/syslog-ng" ] || (unpack >/dev/null 2>&1) || true
has_ng=$(syslog_ng --version 2>/dev/null | sed -n 's/^Config version: //p')
for tool in ip python3 openssl rsyslogd; do
	command -v $tool >/dev/null || skip "needs $tool"
done
ip netns add "$out" 2>/dev/null || skip "cannot make network namespaces here"
trap clean EXIT
trap 'exit 130' INT TERM
work=$(mktemp -d)
ip netns add "$in"
for ns in "$out" "$in"; do
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "$ns" link set lo up
done
ip -n "$out" link add send0 type veth peer name span0 netns "$in" || skip "cannot make a veth pair here"
ip -n "$in" link set span0 up && ip -n "$out" link set send0 up

# An authority, a receiver of it and one that nobody knows, and who we are.
key() { openssl req "$@" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes 2>/dev/null; }
pair() { # NAME AUTHORITY
	key -keyout "$work/$1.key" -out "$work/csr" -subj "/CN=$1"
	echo 'subjectAltName=DNS:logs.example.org,IP:127.0.0.1' >"$work/ext"
	openssl x509 -req -in "$work/csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -CAcreateserial -days 30 \
		-extfile "$work/ext" -out "$work/$1.pem" 2>/dev/null || fail "no certificate of $1"
}
for ca in ca other; do key -x509 -days 30 -keyout "$work/$ca.key" -out "$work/$ca.pem" -subj "/CN=$ca"; done
pair server ca
pair stranger other
pair client ca
cp "$work/server.pem" "$work/now.pem"
cp "$work/server.key" "$work/now.key"

# A line as it came: structured data, severity, message id, message.  A queue of its own would lose what it has when it is killed.
cat >"$work/rsyslog.conf" <<END
global(workDirectory="$work" maxMessageSize="256k" defaultNetstreamDriver="ossl"
	defaultNetstreamDriverCAFile="$work/ca.pem" defaultNetstreamDriverCertFile="$work/now.pem"
	defaultNetstreamDriverKeyFile="$work/now.key")
main_queue(queue.type="direct")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="t" type="string" string="%structured-data%\t%hostname% %syslogseverity-text% %msgid%\t%msg%\n")
input(type="imtcp" port="$port" address="127.0.0.1")
action(type="omfile" file="$work/got" template="t")
END
cat >"$work/syslog-ng.conf" <<END
@version: $has_ng
options { stats-freq(0); keep-hostname(yes); };
source s { syslog(ip("127.0.0.1") port($port) transport("tls") log-msg-size(262144) tls(key-file("$work/now.key")
	cert-file("$work/now.pem") ca-file("$work/ca.pem") peer-verify(required-trusted))); };
destination d { file("$work/got" template("\${SDATA}\t\${HOST} \${LEVEL} \${MSGID}\t\${MSG}\n")); };
log { source(s); destination(d); };
END
listens() { ip netns exec "$in" ss -Hltn "sport = :$port" | grep -q .; }
start_receiver() {
	rm -f "$work/rsyslog.pid"
	case $1 in
	rsyslog) ip netns exec "$in" rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid" >>"$work/receiver.err" 2>&1 & ;;
	*)
		ip netns exec "$in" env LD_LIBRARY_PATH="$beside/usr/lib/syslog-ng" "$beside/usr/sbin/syslog-ng" \
			--module-path="$(echo "$beside"/usr/lib/syslog-ng/[0-9]*)" -F -e -f "$work/syslog-ng.conf" \
			-R "$work/persist" -c "$work/ctl" -p "$work/ng.pid" --no-caps >>"$work/receiver.err" 2>&1 &
		;;
	esac
	receiver=$!
	for _ in $(seq 50); do
		listens && return
		sleep 0.1
	done
	fail "$1 does not listen"
}
stop_receiver() { # SIGNAL
	kill "-$1" "$receiver"
	wait "$receiver" 2>/dev/null
	receiver=
}

sink="--set sensor.name=probe-1 --set sink.s.kind=syslog --set sink.s.address=127.0.0.1:$port
	--set sink.s.tls_ca=$work/ca.pem --set sink.s.tls_certificate=$work/client.pem --set sink.s.tls_key=$work/client.key
	--set sink.s.format=ecs --set sink.s.events=alerts,incidents,sessions"
same="--set sink.f.path=$work/want --set sink.f.format=ecs --set sink.f.events=alerts,incidents,sessions"
inside() { ip netns exec "$in" "$@"; }
# shellcheck disable=SC2086
reads() { inside "$witness" read --quiet -c tests/demo/demo.conf $sink $same "$@" tests/demo/demo.pcap 2>"$work/read.err"; }

# Each line first behind the one before it; the same again under the same id only.
cat >"$work/compare.py" <<'END'
import re, sys
want = open(sys.argv[1], encoding="utf-8").read().splitlines()
first, ids, words = [], {}, set()
for line in open(sys.argv[2], encoding="utf-8", errors="replace").read().splitlines():
    data, head, text = line.split("\t", 2)
    id = re.fullmatch(r'\[gatewitness@32473 id="(\d+)"(?: gateway="[^"]*")?\]', data).group(1)
    words.add(head)
    if ids.setdefault(id, text) != text:
        sys.exit("two lines with id " + id)
    if list(ids)[-1] == id and (not first or first[-1] != text):
        first.append(text)
lines = len(ids)
if first != want:
    missing = [w for w in want if w not in set(first)]
    sys.exit("%d lines, not %d; missing %d: %.300s" % (lines, len(want), len(missing), missing[:1]))
for word in ("probe-1 crit alert", "probe-1 info session"):
    if word not in words:
        sys.exit("nothing says " + word + ": " + str(words))
print(lines)
END
compare() { # NAME
	words=$(python3 "$work/compare.py" "$work/want" "$work/got" 2>&1) || fail "$1: $words"
}

done=
for name in rsyslog syslog-ng; do
	[ $name = rsyslog ] || [ -n "$has_ng" ] || continue
	start_receiver $name
	rm -f "$work/got"
	reads || fail "$name: $(cat "$work/read.err")"
	stop_receiver TERM
	compare "$name"
	done="$done$name, "
done

# Not there; another certificate than the authority's; one that is pinned.
reads && fail "read without a receiver ended well"
grep -q '^gatewitness: sink s: [0-9]* of [0-9]* events were not acknowledged: .*Connection refused' "$work/read.err" ||
	fail "no receiver: $(cat "$work/read.err")"
# shellcheck disable=SC2086
probe() { inside "$witness" test-sink s $sink "$@" 2>"$work/read.err"; }
cp "$work/stranger.pem" "$work/now.pem"
cp "$work/stranger.key" "$work/now.key"
start_receiver rsyslog
rm -f "$work/got"
probe && fail "a stranger's certificate was trusted"
grep -q "sink s: the receiver's certificate is not trusted" "$work/read.err" || fail "stranger: $(cat "$work/read.err")"
pin=$(openssl x509 -in "$work/stranger.pem" -pubkey -noout | openssl pkey -pubin -outform der | sha256sum | cut -c1-64)
probe --set sink.s.tls_ca= --set sink.s.tls_pin="$pin" || fail "its own pin: $(cat "$work/read.err")"
probe --set sink.s.tls_ca= --set sink.s.tls_pin="$(echo "$pin" | tr 0123456789 1234567890)" && fail "another key than the pinned was trusted"
grep -q "is not the one of tls_pin" "$work/read.err" || fail "pin: $(cat "$work/read.err")"
grep -q 'TEST of sink s' "$work/got" || fail "the test alert did not arrive"
stop_receiver TERM
cp "$work/server.pem" "$work/now.pem"
cp "$work/server.key" "$work/now.key"

# run: no receiver at first; then it is killed, refuses us for its certificate, comes back; couriers are killed; and a stop in between.
rm -f "$work/got" "$work/want"
children() { pgrep -f "role:courier:s .*$work/outbox.db"; }
live() { # SECONDS
	# shellcheck disable=SC2086
	ip netns exec "$in" "$witness" run --quiet -i span0 -g 192.0.2.10 $sink $same --set capture.scope=all --set detect.learn=5s \
		--set outbox.file="$work/outbox.db" --set desk.socket="$work/desk" 2>>"$work/run.err" &
	pid=$!
	for _ in $(seq 50); do
		[ "$(inside cat /proc/net/packet | wc -l)" -gt 1 ] && [ -n "$(children)" ] && break
		sleep 0.1
	done
	ip netns exec "$out" python3 tests/live/send.py send0 tests/demo/demo.pcap 40 >/dev/null &
	sending=$!
	sleep "$1"
}
halt() {
	wait "$sending"
	kill -INT "$pid"
	wait "$pid" || fail "run ended with $?"
	pid=
}
live 1
for _ in $(seq 50); do
	status=$("$witness" status --socket "$work/desk" --json | python3 -c '
import json, sys
s = json.load(sys.stdin)["sinks"][0]
print(s["name"], s["waiting"] > 0 and s["told"] == s["waiting"] and s["oldest"] > 0, s["sent"], s["well"], s["error"])')
	[ "$status" = "s True 0 0 127.0.0.1 port $port: no connection: Connection refused" ] && break
	sleep 0.2
done
[ "${status#s True 0 0 }" != "$status" ] || fail "status without a receiver: $status"
halt
for round in $(seq "$rounds"); do
	start_receiver rsyslog
	live 0.$((round % 10))
	stop_receiver KILL
	sleep 0.3
	if [ $((round % 2)) -eq 0 ]; then
		cp "$work/stranger.pem" "$work/now.pem"
		cp "$work/stranger.key" "$work/now.key"
		start_receiver rsyslog
		sleep 0.5
		stop_receiver KILL
		cp "$work/server.pem" "$work/now.pem"
		cp "$work/server.key" "$work/now.key"
	fi
	start_receiver rsyslog
	# shellcheck disable=SC2046
	kill -9 $(children)
	halt
	stop_receiver KILL
done
# Our own certificate is one that the receiver does not know, until it is renewed.
for end in pem key; do
	mv "$work/client.$end" "$work/kept.$end"
	cp "$work/stranger.$end" "$work/client.$end"
done
start_receiver rsyslog
before=$(wc -l <"$work/got")
live 1
for end in pem key; do mv "$work/kept.$end" "$work/client.$end"; done
[ "$(wc -l <"$work/got")" -eq "$before" ] || fail "a receiver took lines from a stranger"
kill -HUP "$pid"
halt
for _ in $(seq 100); do
	python3 "$work/compare.py" "$work/want" "$work/got" >/dev/null 2>&1 && break
	sleep 0.1
done
stop_receiver TERM
compare "run"
echo "${done}certificates, pins; run with $rounds rounds of kills: all $words events, in order"

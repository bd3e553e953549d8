#!/bin/sh
# tests/live/desk.sh: a sensor at work, asked how it is: `status`, Prometheus metrics, and an MQTT broker and a program as
# its sinks, each role held to its rights.  A veth pair in namespaces of its own.  Some 15 seconds.
#
#   GATEWITNESS=build/gatewitness tests/live/desk.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
name=desk
witness=$(realpath "${GATEWITNESS:-$here/../../build/gatewitness}")
. "$here/common.sh"

status()
{
	"$witness" status -c "$work/conf" --json
}

# jq 1.6 takes no input for a yes.
says()
{
	status > "$work/status.json" && jq -e "$1" "$work/status.json"
}

get()
{
	ip netns exec "$in" curl -s -m 5 "$@"
}

role()
{
	pgrep -P "$pid" -f "run role:$1"
}

begin
wire
ip -n "$in" link set lo up
ip -n "$out" addr add 198.51.100.1/24 dev send0
chmod 755 "$work"

cat > "$work/program" << END
#!/bin/sh
cat >> $work/program.out
END
chmod 755 "$work/program"
cat > "$work/conf" << END
[ledger]
folder = $work/ledger
commit = 1s
[gateway gw]
address = 192.0.2.10
[eve]
stats = 1s
[sink broker]
kind = mqtt
address = 127.0.0.1:1883
tls = no
topic = site/one
events = stats
[sink program]
kind = command
program = $work/program
events = stats
END
printf 'listener 1883 127.0.0.1\nallow_anonymous true\n' > "$work/mosquitto.conf"

"$witness" status -c "$work/conf" 2> "$work/nobody" && fail "status without a sensor is 0"
grep -q 'no such socket' "$work/nobody" || fail "status without a sensor does not say so: $(cat "$work/nobody")"

ip netns exec "$in" "$witness" run -i span0 -c "$work/conf" > "$work/run.log" 2>&1 &
pid=$!
within 10 says '.interface == "span0"' || fail "status does not answer"

# A broker that is not there is told, and does not keep the program waiting.
within 10 says '.sinks[] | select(.name == "broker") | .well == 0 and (.error | test("refused")) and .waiting > 0' ||
	fail "status does not tell of the broker that is not there"
within 10 says '.sinks[] | select(.name == "program") | .sent > 0 and .well == 1' || fail "the program was not run"
jq -e '.event_type == "stats"' "$work/program.out" > /dev/null || fail "the program got no JSON"
ip netns exec "$in" mosquitto -c "$work/mosquitto.conf" > /dev/null 2>&1 &
broker=$!
within 10 ip netns exec "$in" mosquitto_sub -V 5 -t 'site/one/#' -q 1 -c -i reader -E || fail "no broker"
ip netns exec "$in" mosquitto_sub -V 5 -t 'site/one/#' -q 1 -c -i reader -F '%t' > "$work/topics" &
reader=$!
within 10 grep -q '^site/one/stats$' "$work/topics" || fail "nothing came to the broker"
grep -q '^site/one/status$' "$work/topics" || fail "the sensor is not said to be online"
within 10 says '.sinks[] | select(.name == "broker") | .well == 1 and .sent > 0 and .error == ""' ||
	fail "status does not tell that the broker is well"

# Frames are counted where people and Prometheus look.
ip netns exec "$out" ping -c 5 -i 0.2 -W 1 198.51.100.2 > /dev/null 2>&1
within 10 says '.counters.frames > 0 and .kernel_packets > 0' || fail "no frames are counted"
get http://127.0.0.1:9417/metrics > "$work/metrics" || fail "no metrics"
promtool check metrics < "$work/metrics" || fail "promtool finds something"
for name in $(grep -o 'gatewitness_[a-z_]*' "$here/../../src/sensor/metrics.rules.yml" | sort -u); do
	grep -q "^$name[ {]" "$work/metrics" || fail "an alert asks for $name, which there is not"
done
grep -q '^gatewitness_frames_total [1-9]' "$work/metrics" || fail "metrics count no frames"
grep -q '^gatewitness_sink_up{sink="broker"} 1' "$work/metrics" || fail "metrics do not tell of the broker"
[ "$(get -o /dev/null -w '%{http_code}' http://127.0.0.1:9417/healthy)" = 200 ] || fail "it is not healthy"
[ "$(get -o /dev/null -w '%{http_code}' -d x http://127.0.0.1:9417/metrics)" = 405 ] || fail "it takes POST"
[ "$(get -o /dev/null -w '%{http_code}' http://127.0.0.1:9417/other)" = 404 ] || fail "it has pages that it has not"
"$witness" status -c "$work/conf" > "$work/text" || fail "status fails"
for words in "on span0" "Losses since the start" "Open incidents" "Network sinks"; do
	grep -q "$words" "$work/text" || fail "status does not say: $words"
done

# The desk dies: it comes back, and nothing else noticed.
desk=$(role desk)
keeper=$(role keeper)
kill -9 "$desk"
within 10 says '.counters.frames > 0' || fail "the desk does not come back"
[ "$(role keeper)" = "$keeper" ] || fail "the keeper died with the desk"

# Somebody sits on the port: said, and the sensor watches on.
kill -INT "$pid"
wait "$pid" || fail "the sensor ends with $?"
ip netns exec "$in" python3 -m http.server --bind 127.0.0.1 9417 > /dev/null 2>&1 &
reader="$reader $!"
within 10 get http://127.0.0.1:9417/
ip netns exec "$in" "$witness" run -i span0 -c "$work/conf" > "$work/run.log" 2>&1 &
pid=$!
within 10 says '.interface == "span0"' || fail "it does not run where its port is taken"
grep -q 'desk.listen 127.0.0.1:9417: Address already in use' "$work/run.log" || fail "a taken port is not told"
if grep -q 'SIGSYS' "$work/run.log"; then fail "a role made a call that it may not"; fi
kill -INT "$pid"
wait "$pid" || fail "the sensor ends with $?"

# Over HTTPS, with a key that is made once: a page for people, on which the machine around it has its say.
printf 'the machine says <b>this</b>\n' > "$work/notice"
printf '[desk]\nlisten = 127.0.0.1:9418\nkey = %s\nnotice = %s\n' "$work/desk.pem" "$work/notice" >> "$work/conf"
for turn in first second; do
	ip netns exec "$in" "$witness" run -i span0 -c "$work/conf" > "$work/run.log" 2>&1 &
	pid=$!
	within 10 says '.interface == "span0"' || fail "it does not run with a key"
	[ $turn = second ] || openssl x509 -in "$work/desk.pem" -out "$work/trusted.pem" || fail "no certificate was made"
	get --cacert "$work/trusted.pem" --resolve "$(hostname):9418:127.0.0.1" "https://$(hostname):9418/" > "$work/page" ||
		fail "no page over HTTPS at its $turn start"
	grep -q 'the machine says &lt;b&gt;this' "$work/page" || fail "the page does not say what the machine says"
	get http://127.0.0.1:9418/ > "$work/clear" && fail "there is a page in the clear"
	kill -INT "$pid"
	wait "$pid" || fail "the sensor ends with $?"
done
[ "$(stat -c %a "$work/desk.pem")" = 600 ] || fail "others may read the page's key"
if grep -q 'SIGSYS' "$work/run.log"; then fail "a role made a call that it may not"; fi
pid=''
echo "status, page, metrics, MQTT and a program of a sensor at work"

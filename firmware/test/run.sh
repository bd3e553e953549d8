#!/bin/sh
# The image in QEMU, as a user has it: flashed, configured on the FAT partition, attacked over the span port, misconfigured.
# QEMU without KVM is slow: some ten minutes.  Packets a second here say nothing of a board.
#	GATEWITNESS=build/gatewitness test/run.sh FOLDER_OF_IMAGE
# QEMU_BOOTS: direct, uboot, uefi, one after the other.  EPISODE=SECONDS: so much of a night with an attack in real time
# (WORLD: the program that makes it).  TRY: tests/live/try for arm64, which tries out of a tap what a tap may not.
set -u
here=$(realpath "$(dirname "$0")") image=$(realpath "$1") top=$(realpath "$(dirname "$0")/../..")
witness=${GATEWITNESS:-$top/build/gatewitness} boots=${QEMU_BOOTS:-direct}
. "$here/lib.sh"
ready
passed=0

ok() {
	passed=$((passed + 1))
	printf '  ok    %s\n' "$1"
}

settings() {
	cat <<-END_SETTINGS
		[sensor]
		name = board-test
		[identity]
		key = public
		[capture]
		scope = all
		[detect]
		learn = 5s
		[eve]
		file = /var/lib/gatewitness/eve.json
		replay = yes
		[gateway vpn]
		address = 192.0.2.10
	END_SETTINGS
}

own_settings() {
	cat <<-END_SETTINGS
		[board]
		address = 10.77.0.2/24
		record = yes
		ntp = 10.77.0.1
		[sink siem]
		kind = syslog
		address = 10.77.0.1:6514
		tls_pin = $pin
		events = alerts
		[sink broker]
		kind = mqtt
		address = 10.77.0.1:8883
		tls_pin = $pin
		topic = board
		events = alerts
	END_SETTINGS
}

# A receiver of syslog over TLS at the other end of the board's own port, and an MQTT broker over TLS.
receive() {
	certificate receiver
	pin=$(openssl x509 -in "$work/receiver.pem" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -c1-64)
	: >"$work/received"
	ip netns exec "$net" python3 "$here/receive.py" 6514 "$work/receiver.pem" "$work/receiver.key" "$work/received" &
	receiver=$!
	chmod 644 "$work/receiver.key"
	chmod 755 "$work"
	printf 'listener 8883 10.77.0.1\ncertfile %s\nkeyfile %s\nallow_anonymous true\n' "$work/receiver.pem" "$work/receiver.key" \
		>"$work/mosquitto.conf"
	: >"$work/published"
	: >"$work/mosquitto.log"
	ip netns exec "$net" mosquitto -c "$work/mosquitto.conf" >>"$work/mosquitto.log" 2>&1 &
	broker=$!
	for _ in $(seq 300); do
		! grep -q ' running$' "$work/mosquitto.log" || break
		sleep 0.2
	done
	grep -q ' running$' "$work/mosquitto.log" || fail "the MQTT broker does not start: $(tail -n 1 "$work/mosquitto.log")"
	ip netns exec "$net" mosquitto_sub -V 5 -h 10.77.0.1 -p 8883 --cafile "$work/receiver.pem" -t 'board/#' -q 1 >>"$work/published" &
	broker="$broker $!"
}

# What was not acknowledged in time comes again, the same line with the same id.
received() {
	grep '"event_type":"alert"' "$work/$1" | sort -u | wc -l
}

any() {
	[ "$(received received)" -gt 0 ] && [ "$(received published)" -gt 0 ]
}

arrives() {
	wait_until 300 any || fail "$(received received) alerts arrived at the syslog receiver, $(received published) at the broker"
	[ "$(received received)" = "$(grep '"event_type":"alert"' "$work/received" | grep '"serial":"525400000001"' | sort -u | wc -l)" ] ||
		fail "alerts without the board's serial number"
}

# What people see in a browser: by the key whose fingerprint the console says.
page() {
	says "certificate's SHA-256" 200
	said=$(tr -d '\r' <"$work/console" | sed -n "s/.*certificate's SHA-256 //p" | tail -n 1)
	inside openssl s_client -connect 10.77.0.2:443 </dev/null 2>/dev/null | openssl x509 -outform PEM >"$work/page.pem"
	seen=$(openssl x509 -in "$work/page.pem" -outform DER | sha256sum | cut -c1-64)
	[ -n "$said" ] && [ "$said" = "$seen" ] || fail "the console says certificate \"$said\", the page has \"$seen\""
	inside curl -s -m 60 --cacert "$work/page.pem" --resolve board-test:443:10.77.0.2 https://board-test/ >"$work/page.html" ||
		fail "no page over HTTPS"
	grep -q "$1" "$work/page.html" || fail "the page does not say \"$1\""
}

# Each role of the sensor runs, without a capability and behind a filter.
roles_confined() {
	board 'for p in $(cat /sys/fs/cgroup/system.slice/gatewitness.service/cgroup.procs); do
		role=$(tr "\0" "\n" </proc/$p/cmdline | sed -n "s/^role:\([a-z]*\).*/\1/p")
		echo "$role $(sed -n "s/^\(CapEff\|NoNewPrivs\|Seccomp\):\t*//p" /proc/$p/status | paste -sd" ")"
	done' >"$work/roles" 2>/dev/null || return 1
	for role in tap keeper courier desk; do
		grep "^$role " "$work/roles" >"$work/role" && ! grep -qv "^$role 0000000000000000 1 2$" "$work/role" || return 1
	done
}

# And what one can do who took a tap over.
confined() {
	wait_until 300 roles_confined || fail "not every role is confined: $(cat "$work/roles")"
	[ -n "${TRY:-}" ] || return 0
	tar c -C "$top" tests/live/confine.sh tests/live/common.sh tests/common -C "$(dirname "$TRY")" "$(basename "$TRY")" |
		board 'mkdir /run/try && tar x -C /run/try'
	board "TMPDIR=/run/try sh /run/try/tests/live/confine.sh /run/try/$(basename "$TRY")" >"$work/tried" 2>&1 ||
		fail "a tap that was taken over: $(tail -n 3 "$work/tried")"
	ok "$(tail -n 1 "$work/tried")"
}

plain() {
	sed -e '/"event_type":"stats"/d' -e 's/,"in_iface":"[^"]*"//' -e 's/,"pcap_filename":"[^"]*"//' "$1"
}

# Frames that come out of the board's span port, seen from the other side of the cable.
listen() {
	for tap in span0 own0; do
		ip netns exec "$net" tcpdump -q -n -U -i $tap -Q in -w "$work/from-$tap.pcap" 2>/dev/null &
		listener="$listener $!"
	done
}

frames() {
	tcpdump -tt -q -n -r "$work/from-$1.pcap" 2>/dev/null | awk -v since="$grub" '$1 >= since'
}

# That the other port's frames are seen in the same way shows that these would be.
silent() {
	for started in $listener; do
		kill "$started"
		wait "$started" 2>/dev/null
	done
	listener=
	[ "$(frames own0 | wc -l)" -gt 0 ] || fail "the listener on the own port heard nothing"
	[ -z "$(frames span0)" ] || fail "frames left the span port: $(frames span0 | head -n 3)"
	ok "$1: no frame left the span port; $(frames own0 | wc -l) left the own port"
}

# A night's attack among its other traffic, as fast as it was.
episode() {
	mkfifo "$work/night"
	(cd "$top" && exec "$WORLD" --seed 3 --days 1 --behaviour B01 --pcap "$work/night" >/dev/null 2>&1) &
	"$here/episode.py" "$work/night" "$work/episode.pcap" "$EPISODE" >"$work/frames" || fail "no episode"
	rm "$work/night"
	inside python3 "$top/tests/live/send.py" span0 "$work/episode.pcap" 1 >"$work/sent" || fail "could not send"
	ok "$(cat "$work/frames") frames of a night with an attack, $EPISODE s in real time"
}

attack() {
	inside python3 "$top/tests/live/send.py" span0 "$top/tests/demo/demo.pcap" "${SPEED:-5}" >"$work/sent" || fail "could not send"
}

first_boot() {
	flash "$image/gatewitness-virt.img"
	{ settings; own_settings; } >"$work/gatewitness.conf"
	put "$work/gatewitness.conf" gatewitness.conf
	put "$work/key.pub" authorized_keys
	: >"$work/received"
	: >"$work/published"
	listen
	boot "$1"
	murmur &
	murmur=$!
	# EDK2 has a network stack of its own, which asks on all ports before the board is there (firmware/README.md)
	grub=0
	[ "$1" != uefi ] || {
		says "starting slot" 300
		grub=$(date +%s)
	}
	says "span port 52:54:00:00:00:02" 900
	ok "$1: the span port was found by the frames on it"
	says "sensor   active" 600
	wait_until 600 board true || fail "no login with the key of authorized_keys"
	ok "$1: configured from the FAT partition; login with the key that was given"
	kill $murmur
	page "span port 52:54:00:00:00:02"
	ok "$1: the page over HTTPS shows the board's state; its certificate is what the console says"
	confined
	ok "$1: $(wc -l <"$work/roles") processes of the sensor: no capability, no new privileges, filtered system calls"
	attack
	arrives
	ok "$1: alerts arrive outside, with the board's serial number, at a TLS syslog receiver and an MQTT broker"
	[ "${EPISODE:-0}" = 0 ] || episode
	murmur &
	murmur=$!
	sleep 15
	board "sh -s" <"$here/figures.sh" >"$work/figures"
	sed 's/^/        /' "$work/figures"
	kill $murmur
	board 'systemctl poweroff' || true
	ended 180
	silent "$1"
}

same_findings() {
	take
	set -- "$work"/data/gatewitness/frames-*.pcap
	began=$(od -An -j24 -N4 -tu4 "$1" | tr -d ' ')
	echo "        first frame of the span port after $((began - $(sed -n 's/^booted //p' "$work/figures"))) s of uptime"
	[ -s "$1" ] || fail "no frames on the data partition: $(find "$work/data" | head -n 20 | paste -sd' ')"
	settings | sed '/^\[eve\]/,/^replay/d' >"$work/read.conf"
	"$witness" read --quiet -c "$work/read.conf" --set sensor.serial=525400000001 --set eve.replay=yes \
		--set eve.updates=yes --eve "$work/read.json" "$1" 2>"$work/read.log" ||
		fail "read: $(cat "$work/read.log")"
	# Sorted: where no frame comes any more a sensor goes on with the clock, and a file ends.
	plain "$work/data/gatewitness/eve.json" | sort >"$work/guest.txt"
	plain "$work/read.json" | sort >"$work/host.txt"
	cmp -s "$work/guest.txt" "$work/host.txt" || {
		diff "$work/guest.txt" "$work/host.txt" | cut -c1-300 | head -n 6 >&2
		fail "the guest's records and the host's differ ($(wc -l <"$work/guest.txt") lines and $(wc -l <"$work/host.txt"))"
	}
	alerts=$(grep -c '"event_type":"alert"' "$work/guest.txt")
	[ "$alerts" -gt 0 ] || fail "no alerts"
	for there in received published; do
		[ "$(received $there)" = "$alerts" ] || fail "$(received $there) alerts were $there outside, of $alerts"
	done
	ok "every alert arrived outside, at both"
	ok "what the guest recorded gives on the host its $(wc -l <"$work/guest.txt") lines, $alerts alerts, byte for byte"
	"$witness" verify "$work/data/gatewitness/ledger" >"$work/verify" 2>&1 || fail "verify: $(tail -n 3 "$work/verify")"
	ok "the ledger verifies: $(tail -n 1 "$work/verify")"
}

# A wrong line is told on the console and in a file; what worked last stays in force; nobody gets in without a key.
wrong_configuration() {
	{ settings; own_settings; printf '[board]\nadress = 10.77.0.3\n'; } >"$work/gatewitness.conf"
	put "$work/gatewitness.conf" gatewitness.conf
	mdel -i "$work/card.img@@16M" ::authorized_keys
	line=$(wc -l <"$work/gatewitness.conf")
	boot "$1"
	says "mistake in gatewitness.conf:$line: unknown option \"board.adress\"" 900
	says "the configuration that worked last is in force" 60
	says "sensor   active" 600
	page "mistake in gatewitness.conf:$line"
	wait_until 120 ping_board || fail "the board does not answer"
	! inside timeout 20 python3 -c 'import socket; socket.create_connection(("10.77.0.2", 22), 10)' 2>/dev/null ||
		fail "port 22 is open, and no key was given"
	power_cut
	fat gatewitness.conf.errors.txt | grep -q "^gatewitness.conf:$line:" || fail "no word of it on the FAT partition"
	ok "a wrong configuration is told with its line, on the console, the page and the FAT partition; the board watches on; no login"
}

ping_board() {
	inside ping -q -c 1 -W 5 10.77.0.2 >/dev/null
}

receive
for way in $boots; do
	first_boot "$way"
	same_findings
done
wrong_configuration direct
echo "$passed checks of the board"

# shellcheck shell=sh
# A board in QEMU between two taps, in a network namespace of its own: span0 carries the mirror, own0 is the switch's end
# of the board's own port.  Sourced by the tests; all they start ends with them.

work=$(mktemp -d)
net=gwfw$$
qemu='' listener='' receiver='' murmur='' broker='' server='' from=0

clean() {
	[ -z "$qemu" ] || power_cut
	for started in $listener $receiver $murmur $broker $server; do
		kill "$started" 2>/dev/null
	done
	ip netns del "$net" 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}

fail() {
	echo "FAIL $*" >&2
	tr -d '\r' <"$work/console" 2>/dev/null | tail -n 25 | sed 's/^/	/' >&2
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

ready() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	for tool in qemu-system-aarch64 ip ssh mcopy debugfs tcpdump jq python3; do
		command -v $tool >/dev/null || skip "needs $tool"
	done
	ip netns add "$net" 2>/dev/null || skip "cannot make network namespaces here"
	trap clean EXIT
	trap 'exit 130' INT TERM
	inside sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "$net" link set lo up
	for tap in span0 own0; do
		ip -n "$net" tuntap add dev $tap mode tap || skip "cannot make taps here"
		ip -n "$net" link set $tap up
	done
	ip -n "$net" addr add 10.77.0.1/24 dev own0
	ssh-keygen -q -t ed25519 -N '' -f "$work/key"
}

inside() {
	ip netns exec "$net" "$@"
}

# The image as it is flashed, on a card that is larger.
flash() {
	cp --sparse=always "$1" "$work/card.img"
	truncate -s 1500M "$work/card.img"
}

# put FILE NAME: on the FAT partition, from any computer
put() {
	mcopy -o -i "$work/card.img@@16M" "$1" "::$2"
}

fat() {
	mtype -i "$work/card.img@@16M" "::$1" 2>/dev/null | tr -d '\r'
}

# What is on the data partition.
take() {
	start=$(sfdisk -J "$work/card.img" | jq '.partitiontable.partitions[-1].start')
	dd if="$work/card.img" of="$work/data.ext4" bs=512 skip="$start" conv=sparse status=none
	e2fsck -fy "$work/data.ext4" >"$work/fsck" 2>&1
	rm -rf "$work/data"
	mkdir "$work/data"
	debugfs -R "rdump / $work/data" "$work/data.ext4" >/dev/null 2>&1
}

# What the machine does when it is on.  With REBOOT it is switched on again where it would start anew by itself: QEMU 7.2 gets
# slower with each start in one process, until a cleared page takes minutes.
machine() {
	while :; do
		began=$(date +%s)
		ip netns exec "$net" timeout 14400 qemu-system-aarch64 -M virt -cpu cortex-a72 -smp "${CPUS:-2}" -m 512 -display none \
			-accel tcg,thread=multi -chardev "file,id=console,path=$work/console,append=on" -serial chardev:console \
			-monitor none -no-reboot "$@" -device i6300esb -device virtio-rng-pci \
			-drive "if=none,id=card,file=$work/card.img,format=raw" -device virtio-blk-pci,drive=card \
			-netdev tap,id=own,ifname=own0,script=no,downscript=no \
			-device virtio-net-pci,netdev=own,mac=52:54:00:00:00:01,romfile= \
			-netdev tap,id=span,ifname=span0,script=no,downscript=no \
			-device virtio-net-pci,netdev=span,mac=52:54:00:00:00:02,romfile= 2>"$work/qemu.log" &
		echo $! >"$work/qemu.pid"
		wait $!
		[ -n "${REBOOT:-}" ] && [ $(($(date +%s) - began)) -gt 2 ] || return
	done
}

# boot direct|uboot|uefi.  CPUS=1: where the machine has no two to spare, one is faster than two that wait for each other.
boot() {
	case $1 in
	direct) set -- -kernel "$image/vmlinuz" -initrd "$image/initrd" -append "rauc.slot=A panic=10 quiet loglevel=4" ;;
	uboot) set -- -bios /usr/lib/u-boot/qemu_arm64/u-boot.bin ;;
	uefi) set -- -bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd ;;
	esac
	rm -f "$work/qemu.pid"
	: >"$work/console"
	from=0
	machine "$@" &
	qemu=$!
	until [ -s "$work/qemu.pid" ]; do sleep 0.1; done
}

# The process that is the board, below the one that bounds its time.
emulator() {
	pgrep -P "$(cat "$work/qemu.pid")" -f qemu-system | head -n 1
}

# Seconds of processor that the guest had: an emulated board on a busy machine is slow, not dead.
worked() {
	cat /proc/"$(emulator)"/stat 2>/dev/null | awk -v hz="$(getconf CLK_TCK)" '{ s += $14 + $15 } END { print int(s / hz) }'
}

# wait_until SECONDS COMMAND...: of time and half as many of the guest's work, so that a busy machine gives it more; four
# times as many at most.
wait_until() {
	limit=$1 began=$(date +%s) before=$(worked)
	shift
	until "$@"; do
		kill -0 "$qemu" 2>/dev/null || fail "QEMU ended: $(tail -n 1 "$work/qemu.log")"
		waited=$(($(date +%s) - began))
		[ $waited -lt "$limit" ] || [ $(($(worked) - before)) -lt $((limit / 2)) ] || return 1
		[ $waited -lt $((4 * limit)) ] || return 1
		sleep 1
	done
}

console_has() {
	tail -c "+$((from + 1))" "$work/console" | grep -qF "$1"
}

# says TEXT SECONDS: until the console does
says() {
	wait_until "$2" console_has "$1" || fail "the console does not say \"$1\""
}

# What the console said so far is no answer to the next says.
from_now() {
	from=$(wc -c <"$work/console")
}

# Both directions, once a second, until told otherwise: what makes a port the span port.
murmur() {
	python3 "$here/murmur.py" "$work/murmur.pcap"
	while :; do
		inside python3 "$top/tests/live/send.py" span0 "$work/murmur.pcap" 1 >/dev/null || return
	done
}

# certificate NAME: NAME.pem and NAME.key of a server at the other end of the board's own port
certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName = IP:10.77.0.1" \
		-keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}

board() {
	inside timeout 900 ssh -q -i "$work/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=60 \
		root@10.77.0.2 "$@"
}

ended() {
	for _ in $(seq $((4 * $1))); do
		kill -0 "$qemu" 2>/dev/null || {
			qemu=
			return 0
		}
		sleep 1
	done
	fail "the board does not power off"
}

power_cut() {
	kill "$qemu" 2>/dev/null
	kill -9 "$(emulator)" 2>/dev/null
	wait "$qemu" 2>/dev/null
	qemu=
}

#!/bin/sh
# Updates by slots, in QEMU: a good one stays; a corrupted one and one of a stranger are refused; one whose sensor crashes,
# one that panics, one that hangs and one that is cut off in the middle end on the old slot.  The ledger is whole each time.
#	GATEWITNESS=build/gatewitness test/update.sh FOLDER_OF_IMAGE [uboot|uefi] [CASE...]
# An hour without KVM.
set -u
here=$(realpath "$(dirname "$0")") image=$(realpath "$1") top=$(realpath "$(dirname "$0")/../..") way=${2:-uboot}
[ $# -lt 2 ] || shift
shift
cases=${*:-good refused crash panic hang cut}
witness=${GATEWITNESS:-$top/build/gatewitness}
. "$here/lib.sh"
# shellcheck disable=SC2034 # lib.sh: the board may start anew
REBOOT=" "
ready
command -v rauc >/dev/null || skip "needs rauc"
keys=${KEY_DIR:-$image/../keys}

settings() {
	cat <<-END_SETTINGS
		[gateway vpn]
		address = 192.0.2.10
		[board]
		address = 10.77.0.2/24
		span = 52:54:00:00:00:02
	END_SETTINGS
}

# The slot as it was built, with something broken in it.
broken() {
	rm -rf "$work/slot"
	unsquashfs -q -n -d "$work/slot" "$image/slot.squashfs" >/dev/null || fail "unsquashfs"
	# who waits ten minutes for a board has more time than a test
	sed -i 's/-gt 600/-gt 150/' "$work/slot/usr/lib/board/health"
	case $1 in
	crash) printf '#!/bin/sh\nkill -SEGV $$\n' >"$work/slot/usr/bin/gatewitness" ;;
	panic) init 'echo c >/proc/sysrq-trigger' ;;
	# A watchdog that runs, and nobody who feeds it: what a kernel looks like that hangs.
	hang) init 'modprobe i6300esb; exec 3>/dev/watchdog; while :; do sleep 1000; done' ;;
	esac
	rm -f "$work/slot.squashfs"
	mksquashfs "$work/slot" "$work/slot.squashfs" -quiet -no-progress -comp gzip -b 256K >/dev/null || fail "mksquashfs"
	rm -rf "$work/slot"
}

init() {
	rm "$work/slot/usr/sbin/init"
	printf '#!/bin/sh\nmount -t proc proc /proc\n%s\n' "$1" >"$work/slot/usr/sbin/init"
	chmod 755 "$work/slot/usr/sbin/init"
}

# bundle SLOT KEYS: leaves $work/update.raucb
bundle() {
	rm -rf "$work/bundled"
	mkdir "$work/bundled"
	cp "$1" "$work/bundled/slot.squashfs"
	KEY_DIR=$2 "$top/firmware/bundle.sh" "$work/bundled" 9.0.0 >/dev/null || fail "no bundle"
	mv "$work/bundled"/*.raucb "$work/update.raucb"
}

# Onto the board, by its SSH; into memory, as an address would be read.
install() {
	board 'cat >/data/update.raucb' <"$work/update.raucb" || fail "the bundle does not get to the board"
	board 'board-update /data/update.raucb' >"$work/install" 2>&1
}

slot() {
	board 'sed "s/.*rauc.slot=\(.\).*/\1/" /proc/cmdline'
}

# Waits until the board answers again, in which slot.
comes_back_in() {
	for _ in $(seq "$2"); do
		[ "$(slot 2>/dev/null)" = "$1" ] && return 0
		sleep 10
	done
	fail "the board does not come back in slot $1"
}

marked_good() {
	for _ in $(seq 30); do
		board 'grub-editenv /esp/grub/grubenv list' | grep -qx "$1_TRY=0" && return 0
		sleep 10
	done
	fail "slot $1 is not marked good"
}

whole() {
	board 'gatewitness verify -q /var/lib/gatewitness/ledger' >"$work/verify" 2>&1 || fail "ledger: $(tail -n 2 "$work/verify")"
}

start() {
	flash "$image/gatewitness-virt.img"
	settings >"$work/gatewitness.conf"
	put "$work/gatewitness.conf" gatewitness.conf
	put "$work/key.pub" authorized_keys
	boot "$way"
	says "sensor   active" 600
	marked_good A
}

stop() {
	power_cut
}

good() {
	start
	bundle "$image/slot.squashfs" "$keys"
	install || fail "a good bundle is refused: $(cat "$work/install")"
	board 'systemctl reboot'
	comes_back_in B 60
	marked_good B
	whole
	stop
	echo "  ok    good: installed, tried, marked good; the ledger is whole"
}

refused() {
	start
	bundle "$image/slot.squashfs" "$keys"
	printf 'x' | dd of="$work/update.raucb" bs=1 seek=20000000 conv=notrunc status=none
	install && fail "a corrupted bundle is taken"
	echo "  ok    corrupted: $(tail -n 1 "$work/install")"
	mkdir -p "$work/stranger"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=stranger" -keyout "$work/stranger/key.pem" \
		-out "$work/stranger/cert.pem" 2>/dev/null
	bundle "$image/slot.squashfs" "$work/stranger"
	install && fail "a stranger's bundle is taken"
	echo "  ok    a stranger's: $(tail -n 1 "$work/install")"
	board 'systemctl reboot'
	sleep 20
	comes_back_in A 60
	whole
	stop
	echo "  ok    refused: the old slot goes on; the ledger is whole"
}

falls_back() {
	start
	broken "$1"
	bundle "$work/slot.squashfs" "$keys"
	install || fail "the bundle is refused: $(cat "$work/install")"
	from_now
	board 'systemctl reboot'
	says "starting slot B" 300
	from_now
	says "starting slot A" 900
	comes_back_in A 60
	marked_good A
	whole
	stop
	echo "  ok    $1: slot B was tried and left; the ledger is whole"
}

crash() { falls_back crash; }
panic() { falls_back panic; }
hang() { falls_back hang; }

cut() {
	start
	bundle "$image/slot.squashfs" "$keys"
	board 'cat >/data/update.raucb' <"$work/update.raucb"
	board 'sync; board-update /data/update.raucb' >/dev/null 2>&1 &
	sleep "${CUT_AFTER:-8}"
	power_cut
	boot "$way"
	says "sensor   active" 600
	[ "$(slot)" = A ] || fail "not the old slot"
	whole
	stop
	echo "  ok    cut: power went in the middle of installing; the old slot starts; the ledger is whole"
}

for case in $cases; do
	$case
done
echo "updates by $way: $cases"

#!/bin/sh
# Updates by slots, in QEMU, one after the other on the same board: one that it fetches by itself stays; an older one is
# taken for an explicit word only; a corrupted one and one of a stranger are refused; one whose sensor crashes, one that
# panics, one that hangs and one that is cut off in the middle end on the slot before.  The ledger is whole each time.
#	test/update.sh FOLDER_OF_IMAGE [uboot|uefi] [CASE...]
# An hour without KVM.
set -u
here=$(realpath "$(dirname "$0")") image=$(realpath "$1") top=$(realpath "$(dirname "$0")/../..") way=${2:-uboot}
[ $# -lt 2 ] || shift
shift
cases=${*:-pull older refused crash panic hang cut}
. "$here/lib.sh"
# shellcheck disable=SC2034 # lib.sh: the board may start anew
REBOOT=yes
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
		update = https://10.77.0.1:8443/manifest
		update_ca = server.pem
	END_SETTINGS
}

# The slot as it was built, with something broken in it.
broken() {
	rm -rf "$work/slot"
	unsquashfs -q -n -d "$work/slot" "$image/slot.squashfs" >/dev/null || fail "unsquashfs"
	# who waits ten minutes for a board has more time than a test
	sed -i 's/patience=600/patience=150/' "$work/slot/usr/lib/board/health"
	case $1 in
	crash) printf '#!/bin/sh\nkill -SEGV $$\n' >"$work/slot/usr/bin/gatewitness" ;;
	panic) init 'echo c >/proc/sysrq-trigger' ;;
	# A watchdog that runs, and nobody who feeds it: what a kernel looks like that hangs.
	hang) init 'modprobe i6300esb; exec 3>/dev/watchdog; while :; do sleep 1000; done' ;;
	esac
	rm -f "$work/slot.squashfs"
	mksquashfs "$work/slot" "$work/slot.squashfs" -quiet -no-progress -comp gzip -Xcompression-level 1 -b 256K >/dev/null || fail "mksquashfs"
	rm -rf "$work/slot"
}

init() {
	rm "$work/slot/usr/sbin/init"
	printf '#!/bin/sh\nmount -t proc proc /proc\n%s\n' "$1" >"$work/slot/usr/sbin/init"
	chmod 755 "$work/slot/usr/sbin/init"
}

# bundle SLOT KEYS VERSION: leaves $work/update.raucb
bundle() {
	rm -rf "$work/bundled"
	mkdir "$work/bundled"
	cp "$1" "$work/bundled/slot.squashfs"
	KEY_DIR=$2 "$top/firmware/bundle.sh" "$work/bundled" "$3" >/dev/null || fail "no bundle"
	mv "$work/bundled"/*.raucb "$work/update.raucb"
}

# Onto the board, by its SSH.
carry() {
	board 'cat >/data/update.raucb' <"$work/update.raucb" || fail "the bundle does not get to the board"
}

# install [--downgrade]
install() {
	carry
	board "board-update /data/update.raucb $*" >"$work/install" 2>&1
}

# offer PERCENT: update.raucb at the address that the board asks
offer() {
	cp "$work/update.raucb" "$work/www/update.raucb"
	printf 'version = 9.0.0\nbundle = update.raucb\npercent = %s\n' "$1" >"$work/www/manifest"
}

serve() {
	certificate server
	mkdir -p "$work/www"
	ip netns exec "$net" python3 "$here/serve.py" 8443 "$work/server.pem" "$work/server.key" "$work/www" 2>"$work/served" &
	server=$!
}

runs_in() {
	board 'sed "s/.*rauc.slot=\(.\).*/\1/" /proc/cmdline' 2>/dev/null | grep -qx "$1"
}

marked_good() {
	board 'grub-editenv /esp/grub/grubenv list' 2>/dev/null | grep -qx "$1_TRY=0"
}

# The board answers again, in that slot, the loader knows it for good, and the ledger is whole.
stands_in() {
	wait_until 1200 runs_in "$1" || fail "the board does not come back in slot $1"
	wait_until 900 marked_good "$1" || fail "slot $1 is not marked good: $(board 'cat /run/board/page')"
	board 'gatewitness verify -q /data/gatewitness/ledger' >"$work/verify" 2>&1 || fail "ledger: $(tail -n 2 "$work/verify")"
	slot=$1
}

other() {
	echo "$slot" | tr AB BA
}

reboot() {
	from_now
	board 'systemctl reboot'
	says "starting slot $1" 600
}

start() {
	flash "$image/gatewitness-virt.img"
	serve
	settings >"$work/gatewitness.conf"
	put "$work/gatewitness.conf" gatewitness.conf
	put "$work/key.pub" authorized_keys
	put "$work/server.pem" server.pem
	boot "$way"
	murmur &
	murmur=$!
	says "sensor   active" 900
	stands_in A
	echo "  ok    slot A starts by $way, and is marked good"
}

# By itself: not while others are to be first, then with all.
pull() {
	bundle "$image/slot.squashfs" "$keys" 9.0.0
	offer 0
	from_now
	board 'systemctl start board-pull'
	says "9.0.0 is there for 0 of 100 boards" 120
	! grep -q 'GET /update.raucb' "$work/served" || fail "the board fetched what is not for it"
	offer 100
	from_now
	board 'systemctl start --no-block board-pull'
	says "starting slot $(other)" 1500
	stands_in "$(other)"
	offer 0 # the slot is of the old version still, and would ask for it again within the hour
	echo "  ok    pull: asked at the configured address, fetched, installed, tried, marked good; the ledger is whole"
}

older() {
	bundle "$image/slot.squashfs" "$keys" 0.0.1
	! install || fail "an older version is taken without a word"
	grep -q -e '--downgrade takes it nevertheless' "$work/install" || fail "not told why: $(cat "$work/install")"
	install --downgrade || fail "an older version is refused with the word for it: $(cat "$work/install")"
	reboot "$(other)"
	stands_in "$(other)"
	echo "  ok    older: refused, then taken with --downgrade; tried, marked good; the ledger is whole"
}

refused() {
	bundle "$image/slot.squashfs" "$keys" 9.0.0
	printf 'x' | dd of="$work/update.raucb" bs=1 seek=20000000 conv=notrunc status=none
	! install || fail "a corrupted bundle is taken"
	echo "  ok    corrupted: $(tail -n 1 "$work/install")"
	mkdir -p "$work/stranger"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=stranger" -keyout "$work/stranger/key.pem" \
		-out "$work/stranger/cert.pem" 2>/dev/null
	bundle "$image/slot.squashfs" "$work/stranger" 9.0.0
	! install || fail "a stranger's bundle is taken"
	echo "  ok    a stranger's: $(tail -n 1 "$work/install")"
	reboot "$slot"
	stands_in "$slot"
	echo "  ok    refused: the old slot goes on; the ledger is whole"
}

falls_back() {
	broken "$1"
	bundle "$work/slot.squashfs" "$keys" 9.0.0
	install || fail "the bundle is refused: $(cat "$work/install")"
	reboot "$(other)"
	from_now
	says "starting slot $slot" 1500
	stands_in "$slot"
	board 'cat /run/board/said/update' | grep -q "slot $(other) did not stay" || fail "the page does not say what became of it"
	echo "  ok    $1: slot $(other) was tried and left; the ledger is whole"
}

crash() { falls_back crash; }
panic() { falls_back panic; }
hang() { falls_back hang; }

# Power goes while the slot is written: after the installer has said that it copies.
cut() {
	bundle "$image/slot.squashfs" "$keys" 9.0.0
	carry
	board 'sync; written() { awk "{ print \$7 }" /sys/block/vda/stat; }; now=$(written)
		board-update /data/update.raucb >/dev/null 2>&1 &
		until [ $(($(written) - now)) -gt 40000 ]; do sleep 0.2; done; echo in the middle' >"$work/middle" 2>/dev/null
	grep -q 'in the middle' "$work/middle" || fail "the installer does not write"
	power_cut
	boot "$way"
	says "starting slot $slot" 600
	stands_in "$slot"
	echo "  ok    cut: power went in the middle of installing; the old slot starts; the ledger is whole"
}

start
for case in $cases; do
	$case
done
power_cut
echo "updates by $way: $cases"

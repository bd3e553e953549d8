#!/bin/sh
# The board's image, from Debian's packages and the project's own: root, initramfs, loader, partitions.  Made in a folder
# of its own and renamed at the end: what is there is whole.
#	build.sh BOARD BUILD VERSION FILE.deb
#	build.sh --ask BOARD		is there such a board, and may it be built?
# SITE=DIR lays a folder's root/ over the root and puts its esp/ on the FAT partition; NONFREE=yes allows boards that need it.
# SLOT_MB (160), ESP_MB (192): sizes.  KEY_DIR: certificate and key of updates; made for development where none is given.
set -eu
here=$(realpath "$(dirname "$0")")
. "$here/say.sh"
ask=
[ "$1" != --ask ] || {
	ask=yes
	set -- "$2" . '' ''
}
board=$1 B=$(realpath -m "$2") version=$3 deb=$4
arch=arm64 out=$B/firmware cache=$B/firmware/cache
slot_mb=${SLOT_MB:-160} esp_mb=${ESP_MB:-192} site=${SITE:-}

boards=$(find "$here/boards" -type f -printf '%f\n' | sort | paste -sd' ')
[ -f "$here/boards/$board" ] || die "unknown board \"$board\"; there are $boards"
title= debs= loader= esp= dtbs= config_txt= mbr= nonfree=
. "$here/boards/$board"
[ -z "$nonfree" ] || [ "${NONFREE:-}" = yes ] || die "$board: $title"
[ -z "$site" ] || [ -d "$site" ] || die "SITE: no folder $site"
[ -z "$ask" ] || exit 0
[ "$(id -u)" = 0 ] || die "needs root, to keep the owners of a root file system"
while read -r tool package; do
	need "$tool" "$package"
done <<-END_TOOLS
	mmdebstrap mmdebstrap
	mksquashfs squashfs-tools
	grub-mkimage grub-common
	genimage genimage
	mkfs.vfat dosfstools
	mcopy mtools
	mke2fs e2fsprogs
	depmod kmod
	cpio cpio
	zstd zstd
	openssl openssl
	python3 python3
END_TOOLS
mkdir -p "$cache"
room "$B" 2500

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || stat -c %Y "$here/build.sh")}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fetch() {
	"$here/apt.sh" $arch "$cache/apt" fetch "$@"
}

unpack() {
	mkdir -p "$2"
	for file in $(fetch $1); do
		echo "$file" >>"$work/debs"
		dpkg-deb --fsys-tarfile "$file" | tar x -C "$2"
	done
}

# uuid WORD: the same for the same word and commit
uuid() {
	echo "$1 $SOURCE_DATE_EPOCH" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-4\3-8\4-\5/'
}

kernel() {
	package=$("$here/apt.sh" $arch "$cache/apt" kernel)
	unpack "$package" "$work/kernel"
	kernel=$(ls "$work/kernel/lib/modules")
	modules=$work/kernel/lib/modules/$kernel
	depmod -b "$work/kernel" "$kernel"
	"$here/kernel.py" "$modules" "$here/modules.list" all >"$work/all"
	"$here/kernel.py" "$modules" "$here/modules.list" early >"$work/early"
}

initramfs() {
	unpack busybox-static "$work/busybox"
	mkdir -p "$work/initramfs/bin" "$work/initramfs/modules" "$work/initramfs/dev"
	cp "$work/busybox/bin/busybox" "$work/initramfs/bin/"
	cp "$here/initramfs/init" "$work/initramfs/init"
	chmod 755 "$work/initramfs/init"
	while read -r module; do
		cp "$modules/$module" "$work/initramfs/modules/"
		basename "$module" >>"$work/initramfs/modules/order"
	done <"$work/early"
	mknod -m 600 "$work/initramfs/dev/console" c 5 1
	find "$work/initramfs" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
	(cd "$work/initramfs" && find . | sort | cpio --quiet -o -H newc --reproducible -R 0:0 | zstd -q -19) >"$work/initrd"
}

# The project's own package, then what the image is more than its packages.
root() {
	tar=$("$here/root.sh" $arch "$cache" "$deb")
	root=$work/root
	mkdir "$root"
	tar x --numeric-owner --xattrs --xattrs-include='*' -f "$tar" -C "$root"
	cp "$deb" "$root/tmp/own.deb"
	chroot "$root" dpkg --install --force-unsafe-io /tmp/own.deb >"$work/log" 2>&1 ||
		die "the package does not install: $(tail -n 1 "$work/log")"
	rm "$root/tmp/own.deb"
	cp -a --no-preserve=ownership "$here/overlay/." "$root/"
	unpack ca-certificates "$work/ca"
	mkdir -p "$root/etc/ssl/certs"
	cat "$work"/ca/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
	while read -r module; do
		install -D -m 644 "$modules/$module" "$root/lib/modules/$kernel/$module"
	done <"$work/all"
	cp "$modules"/modules.builtin "$modules"/modules.builtin.modinfo "$modules"/modules.order "$root/lib/modules/$kernel/"
	depmod -b "$root" "$kernel"
	cp "$work/kernel/boot/vmlinuz-$kernel" "$root/boot/vmlinuz"
	cp "$work/initrd" "$root/boot/initrd"
	keyring
	"$here/finish.sh" "$root" "$version" "$(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null || echo none)" "$kernel"
	[ -z "$site" ] || [ ! -d "$site/root" ] || cp -a --no-preserve=ownership "$site/root/." "$root/"
}

# Who may sign updates of this image.
keyring() {
	keys=${KEY_DIR:-$out/keys}
	if [ ! -e "$keys/cert.pem" ]; then
		[ -z "${KEY_DIR:-}" ] || die "KEY_DIR: no cert.pem in $keys"
		mkdir -p "$keys"
		openssl req -x509 -newkey rsa:3072 -nodes -days 7300 -subj "/CN=gatewitness development" \
			-keyout "$keys/key.pem" -out "$keys/cert.pem" 2>/dev/null
	fi
	install -D -m 644 "$keys/cert.pem" "$root/etc/rauc/keyring.pem"
}

slot() {
	find "$root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
	# gzip: GRUB 2.06 reads no zstd
	mksquashfs "$root" "$work/slot.squashfs" -quiet -noappend -no-progress -comp gzip -b 256K -no-exports >"$work/log" 2>&1 ||
		die "mksquashfs: $(tail -n 1 "$work/log")"
	size=$(stat -c %s "$work/slot.squashfs")
	[ "$size" -le $((slot_mb << 20)) ] || die "the root takes $((size >> 20)) MB, more than a slot has (SLOT_MB=$slot_mb)"
}

# FAT: GRUB for UEFI and for U-Boot's UEFI, its memory of slots, the place of gatewitness.conf.
esp() {
	tree=$work/esp
	mkdir -p "$tree/EFI/BOOT" "$tree/grub"
	unpack grub-efi-arm64-bin "$work/grub"
	grub-mkimage -O arm64-efi -p /grub -d "$work/grub/usr/lib/grub/arm64-efi" -o "$tree/EFI/BOOT/BOOTAA64.EFI" \
		part_gpt part_msdos fat squash4 gzio normal linux loadenv search configfile echo test sleep reboot regexp true
	cp "$here/grub/grub.cfg" "$tree/grub/grub.cfg"
	grub-editenv "$tree/grub/grubenv" create
	grub-editenv "$tree/grub/grubenv" set ORDER='A B' A_OK=1 A_TRY=0 B_OK=0 B_TRY=0
	sed "s/@VERSION@/$version/" "$here/esp.txt" >"$tree/README.txt"
	[ -z "$debs" ] || unpack "$debs" "$work/board"
	for file in $esp; do cp "$work/board/$file" "$tree/"; done
	for file in $dtbs; do install -D -m 644 "$work/kernel/usr/lib/linux-image-$kernel/$file" "$tree/dtb/$file"; done
	[ -z "$config_txt" ] || echo "$config_txt" >"$tree/config.txt"
	[ -z "$site" ] || [ ! -d "$site/esp" ] || cp -r "$site/esp/." "$tree/"
	find "$tree" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
	truncate -s "${esp_mb}M" "$work/esp.vfat"
	mkfs.vfat --invariant -F 32 -i "$(uuid esp | cut -c1-8)" -n BOARD "$work/esp.vfat" >/dev/null
	(cd "$tree" && mcopy -s -m -i "$work/esp.vfat" -- * ::)
}

data() {
	truncate -s 64M "$work/data.ext4"
	export E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH"
	mke2fs -q -t ext4 -b 4096 -i 65536 -J size=16 -m 1 -L data -U "$(uuid data)" \
		-E "hash_seed=$(uuid seed),lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0" "$work/data.ext4"
}

disk() {
	{
		echo 'image disk.img {'
		echo "hdimage { partition-table-type = \"${mbr:+hybrid}${mbr:-gpt}\" disk-uuid = \"$(uuid disk)\" }" | sed 's/hybridyes/hybrid/'
		n=0
		for part in $loader; do
			n=$((n + 1))
			echo "partition loader$n { in-partition-table = false image = \"$work/board/${part%@*}\" offset = ${part#*@} }"
		done
		echo "partition esp { image = \"$work/esp.vfat\" offset = 16M partition-uuid = \"$(uuid p1)\""
		echo "	partition-type-uuid = \"c12a7328-f81f-11d2-ba4b-00a0c93ec93b\" ${mbr:+partition-type = 0x0c} }"
		echo "partition rootA { image = \"$work/slot.squashfs\" size = ${slot_mb}M partition-uuid = \"$(uuid p2)\" partition-type-uuid = \"L\" }"
		echo "partition rootB { size = ${slot_mb}M partition-uuid = \"$(uuid p3)\" partition-type-uuid = \"L\" }"
		echo "partition data { image = \"$work/data.ext4\" partition-uuid = \"$(uuid p4)\" partition-type-uuid = \"L\" }"
		echo '}'
	} >"$work/genimage.cfg"
	mkdir "$work/nothing"
	genimage --config "$work/genimage.cfg" --rootpath "$work/nothing" --tmppath "$work/tmp" --inputpath "$work" \
		--outputpath "$work/done" >"$work/log" 2>&1 || die "genimage: $(grep -i error "$work/log" | head -n 1)"
	fallocate --dig-holes "$work/done/disk.img"
}

megabytes() {
	echo "$(($(stat -c "%s" "$1") * 10 / 1000000))" | sed 's/\(.\)$/.\1/'
}

"$here/apt.sh" $arch "$cache/apt" update
say BOARD "$board: $title"
kernel
initramfs
say KERNEL "$kernel, $(wc -l <"$work/all") modules, $(wc -l <"$work/early") of them in the initramfs, $(megabytes "$work/initrd") MB"
root
slot
esp
data
disk
"$here/sbom.py" "$root" "$work/debs" "$version" "$SOURCE_DATE_EPOCH" "$work/done/sbom.spdx.json" "$work/done/packages.txt"
mv "$work/done/disk.img" "$work/done/gatewitness-$board.img"
mv "$work/slot.squashfs" "$work/done/slot.squashfs"
cp "$work/initrd" "$root/boot/vmlinuz" "$work/done/"
(cd "$work/done" && sha256sum "gatewitness-$board.img" slot.squashfs >SHA256SUMS)
rm -rf "${out:?}/$board"
mv "$work/done" "$out/$board"
say ROOT "$(wc -l <"$out/$board/packages.txt") packages, $(du -s --apparent-size -BMB "$root" | cut -f1), $(megabytes "$out/$board/slot.squashfs") MB a slot"
say IMAGE "$(megabytes "$out/$board/gatewitness-$board.img") MB, $(du -BMB "$out/$board/gatewitness-$board.img" | cut -f1) of them not zero"
say DONE "$out/$board/gatewitness-$board.img"

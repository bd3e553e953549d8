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

# uuid WORD: the same for the same word and commit
uuid() {
	echo "$1 $SOURCE_DATE_EPOCH" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-4\3-8\4-\5/'
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
	for file in $dtbs; do install -D -m 644 "$slot/dtb/$file" "$tree/dtb/$file"; done
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
		-E "hash_seed=$(uuid seed),lazy_itable_init=0,lazy_journal_init=0,resize=268435456,root_owner=0:0" "$work/data.ext4"
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
		echo "partition rootA { image = \"$slot/slot.squashfs\" size = ${slot_mb}M partition-uuid = \"$(uuid p2)\" partition-type-uuid = \"L\" }"
		echo "partition rootB { size = ${slot_mb}M partition-uuid = \"$(uuid p3)\" partition-type-uuid = \"L\" }"
		echo "partition data { image = \"$work/data.ext4\" partition-uuid = \"$(uuid p4)\" partition-type-uuid = \"L\" }"
		echo '}'
	} >"$work/genimage.cfg"
	mkdir "$work/nothing"
	genimage --config "$work/genimage.cfg" --rootpath "$work/nothing" --tmppath "$work/tmp" --inputpath "$work" \
		--outputpath "$work/done" >"$work/log" 2>&1 || die "genimage: $(grep -i error "$work/log" | head -n 1)"
	fallocate --dig-holes "$work/done/disk.img"
}

"$here/apt.sh" $arch "$cache/apt" update
[ -z "$nonfree" ] || "$here/apt.sh" $arch "$cache/apt-nonfree" update
say BOARD "$board: $title"
slot=$("$here/slot.sh" $arch "$B" "$version" "$deb")
size=$(stat -c %s "$slot/slot.squashfs")
[ "$size" -le $((slot_mb << 20)) ] || die "the root takes $((size >> 20)) MB, more than a slot has (SLOT_MB=$slot_mb)"
esp
data
disk
mv "$work/done/disk.img" "$work/done/gatewitness-$board.img"
(cd "$slot" && cp slot.squashfs vmlinuz initrd packages.txt sbom.spdx.json "$work/done/")
(cd "$work/done" && sha256sum "gatewitness-$board.img" slot.squashfs >SHA256SUMS)
rm -rf "${out:?}/$board"
mv "$work/done" "$out/$board"
say SLOT "$(megabytes "$out/$board/slot.squashfs") MB"
say IMAGE "$(megabytes "$out/$board/gatewitness-$board.img") MB, $(du -BMB "$out/$board/gatewitness-$board.img" | cut -f1) of them not zero"
say DONE "$out/$board/gatewitness-$board.img"

#!/bin/sh
# What a slot holds, for every board the same: root, kernel, initramfs as one squashfs.  Kept under a name made of all it
# depends on, so that a second board takes seconds.
#	slot.sh ARCH BUILD VERSION FILE.deb		prints the folder: slot.squashfs vmlinuz initrd packages.txt sbom.spdx.json dtb/
# SITE=DIR: its root/ is laid over the root.  KEY_DIR: cert.pem of those who may sign updates.  AGAIN=yes: made anew.
set -eu
here=$(realpath "$(dirname "$0")")
. "$here/say.sh"
nonfree= arch=$1 out=$2/firmware cache=$2/firmware/cache version=$3 deb=$4 laid=${SITE:+$(realpath "$SITE")/root}
[ -d "$laid" ] || laid=
commit=$(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null || echo none)
keys=${KEY_DIR:-$out/keys}

# Who may sign updates of this image.
keyring() {
	if [ ! -e "$keys/cert.pem" ]; then
		[ -z "${KEY_DIR:-}" ] || die "KEY_DIR: no cert.pem in $keys"
		mkdir -p "$keys"
		openssl req -x509 -newkey rsa:3072 -nodes -days 7300 -subj "/CN=gatewitness development" \
			-keyout "$keys/key.pem" -out "$keys/cert.pem" 2>/dev/null
	fi
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
	install -D -m 644 "$keys/cert.pem" "$root/etc/rauc/keyring.pem"
	"$here/finish.sh" "$root" "$version" "$commit" "$kernel"
	[ -z "$laid" ] || cp -a --no-preserve=ownership "$laid/." "$root/"
}

squash() {
	find "$root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
	# gzip: GRUB 2.06 reads no zstd
	mksquashfs "$root" "$work/done/slot.squashfs" -quiet -noappend -no-progress -comp gzip -b 256K -no-exports >"$work/log" 2>&1 ||
		die "mksquashfs: $(tail -n 1 "$work/log")"
}

# Everything that the slot is made of.
ingredients() {
	echo "$tar $SOURCE_DATE_EPOCH $version $commit"
	cat "$deb" "$keys/cert.pem"
	(cd "$here" && find overlay initramfs slot.sh finish.sh kernel.py modules.list ${laid:+"$laid"} -type f -print0 |
		sort -z | xargs -0 cat)
}

keyring
tar=$("$here/root.sh" "$arch" "$cache" "$deb")
kept=$cache/slot-$arch-$(ingredients | sha256sum | cut -c1-16)
if [ -z "${AGAIN:-}" ] && [ -e "$kept/slot.squashfs" ]; then
	echo "$kept"
	exit 0
fi
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir "$work/done"
kernel
initramfs
say KERNEL "$kernel, $(wc -l <"$work/all") modules, $(wc -l <"$work/early") of them in the initramfs, $(megabytes "$work/initrd") MB" >&2
root
squash
"$here/sbom.py" "$root" "$work/debs" "$version" "$SOURCE_DATE_EPOCH" "$work/done/sbom.spdx.json" "$work/done/packages.txt"
cp "$work/initrd" "$root/boot/vmlinuz" "$work/done/"
cp -r "$work/kernel/usr/lib/linux-image-$kernel" "$work/done/dtb"
say ROOT "$(wc -l <"$work/done/packages.txt") packages, $(du -s --apparent-size -BMB "$root" | cut -f1) unpacked" >&2
rm -rf "$kept"
mv "$work/done" "$kept"
echo "$kept"

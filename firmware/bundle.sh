#!/bin/sh
# An update for boards in the field: the root of a built image, signed.
#	bundle.sh FOLDER_OF_IMAGE VERSION	leaves FOLDER/gatewitness-VERSION.raucb
# KEY_DIR: cert.pem and key.pem, whose certificate the boards hold.
set -eu
. "$(dirname "$0")/say.sh"
folder=$(realpath "$1") version=$2
keys=$(realpath "${KEY_DIR:-$folder/../keys}")
need rauc rauc
[ -e "$folder/slot.squashfs" ] || die "no slot.squashfs in $folder: make firmware first"
for file in cert.pem key.pem; do
	[ -e "$keys/$file" ] || die "no $file in $keys"
done
work=$(mktemp -d "$folder/bundle.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/in"
ln -L "$folder/slot.squashfs" "$work/in/root.img" 2>/dev/null || cp "$folder/slot.squashfs" "$work/in/root.img"
cat >"$work/in/manifest.raucm" <<-END_MANIFEST
	[update]
	compatible=gatewitness-arm64
	version=$version

	[bundle]
	format=verity

	[image.rootfs]
	filename=root.img
END_MANIFEST
rauc bundle --cert "$keys/cert.pem" --key "$keys/key.pem" "$work/in" "$work/bundle.raucb" >"$work/log" 2>&1 ||
	die "rauc: $(tail -n 1 "$work/log")"
mv "$work/bundle.raucb" "$folder/gatewitness-$version.raucb"
say BUNDLE "$folder/gatewitness-$version.raucb, $(du -BMB "$folder/gatewitness-$version.raucb" | cut -f1)"

#!/bin/sh
# The board's root before anything of ours is in it: Debian's packages, unpacked and configured, as a tar.  Maintainer
# scripts of another processor run by QEMU's user mode, for minutes; so it is kept under a name made of all it depends on.
#	root.sh ARCH CACHE FILE.deb		prints the path of the tar
set -eu
. "$(dirname "$0")/say.sh"
here=$(dirname "$0") arch=$1 cache=$(realpath -m "$2") deb=$3
SOURCE_DATE_EPOCH=$("$here/apt.sh" "$arch" "$cache/apt" date)
export SOURCE_DATE_EPOCH

own=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/[ \t]//g' | tr , '\n')
packages=$({ sed 's/#.*//' "$here/packages.list"; echo "$own"; } | grep . | sort -u | paste -sd,)
key=$( (echo "$packages" && cat "$0" && "$here/apt.sh" "$arch" "$cache/apt" state) | sha256sum | cut -c1-16)
tar=$cache/root-$arch-$key.tar
[ ! -e "$tar" ] || {
	echo "$tar"
	exit 0
}

[ "$(id -u)" = 0 ] || die "needs root, to unpack a root file system with its owners"
"$here/foreign.sh" "$arch"
sources=$(mktemp --suffix=.sources)
trap 'rm -f "$sources" "$tar.new"' EXIT
cat /etc/apt/sources.list.d/debian.sources >"$sources"

# Copyright files stay: the image is given to others.  Tables for 300 character sets and GRUB's own files are no use here.
mmdebstrap --verbose --architectures="$arch" --variant=custom --format=tar --include="$packages" \
	--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --aptopt='APT::Install-Recommends "false"' \
	--aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
	--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/bash-completion/*' \
	--dpkgopt='path-exclude=/usr/share/zsh/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
	--dpkgopt='path-exclude=/usr/lib/*/gconv/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
	--dpkgopt='path-exclude=/usr/lib/udev/hwdb.d/*' --dpkgopt='path-exclude=/usr/share/grub/*' \
	--dpkgopt='path-exclude=/usr/sbin/grub-*' --dpkgopt='path-exclude=/usr/bin/grub-*' \
	--dpkgopt='path-include=/usr/bin/grub-editenv' --dpkgopt='path-exclude=/etc/grub.d/*' \
	bookworm "$tar.new" "$sources" >"$cache/root.log" 2>&1 ||
	die "mmdebstrap could not make the root: $(grep -E '^(E|dpkg): .*(rror|fail)' "$cache/root.log" | head -n 1 | cut -c1-200) ($cache/root.log)"
mv "$tar.new" "$tar"
echo "$tar"

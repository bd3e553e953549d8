#!/bin/sh
# The Debian package, for this machine's processor or another.
#	deb.sh BUILD VERSION [amd64|arm64]	leaves BUILD/gatewitness_VERSION_ARCH.deb
set -eu
cd "$(dirname "$0")/.."
B=$1 version=$2 here=$(dpkg --print-architecture) arch=${3:-$(dpkg --print-architecture)}

case $arch in
amd64 | arm64) ;;
*)
	echo "deb: no package for \"$arch\"; there are amd64 and arm64" >&2
	exit 2
	;;
esac

# The same tree gives the same package: the last commit's time stands for the build's.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y src/main.c)
export SOURCE_DATE_EPOCH
tree=$B/deb/$arch/gatewitness-$version
rm -rf "$B/deb/$arch"
mkdir -p "$tree"
cp -a src tests firmware Makefile README.md LICENSE "$tree"
cp -a firmware/debian "$tree/debian"
cat >"$tree/debian/changelog" <<END
gatewitness ($version) bookworm; urgency=medium

  * The sources that this package was built from are its own.

 -- gatewitness developers <gatewitness@example.org>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END

set --
if [ "$arch" != "$here" ]; then
	root=$PWD/$B/sysroot-$arch
	firmware/sysroot.sh "$arch" "$root"
	export SYSROOT="$root" RUN="qemu-aarch64-static -L $root"
	set -- -d -a"$arch" -Pcross,nocheck
fi
(cd "$tree" && dpkg-buildpackage -b -us -uc "$@") >"$B/deb/$arch/log" 2>&1 || {
	tail -n 20 "$B/deb/$arch/log" >&2
	exit 1
}
cp "$B/deb/$arch/gatewitness_${version}_$arch.deb" "$B/"
echo "$B/gatewitness_${version}_$arch.deb"

# shellcheck shell=sh
# arch.sh: what a foreign processor is called, how programs are built for it and run here.  To be sourced; needs arch and
# B (the build).
# shellcheck disable=SC2154
case $arch in
arm64) triplet=aarch64-linux-gnu qemu=qemu-aarch64-static ;;
armhf) triplet=arm-linux-gnueabihf qemu=qemu-arm-static ;;
*)
	echo "cross: unknown architecture \"$arch\"; there are arm64 and armhf" >&2
	exit 2
	;;
esac
root=$PWD/$B/sysroot-$arch

firmware/sysroot.sh "$arch" "$root"

# a compiler cache of the caller's serves here, too
case ${CC:-} in
ccache*) through='ccache ' ;;
*) through= ;;
esac

# cross BUILD CFLAGS SAN TARGET...
cross() {
	build=$1 cflags=$2 san=$3
	shift 3
	make --no-print-directory -j2 B="$build" CC="$through$triplet-gcc --sysroot=$root" CFLAGS="$cflags" SAN="$san" "$@"
}

# as_shipped: its program is $B/$arch/gatewitness
as_shipped() {
	cross "$B/$arch" '-O3 -g -flto=auto' '' "$B/$arch/gatewitness"
}

# runs_as BUILD: a script BUILD/run/gatewitness that runs the program like one of this machine
runs_as() {
	mkdir -p "$1/run"
	printf '#!/bin/sh\nexec %s -L "%s" "%s/%s/gatewitness" "$@"\n' "$qemu" "$root" "$PWD" "$1" >"$1/run/gatewitness"
	chmod +x "$1/run/gatewitness"
}

#!/bin/sh
# A folder with Debian's headers and libraries of another architecture, to build against; nothing of the machine
# changes.  Beside the files it lays the packages' own tables (status, shlibs, symbols), which dpkg-shlibdeps asks.
#	sysroot.sh arm64|armhf DIR
set -eu
arch=${1:?which architecture} dir=${2:?where to}

# what tests/setup.sh installs to build, and what the unit tests need
build=$(sed -n '/^build="/,/"$/p' "$(dirname "$0")/../tests/setup.sh" | tr -d '"\\' | sed 's/^build=//')
packages=libgcc-12-dev,linux-libc-dev,libcmocka-dev
for package in $build; do
	case $package in
	*-dev) packages=$packages,$package ;;
	esac
done

# what is there is of the same packages, or made anew
[ "$(cat "$dir/.whole" 2>/dev/null)" != "$packages" ] || exit 0

# the machine's own sources: mmdebstrap tells their form by the name
sources=$(mktemp --suffix=.sources)
trap 'rm -f "$sources"' EXIT
cat /etc/apt/sources.list.d/debian.sources >"$sources"
rm -rf "$dir"
mkdir -p "$(dirname "$dir")"
for try in 1 2 3; do
	if mmdebstrap --quiet --architectures="$arch" --variant=extract --format=directory --skip=cleanup/apt \
		--include="$packages" bookworm "$dir" "$sources"; then
		break
	fi
	[ "$try" -lt 3 ] || exit 1
	rm -rf "$dir"
	sleep "$try"
done

# A link to /lib/libz.so.1 would lead out of here, and the linker take the static library in its stead.
find "$dir" -type l -lname '/*' | while read -r link; do
	ln -sfrT "$dir$(readlink "$link")" "$link"
done

info=$dir/var/lib/dpkg/info
mkdir -p "$info"
for deb in "$dir"/var/cache/apt/archives/*.deb; do
	control=$(mktemp -d)
	dpkg-deb -e "$deb" "$control"
	name=$(dpkg-deb -f "$deb" Package)
	{
		dpkg-deb -f "$deb"
		printf 'Status: install ok installed\n\n'
	} >>"$dir/var/lib/dpkg/status"
	for table in shlibs symbols; do
		[ ! -e "$control/$table" ] || cp "$control/$table" "$info/$name.$table"
	done
	# dpkg-shlibdeps asks whose a library is by the path it was found at, which is in here
	dpkg-deb --fsys-tarfile "$deb" | tar t | sed "s,^\.,,; s,/\$,,; s,^\$,/.,; /\.so/ { p; s,^,$dir,; }" >"$info/$name.list"
	rm -rf "$control"
done
rm -rf "$dir"/var/cache/apt/archives/*.deb "$dir"/var/lib/apt/lists/*
echo "$packages" >"$dir/.whole"

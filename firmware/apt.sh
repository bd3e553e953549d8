#!/bin/sh
# Debian's packages of another architecture, by an apt of its own: lists and cache lie in a folder, and nothing of the
# machine changes.  The sources are the machine's; where DIR ends in -nonfree, with firmware that is not free.
#	apt.sh ARCH DIR update			reads the lists; says nothing where they are of today
#	apt.sh ARCH DIR fetch PACKAGE...	leaves their .debs, prints the paths
#	apt.sh ARCH DIR kernel			the name of the package that holds Debian's kernel now
#	apt.sh ARCH DIR state			a digest of all lists: the same, the same packages
#	apt.sh ARCH DIR date			seconds: when the newest of them was made
set -eu
. "$(dirname "$0")/say.sh"
arch=$1 dir=$(realpath -m "$2") what=$3
shift 3
case $dir in
*-nonfree) components='main non-free-firmware' ;;
*) components=main ;;
esac
mkdir -p "$dir/sources" "$dir/lists/partial" "$dir/archives/partial" "$dir/debs"
: >"$dir/status"
sed "s/^Components:.*/Components: $components/" /etc/apt/sources.list.d/debian.sources >"$dir/sources/debian.sources"

private() {
	tool=$1
	shift
	"$tool" -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$dir" \
		-o Dir::State::status="$dir/status" -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$dir/sources" "$@"
}

# A mirror that is being synchronised fails now and then.
thrice() {
	for try in 1 2 3; do
		"$@" && return 0
		sleep "$try"
	done
	return 1
}

case $what in
update)
	[ -z "$(find "$dir/fresh" -mtime -1 2>/dev/null)" ] || exit 0
	thrice private apt-get update >"$dir/log" 2>&1 || die "apt could not read the lists of $arch: $(tail -n 1 "$dir/log")"
	touch "$dir/fresh"
	;;
fetch)
	for package in "$@"; do
		version=$(private apt-cache policy "$package" | awk '$1 == "Candidate:" { print $2 }')
		[ -n "$version" ] || die "Debian has no package $package for $arch"
		deb=$dir/debs/${package}_$(echo "$version" | sed 's/:/%3a/g')_$arch.deb
		all=${deb%_"$arch".deb}_all.deb
		[ -e "$deb" ] || [ -e "$all" ] || (cd "$dir/debs" && thrice private apt-get download "$package") >"$dir/log" 2>&1 ||
			die "apt could not fetch $package: $(tail -n 1 "$dir/log")"
		if [ -e "$deb" ]; then echo "$deb"; else echo "$all"; fi
	done
	;;
kernel)
	private apt-cache depends "linux-image-$arch" | awk '$1 == "Depends:" { print $2; exit }'
	;;
state)
	cat "$dir"/lists/*_Packages* | sha256sum | cut -c1-16
	;;
date)
	sed -n 's/^Date: //p' "$dir"/lists/*InRelease | while read -r date; do date -d "$date" +%s; done | sort -n | tail -n 1
	;;
*) die "apt.sh: what is \"$what\"?" ;;
esac

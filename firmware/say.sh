# shellcheck shell=sh
# What the scripts of firmware/ share: how they speak, and what they ask of the machine.  Sourced.

die() {
	echo "firmware: $*" >&2
	exit 1
}

say() {
	printf '  %-7s %s\n' "$1" "$2"
}

# need TOOL PACKAGE: one line says what is missing.
need() {
	command -v "$1" >/dev/null || die "needs $1, which is in the package $2; make firmware installs it where it may"
}

# room FOLDER MEGABYTES
room() {
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] || die "$1 has $free MB free, $2 are needed"
}

# fetch PACKAGE...: paths of their .debs (apt.sh); those that are not free have lists of their own
fetch() {
	"$here/apt.sh" "$arch" "$cache/apt${nonfree:+-nonfree}" fetch "$@"
}

# unpack PACKAGES DIR; which .debs they were is noted for the list of parts
unpack() {
	mkdir -p "$2"
	# shellcheck disable=SC2086 # several
	files=$(fetch $1)
	for file in $files; do
		echo "$file" >>"$work/debs"
		dpkg-deb --fsys-tarfile "$file" | tar x -C "$2"
	done
}

megabytes() {
	echo "$(($(stat -c %s "$1") * 10 / 1000000))" | sed 's/\(.\)$/.\1/'
}

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

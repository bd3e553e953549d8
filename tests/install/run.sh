#!/bin/sh
# What `make install` lays: pages that mandoc finds nothing wrong with, completions that shells take, a configuration
# that reads, a unit as tight as it claims; and it leaves alone what is configured already.
#	run.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
B=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make --no-print-directory -s B="$B" install DESTDIR="$root" PREFIX=/usr >/dev/null

program=$root/usr/bin/gatewitness
pages=0
for page in "$root"/usr/share/man/man?/*; do
	mandoc -Tlint -Wwarning "$page" | grep -v 'missing date' && {
		echo "$page: mandoc warns" >&2
		exit 1
	}
	pages=$((pages + 1))
done
commands=$("$program" --help | grep -c '^  gatewitness [a-z]* ')
[ "$pages" -gt "$commands" ] || {
	echo "$pages pages for $commands commands" >&2
	exit 1
}

# shellcheck disable=SC2016
answer=$(bash -c '. "$1"; COMP_WORDS=(gatewitness hunt --si); COMP_CWORD=2; _gatewitness; echo "${COMPREPLY[@]}"' \
	bash "$root/usr/share/bash-completion/completions/gatewitness")
[ "$answer" = --since ] || {
	echo "bash completes hunt --si to \"$answer\"" >&2
	exit 1
}
for shell in zsh fish; do
	command -v "$shell" >/dev/null || continue
	case $shell in
	zsh) zsh -n "$root/usr/share/zsh/vendor-completions/_gatewitness" ;;
	fish) fish -n "$root/usr/share/fish/vendor_completions.d/gatewitness.fish" ;;
	esac
done

"$program" config -c "$root/etc/gatewitness/gatewitness.conf" >/dev/null
echo '# mine' >"$root/etc/gatewitness/gatewitness.conf"
make --no-print-directory -s B="$B" install DESTDIR="$root" PREFIX=/usr >/dev/null
[ "$(cat "$root/etc/gatewitness/gatewitness.conf")" = '# mine' ] || {
	echo "a configuration was written over" >&2
	exit 1
}

exposure=
if command -v systemd-analyze >/dev/null; then
	said=$(systemd-analyze security --offline=true --threshold=25 firmware/debian/gatewitness.service) || {
		echo "$said" >&2
		exit 1
	}
	exposure=", $(echo "$said" | tail -n 1 | tr -dc '0-9.a-zA-Z ' | sed 's/  */ /g; s/^ //')"
fi
echo "$pages pages$exposure"

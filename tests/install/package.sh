#!/bin/sh
# Is the package one that Debian would take, and does what it installs hold together?
#	package.sh FILE.deb
set -eu
deb=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$deb"
dpkg-deb -x "$deb" "$root"

for wanted in usr/bin/gatewitness lib/systemd/system/gatewitness.service usr/lib/sysusers.d/gatewitness.conf \
    etc/gatewitness/gatewitness.conf usr/share/man/man1/gatewitness.1.gz usr/share/man/man5/gatewitness.conf.5.gz \
    usr/share/bash-completion/completions/gatewitness; do
	[ -e "$root/$wanted" ] || {
		echo "$deb: lacks /$wanted" >&2
		exit 1
	}
done
# nothing of it removes what the sensor kept
dpkg-deb -e "$deb" "$root/control"
if grep -E '^[[:space:]]*(rm|rmdir|unlink|find|deluser|userdel)[[:space:]]' "$root/control/postrm"; then
	echo "$deb: its postrm removes something by itself" >&2
	exit 1
fi

if command -v systemd-analyze >/dev/null; then
	exposure=$(systemd-analyze security --offline=true --threshold=25 --root="$root" gatewitness.service) || {
		echo "$exposure"
		exit 1
	}
	echo "$exposure" | tail -n 1
fi
dpkg-deb -I "$deb" | grep -E 'Version|Architecture|Installed-Size|Depends'

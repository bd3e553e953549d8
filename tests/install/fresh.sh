#!/bin/sh
# The package in a fresh Debian 12 of its processor: installed, used, removed, purged (inside.sh).  Once in a chroot, and
# once more under systemd in a container where that is possible: this machine's processor, and systemd-nspawn.
#	fresh.sh FILE.deb BUILD
set -eu
cd "$(dirname "$0")/../.."
deb=$(realpath "$1") B=$(realpath "$2")
arch=$(dpkg-deb -f "$deb" Architecture)
[ "$(id -u)" = 0 ] || {
	echo "fresh: needs root, to make a root file system"
	exit 77
}

# Debian's packages, unpacked once; systemd and man are what an administrator has, zsh what some have.
tar=$B/fresh-$arch.tar
if [ ! -s "$tar" ]; then
	[ "$arch" = "$(dpkg --print-architecture)" ] || firmware/foreign.sh "$arch"
	sources=$(mktemp --suffix=.sources)
	cat /etc/apt/sources.list.d/debian.sources >"$sources"
	mmdebstrap --quiet --architectures="$arch" --variant=minbase --format=tar --aptopt='Acquire::Retries "3"' \
		--include=systemd,procps,iproute2,man-db,bash-completion,zsh,python3-minimal bookworm "$tar.new" "$sources"
	mv "$tar.new" "$tar"
	rm -f "$sources"
fi
work=$(mktemp -d "$B/fresh.XXXXXX")
trap 'rm -rf "$work"' EXIT

# with what the package needs fetched already: the container has no network
base=$work/base
mkdir "$base"
tar x -f "$tar" -C "$base"
mkdir "$base/test"
echo force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/fresh"
echo 'APT::Install-Recommends "false";' >"$base/etc/apt/apt.conf.d/fresh"
cp "$deb" "$base/test/gatewitness.deb"
cp tests/install/inside.sh tests/common/within.sh tests/demo/demo.pcap tests/demo/demo.conf tests/live/send.py "$base/test"
cp /etc/resolv.conf "$base/etc/resolv.conf"
chroot "$base" sh -c 'apt-get update -qq && apt-get install -y -qq --download-only /test/gatewitness.deb' >"$work/log" 2>&1 || {
	tail -n 5 "$work/log"
	exit 1
}

root=$work/chroot
cp -a "$base" "$root"
echo "in a chroot of $arch"
unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" /test/inside.sh | sed 's/^/    /' | tee "$work/said"
grep -q '^    whole$' "$work/said" || exit 1
rm -rf "$root"

if [ "$arch" != "$(dpkg --print-architecture)" ] || ! command -v systemd-nspawn >/dev/null; then
	echo "not under systemd: it takes this machine's processor, and systemd-nspawn"
	exit 0
fi
root=$base
cat >"$root/etc/systemd/system/test.service" <<END
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/test/inside.sh >/test/said 2>&1'
ExecStopPost=systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
END
chroot "$root" systemctl enable --quiet test.service
echo "under systemd, in a container"
timeout 600 systemd-nspawn --quiet --register=no --keep-unit --boot --private-network --directory="$root" \
	--machine="fresh$$" >"$work/boot" 2>&1 || true
sed 's/^/    /' "$root/test/said"
grep -q '^whole$' "$root/test/said"

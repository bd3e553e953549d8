#!/bin/sh
# Installs the Debian packages that a target needs; says what, does nothing when all are there.
#	tests/setup.sh build [test] [check] [bench] [ledger] [lab] [deb] [fresh] [cross] [count] [firmware] [qemu]
set -eu

build="gcc make libc6-dev libpcap-dev libndpi-dev libssl-dev libjansson-dev libmaxminddb-dev libsqlite3-dev \
	libzstd-dev zlib1g-dev libseccomp-dev libcurl4-openssl-dev libmosquitto-dev librdkafka-dev \
	libmicrohttpd-dev"
test="libcmocka-dev age python3 python3-jsonschema iproute2 ethtool jq mandoc openssl curl procps mosquitto mosquitto-clients \
	prometheus nginx-light clickhouse-server rsyslog rsyslog-openssl liblognorm-utils libivykis0 libnet1 libjson-c5 libwrap0"
check="clang clang-format clang-tidy cppcheck libclang-rt-14-dev binutils libcmocka-dev"
lab="iproute2 ethtool openssl procps python3 iputils-ping curl nginx-light ocserv openconnect chromium golang-go"
deb="dpkg-dev debhelper fakeroot lintian"
cross="gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross mmdebstrap arch-test qemu-user-static"
fresh="mmdebstrap arch-test qemu-user-static systemd-container"
count="qemu-user"
firmware="mmdebstrap arch-test squashfs-tools grub-common genimage dosfstools mtools e2fsprogs kmod cpio zstd openssl rauc python3"
qemu="mosquitto mosquitto-clients curl fdisk qemu-system-arm qemu-efi-aarch64 u-boot-qemu iproute2 openssh-client tcpdump jq mtools e2fsprogs python3"
ledger="clickhouse-server"
bench="valgrind tcpdump libndpi-bin python3 jq sqlite3 zstd time"

want=
for set in "$@"; do
	eval "want=\"\$want \$$set\""
done

missing=
for package in $want; do
	state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "setup: needs root or sudo to install:$missing" >&2
		exit 1
	}
	as=sudo
fi
echo "Installing with apt:$missing"
log=$(mktemp) policy=
trap 'rm -f "$log"; [ -z "$policy" ] || $as rm -f "$policy"' EXIT
# Some are daemons that only the lab shall run, in its namespaces: apt asks this file whether it may start them.
if [ ! -e /usr/sbin/policy-rc.d ]; then
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' | $as tee "$policy" >/dev/null
	$as chmod 755 "$policy"
fi
# A mirror that is being synchronised fails now and then: try again before giving up.
for try in 1 2 3; do
	if $as apt-get -o DPkg::Lock::Timeout=300 update -qq >"$log" 2>&1 &&
	    $as env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
		$missing >"$log" 2>&1; then
		for service in nginx ocserv mosquitto prometheus clickhouse-server rsyslog; do
			case $missing in
			*" $service"*) $as systemctl disable --quiet "$service" 2>/dev/null || true ;;
			esac
		done
		exit 0
	fi
	sleep "$try"
done
cat "$log" >&2
echo "setup: apt could not install:$missing" >&2
exit 1

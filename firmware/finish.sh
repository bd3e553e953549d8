#!/bin/sh
# The root, from a Debian that is installed to a board that is flashed: what starts, what is masked, who may log in
# (nobody), and nothing that differs between two builds.
#	finish.sh ROOT VERSION COMMIT KERNEL
set -eu
root=$1 version=$2 commit=$3 kernel=$4

on() {
	for unit in "$@"; do
		systemctl --quiet --root="$root" enable "$unit"
	done
}

chmod 755 "$root"/usr/lib/board/* "$root"
chmod 644 "$root/usr/lib/board/tell" "$root/usr/lib/board/fetch" "$root/usr/lib/board/well" "$root/usr/lib/board/gatewitness.conf"
on board-data board-config board-silent board-ports board-state.timer board-pull.timer board-firewall board-login board-health gatewitness \
	systemd-networkd systemd-resolved chrony
# Nobody sits there: no login on a console, no emergency shell that waits, nothing that a read-only root has no use for.
systemctl --quiet --root="$root" mask getty.target serial-getty@.service getty@.service console-getty.service \
	emergency.service rescue.service debug-shell.service e2scrub_reap.service e2scrub_all.timer fstrim.timer \
	dpkg-db-backup.timer apt-daily.timer apt-daily-upgrade.timer systemd-firstboot.service systemd-networkd-wait-online.service \
	systemd-pstore.service ldconfig.service systemd-journal-catalog-update.service systemd-update-done.service \
	systemd-hwdb-update.service nftables.service rauc-mark-good.service
passwd=$root/etc/shadow
sed 's/^\([^:]*\):[^:]*:/\1:*:/' "$passwd" >"$passwd.new"
cat "$passwd.new" >"$passwd"
rm "$passwd.new"

mkdir -p "$root/data" "$root/esp" "$root/below"
ln -sf ../lib/board/update "$root/usr/sbin/board-update"
ln -sfT /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
echo witness >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
: >"$root/etc/fstab"
# empty: new at every start, and no first start that asks
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/ssh/"*key* "$root/etc/systemd/network/99-default.link"
cat >"$root/usr/lib/board/image" <<-END_IMAGE
	VERSION=$version
	COMMIT=$commit
	KERNEL=$kernel
END_IMAGE

# What differs from build to build, and what nobody reads.
rm -rf "$root"/var/cache/* "$root"/var/log/* "$root"/var/lib/apt/* "$root"/tmp/* "$root"/run/* "$root"/var/lib/dpkg/*-old \
	"$root"/etc/*- "$root"/var/backups "$root"/usr/lib/udev/hwdb.bin "$root"/etc/udev/hwdb.bin "$root"/var/lib/systemd/catalog
mkdir -p "$root/var/cache/ldconfig" "$root/var/log/journal"
rmdir "$root/var/log/journal"

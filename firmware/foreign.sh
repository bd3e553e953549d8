#!/bin/sh
# The kernel runs a foreign program by the interpreter that is registered for it; F: opened now, so a chroot needs no copy.
#	foreign.sh arm64
set -eu
. "$(dirname "$0")/say.sh"
arch=$1

[ "$arch" != "$(dpkg --print-architecture)" ] || exit 0
arch-test "$arch" >/dev/null 2>&1 || {
	registry=/proc/sys/fs/binfmt_misc
	[ -e $registry/register ] || mount -t binfmt_misc binfmt_misc $registry
	line=/usr/lib/binfmt.d/qemu-aarch64.conf
	[ -e $line ] || die "needs $line, which is in the package qemu-user-static"
	cat $line >$registry/register || die "the kernel does not take qemu-aarch64 as an interpreter (binfmt_misc)"
}

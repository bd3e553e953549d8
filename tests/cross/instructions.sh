#!/bin/sh
# Instructions a packet on another processor and on this one, counted alike: by a plugin of QEMU's user mode, as the slope
# between captures of 20,000 and 200,000 packets, so that the start is not in it.
#	instructions.sh arm64|armhf BUILD
set -eu
cd "$(dirname "$0")/../.."
arch=$1 B=$2
. tests/cross/arch.sh
as_shipped >&2
dir=${BENCH_DIR:-$B/bench}
mkdir -p "$dir"
. tests/bench/captures.sh
bench_traffic
${CC:-gcc} -O2 -shared -fPIC -o "$dir/instructions.so" tests/cross/instructions.c

# executed PROGRAM... CAPTURE: how many instructions that reading took
executed() {
	capture=$1
	shift
	INSTRUCTIONS="$dir/instructions" "$@" read --quiet --eve /dev/null --set ndpi.enabled=no -g 192.0.2.10 \
		-g 2001:db8::c000:20a "$dir/$capture.pcap" >&2
	cat "$dir/instructions"
}

# a_packet MIX PROGRAM...
a_packet() {
	mix=$1
	shift
	few=$(executed "$mix-20k" "$@")
	many=$(executed "$mix-200k" "$@")
	echo $(((many - few) / 180000))
}

here=$(uname -m)
printf 'instructions a packet %10s %10s\n' "$arch" "$here"
# MIX COUNT COUNT: of tests/bench/traffic.c, for 20,000 and 200,000 packets
while read -r mix few many; do
	make_capture "$mix" "$few" "$mix-20k"
	make_capture "$mix" "$many" "$mix-200k"
	there=$(a_packet "$mix" "${qemu%-static}" -plugin "$dir/instructions.so" -L "$root" "$B/$arch/gatewitness")
	native=$(a_packet "$mix" "qemu-$here" -plugin "$dir/instructions.so" "$B/gatewitness")
	printf '%-21s %10s %10s\n' "$mix" "$there" "$native"
done <<MIXES
gateway 20000 200000
small 2000 20000
MIXES

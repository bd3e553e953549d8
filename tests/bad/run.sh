#!/bin/sh
# Bad input gives one line and an exit code.
#	GATEWITNESS=path/to/gatewitness run.sh
# Each case: the exit code, a pattern for the one line on standard error, and the arguments.
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "${GATEWITNESS:-build/gatewitness}")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
cases=0 failed=0

# Little-endian pcap: head LINKTYPE, frame BYTES (as octal escapes, a multiple of four characters)
head_of() { printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\000\000\004\000'; printf "\\$(printf %o "$1")\000\000\000"; }
frame_of() { printf '\001\000\000\000\002\000\000\000\020\000\000\000\020\000\000\000'; printf 'abcdefghijklmnop'; }

{ head_of 1; frame_of; frame_of; } >whole.pcap
head -c 70 whole.pcap >cut.pcap
{ head_of 1; frame_of; printf '\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377'; } >damaged.pcap
{ head_of 250; frame_of; frame_of; } >link.pcap
: >empty.pcap
echo 'this is a letter, and no capture of anything' >letter.pcap
gzip -c whole.pcap >packed.pcap.gz
mkdir folder
printf '[memory]\nlimit = 64MiB\n\nlimt = 1GiB\n' >key.conf
printf '[memory]\nlimit = plenty\n' >value.conf
printf '[memory\n' >section.conf
printf 'include = key.conf\n' >include.conf

# bad CODE PATTERN ARGUMENT...
bad() {
	code=$1 pattern=$2
	shift 2
	cases=$((cases + 1))
	"$program" "$@" >out 2>err </dev/null
	got=$?
	lines=$(wc -l <err)
	if [ "$got" -ne "$code" ] || [ "$lines" -ne 1 ] || ! grep -Eq "$pattern" err; then
		failed=$((failed + 1))
		echo "gatewitness $*"
		echo "    wanted exit $code and one line like: $pattern"
		echo "    got exit $got and $lines lines: $(head -n 3 err)"
	fi
}

q=--quiet
# captures
bad 1 'none.pcap: no such file' read $q none.pcap
bad 1 'folder: is a directory' read $q folder
bad 1 'empty.pcap: empty: not a capture' read $q empty.pcap
bad 1 'letter.pcap: not a capture' read $q letter.pcap
bad 1 'packed.pcap.gz: compressed with gzip: unpack it first' read $q packed.pcap.gz
bad 1 'cut.pcap: cut in the middle.*after frame 1;.*kept' read $q cut.pcap
bad 1 'damaged.pcap: damaged after frame 1 \(byte 56\)' read $q damaged.pcap
bad 1 'link.pcap: 2 frames of an unknown link type' read $q link.pcap
bad 1 'standard input: empty' read $q -
bad 1 'none.pcap: no such file' read $q whole.pcap none.pcap
# what was learnt
bad 1 'letter.pcap: is no memory of gatewitness' read $q --set detect.memory=letter.pcap whole.pcap
bad 1 'none/memory: what was learnt cannot be written: No such file' read $q --set detect.memory=none/memory whole.pcap
# arguments
bad 2 'unknown command "raed"; the nearest is "read"' raed whole.pcap
bad 2 'read: no capture named' read
bad 2 'unknown option --evee; the nearest is --eve' read --evee x whole.pcap
bad 2 'unknown option -z' read -z whole.pcap
bad 2 '\-\-eve needs FILE' read whole.pcap --eve
bad 2 '\-\-quiet takes no value' read --quiet=yes whole.pcap
bad 2 '"192.0.2.300" is not an address' read -g 192.0.2.1,192.0.2.300 whole.pcap
bad 2 '"gw.example.org" is not an address' read -g gw.example.org whole.pcap
bad 2 'run: no interface named' run
bad 2 'run: takes no files' run -i lo whole.pcap
bad 2 'schema: takes no files' schema whole.pcap
bad 2 'unknown command "rea"' help rea
# configuration
bad 2 'none.conf: No such file' read -c none.conf whole.pcap
bad 2 'key.conf:4: unknown option "memory.limt"; the nearest is "memory.limit"' read -c key.conf whole.pcap
bad 2 'include.conf:1: key.conf:4: |key.conf:4: unknown option' read -c include.conf whole.pcap
bad 2 'value.conf:2: "plenty" for memory.limit is not a size' config -c value.conf
bad 2 'section.conf:1: a section is written \[NAME\]' config -c section.conf
bad 2 'unknown option "memory.limt"; the nearest is "memory.limit"' read --set memory.limt=1GiB whole.pcap
bad 2 '"1KiB" for memory.limit is outside its range \(32MiB..64GiB\)' read --set memory.limit=1KiB whole.pcap
bad 2 'wants SECTION.OPTION=VALUE, not "memory"' config --set memory
# output
bad 1 'no/such/folder/eve.json: cannot be written: No such file' read $q --eve no/such/folder/eve.json whole.pcap
bad 1 'folder: cannot be written: Is a directory' read $q --eve folder whole.pcap
if [ -w /dev/full ]; then
	bad 1 '/dev/full: cannot be written: No space left on device; what was written before is kept' \
		read $q --eve /dev/full whole.pcap
fi
# interface
bad 1 'nosuch0: (no such interface|no permission to capture)' run -i nosuch0

# A reader that goes away is a write error, not a signal.
cases=$((cases + 1))
{
	"$program" read $q --eve - whole.pcap 2>err
	echo $? >code
} | true
sleep 0.2
grep -Eq '^[01]$' code || { failed=$((failed + 1)); echo "closed pipe: exit $(cat code)"; }

# What was read before the cut is kept.
cases=$((cases + 1))
"$program" read $q --eve - cut.pcap 2>/dev/null | grep -q '"pkts":1,' || { failed=$((failed + 1)); echo "cut.pcap: its first frame is not counted"; }

# The configuration prints as one that reads as the same.
cases=$((cases + 1))
"$program" config --set memory.limit=1GiB --set gateway.a.address=192.0.2.1 >one.conf
"$program" config <one.conf -c /dev/stdin >two.conf
cmp -s one.conf two.conf || { failed=$((failed + 1)); echo "config does not read what it prints"; }

echo "$cases cases, $failed failed"
[ "$failed" -eq 0 ]

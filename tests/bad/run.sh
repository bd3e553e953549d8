#!/bin/sh
# Bad input gives one line and an exit code.
#	GATEWITNESS=path/to/gatewitness run.sh
# Each case: the exit code, a pattern for the one line on standard error, and the arguments.
# EMULATED: by QEMU's user mode, which knows no filter of system calls and no ETHTOOL requests.
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
printf '198.51.100.1\n\n192.0.2.300\n' >line.list
echo 0.0.0.0/0 >broad.list
echo 192.0.2.0/24 >own.list
printf '192.0.2.7\n192.0.2.7\n' >twice.list
echo e7d705a3286e19ea42f587b344ee6865 >md5.list
printf 'type,value\nip\n' >row.csv
printf '{"type":"bundle",' >cut.json
echo '{"objects":[{"type":"indicator","pattern":"[ipv4-addr:value"}]}' >stix.json
echo '{"Event":{"Attribute":[{"type":"ip-dst","value":"192.0.2"}]}}' >misp.json
printf 'include = key.conf\n' >include.conf
printf '[suppress scan]\nwhere = sny = a\n' >where.conf
printf '[suppress scan]\ndetector = leak_loop\nreason = r\nexpires = 2030-01-01\n' >owner.conf
printf '[sink a]\npath = /nowhere/x\n\n[sink b]\nformat = csf\n' >format.conf
printf '[sink a]\npath = same\n[sink b]\npath = ./same\n' >same.conf
printf '[sink a]\nformat = cef\n' >path.conf
printf '[gateway vpn]\naddress = 192.0.2.1\n[fact f]\nkind = patched\nat = 2025-07-16\ngateway = vpm\n' >fact.conf

eve=$OLDPWD/tests/golden/password-spray/eve.json
cp "$eve" eve.json
sed 's/,"gatewitness":{.*}/}/' eve.json >strict.json

# on_linux CASE...: not where the kernel is imitated
on_linux() {
	[ -n "${EMULATED:-}" ] || "$@"
}

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
# the ledger
mkdir -p ledger/import-0 two/import-0 two/import-1 foreign
: >two/import-0/seals; : >two/import-1/seals
echo 'this is no seal' >ledger/import-0/seals
echo 'neither is this a database' >foreign/2025-05-01.summary
echo nothing >letter.key
bad 1 'none: No such file' verify none
bad 1 'folder: holds no ledger; name the folder that --ledger had' verify folder
bad 2 'letter.key: is no key of gatewitness; --key names a seal.pub' verify --key letter.key ledger
bad 1 'letter.key: holds no head of a chain; --anchor names EVE lines' verify --anchor letter.key ledger
bad 2 'verify: no folder named' verify
bad 1 'none: No such file' hunt none
bad 2 'two: holds 2 ledgers; name one, such as two/import-1' hunt two
bad 1 'foreign/[0-9-]*.summary: file is not a database' hunt foreign
bad 2 'hunt: no ledger named' hunt
bad 2 'no detector "leek_loop"; the nearest is "leak_loop"' hunt --detector leek_loop ledger
bad 2 '\-\-since "soon" is no time such as' hunt --since soon ledger
bad 2 'column 1: "sny" is no field; the nearest is "sni"' hunt --where 'sny = a' ledger
bad 2 '\-\-until is before --since' hunt --since 2025-05-02 --until 2025-05-01 ledger
bad 2 '\-\-until is --since: there is no time between them' hunt --since 2025-05-01 --until 2025-05-01 ledger
bad 1 'holds no configuration: --as-was cannot repeat it' hunt --as-was ledger
bad 2 '\-\-ledger names the import by its files' read $q --ledger new -
bad 1 'letter.pcap/import-[0-9a-f]*.part: Not a directory' read $q --ledger letter.pcap whole.pcap
# evidence and bundles
mkdir -p held ev
: >held/0123456789abcdef.pcapng
echo 'this is a letter' >letter.tar
bad 1 'evidence.ring: is less than 1MiB; 0 switches it off' read $q --set evidence.ring=512KiB --set evidence.folder=ev whole.pcap
bad 1 'held: holds evidence already; name a folder that is empty' read $q --set evidence.ring=1MiB --set evidence.folder=held whole.pcap
bad 1 'none/ev: No such file' read $q --set evidence.ring=1MiB --set evidence.folder=none/ev whole.pcap
bad 1 'letter.pcap: Not a directory' read $q --set evidence.ring=1MiB --set evidence.folder=letter.pcap whole.pcap
bad 1 'letter.pcap: Not a directory' read $q --ledger new --set evidence.ring=1MiB --set evidence.folder=letter.pcap whole.pcap
printf '%064d\n' 1 >privacy.key
chmod 600 privacy.key
bad 2 'evidence.ring keeps frames with their addresses' read $q --set evidence.ring=1MiB --set evidence.folder=ev --set privacy.pseudonymize=yes --set privacy.key=privacy.key whole.pcap
bad 2 'for evidence.incident is outside its range' read $q --set evidence.incident=1KiB whole.pcap
bad 1 'letter.tar: is no bundle; gatewitness bundle makes them' verify letter.tar
bad 1 'empty.pcap: empty: no bundle' verify empty.pcap
bad 2 '\-\-anchor is for a ledger, not for a bundle' verify --anchor letter.key letter.tar
bad 2 'bundle: which incident' bundle
bad 2 'bundle: names an incident first' bundle ledger
bad 2 'bundle: no ledger named' bundle 0123456789abcdef
bad 2 'bundle: where to\? -o FILE.tar' bundle 0123456789abcdef ledger
bad 1 'folder: holds no ledger' bundle 0123456789abcdef folder -o x.tar
bad 1 '0123456789abcdef: no finding, incident or session of a finding in ledger' bundle 0123456789abcdef ledger -o x.tar
bad 1 '0123456789abcdef: no finding, incident or session of a finding in ledger' explain 0123456789abcdef --ledger ledger
bad 2 'explain: --eve or --ledger, not both' explain 0123456789abcdef --ledger ledger --eve eve.json
# evidence for certain readers
bad 2 'evidence.recipient: age1zz is no public key such as age1zvkyg2lqz' read $q --set evidence.ring=1MiB --set evidence.folder=ev --set evidence.recipient=age1zz whole.pcap
bad 2 'unseal: name INCIDENT.age.tar' unseal
bad 2 'unseal: no key: --key FILE' unseal letter.tar
bad 2 'unseal: where to\? -o FILE.pcapng' unseal --key privacy.key letter.tar
bad 2 'privacy.key: is no secret key, which is a line that begins with AGE-SECRET-KEY-1' unseal --key privacy.key -o x letter.tar
bad 2 'nowhere: No such file' unseal --key nowhere -o x letter.tar
bad 1 'privacy.key: is there already, and a key is not written over' unseal --make-key privacy.key
bad 2 'unseal: --make-key goes alone' unseal --make-key x letter.tar
"$program" unseal --make-key reader.key >reader.pub
bad 1 'letter.tar: holds no sealed evidence' unseal --key reader.key -o x letter.tar
bad 1 'nowhere.tar: No such file' unseal --key reader.key -o x nowhere.tar
bad 1 'empty.pcap: is empty, or no regular file' unseal --key reader.key -o x empty.pcap
# queries, of a ledger with one record, a newer one and a foreign one
"$program" read $q --ledger asked whole.pcap
"$program" read $q --ledger newer whole.pcap
for file in newer/import-*/*.summary; do
	chmod u+w "$file"
	printf '\000\000\000\143' | dd of="$file" bs=1 seek=60 conv=notrunc 2>/dev/null # user_version (sqlite.org/fileformat.html)
done
"$program" read $q --ledger dropped whole.pcap
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("DROP TABLE coverage")' dropped/import-*/*.summary
bad 2 'query: no ledger named' query
bad 1 'none: No such file' query none
bad 2 'two: holds 2 ledgers; name one, such as two/import-1' query two 'SELECT 1'
bad 1 'foreign/2025-05-01.summary: file is not a database' query foreign --csv 'SELECT * FROM sessions'
bad 1 'summary: was written by a newer gatewitness' hunt newer
bad 1 'dropped/import-[0-9a-f]*: its coverage cannot be read; gatewitness verify says where' hunt dropped
bad 1 'summary: was written by a newer gatewitness' report -o x.html newer
bad 1 'summary: was written by a newer gatewitness' query newer --csv 'SELECT * FROM sessions'
bad 2 'no table "sesions"; the nearest is "sessions"' query asked 'SELECT * FROM sesions'
bad 2 'no column "packets_in" there; it is one of sessions, records \(see' query asked 'SELECT packets_in FROM exchanges'
bad 2 'no column "f.packets_in" there; it is one of sessions, records \(see' query asked 'SELECT f.packets_in FROM findings f, sessions'
bad 2 'no column "severty"; the nearest is "severity"' query asked 'SELECT severty FROM findings'
bad 2 'no column "requests"; the nearest is "request"' query asked 'SELECT requests FROM exchanges'
bad 2 'no column "x" \(see' query asked 'SELECT x'
bad 2 'no column "snii"; the nearest is "sni"' query asked 'SELECT s.snii FROM sessions s'
bad 2 '"soon" is no time such as' query asked "SELECT * FROM sessions WHERE time > 'soon'"
bad 2 '"gw" is no address' query asked "SELECT * FROM sessions WHERE src = 'gw'"
bad 2 'in_net wants a network such as' query asked "SELECT 1 WHERE in_net('10.0.0.1', '10/99')"
bad 0 'no row: no time is after and before what was asked for' query asked "SELECT * FROM sessions WHERE time > '2025-05-02' AND time < '2025-05-01'"
bad 2 'sessions may not be modified' query asked 'DELETE FROM sessions'
bad 2 'a ledger is only read: SELECT' query asked "ATTACH 'x' AS y"
bad 2 'a ledger is only read: SELECT' query asked 'PRAGMA user_version = 3'
bad 2 'a ledger is only read: SELECT' query asked 'CREATE TABLE t(c)'
bad 2 'one SELECT at a time: " SELECT 2" follows' query asked 'SELECT 1; SELECT 2'
bad 2 'is empty: a SELECT belongs there' query asked ' '
bad 2 'near "selec": syntax error' query asked 'selec 1'
bad 1 'took longer than 1 s; --timeout allows more' query asked --timeout 1s --csv 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
bad 2 'takes more memory than a query may|string or blob too big' query asked 'SELECT hex(zeroblob(900000000))'
bad 2 '\-\-timeout "soon" is no time' query asked --timeout soon 'SELECT 1'
bad 2 '\-\-sizes takes no SELECT' query asked --sizes 'SELECT 1'
bad 2 'one ledger and one SELECT; quote the SELECT' query asked SELECT '*' FROM sessions
# what was learnt
bad 1 'letter.pcap: is no memory of gatewitness' read $q --set detect.memory=letter.pcap whole.pcap
bad 1 'none/memory: what was learnt cannot be written: No such file' read $q --set detect.memory=none/memory whole.pcap
# the key of identities
bad 1 'letter.pcap: is no identity key, .*; put the right one back' read $q --set identity.key=kept --set identity.file=letter.pcap whole.pcap
bad 1 'none: no such key; run makes it' read $q --set identity.key=kept --set identity.file=none whole.pcap
bad 1 'identity.key is kept, but nowhere; name a file' read $q --set identity.key=kept whole.pcap
bad 2 '"ours" for identity.key is neither 32 hex digits nor auto' read $q --set identity.key=ours whole.pcap
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
bad 2 'span: no interface named' span
bad 2 'span: takes an interface or captures, not both' span -i lo whole.pcap
bad 2 'span: --for "soon" is no time' span -i lo --for soon
on_linux bad 1 'no such interface; there are' span -i nosuch0
bad 2 'manual: there is no page "nosuch"; --list names them' manual nosuch
bad 2 'completion: needs a shell: bash, zsh or fish' completion tcsh
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
bad 2 'the nearest is "board.address"' config --set board.adress=dhcp
bad 2 'packets takes a number from 1 to 1000000000' bench --packets 0
bad 2 'packets takes a number from 1 to 1000000000' bench --packets 1e6
bad 2 'takes no files: it makes its packets itself' bench whole.pcap
bad 2 'where.conf:2: suppress.scan.where: column 1: "sny" is no field; the nearest is "sni"' read -c where.conf whole.pcap
bad 2 'owner.conf:1: \[suppress scan\]: no owner: write who answers' read -c owner.conf whole.pcap
bad 2 'fact.conf:3: \[fact f\]: no gateway "vpm"; the nearest is "vpn"' read -c fact.conf whole.pcap
# suppressions
bad 2 'format.conf:5: "csf" for sink.b.format is not one of its words .*; the nearest is ocsf' read -c format.conf whole.pcap
bad 2 '"flie" for sink.a.kind is not one of its words \(file\|.*; the nearest is file' read --set sink.a.kind=flie whole.pcap
bad 2 '"alert" for sink.a.events is not a list of its words \(alerts\|' read --set sink.a.events=alert whole.pcap
bad 2 'path.conf:1: \[sink a\]: no path: write where' read -c path.conf whole.pcap
bad 2 'same.conf:3: \[sink b\]: path ./same is written to by a already' read -c same.conf whole.pcap
bad 2 '\[sink a\]: path e is written to by eve.file' read --eve e --set sink.a.path=e whole.pcap
bad 2 '\[sink a\]: format zeek has no words for stats' read --set sink.a.path=x --set sink.a.format=zeek --set sink.a.events=stats whole.pcap
bad 2 '\[sink a\]: format eve with eve.mode = strict has no words for incidents' read --set eve.mode=strict --set sink.a.path=x --set sink.a.events=incidents whole.pcap
bad 2 'sink.a.where: column 1: "sny" is no field' read --set sink.a.path=x --set sink.a.where='sny = a' whole.pcap
bad 1 'sink a: /nowhere/x: cannot be written: No such file' read --quiet -g 192.0.2.1 --set sink.a.path=/nowhere/x whole.pcap
ask() { bad 1 "sink q: $1" test-sink q --set "sink.q.kind=$2" --set "sink.q.$3" --set "sink.q.$4"; }
ask 'no topic: write which' kafka address=127.0.0.1:9 tls=no
ask 'tls_ca /nonexistent cannot be read: No such file' mqtt address=127.0.0.1:9 tls_ca=/nonexistent
ask 'topic a/#: a topic has no \+ and no #' mqtt address=127.0.0.1:9 topic=a/#
ask '127.0.0.1:9: .*refused' mqtt address=127.0.0.1:9 tls=no
ask 'program hook: write its whole path' command program=hook timeout=1s
ask 'program /nonexistent: No such file' command program=/nonexistent timeout=1s
bad 1 'sink q: sasl = plain without tls sends the secret in clear' test-sink q --set sink.q.kind=kafka --set sink.q.address=127.0.0.1:9 \
	--set sink.q.topic=t --set sink.q.tls=no --set sink.q.user=u --set sink.q.sasl=plain
bad 1 'nowhere.sock: no such socket; is .gatewitness run. at work' status --socket nowhere.sock
bad 2 'takes no files; the sensor is found by' status whole.pcap
net() { printf -- '--set sink.n.kind=%s ' "$1"; }
# shellcheck disable=SC2046
{
	bad 2 '\[sink n\]: no address: write where, as in  address = logs' read $(net syslog) whole.pcap
	bad 2 '\[sink n\]: address is not HOST:PORT' read $(net syslog) --set sink.n.address=logs whole.pcap
	bad 2 '\[sink n\]: path is not of kind = syslog, which takes address' read $(net syslog) --set sink.n.path=x whole.pcap
	bad 2 '\[sink n\]: url begins with http' read $(net webhook) --set sink.n.url=ftp://x/ whole.pcap
	bad 2 '\[sink n\]: url has a user in it; write user = and secret_file' read $(net webhook) --set sink.n.url=https://u:p@x/ whole.pcap
	bad 2 '\[sink n\]: tls_certificate and tls_key go together' read $(net syslog) --set sink.n.address=x:1 --set sink.n.tls_key=k whole.pcap
	bad 2 '\[sink n\]: tls_pin is not a SHA-256' read $(net syslog) --set sink.n.address=x:1 --set sink.n.tls_pin=12 whole.pcap
	bad 2 '\[sink n\]: secret_file and secret_env are two places' read $(net syslog) --set sink.n.address=x:1 --set sink.n.secret_file=a --set sink.n.secret_env=B whole.pcap
	bad 2 'network sinks need a file in which events wait' run -i lo $(net syslog) --set sink.n.address=x:1
	bad 1 'sink n: /nowhere/s: the secret cannot be read: No such file' test-sink n $(net syslog) --set sink.n.address=127.0.0.1:1 --set sink.n.secret_file=/nowhere/s
	bad 1 'sink n: the environment has no NOT_THERE' test-sink n $(net syslog) --set sink.n.address=127.0.0.1:1 --set sink.n.secret_env=NOT_THERE
	bad 1 'sink n: tls_ca /nowhere/ca cannot be read: No such file' test-sink n $(net syslog) --set sink.n.address=127.0.0.1:1 --set sink.n.tls_ca=/nowhere/ca
	bad 1 'sink n: 127.0.0.1 port 1: no connection: Connection refused' test-sink n $(net syslog) --set sink.n.transport=tcp --set sink.n.address=127.0.0.1:1
}
bad 2 'no sink "sein"; the nearest is "siem" of: siem' test-sink sein --set sink.siem.path=x
bad 2 'no sink "x": the configuration has no' test-sink x
bad 2 'test-sink: no sink named' test-sink
bad 1 'sink a: /nowhere/x: cannot be written: No such file' test-sink a --set sink.a.path=/nowhere/x
bad 2 'suppress: list, add, remove or check' suppress
bad 2 'suppress: knows list, add, remove and check' suppress enlist -c key.conf
bad 2 'suppress: needs -f FILE' suppress add x --detector leak_loop --owner o --reason r --expires 30d
bad 2 'suppress: add needs --owner, --reason and --expires' suppress add x -f s.conf --detector leak_loop
bad 2 'suppress: add needs --detector or --where' suppress add x -f s.conf --owner o --reason r --expires 30d
bad 2 '\-\-expires "soon" is no time such as 30d' suppress add x -f s.conf --detector leak_loop --owner o --reason r --expires soon
bad 2 '\-\-detector "spray, leek_loop" is not any, .* \(gatewitness detectors\); the nearest is leak_loop$' suppress add x -f s.conf --detector 'spray, leek_loop' --owner o --reason r --expires 30d
bad 2 '\-\-detector "any, spray" is not any, nor names of detectors \(gatewitness detectors\)$' suppress add x -f s.conf --detector 'any, spray' --owner o --reason r --expires 30d
bad 2 'column 5: ">" does not fit' suppress add x -f s.conf --where 'src > 10.0.0.1' --owner o --reason r --expires 30d
bad 2 'needs a name of letters' suppress add 'x y' -f s.conf --detector leak_loop --owner o --reason r --expires 30d
bad 2 'has no suppression "x"' suppress remove x -f owner.conf
bad 2 'none.conf: No such file' suppress remove x -f none.conf
bad 2 'owner.conf:1: \[suppress scan\]: no owner' suppress check -c owner.conf
bad 1 'folder/none/s.conf.new: No such file' suppress add x -f folder/none/s.conf --detector leak_loop --owner o --reason r --expires 30d
# tune
bad 2 'tune: no traffic named: captures, or --eve FILE' tune
bad 2 'tune: captures or EVE lines, not both: a connection would count twice' tune --eve eve.json --capture whole.pcap
bad 2 'tune: no detector "leek_loop"; the nearest is "leak_loop"' tune --detector leek_loop whole.pcap
bad 2 'tune: no parameter "requets"; the nearest is "requests"' tune --parameter requets whole.pcap
bad 2 'tune: no parameter "page"; the nearest is "' tune --detector oversized_request --parameter page whole.pcap
bad 2 'tune: this detector has no parameters' tune --detector new_egress --parameter requests whole.pcap
bad 2 'quiet_gateway looks at pulses, which these EVE lines do not have: write them with eve.replay' tune $q --detector quiet_gateway --eve eve.json
bad 1 'none.json: No such file or directory; --eve names a file that the sensor wrote' tune $q --eve none.json
bad 1 'folder: Is a directory' tune $q --eve folder
bad 1 'empty.pcap: empty' tune $q --eve empty.pcap
bad 1 'letter.pcap: is no file of EVE JSON lines' tune $q --eve letter.pcap
bad 1 'strict.json: no session records: eve.mode=strict leaves them out; use extended, or captures' tune $q --eve strict.json
bad 1 'no record of a gateway: name it with -g' tune $q -g 192.0.2.77 --eve eve.json
bad 1 'none.pcap: no such file' tune $q none.pcap
bad 2 'unknown option "memory.limt"' tune --set memory.limt=1GiB whole.pcap
# lists: each bad line, here one
bad 2 'none.list: No such file' read $q --set list.feed.file=none.list whole.pcap
bad 2 'line.list:3: "192.0.2.300" is not an address or network' read $q --set list.feed.file=line.list whole.pcap
bad 2 'broad.list:1: "0.0.0.0/0" is too broad' read $q --set list.feed.file=broad.list whole.pcap
bad 2 'own.list:1: "192.0.2.0/24" has an address of the gateway itself' read $q -g 192.0.2.7 --set list.feed.file=own.list whole.pcap
bad 2 'twice.list:2: "192.0.2.7" stands in line 1 already' read $q --set list.feed.file=twice.list whole.pcap
bad 2 'md5.list:1: "[0-9a-f]{32}" may be a JA3 or another MD5; say which with kind = ja3' read $q --set list.feed.file=md5.list whole.pcap
bad 2 'empty.pcap: empty: it has no entry' read $q --set list.feed.file=empty.pcap whole.pcap
bad 2 'packed.pcap.gz: compressed with gzip; unpack it first' read $q --set list.feed.file=packed.pcap.gz whole.pcap
bad 2 'row.csv:2: fewer fields than the header' read $q --set list.feed.file=row.csv whole.pcap
bad 2 'cut.json:[0-9]+: is not JSON at column' read $q --set list.feed.file=cut.json whole.pcap
bad 2 'stix.json: objects\[0\].pattern: "\[ipv4-addr:value" ' read $q --set list.feed.file=stix.json whole.pcap
bad 2 'misp.json: Event.Attribute\[0\].value: "192.0.2" is not an address' read $q --set list.feed.file=misp.json whole.pcap
bad 2 '\[list feed\]: no file; write file = PATH' read $q --set list.feed.severity=low whole.pcap
bad 2 '"2 weeks" for list.feed.expires is not a time' read $q --set 'list.feed.expires=2 weeks' whole.pcap
bad 2 'unknown option "list.feed.fil"; the nearest is "list.feed.file"' read $q --set list.feed.fil=x whole.pcap
bad 2 'letter.pcap: not a MaxMind database for places.asn' read $q --set places.asn=letter.pcap whole.pcap
# output
bad 1 'no/such/folder/eve.json: cannot be written: No such file' read $q --eve no/such/folder/eve.json whole.pcap
bad 1 'folder: cannot be written: Is a directory' read $q --eve folder whole.pcap
if [ -w /dev/full ]; then
	bad 1 '/dev/full: cannot be written: No space left on device; what was written before is kept' \
		read $q --eve /dev/full whole.pcap
fi
# interface
on_linux bad 1 'nosuch0: (no such interface|no permission to capture)' run -i nosuch0

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

# A suppression that is over, by the time of the packets (1970 here), is named; one that is not is not.
cases=$((cases + 1))
for when in 1969-12-31 1970-01-02; do
	printf '[suppress s%s]\ndetector = leak_loop\nowner = o\nreason = r\nexpires = %s\n' $when $when
done >expired.conf
"$program" read -c expired.conf whole.pcap 2>err
grep -q '1 suppression expired and no longer applies: s1969-12-31$' err ||
	{ failed=$((failed + 1)); echo "expired.conf: $(cat err)"; }

# A bad line among good ones is told and counted, and changes nothing; lines in any order of files, and twice the same.
cases=$((cases + 1))
split -l 7 eve.json part.
{ cat eve.json; head -c 700 eve.json; } >torn.json
"$program" tune --json --eve eve.json >one.json 2>/dev/null
"$program" tune --json --quiet --eve torn.json >two.json 2>err
"$program" tune --json --eve $(ls -r part.*) >three.json 2>/dev/null
[ -s one.json ] && cmp -s one.json two.json && cmp -s one.json three.json &&
	grep -q '^gatewitness: 1 line left out; the first: torn.json:[0-9]*: is not a whole JSON object$' err ||
	{ failed=$((failed + 1)); echo "tune, torn lines: $(cat err)"; }

# A story knows the sessions that go on, too: the latest record of each.
cases=$((cases + 1))
for packets in 7 9; do
	echo '{"timestamp":"2025-05-01T12:0'$packets':00.000000+0000","event_type":"gatewitness","gatewitness":{"event":"session","record":{"id":"00000000000000c1","kind":"update","start":"2025-05-01T11:00:00.000000+0000","src":"192.0.2.10","src_port":4000,"dest":"203.0.113.7","dest_port":443,"packets_out":'$packets'}}}'
done >going.json
echo '{"timestamp":"2025-05-01T12:00:00.000000+0000","event_type":"alert","src_ip":"192.0.2.10","dest_ip":"203.0.113.7","gatewitness":{"finding":"00000000000000f1","incident":"00000000000000a1","detector":"beacon","severity":"high","text":"t","sessions":["00000000000000c1"]}}' >>going.json
"$program" explain 00000000000000a1 --eve going.json >story.txt 2>err
grep -q '00000000000000c1  2025-05-01 11:00:00  192.0.2.10:4000 -> 203.0.113.7:443' story.txt && grep -q '9 packets out' story.txt ||
	{ failed=$((failed + 1)); echo "explain, a session that goes on: $(cat err story.txt)"; }

# An answer that finds no room is a failure, and says so.
if [ -w /dev/full ]; then
	for command in 'verify asked' 'verify --json asked' 'suppress check -c expired.conf' 'explain 00000000000000a1 --eve going.json'; do
		cases=$((cases + 1))
		# shellcheck disable=SC2086 # words
		"$program" $command >/dev/full 2>err
		[ $? -eq 1 ] && grep -q '^gatewitness: standard output: No space left on device$' err ||
			{ failed=$((failed + 1)); echo "$command, no room: $(cat err)"; }
	done
fi

# tune writes nothing: neither the EVE file of the configuration nor what was learnt.
cases=$((cases + 1))
printf '[eve]\nfile = mine.json\n[detect]\nmemory = mine.memory\n' >mine.conf
"$program" tune -c mine.conf --quiet --eve eve.json >/dev/null 2>err && [ ! -e mine.json ] && [ ! -e mine.memory ] ||
	{ failed=$((failed + 1)); echo "tune writes: $(cat err)"; }

# The configuration prints as one that reads as the same.
cases=$((cases + 1))
"$program" config --set memory.limit=1GiB --set gateway.a.address=192.0.2.1 --set gateway.a.profile=netscaler \
	--set suppress.s.where='sni = "a b"' --set suppress.s.owner=o --set fact.f.kind=patched >one.conf
"$program" config <one.conf -c /dev/stdin >two.conf
cmp -s one.conf two.conf || { failed=$((failed + 1)); echo "config does not read what it prints"; }

# What bench times is what it says it does: every connection is told, and the same packets come each time.
cases=$((cases + 2))
counts() { "$program" bench --json --packets 20000 | jq -c '[.packets, .sessions, .bytes_per_packet]'; }
[ "$(counts)" = "$(counts)" ] || { failed=$((failed + 1)); echo "bench makes other packets the second time"; }
[ "$("$program" bench --json --packets 20000 | jq '.sessions > 256 and .packets == 20000')" = true ] ||
	{ failed=$((failed + 1)); echo "bench does not tell its sessions"; }

# A suppression goes into the included file and out of it; beside it nothing changes.
cases=$((cases + 1))
mkdir conf.d
printf 'include = conf.d\n' >main.conf
printf '# by hand\n[fact f]\nkind = patched\nat = 2025-07-16\n' >conf.d/s.conf
cp conf.d/s.conf before.conf
{
	"$program" suppress add scan -c main.conf -f conf.d/s.conf --detector leak_loop --where 'actor in 203.0.113.0/24' \
		--owner jane --reason 'our "scanner" # 1' --expires 2099-12-31 &&
		"$program" suppress list -c main.conf --json >list.json &&
		"$program" suppress check -c main.conf >check.txt &&
		! "$program" suppress add scan -f conf.d/s.conf --detector leak_loop --owner o --reason r --expires 30d &&
		"$program" suppress remove scan -f conf.d/s.conf
} 2>err
echo '{"name":"scan","detector":"leak_loop","where":"actor in 203.0.113.0/24","owner":"jane","reason":"our \"scanner\" # 1","expires":"2099-12-31","expired":false}' >want.json
echo 'main.conf: 1 suppression, 0 of them expired' >want.txt
cmp -s list.json want.json && cmp -s check.txt want.txt && diff -B conf.d/s.conf before.conf >/dev/null && [ ! -e conf.d/s.conf.new ] ||
	{ failed=$((failed + 1)); echo "suppress: $(cat err list.json check.txt)"; }

# The first one, into a file that is included and not there yet; one that is refused leaves none behind.
cases=$((cases + 1))
printf 'include = conf.d/first.conf\n' >main.conf
! "$program" suppress add x -c main.conf -f conf.d/first.conf --detector leek_loop --owner o --reason r --expires 30d 2>err &&
	[ ! -e conf.d/first.conf ] &&
	"$program" suppress add x -c main.conf -f conf.d/first.conf --detector leak_loop --owner o --reason r --expires 30d 2>err &&
	"$program" suppress check -c main.conf | grep -q ': 1 suppression, 0 of them expired' ||
	{ failed=$((failed + 1)); echo "suppress, the first: $(cat err)"; }

echo "$cases cases, $failed failed"
[ "$failed" -eq 0 ]

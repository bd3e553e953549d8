#!/bin/sh
# Evidence over the demo: an incident's capture has the intruder's sessions and nobody else's, reads as what it is,
# verify finds what was altered, a bundle is whole or says where not, and what a power cut left goes on.
#	run.sh GATEWITNESS
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
demo=tests/demo/demo.pcap conf=tests/demo/demo.conf
intruder=203.0.113.140
bad=0 checks=0

check() {
	checks=$((checks + 1))
	what=$1
	shift
	"$@" >"$dir/said" 2>&1 && return
	bad=$((bad + 1))
	echo "FAIL $what"
	sed 's/^/    /' "$dir/said" | head -n 8
}
not() { ! "$@"; }
says() { # says PATTERN COMMAND...: what is printed has it
	pattern=$1
	shift
	"$@" >"$dir/out" 2>&1
	grep -Eq "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }
}
gw() { "$program" "$@"; }
read_demo() { gw read --quiet -c $conf --set evidence.ring=64MiB "$@" $demo; }
same() { [ "$1" = "$2" ] || { echo "$1"; echo "instead of $2"; return 1; }; }

# From the ledger's folder and from one of its own, twice: the same bytes.
check "read" read_demo --ledger "$dir/ledger" --eve "$dir/eve.json"
check "read elsewhere" read_demo --set evidence.folder="$dir/own"
import=$(echo "$dir"/ledger/import-*)
check "the same bytes" diff -r "$import/evidence" "$dir/own"
check "modes" same "$(stat -c %a "$import/evidence" "$import"/evidence/*.pcapng | sort -u | paste -sd' ')" "600 700"
check "one for each incident that alerted" same "$(ls "$import/evidence" | sed 's/\.pcapng//' | sort | paste -sd' ')" \
	"$(jq -r 'select(.event_type == "alert").gatewitness.incident' "$dir/eve.json" | sort -u | paste -sd' ')"

incident=$(jq -r 'select(.event_type == "alert" and .gatewitness.detector == "leak_loop").gatewitness.incident' "$dir/eve.json" | head -n 1)
capture=$import/evidence/$incident.pcapng

# Whose sessions: of the intruder, or named by a finding; and all of the intruder's.
records() { # records CAPTURE: one line a session
	gw read --quiet -c $conf --set ndpi.enabled=no --eve - "$1" |
		jq -r 'select(.event_type | IN("tls", "quic", "flow")) | select(.gatewitness.id) |
			[.gatewitness.id, .src_ip, .tls.ja4, .tls.sni, .tls.version, .tls.ja3s.hash, .gatewitness.start] | @tsv' |
		sort -u
}
records "$capture" >"$dir/kept"
jq -r "select(.gatewitness.incident == \"$incident\") | .gatewitness.sessions[]?" "$dir/eve.json" | sort -u >"$dir/named"
records $demo >"$dir/all"
awk -F'\t' -v who=$intruder 'NR == FNR { named[$1]; next } $2 == who || $1 in named' "$dir/named" "$dir/all" >"$dir/wanted"
# A session that a later finding names stands behind what came before it: for a reader the clock goes back there, and
# one that goes on is cut in two.
check "the intruder's sessions and those named, with their handshakes" same "$(comm -23 "$dir/wanted" "$dir/kept")" ""
check "nobody else's" same "$(comm -13 "$dir/wanted" "$dir/kept" | awk -F'\t' -v who=$intruder '$2 != who')" ""
check "nor more than one that was cut" test "$(comm -13 "$dir/wanted" "$dir/kept" | wc -l)" -le 1
check "more than one session" test "$(wc -l <"$dir/kept")" -gt 20
others=$(awk -F'\t' -v who=$intruder '$2 != who { print $1 }' "$dir/kept" | wc -l)
check "few of others" test "$others" -le 2

# After the handshake headers only, before it all; or all of it.
check "smaller than with payload" test "$(stat -c %s "$capture")" -lt 150000
check "read with payload" read_demo --set evidence.folder="$dir/whole" --set evidence.payload=yes
check "larger with payload" test "$(stat -c %s "$dir/whole/$incident.pcapng")" -gt 250000
if command -v tshark >/dev/null; then
	tshark -r "$capture" -Y frame.comment -T fields -e frame.comment >"$dir/comments" 2>/dev/null
	check "tshark reads the frame that made the alert" grep -q 'high leak_loop: .*(finding [0-9a-f]*)' "$dir/comments"
	check "tshark finds nothing malformed" same \
		"$(tshark -r "$capture" -Y _ws.malformed 2>/dev/null | wc -l)" 0
fi
check "the file says what it is" grep -aq "incident $incident of $intruder, told by " "$capture"

# Bounds: of an incident, of all; what goes is told.
check "bound" read_demo --set evidence.folder="$dir/small" --set evidence.incident=64KiB
check "within the bound" test "$(stat -c %s "$dir/small/$incident.pcapng")" -le 65536
check "within the bound it reads" gw read --quiet "$dir/small/$incident.pcapng"
check "a tiny ring" read_demo --set evidence.folder="$dir/tiny" --set evidence.ring=1MiB
check "a tiny ring still has what follows" gw read --quiet "$dir/tiny/$incident.pcapng"
check "off" read_demo --set evidence.folder="$dir/off" --set evidence.ring=0B
check "off makes nothing" not test -e "$dir/off"

# verify holds it against the chain.
key=$dir/ledger/seal.pub
altered() { says "$1" gw verify --quiet --key "$key" "$dir/ledger" && not gw verify --key "$key" "$dir/ledger" >/dev/null; }
cp "$capture" "$dir/copy"
check "whole" gw verify --key "$key" "$dir/ledger"
printf '\377' | dd of="$capture" bs=1 seek=5000 conv=notrunc 2>/dev/null
check "a flipped byte" altered "altered .*$incident.pcapng: is not what the sensor wrote"
{ cat "$dir/copy"; echo more; } >"$capture"
check "bytes added" altered "altered .*$incident.pcapng: [0-9]* bytes are there"
head -c 5000 "$dir/copy" >"$capture"
check "cut" altered "altered .*$incident.pcapng: 5000 bytes are there"
rm "$capture"
check "taken away" altered "missing .*$incident.pcapng"
cp "$dir/copy" "$capture"

# The bundle.
bundle=$dir/bundle.tar
check "bundle" gw bundle "$incident" "$dir/ledger" -o "$bundle"
check "by a finding's id the same bytes" sh -c \
	"'$program' bundle $(jq -r 'select(.event_type == "alert" and .gatewitness.detector == "leak_loop").gatewitness.finding' "$dir/eve.json" | head -n 1) '$dir/ledger' -o - | cmp - '$bundle'"
check "whole, by the key" says 'whole: 10 files, 0 wrong; signed by that key' gw verify --key "$key" "$bundle"
check "the same in JSON" says '{"sum":"whole","of":".*","files":10,"altered":0,"seal":"key"}' gw verify --json --key "$key" "$bundle"
mkdir "$dir/x"
check "tar opens it" tar -C "$dir/x" -xf "$bundle"
check "the capture in it" cmp "$capture" "$dir/x/gatewitness-$incident/evidence.pcapng"
check "sha256sum agrees" sh -c "cd '$dir/x/gatewitness-$incident' && sed 1d MANIFEST | awk '{ print \$1 \"  \" \$3 }' | sha256sum -c --quiet"
check "the story in it" says "Incident $incident" cat "$dir/x/gatewitness-$incident/explanation.txt"
check "explain tells the same from the ledger" sh -c \
	"'$program' explain $incident --ledger '$dir/ledger' | diff - '$dir/x/gatewitness-$incident/explanation.txt'"
head_of() { gw explain "$@" | sed -n 2p; }
check "the gateway by its name" says ', gateway demo; ' head_of "$incident" --eve "$dir/eve.json"
check "which the ledger has, too" same "$(head_of "$incident" --ledger "$dir/ledger")" "$(head_of "$incident" --eve "$dir/eve.json")"
check "sessions in it" same "$(jq -r '.gatewitness.id // empty' "$dir/x/gatewitness-$incident/sessions.json" | sort -u | paste -sd' ')" \
	"$(cut -f1 "$dir/wanted" | paste -sd' ')"
check "coverage in it" jq -e .frames "$dir/x/gatewitness-$incident/coverage.json"
check "seal in it" says '^gatewitness-seal 1 ' cat "$dir/x/gatewitness-$incident/chain.txt"
check "with what EVE says of it" gw bundle "$incident" "$dir/ledger" --eve "$dir/eve.json" -o "$dir/eve.tar"
check "which is more" says 'It could also be' tar -xOf "$dir/eve.tar" "gatewitness-$incident/explanation.txt"
cp "$bundle" "$dir/flip.tar"
printf '\377' | dd of="$dir/flip.tar" bs=1 seek=30000 conv=notrunc 2>/dev/null
check "a flipped byte of a bundle" not gw verify "$dir/flip.tar"
check "in JSON, too" says '^{"verdict":"altered","of":".*flip.tar","says":"' gw verify --json "$dir/flip.tar"
check "and in its sum" says '^{"sum":"not whole",.*"altered":[1-9]' gw verify --json "$dir/flip.tar"
check "which is a failure" not gw verify --json "$dir/flip.tar"
head -c 20000 "$bundle" >"$dir/cut.tar"
printf '\377' | dd of="$capture" bs=1 seek=5000 conv=notrunc 2>/dev/null
check "a bundle of what was altered" gw bundle "$incident" "$dir/ledger" -o "$dir/altered.tar"
check "says so" says "^altered  .*$incident.pcapng: is not what the sensor wrote" tar -xOf "$dir/altered.tar" "gatewitness-$incident/verification.txt"
cp "$dir/copy" "$capture"
check "a bundle that was cut" says 'NOT WHOLE' gw verify "$dir/cut.tar"
mkdir "$dir/other"
gw read --quiet --ledger "$dir/other" -c $conf $demo
check "another's key" says 'is no signature by that key' gw verify --key "$dir/other/seal.pub" "$bundle"
mv "$dir/ledger/seal.key" "$dir/seal.key"
check "without the secret" says 'the bundle is not signed' gw bundle "$incident" "$dir/ledger" -o "$dir/unsigned.tar"
check "not signed, but whole" gw verify "$dir/unsigned.tar"
check "not signed is not by that key" not gw verify --key "$key" "$dir/unsigned.tar"
mv "$dir/seal.key" "$dir/ledger/seal.key"
rm "$capture"
check "without the capture" says 'the bundle is without' gw bundle "$incident" "$dir/ledger" -o "$dir/without.tar"
check "which is whole" gw verify --key "$key" "$dir/without.tar"

# A power cut in the middle of a block: what is whole reads.
head -c 30001 "$dir/copy" >"$dir/torn.pcapng"
check "torn" says 'cut in the middle' gw read --quiet "$dir/torn.pcapng"
check "torn, but read" says '"event_type":"tls"' gw read --quiet -c $conf --eve - "$dir/torn.pcapng"

# For certain readers only: with pseudonyms, and without; opened it is what would have been kept, and age(1) opens it, too.
check "a key" sh -c "'$program' unseal --make-key '$dir/reader' >'$dir/reader.pub'"
check "its mode" same "$(stat -c %a "$dir/reader")" 600
check "is not written over" says 'is there already' gw unseal --make-key "$dir/reader"
check "another" sh -c "'$program' unseal --make-key '$dir/stranger' >'$dir/stranger.pub'"
printf '%064d\n' 7 >"$dir/privacy"
chmod 600 "$dir/privacy"
check "read for a reader" read_demo --ledger "$dir/sealed" --set evidence.recipient="$(cat "$dir/reader.pub")" \
	--set privacy.pseudonymize=yes --set privacy.key="$dir/privacy" --eve "$dir/hidden.json"
sealed=$(echo "$dir"/sealed/import-*/evidence)
hidden=$(jq -r 'select(.event_type == "alert" and .gatewitness.detector == "leak_loop").gatewitness.incident' "$dir/hidden.json" | head -n 1)
check "no clear capture, and one for each incident that alerted" same "$(ls "$sealed" | sort | paste -sd' ')" \
	"$(jq -r 'select(.event_type == "alert").gatewitness.incident + ".age.tar"' "$dir/hidden.json" | sort -u | paste -sd' ')"
check "modes, sealed" same "$(stat -c %a "$sealed" "$sealed"/*.age.tar | sort -u | paste -sd' ')" "600 700"
check "nothing of it in clear" not grep -aq -e 'gw.example.org' -e 'told by' "$sealed/$hidden.age.tar"
check "opened" says 'pieces opened' gw unseal --key "$dir/reader" -o "$dir/opened.pcapng" "$sealed/$hidden.age.tar"
check "mode, opened" same "$(stat -c %a "$dir/opened.pcapng")" 600
records "$dir/opened.pcapng" >"$dir/opened"
check "the same sessions as kept in clear" diff "$dir/kept" "$dir/opened"
check "not with another key" says 'for other readers than' gw unseal --key "$dir/stranger" -o "$dir/none.pcapng" "$sealed/$hidden.age.tar"
check "which writes nothing" not test -e "$dir/none.pcapng"
check "verify knows it" says "whole .*$hidden.age.tar: [0-9]* frames" gw verify --key "$dir/sealed/seal.pub" "$dir/sealed"
check "bundled" gw bundle "$hidden" "$dir/sealed" -o "$dir/sealed.tar"
check "whole, bundled" gw verify --key "$dir/sealed/seal.pub" "$dir/sealed.tar"
check "opened from the bundle" gw unseal --key "$dir/reader" -o "$dir/bundled.pcapng" "$dir/sealed.tar"
check "which is the same" cmp "$dir/opened.pcapng" "$dir/bundled.pcapng"
# Where the recipient was set while the incident went on there are two captures.
cp -r "$dir/sealed" "$dir/both"
chmod -R u+w "$dir/both"
both=$(echo "$dir"/both/import-*)
cp "$dir/opened.pcapng" "$both/evidence/$hidden.pcapng"
check "told of a clear one, too" python3 -c "
import glob, sqlite3
db = sqlite3.connect(glob.glob('$both/*.summary')[0])
db.execute(\"INSERT INTO setting SELECT commit_no, row, time_us, name, replace(value, ' age', '') FROM setting \"
           \"WHERE name = 'evidence.$hidden'\")
db.commit()"
check "both bundled" gw bundle "$hidden" "$dir/both" -o "$dir/both.tar"
check "by their names" same "$(tar -tf "$dir/both.tar" | grep -o 'evidence\..*' | paste -sd' ')" "evidence.age.tar evidence.pcapng"
check "for two, without pseudonyms" read_demo --set evidence.folder="$dir/two" \
	--set evidence.recipient="$(cat "$dir/stranger.pub"), $(cat "$dir/reader.pub")"
for who in reader stranger; do
	check "opened by $who" gw unseal --key "$dir/$who" -o "$dir/$who.pcapng" "$dir/two/$incident.age.tar"
done
check "the same for both" cmp "$dir/reader.pcapng" "$dir/stranger.pcapng"
cp "$sealed/$hidden.age.tar" "$dir/whole.tar"
printf '\377' | dd of="$sealed/$hidden.age.tar" bs=1 seek=45000 conv=notrunc 2>/dev/null
check "a flipped byte, sealed" says "altered .*$hidden.age.tar: is not what the sensor wrote" gw verify "$dir/sealed"
check "opened but for that piece" says 'damaged, cut, or none: 1;' gw unseal --key "$dir/reader" -o "$dir/part.pcapng" "$sealed/$hidden.age.tar"
check "whose rest is there" test "$(stat -c %s "$dir/part.pcapng")" -gt 30000
head -c 60000 "$dir/whole.tar" >"$sealed/$hidden.age.tar"
check "a cut one" says 'damaged, cut, or none: 1;' gw unseal --key "$dir/reader" -o "$dir/part.pcapng" "$sealed/$hidden.age.tar"
check "no sealed evidence" says 'holds no sealed evidence' gw unseal --key "$dir/reader" -o "$dir/none.pcapng" "$bundle"
check "no key" says 'is no secret key, which is a line' gw unseal --key "$dir/reader.pub" -o "$dir/none.pcapng" "$dir/whole.tar"
check "a recipient that was mistyped" says 'evidence.recipient: age1q.* or mistyped' read_demo --set evidence.folder="$dir/none" \
	--set evidence.recipient=age1qqqq
if command -v age >/dev/null; then
	mkdir "$dir/pieces"
	check "tar opens the pieces" tar -C "$dir/pieces" -xf "$dir/whole.tar"
	check "age opens them" sh -c "for p in '$dir'/pieces/*.age; do age -d -i '$dir/reader' \"\$p\" || exit 1; done | cmp - '$dir/opened.pcapng'"
	check "age has the same public key" same "$(age-keygen -y "$dir/reader")" "$(cat "$dir/reader.pub")"
fi

echo "$checks checks: $(wc -l <"$dir/kept") sessions of the incident, $(wc -l <"$dir/all") in all"
[ "$bad" -eq 0 ]

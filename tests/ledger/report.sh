#!/bin/sh
# The page for others: well-formed, loads and runs nothing, the same bytes twice, hostile names are text, it says what it
# rests on whatever it says, it finds what hunt finds, and a mistake is one line.
#	report.sh GATEWITNESS
set -u
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0 checks=0

fail() {
	echo "$1: $2"
	bad=$((bad + 1))
}

# is NAME COMMAND...: a check by its exit status
is() {
	name=$1
	shift
	checks=$((checks + 1))
	"$@" >"$dir/said" 2>&1 || fail "$name" "$(head -n 5 "$dir/said")"
}

# has FILE TEXT
has() {
	checks=$((checks + 1))
	grep -qF -- "$2" "$dir/$1" || fail "$1" "does not say: $2"
}

report() {
	"$program" report --quiet "$@"
}

# answer OPTION...: the JSON's headline, text and verdict in $dir/answer
answer() {
	report --json -o - "$@" "$ledger" | jq -r '.answer | .verdict, .headline, .text, .caveats[]' >"$dir/answer"
}

# take LEDGER CAPTURE OPTION...
take() {
	to=$1 capture=$2
	shift 2
	"$program" read --quiet --set ndpi.enabled=no -c tests/demo/demo.conf "$@" --ledger "$to" "$capture" ||
		fail "$capture" "not taken"
}

ledger=$dir/ledger
take "$ledger" tests/demo/demo.pcap
echo 203.0.113.66 >"$dir/cert.list"

# --- the page
is page report --key "$ledger/seal.pub" --organisation 'A "B" <C>' --title "May & July" -o "$dir/page.html" "$ledger"
is again report --key "$ledger/seal.pub" --organisation 'A "B" <C>' --title "May & July" -o "$dir/again.html" "$ledger"
is "the same bytes" cmp "$dir/page.html" "$dir/again.html"
report --key "$ledger/seal.pub" --organisation 'A "B" <C>' --title "May & July" -o - "$ledger" >"$dir/out.html"
is "standard output" cmp "$dir/page.html" "$dir/out.html"
is parsers python3 tests/ledger/page.py "$dir/page.html"
drawn=$(cat "$dir/said")
has page.html 'May &amp; July</h1>'
has page.html 'A &quot;B&quot; &lt;C&gt;'
has page.html 'new_egress'
has page.html 'T1190 Exploit Public-Facing Application'
has page.html 'What else it could be (not excluded)'
has page.html 'of the minutes were watched'
has page.html 'were held against a public key'
has page.html "$(cut -d' ' -f2 "$ledger/seal.pub" | tail -n 1 | head -c 64)"

# --- the same in JSON, and the same as hunt
report --json -o "$dir/page.json" "$ledger"
is JSON jq -e '.answer.verdict == "signs" and .integrity.whole and (.detectors | length > 30)
	and all(.detectors[]; .technique != "" and .cannot_see != "")
	and (.coverage.hours | map(.watched) | add) == .coverage.watched' "$dir/page.json"
jq -r '.incidents[].findings[].id, .findings_alone[].id' "$dir/page.json" | sort >"$dir/ids"
"$program" hunt --json "$ledger" | jq -r '.finding.id // empty' | sort >"$dir/hunted"
is "findings of hunt" test -s "$dir/ids"
is "findings of hunt" cmp "$dir/ids" "$dir/hunted"
is "every finding's sessions" jq -e '([.incidents[].findings[].sessions[]] | unique) == [.sessions[].id]' "$dir/page.json"

# --- a list: its hits stand apart, and nothing else is hidden
report --indicators "$dir/cert.list" -o "$dir/list.html" "$ledger"
is "page with a list" python3 tests/ledger/page.py "$dir/list.html"
has list.html 'Met on the lists of indicators'
has list.html 'which is on list hunt'
has list.html 'oversized_request'
has list.html "$(sha256sum "$dir/cert.list" | cut -d' ' -f1)"

# --- as it was: the list of then, though its file is gone
cp "$dir/cert.list" "$dir/then.list"
take "$dir/then" tests/demo/demo.pcap --set "list.then.file=$dir/then.list"
rm "$dir/then.list"
is "as it was" report --as-was -o "$dir/then.html" "$dir/then"
is "page as it was" python3 tests/ledger/page.py "$dir/then.html"
has then.html 'with the settings of then'
has then.html 'as it was, from the ledger'
has then.html 'which is on list then'
has then.html "$(basename "$(ls "$dir"/then/import-*/list-*)" | cut -c6-)"

# --- records that have expired: the peers of the day are left
cp -r "$ledger" "$dir/expired"
rm -f "$dir"/expired/import-*/*.sessions
"$program" report --quiet --json -o "$dir/left.json" "$dir/expired"
called='[.called_by_gateway.peers[] | {address, sessions, bytes_from_gateway}] | group_by(.address)
	| map([.[0].address, (map(.sessions) | add), (map(.bytes_from_gateway) | add)])'
is "peers of days whose records have expired" test "$(jq -c "$called" "$dir/page.json")" = "$(jq -c "$called" "$dir/left.json")"
is "their sessions are told apart" jq -e '.activity.sessions_expired > 100 and .activity.sessions_inbound == 0' "$dir/left.json"
is "page of them" "$program" report --quiet -o "$dir/left.html" "$dir/expired"
has left.html 'days without records'

# --- clients that are pseudonyms: said
(umask 077 && printf '%064d\n' 7 >"$dir/privacy.key")
take "$dir/hidden" tests/demo/demo.pcap --set privacy.pseudonymize=yes --set "privacy.key=$dir/privacy.key"
is "pseudonyms" report -o "$dir/hidden.html" "$dir/hidden"
has hidden.html 'Addresses of clients are pseudonyms'
checks=$((checks + 1))
grep -q '203\.0\.113\.140' "$dir/hidden.html" && fail hidden.html "has a client's address"

# --- what other sensors logged tells less: said, beside the detectors that are blind to it
"$program" read --quiet -g 192.0.2.10,2001:db8:0:1::10 --set ndpi.enabled=no --eve "$dir/own.json" tests/demo/demo.pcap
mkdir "$dir/logs"
python3 tests/import/logs.py "$dir/own.json" "$dir/logs"
is "import" "$program" import --quiet -g 192.0.2.10,2001:db8:0:1::10 --ledger "$dir/zeek" "$dir"/logs/ssl.* "$dir"/logs/conn.*
is "what Zeek logged" report -o "$dir/zeek.html" "$dir/zeek"
is "page of it" python3 tests/ledger/page.py "$dir/zeek.html"
has zeek.html 'come from the logs of other sensors (zeek)'
has zeek.html 'Nothing could be said: all records are from other sensors&#39; logs, which do not show it.'

# --- nothing is never said without how much was seen
answer --until 2026-11-23T22:18
has answer ' was found in the 100.00 % of the time that was watched.'
answer --since 2026-11-23T22:00 --until 2026-11-23T22:18
has answer ' was found in the 5.55 % of the time that was watched.'
has answer 'In 17 minutes nothing was watched'
answer --since 2027-01-01 --until 2027-02-01
has answer 'It is not known: none of this time was watched.'
report --since 2027-01-01 --until 2027-02-01 -o "$dir/empty.html" "$ledger"
is "an empty window" python3 tests/ledger/page.py "$dir/empty.html"
has empty.html 'Nothing could be said: nothing was watched.'
for window in '1970-01-01 2199-12-31' '2026-11-23T22:18 2026-11-23T22:18:01' '1960-01-01 1970-01-02' '2026-01-01 2026-12-31'; do
	report --since "${window% *}" --until "${window#* }" -o "$dir/odd.html" "$ledger" || fail "$window" "exit $?"
	is "$window" python3 tests/ledger/page.py "$dir/odd.html"
done

# --- names from the wire are text: the demo's server name, replaced by as many bytes of another kind
python3 - "$dir/hostile.pcap" <<'P'
import sys
demo = open("tests/demo/demo.pcap", "rb").read()
assert b"gw.example.org" in demo
open(sys.argv[1], "wb").write(demo.replace(b"gw.example.org", b"<script>\"'&\x1b\xff<"))
P
ledger=$dir/hostile
take "$ledger" "$dir/hostile.pcap"
report -o "$dir/hostile.html" "$ledger"
is "hostile names" python3 tests/ledger/page.py "$dir/hostile.html"
has hostile.html '&lt;script&gt;&quot;&#39;&amp;'
checks=$((checks + 1))
grep -qiE '<script|["'"'"']&' "$dir/hostile.html" && fail hostile.html "has a name as it came"
report --json -o "$dir/hostile.json" "$ledger"
is "hostile JSON" jq -e '[.sessions[].sni] | index("<script>\"'"'"'&\u001b\ufffd<") != null' "$dir/hostile.json"

# --- a mistake is one line, and leaves no page
ledger=$dir/ledger
# wrong CODE PATTERN ARGUMENT...
wrong() {
	code=$1 pattern=$2
	shift 2
	checks=$((checks + 1))
	"$program" report "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	if [ "$got" -ne "$code" ] || [ "$(wc -l <"$dir/err")" -ne 1 ] || ! grep -Eq -e "$pattern" "$dir/err" || [ -s "$dir/out" ]; then
		fail "report $*" "exit $got: $(head -n 3 "$dir/err")"
	fi
}
wrong 2 'no file named for it: -o report.html' "$ledger"
wrong 2 'no ledger named' -o -
wrong 2 'one ledger at a time' -o - a b
wrong 2 '--since "soon" is no time such as 2025-05-01' -o - --since soon "$ledger"
wrong 2 '--until is before --since' -o - --since 2026-11-24 --until 2026-11-23 "$ledger"
wrong 2 'unknown option --titel; the nearest is --title' -o - --titel x "$ledger"
wrong 2 'nowhere.pub: No such file or directory; --key names a seal.pub' -o - --key nowhere.pub "$ledger"
wrong 1 'nowhere: No such file or directory' -o - nowhere
wrong 1 'holds no ledger' -o - tests
wrong 1 'nowhere/r.html: No such file or directory' -o nowhere/r.html "$ledger"
checks=$((checks + 1))
"$program" report -o - "$ledger" >/dev/full 2>"$dir/err" && fail "full disk" "exit 0"
grep -q 'standard output: No space left on device' "$dir/err" || fail "full disk" "$(cat "$dir/err")"

# --- an altered ledger: said, in the answer and by the exit code
file=$(ls "$ledger"/import-*/*.sessions)
chmod 644 "$file"
printf '\377' | dd of="$file" bs=1 seek=9000 conv=notrunc 2>/dev/null
report -o "$dir/altered.html" "$ledger" && fail altered "exit 0"
is "an altered ledger" python3 tests/ledger/page.py "$dir/altered.html"
has altered.html 'The ledger is NOT WHOLE: parts of it are altered, missing, torn or unreadable'
has altered.html 'is not what was sealed'
answer --until 2026-11-23T22:18
has answer 'It is not known: parts of the ledger are altered, missing or unreadable.'

echo "$checks checks of the report: $drawn; the same bytes, no script, nothing loaded"
[ "$bad" -eq 0 ]

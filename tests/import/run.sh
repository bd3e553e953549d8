#!/bin/sh
# Logs of Zeek and Suricata become the records that our own read has, as far as logs tell; what they lack is said.
#	run.sh GATEWITNESS
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../common/cases.sh"
program=$(realpath "$1")
demo=$here/../demo/demo.pcap
gateway=192.0.2.10,2001:db8:0:1::10
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# same NAME: the files wanted and got
same() {
	cases=$((cases + 1))
	cmp -s wanted got && return
	failed=$((failed + 1))
	echo "$1: $(diff -U0 wanted got | grep "^[-+]" | head -n 6 | cut -c 1-400)"
}

mkdir logs
"$program" read --quiet -g $gateway --set ndpi.enabled=no --eve own.json "$demo"
python3 "$here/logs.py" own.json logs

# --- field by field: what each sensor logs of a session is what we have of it
both='.src, .src_port, .dest, .dest_port, .proto, .role, .gateway, .start, .last, (.packets_out // 0), (.packets_in // 0),
	(.bytes_out // 0), (.bytes_in // 0), (.flags_out // 0), (.flags_in // 0), (.midstream // false), (.one_sided // false)'
named='.version, .sni, .ja3, .ja4'
of() { # of FIELDS: sorted
	jq -c "select(.role != \"other\" and (.proto == 6 or .proto == 17)) | if (.carrier // \"\") != \"tcp\" then del(.version, .sni, .ja3, .ja4) else . end |
		[$1]" | sort
}
own() {
	jq -c 'select(.gatewitness.kind == "close") | .gatewitness' own.json | of "$1"
}
theirs() {
	"$program" hunt --quiet --json --where 'bytes_out >= 0' "$1" | jq -c 'select(.session) | .session' | of "$2"
}

"$program" import -g $gateway --ledger zeek logs/ssl.* logs/conn.* 2>err
is "zeek" 0 $?
more='(if .end == "input_end" then "timeout" else .end end), (.ended_by_dest // false), .cipher, .group, .alpn, .cert_sha256, (.established // false)'
own "$both, $named" >wanted
theirs zeek "$both, $named" >got
is "as many connections" "$(wc -l <wanted)" "$(wc -l <got)"
same "zeek's fields"
own "select(.carrier == \"tcp\") | $more" >wanted
theirs zeek "select(.carrier == \"tcp\") | $more" >got
same "zeek's fields of TLS"

"$program" import --quiet -g $gateway --ledger suricata logs/eve.* 2>err
is "suricata" 0 $?
own "$both, $named" >wanted
theirs suricata "$both, $named" >got
same "suricata's fields"
fields='.ja3_string, .cert_sha1, .cert_subject, .cert_issuer'
own "select(.carrier == \"tcp\") | $fields" >wanted
theirs suricata "select(.carrier == \"tcp\") | $fields" >got
same "suricata's fields of TLS"

# --- hunts: what needs no exchanges is found, what needs them is named
printf '203.0.113.140\n*.example.net\n' >feed
for from in zeek suricata; do
	"$program" hunt --quiet --indicators feed $from >out
	is "$from: indicators" 2 "$(grep -c 'high.*client 203.0.113.140 is on list\|critical.*gateway 192.0.2.10 called' out)"
	is "$from: what is lacking" 1 "$(grep -c "^imported .* records from $from: no exchanges, no TLS identities, no pulses" out)"
	is "$from: who is blind" 1 "$(grep -c '^blind     to these:.* leak_loop .*memory_leak' out)"
	"$program" hunt --quiet --json $from >out
	is "$from: nobody blind speaks" "" "$(jq -r 'select(.finding) | .finding.detector' out |
		grep -vx 'new_egress\|beacon\|download\|cloud_c2\|fan_out\|indicator\|server_identity' )"
	is "$from: the call is found" 1 "$(jq -r 'select(.finding.detector == "new_egress") | .finding.target' out | grep -cx 203.0.113.66)"
	"$program" verify $from >out
	is "$from: whole" 0 $?
done

# --- pseudonyms
(umask 077; printf '%064d\n' 7 >key)
"$program" import --quiet -g $gateway --ledger hidden --set privacy.pseudonymize=yes --set privacy.key=key logs/eve.*
is "import with pseudonyms" 0 $?
"$program" hunt --json --where 'bytes_out >= 0' hidden >out 2>err
grep -q '203\.0\.113\.140\|198\.51\.100\.77' out hidden/import-*/*
is "no clear address" 1 $?

# --- mistakes: one line each
mistake() {
	name=$1 status=$2 pattern=$3
	shift 3
	"$program" import "$@" >out 2>err
	is "$name" "$status" $?
	like "$name" "$pattern" err
}
mistake "twice" 1 'imported before' -g $gateway --ledger suricata logs/eve.*
mistake "no gateway" 2 'import: no gateway: -g' --ledger l logs/conn.0.log
mistake "no ledger" 2 'import: no ledger: --ledger DIR' -g $gateway logs/conn.0.log
mistake "no log" 2 'import: no log named' -g $gateway --ledger l
mistake "another gateway" 1 'no connection of the gateway in these logs' -g 192.0.2.99 --ledger l logs/conn.0.log
mistake "no such file" 1 '^gatewitness: nowhere: No such file' -g $gateway --ledger l nowhere
mistake "a folder" 1 '^gatewitness: logs: ' -g $gateway --ledger l logs
mistake "a capture" 1 'has no line of Zeek' -g $gateway --ledger l "$demo"
gzip -c logs/conn.0.log >conn.gz
mistake "compressed" 1 'conn.gz: is compressed; gunzip it first' -g $gateway --ledger l conn.gz
printf '#separator \\x09\n#path\tconn\n' >tsv
mistake "tab-separated" 1 "tsv: is one of Zeek's tab-separated logs" -g $gateway --ledger l tsv
mistake "our own" 1 'own.json: has no line|was written by gatewitness' -g $gateway --ledger l own.json
is "an import that failed leaves nothing" "" "$(find l -mindepth 1 -name 'import-*' 2>/dev/null)"
head -n 4 logs/conn.0.log >some.log
printf '{"ts":"yesterday","uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":1,"id.resp_h":"192.0.2.10","id.resp_p":2,"conn_state":"SF"}\nnonsense\n' >>some.log
"$program" import --quiet -g $gateway --ledger l some.log >out 2>err
is "bad lines" 0 $?
like "bad lines" '2 lines left out; the first: some.log:5: has no time in `ts`' err

echo "$cases cases, $failed failed"
[ "$failed" -eq 0 ]

#!/bin/sh
# In a fresh Debian 12: what the package installs works, what it kept outlives it.  Run by fresh.sh, as root, in a
# root that is thrown away; where systemd is process 1, the unit is started, fed by a span port and removed under way.
set -eu
here=$(dirname "$0")
. "$here/within.sh"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
state=/var/lib/gatewitness conf=/etc/gatewitness/gatewitness.conf

fail() {
	echo "FAIL: $*"
	exit 1
}

as_sensor() {
	setpriv --reuid gatewitness --regid gatewitness --clear-groups "$@"
}

# the kept: names and contents
kept() {
	find "$state" -type f ! -name '*.sock' | LC_ALL=C sort | xargs sha256sum
}

apt-get install -y -qq "$here/gatewitness.deb" >"$here/install.log" 2>&1 || fail "apt: $(tail -n 5 "$here/install.log")"

# user, program, configuration
[ "$(getent passwd gatewitness | cut -d: -f6)" = $state ] || fail "no user gatewitness whose home is $state"
[ "$(getent passwd gatewitness | cut -d: -f3)" -lt 1000 ] || fail "the user is no system user"
case $(getent passwd gatewitness | cut -d: -f7) in
*/nologin) ;;
*) fail "the user could log in" ;;
esac
gatewitness --version
gatewitness config -c $conf >/dev/null || fail "the default configuration does not read"

# pages and completions
for page in $(gatewitness manual --list); do
	man "${page##*.}" "${page%.*}" 2>/dev/null | grep -q . || fail "man finds no $page"
done
# shellcheck disable=SC2016
[ "$(bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader gatewitness
	COMP_WORDS=(gatewitness ver); COMP_CWORD=1; _gatewitness; echo "${COMPREPLY[@]}"' | xargs)" = verify ] ||
	fail "bash does not complete"
# shellcheck disable=SC2016
[ "$(zsh -fc 'autoload -Uz compinit; compinit -u -d /tmp/zcompdump; echo $_comps[gatewitness]')" = _gatewitness ] ||
	fail "zsh does not know the completion"

# the unit, as systemd reads it
systemd-analyze verify gatewitness.service 2>&1 | grep gatewitness && fail "systemd finds something in the unit"
systemd-analyze security --offline=true --threshold=25 gatewitness.service >"$here/security" || fail "$(tail -n 1 "$here/security")"
tail -n 1 "$here/security" | tr -dc '0-9.a-zA-Z: \n'

if [ -d /run/systemd/system ]; then
	[ "$(systemctl is-enabled gatewitness)" = disabled ] || fail "enabled before anybody named its port"
	[ "$(systemctl is-active gatewitness)" = inactive ] || fail "started before anybody named its port"
	ip link add span type veth peer name mirror
	ip link set span arp off up
	ip link set mirror arp off up
	cat >>$conf <<END
[gateway vpn]
address = 192.0.2.10, 2001:db8:0:1::10
END
	sed -i 's/^interface =.*/interface = span/; s/^learn =.*/learn = 75s/' $conf
	cp $conf "$here/mine.conf"
	systemctl enable --now gatewitness 2>/dev/null || fail "does not start: $(journalctl -u gatewitness -n 5 -o cat)"
	main=$(systemctl show -p MainPID --value gatewitness)
	[ "$(ps -o user= -p "$main")" = gatewitness ] || fail "runs as $(ps -o user= -p "$main")"
	grep -q '^CapBnd:.0*2000$' "/proc/$main/status" || fail "may more than CAP_NET_RAW: $(grep CapBnd "/proc/$main/status")"
	python3 "$here/send.py" mirror "$here/demo.pcap" 20 >/dev/null
	within 60 grep -q oversized_request /var/log/gatewitness/alerts.json || fail "no alert: $(journalctl -u gatewitness -n 5 -o cat)"
	gatewitness status -c $conf --json >"$here/status" || fail "status: $(cat "$here/status")"
	systemctl reload gatewitness || fail "does not reload"
	[ "$(systemctl show -p MainPID --value gatewitness)" = "$main" ] || fail "a reload has started it anew"
	systemctl restart gatewitness
	echo "served: $(ps -o args= -u gatewitness | wc -l) processes of user gatewitness, $(grep -c . /var/log/gatewitness/alerts.json) alerts"
else
	install -d -o gatewitness -g gatewitness -m 700 $state
	as_sensor gatewitness read --quiet -c "$here/demo.conf" --ledger $state/ledger --eve /dev/null "$here/demo.pcap"
	sed -i 's/^interface =.*/interface = span/' $conf
	cp $conf "$here/mine.conf"
fi

apt-get remove -y -qq gatewitness >"$here/remove.log" 2>&1 || fail "remove: $(tail -n 5 "$here/remove.log")"
grep -q "left is $state" "$here/remove.log" || fail "remove does not say what is left"
[ ! -e /usr/bin/gatewitness ] || fail "the program was not removed"
! pgrep -u gatewitness >/dev/null || fail "removed under way: it still runs"
kept >"$here/before"
grep -q ledger "$here/before" || fail "nothing of a ledger was kept"
cmp -s $conf "$here/mine.conf" || fail "the configuration did not stay"

apt-get install -y -qq "$here/gatewitness.deb" >"$here/install.log" 2>&1 || fail "apt, again: $(tail -n 5 "$here/install.log")"
cmp -s $conf "$here/mine.conf" || fail "the configuration was written over"
as_sensor gatewitness verify --quiet $state/ledger >"$here/verify" 2>&1 || fail "the ledger: $(cat "$here/verify")"

apt-get purge -y -qq gatewitness >"$here/purge.log" 2>&1 || fail "purge: $(tail -n 5 "$here/purge.log")"
grep -q "removed are $conf" "$here/purge.log" || fail "purge does not say what it removes"
grep -q "left is $state" "$here/purge.log" || fail "purge does not say what is left"
[ ! -e $conf ] || fail "purge left the configuration"
kept | cmp -s - "$here/before" || fail "something that was kept has changed: $(kept | diff - "$here/before" | head -n 3)"
grep '^gatewitness: ' "$here/purge.log"
echo "whole"

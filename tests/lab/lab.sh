# shellcheck shell=bash disable=SC2034
# lab.sh: a small town of network namespaces to record real TLS in.  Sourced, never run.
#
#   client -- eth0 | veth | -- router --+-- wire (a hub: bridge that learns nothing) --+-- gw
#   client -- eth0 | veth | ---'                                                      +-- more site hosts
#                                                                                     +-- span (tcpdump)
#
# The span port therefore sees what a gateway's mirror port sees: one router in front, every frame once.  All
# names carry this shell's pid; the clean-up ends only processes that were started here, by pid, and deletes
# only namespaces that were made here.  Nothing is installed and nothing outside the namespaces is configured.

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_SITE=192.0.2		# RFC 5737: gateway at .10, router at .1
LAB_SITE6=2001:db8:0:1		# RFC 3849
GW=$LAB_SITE.10
GW6=$LAB_SITE6::10
NAME=gw.example.org		# RFC 2606
LAB_PIDS=()
LAB_NODES=()
LAB_DUMP=
LAB_TMP=

lab_die()
{
	echo "lab: $*" >&2
	exit 1
}

lab_say()
{
	echo "lab: $*" >&2
}

# lab_need TOOL:PACKAGE...  Says at once what is missing and which packages have it.
lab_need()
{
	local pair tools=() packages=()

	for pair in "$@"; do
		command -v "${pair%%:*}" > /dev/null || { tools+=("${pair%%:*}"); packages+=("${pair##*:}"); }
	done
	[ ${#tools[@]} -eq 0 ] && return
	lab_say "missing: ${tools[*]}"
	lab_die "try: apt-get install --no-install-recommends ${packages[*]}"
}

lab_ns()
{
	echo "gwlab$$-$1"
}

# lab_on NODE COMMAND...
lab_on()
{
	local node=$1

	shift
	ip netns exec "$(lab_ns "$node")" "$@"
}

# lab_start NODE LOG COMMAND...  In the background; LAB_LAST is its pid.  LAB_STDIN: what it reads, if anything.
lab_start()
{
	local node=$1 log=$2

	shift 2
	ip netns exec "$(lab_ns "$node")" "$@" > "$LAB_TMP/$log.log" 2>&1 < "${LAB_STDIN:-/dev/null}" &
	LAB_LAST=$!
	LAB_PIDS+=("$LAB_LAST")
}

# lab_at SECOND NODE COMMAND...: later, in that node.  Commands are shell text.
lab_at()
{
	local second=$1 node=$2

	shift 2
	lab_start "$node" "$node-$second" bash -c "sleep $second; echo start \$(date +%s.%N); $*"
}

lab_stop()
{
	kill "$1" 2> /dev/null
	wait "$1" 2> /dev/null
	return 0
}

# lab_listens NODE PORT [tcp|udp]  Waits until somebody listens there; looks, does not connect.
lab_listens()
{
	local flag=t

	[ "${3:-tcp}" = udp ] && flag=u
	for _ in $(seq 100); do
		[ -n "$(lab_on "$1" ss "-Hln$flag" "sport = :$2")" ] && return
		sleep 0.1
	done
	lab_die "nobody listens on $1 port $2 (see $LAB_TMP)"
}

# lab_hears NODE: waits until a packet socket is open there (/proc/net/packet: a heading, then a line each).
lab_hears()
{
	for _ in $(seq 50); do
		[ "$(lab_on "$1" cat /proc/net/packet | wc -l)" -gt 1 ] && return
		sleep 0.1
	done
	lab_die "nobody listens to the wire on $1 (see $LAB_TMP)"
}

# Ends what runs in NODE: everything in a namespace of ours was started by us.
lab_empty()
{
	local pids

	mapfile -t pids < <(ip netns pids "$(lab_ns "$1")")
	[ ${#pids[@]} -eq 0 ] || kill "${@:2}" "${pids[@]}" 2> /dev/null
	return 0
}

# Whatever still runs in our namespaces.
lab_busy()
{
	local node

	for node in "${LAB_NODES[@]}"; do
		ip netns pids "$(lab_ns "$node")"
	done
}

lab_end()
{
	local status=$? node

	trap - EXIT INT TERM
	for node in "${LAB_NODES[@]}"; do
		lab_empty "$node"
	done
	for _ in $(seq 20); do
		[ -n "$(lab_busy)" ] || break
		sleep 0.1
	done
	for node in "${LAB_NODES[@]}"; do
		lab_empty "$node" -KILL
	done
	wait 2> /dev/null
	for node in "${LAB_NODES[@]}"; do
		ip netns del "$(lab_ns "$node")"
	done
	if [ "${LAB_KEEP:-no}" = yes ] || [ $status -ne 0 ]; then
		lab_say "logs are in $LAB_TMP"
	else
		rm -rf "$LAB_TMP"
	fi
	exit $status
}

# Offloads would put frames on the wire that no wire carries (64 KiB, no checksums).
lab_plain()
{
	ip netns exec "$1" ethtool -K "$2" tso off gso off gro off tx off rx off > /dev/null 2>&1
	ip -n "$1" link set "$2" up
}

lab_namespace()
{
	local ns

	ns=$(lab_ns "$1")
	ip netns add "$ns" || lab_die "cannot make namespaces"
	LAB_NODES+=("$1")
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
	ip -n "$ns" link set lo up
}

# lab_plug NODE IFNAME PORT: a cable from NODE to the hub.
lab_plug()
{
	local ns wire

	ns=$(lab_ns "$1") wire=$(lab_ns wire)
	ip -n "$wire" link add "$3" type veth peer name "$2" netns "$ns"
	ip -n "$wire" link set "$3" master hub
	lab_plain "$wire" "$3"
	lab_plain "$ns" "$2"
}

# lab_site_host NODE LAST-NUMBER: a host on the gateway's own segment.
lab_site_host()
{
	local ns

	lab_namespace "$1"
	ns=$(lab_ns "$1")
	lab_plug "$1" eth0 "$1"
	ip -n "$ns" addr add "$LAB_SITE.$2/24" dev eth0
	ip -n "$ns" addr add "$LAB_SITE6::$2/64" dev eth0 nodad
	ip -n "$ns" route add default via "$LAB_SITE.1"
	ip -n "$ns" route add default via "$LAB_SITE6::1"
}

# lab_client NODE ADDRESS [TTL]: a host somewhere behind the router; ADDRESS is IPv4 or IPv6.
lab_client()
{
	local ns rtr

	lab_namespace "$1"
	ns=$(lab_ns "$1") rtr=$(lab_ns router)
	ip -n "$rtr" link add "c-$1" type veth peer name eth0 netns "$ns"
	lab_plain "$rtr" "c-$1"
	lab_plain "$ns" eth0
	ip netns exec "$ns" sysctl -qw "net.ipv4.ip_default_ttl=${3:-64}" \
		"net.ipv6.conf.eth0.hop_limit=${3:-64}"
	ip -n "$rtr" addr add 169.254.0.1/32 dev "c-$1"
	ip -n "$rtr" addr add fe80::1/64 dev "c-$1" nodad
	case $2 in
	*:*)
		ip -n "$ns" addr add "$2/128" dev eth0 nodad
		ip -n "$ns" route add default via fe80::1 dev eth0
		ip -n "$rtr" route add "$2/128" dev "c-$1" ;;
	*)
		ip -n "$ns" addr add "$2/32" dev eth0
		ip -n "$ns" route add default via 169.254.0.1 dev eth0 onlink
		ip -n "$rtr" route add "$2/32" dev "c-$1" ;;
	esac
}

# lab_possible: may namespaces, cables between them and tunnels be made here?  Says what is missing.
lab_possible()
{
	local ns

	[ "$(id -u)" = 0 ] || { lab_say "skipped: needs root, for namespaces and for the span port"; return 1; }
	ns=$(lab_ns try)
	ip netns add "$ns" 2> /dev/null || { lab_say "skipped: network namespaces cannot be made here"; return 1; }
	ip -n "$ns" link add name try0 type veth peer name try1 2> /dev/null && ip -n "$ns" link add name try2 type bridge 2> /dev/null
	LAB_LAST=$?
	ip netns del "$ns"
	[ $LAB_LAST = 0 ] || { lab_say "skipped: no veth or bridge in this kernel"; return 1; }
	[ -c /dev/net/tun ] || { lab_say "skipped: no /dev/net/tun for the tunnels"; return 1; }
}

# lab_begin: the hub, the router, the span port and the gateway.
lab_begin()
{
	local ns

	lab_need ip:iproute2 ss:iproute2 ethtool:ethtool openssl:openssl python3:python3
	[ "$(id -u)" = 0 ] || lab_die "needs root, for namespaces and for the span port"
	LAB_TMP=$(mktemp -d /tmp/gwlab.XXXXXX)
	trap lab_end EXIT
	trap 'exit 130' INT TERM
	lab_namespace wire
	ns=$(lab_ns wire)
	ip -n "$ns" link add hub type bridge ageing_time 0 stp_state 0 mcast_snooping 0
	ip -n "$ns" link set hub addrgenmode none up
	lab_namespace span
	lab_plug span eth0 span
	lab_namespace router
	lab_plug router eth0 router
	ns=$(lab_ns router)
	ip -n "$ns" addr add "$LAB_SITE.1/24" dev eth0
	ip -n "$ns" addr add "$LAB_SITE6::1/64" dev eth0 nodad
	ip netns exec "$ns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.send_redirects=0
	lab_site_host gw 10
	lab_pki
}

# lab_capture FILE [FILTER]: what the span port sees.
lab_capture()
{
	lab_need tcpdump:tcpdump
	: > "$LAB_TMP/tcpdump.log"
	ip netns exec "$(lab_ns span)" tcpdump -i eth0 -Z root -U --immediate-mode -s 0 -w "$1" "${2:-tcp or udp}" \
		2>> "$LAB_TMP/tcpdump.log" < /dev/null &
	LAB_DUMP=$!
	for _ in $(seq 50); do
		grep -q 'listening on' "$LAB_TMP/tcpdump.log" && return
		sleep 0.1
	done
	lab_die "tcpdump did not start"
}

lab_capture_stop()
{
	sleep 0.5
	kill -INT "$LAB_DUMP"
	wait "$LAB_DUMP"
	LAB_DUMP=
	grep -q '^0 packets dropped' "$LAB_TMP/tcpdump.log" || lab_die "frames were lost; record again"
}

# A certificate authority, a server (ECDSA and RSA) and a user.  Made anew for every recording, never kept.
lab_pki()
{
	local dir=$LAB_TMP/pki who

	mkdir "$dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout "$dir/ca.key" \
		-out "$dir/ca.pem" -subj '/O=Example Organisation/CN=Example Lab CA' 2> /dev/null
	for who in gw rsa user; do
		lab_certificate "$dir" "$who"
	done
}

lab_certificate()
{
	local dir=$1 who=$2 key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256) subject=$NAME

	[ "$who" = rsa ] && key=(-newkey rsa:2048)
	[ "$who" = user ] && subject='Carol Example'
	openssl req "${key[@]}" -nodes -keyout "$dir/$who.key" -out "$dir/$who.csr" \
		-subj "/O=Example Organisation/CN=$subject" 2> /dev/null
	openssl x509 -req -in "$dir/$who.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 825 -CAcreateserial \
		-out "$dir/$who.pem" 2> /dev/null -extfile - <<-END
		basicConstraints = CA:FALSE
		keyUsage = digitalSignature
		extendedKeyUsage = serverAuth, clientAuth
		subjectAltName = DNS:$NAME, DNS:vpn.example.org, IP:$GW, IP:$GW6
	END
	cat "$dir/$who.pem" "$dir/ca.pem" > "$dir/$who.chain"
}

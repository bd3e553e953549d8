# shellcheck shell=bash
# tunnel.sh: ocserv on the gateway, openconnect at its users.  Sourced after lab.sh, never run.  PKI is set.

TUNNEL_INSIDE=192.168.77.1	# the gateway, seen through a tunnel

# tunnel_serve ADDRESS EXTRA-CONFIG USER...  Everybody's password is "example".
tunnel_serve()
{
	local address=$1 extra=$2 user

	for user in "${@:3}"; do
		printf 'example\nexample\n' | ocpasswd -c "$LAB_TMP/vpn-users" "$user" > /dev/null 2>&1
	done
	cat > "$LAB_TMP/ocserv.conf" <<-END
		auth = "plain[passwd=$LAB_TMP/vpn-users]"
		listen-host = $address
		tcp-port = 443
		udp-port = 443
		run-as-user = root
		run-as-group = root
		socket-file = $LAB_TMP/ocserv.sock
		pid-file = $LAB_TMP/ocserv.pid
		server-cert = $PKI/gw.chain
		server-key = $PKI/gw.key
		isolate-workers = false
		max-clients = 4
		keepalive = 300
		dpd = 60
		try-mtu-discovery = false
		device = vpns
		ipv4-network = 192.168.77.0
		ipv4-netmask = 255.255.255.0
		cisco-client-compat = true
		$extra
	END
	cat > "$LAB_TMP/vpnc" <<-'END'
		#!/bin/sh
		[ "$reason" = connect ] || exit 0
		ip link set "$TUNDEV" up mtu 1300
		ip addr add "$INTERNAL_IP4_ADDRESS/24" dev "$TUNDEV"
	END
	chmod 755 "$LAB_TMP/vpnc"
	echo example > "$LAB_TMP/vpn-secret"
	lab_start gw ocserv ocserv -f -c "$LAB_TMP/ocserv.conf"
	lab_listens gw 443
	lab_listens gw 443 udp
}

# tunnel_command USER ADDRESS [OPTION...]: what that user runs; the password comes from standard input.
tunnel_command()
{
	echo openconnect -u "$1" --passwd-on-stdin --resolve "$NAME:$2" --cafile "$PKI/ca.pem" --script "$LAB_TMP/vpnc" \
		"${@:3}" "https://$NAME"
}

# tunnel_join NODE USER ADDRESS [OPTION...]: in the background; LAB_LAST is openconnect.
tunnel_join()
{
	# shellcheck disable=SC2046
	LAB_STDIN=$LAB_TMP/vpn-secret lab_start "$1" openconnect $(tunnel_command "${@:2}")
}

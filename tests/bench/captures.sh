# captures.sh: the generator, and the captures it makes.  To be sourced; needs B (the build) and dir (where to).
bench_traffic() {
	${CC:-gcc} -std=c11 -O2 -D_GNU_SOURCE -Isrc -o "$dir/traffic" tests/bench/traffic.c "$B/core.a" \
	    "$B/src/base/crypt.o" -lcrypto
	templates=$(ls tests/golden/*tls1[23]-full/*.pcap tests/golden/curl*/*.pcap tests/golden/gnutls*/*.pcap 2>/dev/null)
}

# make_capture MIX COUNT NAME
make_capture() {
	[ -s "$dir/$3.pcap" ] || "$dir/traffic" "$1" "$dir/$3.pcap" "$2" $templates
}

#!/bin/sh
# `make demo`: replays the recorded capture and says what was seen.
#	run.sh GATEWITNESS
set -eu
cd "$(dirname "$0")/../.."
program=$1
out=$(dirname "$program")/demo
mkdir -p "$out"
cat <<TEXT

Replaying tests/demo/demo.pcap: a gateway, its users, a monitor, a scanner and an intruder, recorded from real TLS
clients and servers. The sensor learns during the capture's quiet start, as tests/demo/demo.conf tells it
(detect.learn; the default is 7 days), and then judges. Nothing is decrypted.

    $program read -c tests/demo/demo.conf --eve $out/eve.json tests/demo/demo.pcap

TEXT
exec "$program" read -c tests/demo/demo.conf --eve "$out/eve.json" tests/demo/demo.pcap

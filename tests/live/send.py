#!/usr/bin/env python3
"""send.py IFACE FILE SPEED: puts the frames of a classic microsecond Ethernet capture on a wire, SPEED times as fast."""
import socket
import struct
import sys
import time

iface, path, speed = sys.argv[1], sys.argv[2], float(sys.argv[3])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((iface, 0))
data = open(path, "rb").read()
assert data[:4] == b"\xd4\xc3\xb2\xa1" and data[20:24] == b"\1\0\0\0", "not a little-endian microsecond Ethernet pcap"
at, first, began, sent = 24, None, time.monotonic(), 0
while at + 16 <= len(data):
    sec, usec, length, _ = struct.unpack_from("<4I", data, at)
    stamp = sec + usec / 1e6
    first = stamp if first is None else first
    wait = (stamp - first) / speed - (time.monotonic() - began)
    if wait > 0:
        time.sleep(wait)
    sock.send(data[at + 16:at + 16 + length])
    at += 16 + length
    sent += 1
print(sent)

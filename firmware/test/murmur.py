#!/usr/bin/env python3
"""murmur.py FILE: a capture of UDP packets between two machines, both directions, as a mirror carries them all day."""
import struct
import sys


def frame(here, there):
    udp = struct.pack("!4H", 40000 + here, 40000 + there, 12, 0) + b"hum."
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 32, 0, 0x4000, 64, 17, 0, bytes([198, 51, 100, here]), bytes([198, 51, 100, there]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
    return bytes([2, 0, 0, 0, 0, there, 2, 0, 0, 0, 0, here, 8, 0]) + (ip + udp).ljust(46, b"\0")


with open(sys.argv[1], "wb") as to:
    to.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for i in range(20):
        data = frame(1, 2) if i % 2 else frame(2, 1)
        to.write(struct.pack("<4I", i // 4, i % 4 * 250000, len(data), len(data)) + data)

#!/usr/bin/env python3
"""episode.py FROM TO SECONDS: a night's capture of tests/world, from a minute before its attack (at two o'clock) on, as a
classic capture with microseconds.  It reads no further than it must: FROM may be a pipe."""
import struct
import sys

ATTACK = 2 * 3600

source, seconds = open(sys.argv[1], "rb"), int(sys.argv[3])
if source.read(24)[:4] != b"\x4d\x3c\xb2\xa1":
    sys.exit("not a little-endian nanosecond capture")
frames, first = 0, None
with open(sys.argv[2], "wb") as to:
    to.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
    while len(head := source.read(16)) == 16:
        second, nano, kept, length = struct.unpack("<4I", head)
        data = source.read(kept)
        first = second if first is None else first
        if second >= first + ATTACK - 60 + seconds:
            break
        if second >= first + ATTACK - 60:
            to.write(struct.pack("<4I", second, nano // 1000, kept, length) + data)
            frames += 1
print(frames)

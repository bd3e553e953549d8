#!/usr/bin/env python3
"""feed.py IFACE SEED FRAMES_A_SECOND FOLDER...: what nobody sends on purpose, over and over, until it is ended.

Of captures in the folders their frames, every fourth with bytes changed or cut off; other files, which are seeds of fuzz
targets, as frames, as a TCP stream to a gateway and as a datagram.  One line on standard output when it begins.
"""
import os
import random
import socket
import struct
import sys
import time

IFACE, SEED, RATE, FOLDERS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
GATEWAY, CLIENT = bytes([192, 0, 2, 10]), bytes([198, 51, 100, 7])
MTU, FILE_MOST = 9000, 4 << 20
ETHERNET = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0"


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    return ~(total + (total >> 16)) & 0xffff


def ip(proto, payload, back=False):
    ends = GATEWAY + CLIENT if back else CLIENT + GATEWAY
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0) + ends
    return ETHERNET + head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def stream(data, port):
    """SYN, SYN-ACK, the bytes in segments, FIN of both."""
    def segment(flags, seq, ack, body=b"", back=False):
        ports = (443, port) if back else (port, 443)
        return ip(6, struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0) + body, back)
    frames = [segment(2, 100, 0), segment(18, 900, 101, back=True), segment(16, 101, 901)]
    for at in range(0, len(data), 1400):
        frames.append(segment(24, 101 + at, 901, data[at:at + 1400]))
    return frames + [segment(17, 101 + len(data), 901), segment(17, 901, 102 + len(data), back=True)]


def datagram(data, port):
    body = data[:MTU - 100]
    return [ip(17, struct.pack("!HHHH", port, 443, 8 + len(body), 0) + body)]


def frames_of(data):
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}.get(data[:4])
    at = 24
    while order and at + 16 <= len(data):
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        if 14 <= length <= MTU:
            yield data[at + 16:at + 16 + length]
        at += 16 + length


def load():
    captures, others = [], []
    for folder in FOLDERS:
        for where, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(where, name)
                if os.path.getsize(path) > FILE_MOST:
                    continue
                with open(path, "rb") as f:
                    data = f.read()
                frames = list(frames_of(data))
                (captures if frames else others).append(frames or data)
    return captures, others


def spoil(chance, frame):
    frame = bytearray(frame)
    if chance.random() < 0.3:
        return frame[:chance.randrange(14, len(frame) + 1)]
    for _ in range(chance.randrange(1, 8)):
        frame[chance.randrange(12, len(frame))] = chance.randrange(256)
    return frame


def next_frames(chance, captures, others):
    if captures and (not others or chance.random() < 0.5):
        frames = chance.choice(captures)
        return [spoil(chance, f) for f in frames] if chance.random() < 0.25 else frames
    data, port = chance.choice(others), chance.randrange(1024, 65536)
    bare = [data[:MTU]] if len(data) >= 14 else []
    return chance.choice((bare, stream(data[:60000], port), datagram(data, port)))


def main():
    chance = random.Random(SEED)
    captures, others = load()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((IFACE, 0))
    print("%d captures, %d seeds" % (len(captures), len(others)), flush=True)
    began, sent = time.monotonic(), 0
    while True:
        for frame in next_frames(chance, captures, others):
            try:
                wire.send(frame)
            except OSError:  # the interface is down, or this is none
                continue
            sent += 1
        ahead = sent / RATE - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
        elif ahead < -1:  # it stood still for a while
            began, sent = time.monotonic(), 0


main()

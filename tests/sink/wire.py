"""
wire: what the neighbours of brokers share: bytes of a socket by number, Kafka's frames, and copying one socket to another.
"""
import socket
import struct


def exactly(s, n):
    data = b""
    while len(data) < n:
        got = s.recv(n - len(data))
        if not got:
            raise EOFError
        data += got
    return data


def frame(s):
    """One of Kafka's, without its length."""
    return exactly(s, struct.unpack(">I", exactly(s, 4))[0])


def framed(data):
    return struct.pack(">I", len(data)) + data


def copy(client, broker):
    while True:
        data = client.recv(65536)
        if not data:
            raise EOFError
        broker.sendall(data)


def until_it_ends(work, *sockets):
    try:
        work(*sockets)
    except (OSError, EOFError):
        pass
    for s in sockets:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

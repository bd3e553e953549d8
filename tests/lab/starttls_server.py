#!/usr/bin/env python3
"""starttls_server.py: just enough of five protocols to reach TLS after a plaintext start, then one echo.

  starttls_server.py CERT KEY     listens on 25 (SMTP), 143 (IMAP), 110 (POP3), 5432 (PostgreSQL), 389 (LDAP),
                                  and 3128 (HTTP CONNECT and SOCKS 5, to whatever is asked for)

A recording aid: it checks nothing and allows everything.
"""
import asyncio
import ssl
import struct
import sys

PG_SSL_REQUEST = struct.pack(">II", 8, 80877103)
LDAP_YES = bytes.fromhex("300c02010178070a010004000400")


async def smtp(r, w):
    w.write(b"220 mail.example.org ESMTP\r\n")
    await r.readline()
    w.write(b"250-mail.example.org\r\n250-SIZE 10240000\r\n250 STARTTLS\r\n")
    await r.readline()
    w.write(b"220 2.0.0 Ready to start TLS\r\n")


async def imap(r, w):
    w.write(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
    while True:
        tag, verb = (await r.readline()).split()[:2]
        if verb.upper() == b"STARTTLS":
            break
        w.write(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK done\r\n")
    w.write(tag + b" OK Begin TLS negotiation now\r\n")


async def pop3(r, w):
    w.write(b"+OK ready\r\n")
    while not (await r.readline()).upper().startswith(b"STLS"):
        w.write(b"+OK\r\nSTLS\r\n.\r\n")
    w.write(b"+OK Begin TLS negotiation\r\n")


async def postgres(r, w):
    assert await r.readexactly(8) == PG_SSL_REQUEST
    w.write(b"S")


async def ldap(r, w):
    head = await r.readexactly(2)
    await r.readexactly(head[1])
    w.write(LDAP_YES)


async def copy(r, w):
    while data := await r.read(65536):
        w.write(data)
        await w.drain()
    w.close()


async def proxy(r, w):
    """CONNECT host:port, or SOCKS 5 without authentication to an IPv4 address or a name."""
    first = await r.readexactly(1)
    if first == b"\x05":
        await r.readexactly((await r.readexactly(1))[0])
        w.write(b"\x05\x00")
        kind = (await r.readexactly(4))[3]
        length = 4 if kind == 1 else (await r.readexactly(1))[0]
        host = await r.readexactly(length)
        host = ".".join(map(str, host)) if kind == 1 else host.decode()
        port = int.from_bytes(await r.readexactly(2), "big")
        answer = b"\x05\x00\x00\x01" + bytes(6)
    else:
        host, port = (await r.readline()).split()[1].decode().rsplit(":", 1)
        while (await r.readline()).strip():
            pass
        answer = b"HTTP/1.1 200 Connection established\r\n\r\n"
    up_r, up_w = await asyncio.open_connection(host, int(port))
    w.write(answer)
    await asyncio.gather(copy(r, up_w), copy(up_r, w))


def upgrade(prelude, ctx):
    async def serve(r, w):
        try:
            await prelude(r, w)
            await w.drain()
            await w.start_tls(ctx)
            while line := await r.readline():
                w.write(b"250 " + line)
                await w.drain()
        except (OSError, EOFError, ValueError) as e:
            print(prelude.__name__, e)
        finally:
            w.close()
    return serve


async def main(cert, key):
    ctx = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ctx.load_cert_chain(cert, key)
    for port, prelude in ((25, smtp), (143, imap), (110, pop3), (5432, postgres), (389, ldap)):
        await asyncio.start_server(upgrade(prelude, ctx), None, port)
    await asyncio.start_server(proxy, None, 3128)
    await asyncio.sleep(3600)


asyncio.run(main(*sys.argv[1:]))

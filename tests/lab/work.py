#!/usr/bin/env python3
"""work.py: what a user does at the gateway, as a plan that any TLS client can follow.

  work.py plan USER PHASE         prints the plan: one step a line, "WAIT-MS BASE64-REQUEST", or "WAIT-MS new" for
                                  "close and connect again"
  work.py feed                    reads a plan, writes the requests with their pauses: pipe it into a client
  work.py password USER           prints the password that the plans of that user have
  work.py talk ADDR NAME [tls12]  reads a plan and follows it with Python's ssl, resuming when it connects again;
                                  a step "WAIT-MS tunnel SECONDS" upgrades to the gateway's two-way tunnel;
                                  a cookie that the gateway set takes the place of the plan's own

Phases: login (page, its assets, password, portal), mistyped (the same, but the password is wrong twice), work (small calls, a long answer), back (connect again, calls).
A user's randomness is seeded with the name: sizes and pauses differ between users, not between recordings.
"""
import base64
import random
import re
import socket
import ssl
import sys
import time

NAME = "gw.example.org"
AGENT = {
    "carol": "OpenSSL-client/3.0",
    "dave": "GnuTLS-client/3.7",
    "bob": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "erin": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Java/17 RemoteDesk/4.2.1 (build 2291)",
    "frank": "fieldagent/2.18 (linux; amd64) go-http-client",
}
ASSETS = ("/static/portal.css", "/static/portal.js", "/static/logo.png", "/static/fonts.woff")


def token(user, rnd):
    return f"{user}-" + "".join(rnd.choice("0123456789abcdef") for _ in range(64))


def request(method, path, user, extra=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", f"User-Agent: {AGENT.get(user, 'client/1')}",
             "Accept: text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language: en-GB,en;q=0.7",
             "Accept-Encoding: identity", "Connection: keep-alive", *extra]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def secret(rnd):
    return "".join(rnd.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in range(rnd.randint(9, 18)))


def password(user):
    print(secret(random.Random(f"{user} login")))


def phase_login(user, rnd, typos=()):
    word = secret(rnd)
    csrf = f"{rnd.randrange(16**12):012x}"
    cookie = f"Cookie: pre={rnd.randrange(16**32):032x}; lang=en"
    yield 100, request("GET", "/login", user)
    for path in ASSETS:
        yield rnd.randint(20, 90), request("GET", path, user, [cookie, f"Referer: https://{NAME}/login"])
    for typed in (*(word[:cut] for cut in typos), word):
        form = f"login={user}%40example.org&passwd={typed}&domain=corp&csrf={csrf}".encode()
        yield rnd.randint(2500, 6000), request("POST", "/login", user, [cookie, f"Origin: https://{NAME}"], form)
    yield rnd.randint(20, 60), request("GET", "/portal", user, [f"Cookie: sid={token(user, rnd)}"])


def phase_mistyped(user, rnd):
    yield from phase_login(user, random.Random(f"{user} login"), (-1, -3))


def phase_work(user, rnd):
    sid = f"Cookie: sid={token(user, rnd)}"
    for _ in range(rnd.randint(5, 8)):
        body = b"call=" + bytes(rnd.choice(b"abcdefgh") for _ in range(rnd.randint(20, 400)))
        yield rnd.randint(300, 2500), request("POST", "/rpc", user, [sid], body)
    yield rnd.randint(300, 900), request("GET", f"/stream?seconds={rnd.randint(6, 10)}", user, [sid])


def phase_back(user, rnd):
    sid = f"Cookie: sid={token(user, rnd)}"
    yield rnd.randint(1500, 3000), None
    for _ in range(rnd.randint(3, 5)):
        body = b"call=" + bytes(rnd.choice(b"abcdefgh") for _ in range(rnd.randint(20, 300)))
        yield rnd.randint(200, 1800), request("POST", "/rpc", user, [sid], body)


def plan(user, phase):
    rnd = random.Random(f"{user} {phase}")
    for wait, step in globals()["phase_" + phase](user, rnd):
        print(wait, base64.b64encode(step).decode() if step else "new")


def steps():
    for line in sys.stdin:
        word = line.split()
        time.sleep(int(word[0]) / 1000)
        yield word[1], word[2:]


def feed():
    for step, _ in steps():
        if step != "new":
            sys.stdout.buffer.write(base64.b64decode(step))
            sys.stdout.buffer.flush()
    time.sleep(2)


class Talk:
    """One user at Python's ssl.  Keeps the session of the last connection for the next."""

    def __init__(self, addr, name, tls12):
        self.addr, self.name = addr, name
        self.ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ctx.check_hostname, self.ctx.verify_mode = False, ssl.CERT_NONE
        self.session = self.sid = None
        if tls12:
            self.ctx.maximum_version = ssl.TLSVersion.TLSv1_2
        self.dial()

    def dial(self):
        raw = socket.create_connection((self.addr, 443), 20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.ctx.wrap_socket(raw, server_hostname=self.name, session=self.session)
        self.file = self.sock.makefile("rb")

    def again(self):
        self.session = self.sock.session
        self.sock.close()
        self.file.close()
        self.dial()
        print("resumed", self.sock.session_reused)

    def ask(self, data):
        if self.sid:
            data = re.sub(rb"sid=[^\r;]*", self.sid, data)
        self.sock.sendall(data)
        status, length = self.file.readline(), 0
        while (line := self.file.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
            if line.lower().startswith(b"set-cookie: sid="):
                self.sid = line[12:].split(b";")[0]
        print(status.decode().strip(), len(self.file.read(length)))

    def tunnel(self, seconds, pauses=(0.05, 0.1, 0.2, 0.6, 1.5)):
        """Keystrokes up, screen updates down; the gateway does its half (gateway.py)."""
        rnd = random.Random("tunnel")
        self.ask(request("GET", "/tunnel", "bob", ["Upgrade: desk", "Cookie: sid=" + token("bob", rnd)])
                 .replace(b"Connection: keep-alive", b"Connection: Upgrade"))
        end = time.time() + seconds
        while time.time() < end:
            size = rnd.choice((6, 6, 12, 48, 90))
            self.sock.sendall(size.to_bytes(2, "big") + bytes(size))
            self.file.read(int.from_bytes(self.file.read(2), "big"))
            time.sleep(rnd.choice(pauses))


def talk(addr, name, tls12=None):
    user = Talk(addr, name, tls12)
    for step, args in steps():
        if step == "new":
            user.again()
        elif step == "tunnel":
            user.tunnel(int(args[0]))
        else:
            user.ask(base64.b64decode(step))
    user.sock.close()


if __name__ == "__main__":
    {"plan": plan, "password": password, "feed": feed, "talk": talk}[sys.argv[1]](*sys.argv[2:])

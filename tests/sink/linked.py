"""
linked: what the tests of senders share: driving one (drive.c), receivers that are started and killed, and checks.
"""
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
DRIVE = os.path.abspath(sys.argv[1])
EVENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 600
CASES = sys.argv[3:]
folder = Path(tempfile.mkdtemp(prefix="gatewitness-http-"))
started, checks = [], 0
LARGEST = (1 << 18) - 100  # EVE_LINE_MAX less the members around it
NASTY = 'say "no" \\ back, a=b|c=d, \n next \r\t \x01 \x7f Zürich 東京 \U0001f512 \u2028 {} </script> ' + "'; DROP TABLE x --"


def fail(words):
    print(words)
    sys.exit(1)


def check(fine, words):
    global checks
    checks += 1
    if not fine:
        fail(words)


ports = itertools.count(os.getpid() * 61)


def free_port():
    """Below those that the kernel gives to whoever connects: nobody else takes it before its receiver listens.

    A process that another thread starts at this moment has a copy of the socket until it becomes its program: SO_REUSEADDR lets
    the receiver listen beside that."""
    for n in ports:
        port = 20000 + n % 12000
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def start(command, **more):
    process = subprocess.Popen(command, start_new_session=True, **more)
    started.append(process)
    return process


def stop(process, how=signal.SIGTERM):
    if process.poll() is None:
        os.kill(process.pid, how)
        process.wait()
    if process in started:
        started.remove(process)


def wait_port(port, process=None, seconds=30):
    until = time.time() + seconds
    while time.time() < until:
        if process and process.poll() is not None:
            fail(f"{process.args[0]} ended with {process.returncode}")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    fail(f"nothing listens on {port}")


def json_lines(n):
    """Every tenth has everything in it that could end a field, a line or a string; one is as large as any can be."""
    lines = []
    for i in range(1, n + 1):
        event = {"@timestamp": "2026-05-01T12:00:00.000000Z", "n": i, "message": NASTY if i % 10 == 0 else f"alert {i}"}
        if i == n // 2:
            event["large"] = "\x02" * ((LARGEST - 300) // 6)  # six bytes each in JSON
        lines.append(json.dumps(event, ensure_ascii=i % 20 != 0))
    return lines


def drive(kind, lines, *options, wait=True, expect=0):
    data = "".join(line + "\n" for line in lines).encode()
    command = [DRIVE, kind, "pause=10", "give_up=60", *options]
    with open(folder / "lines", "wb") as to:
        to.write(data)
    process = subprocess.Popen(command, stdin=open(folder / "lines", "rb"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return finish(process, expect) if wait else process


def finish(process, expect=0):
    out, words = process.communicate(timeout=120)
    if process.returncode != expect:
        fail(f"{process.args}: exit {process.returncode}: {words.decode()[-600:]}")
    return (json.loads(out) if out else None), getattr(process, "said", "") + words.decode()


class Receiver:
    def __init__(self, kind, token=None):
        self.kind, self.token, self.port = kind, token, free_port()
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.process = None

    def up(self):
        command = [sys.executable, str(HERE / "receiver.py"), self.kind, str(self.port), str(self.folder)]
        self.process = start(command + ([self.token] if self.token else []))
        wait_port(self.port, self.process)
        return self

    def down(self):
        stop(self.process, signal.SIGKILL)

    def fault(self, words):
        (self.folder / "fault").write_text(words)

    def wait_asked(self, times, seconds=20):
        """Until it was asked so often since the last case."""
        until = time.time() + seconds
        while time.time() < until:
            if (self.folder / "asked").exists() and len((self.folder / "asked").read_text().splitlines()) >= times:
                return
            time.sleep(0.02)
        fail(f"{self.kind} was not asked {times} times")

    def url(self):
        return f"url=http://127.0.0.1:{self.port}"

    def took(self):
        return [json.loads(line)["event"] for line in (self.folder / "took").open()]

    def holds(self, case, lines, missing=()):
        """All, in the order of their first coming; twice only the same; nothing against the protocol."""
        wrong = self.folder / "wrong"
        check(not wrong.exists(), f"{case}: {wrong.read_text()[:500] if wrong.exists() else ''}")
        first, events = {}, self.took()
        for event in events:
            check(first.setdefault(event["n"], event) == event, f"{case}: another event {event['n']}")
        expected = [e for e in map(json.loads, lines) if e["n"] not in missing]
        check(list(first.values()) == expected, f"{case}: {len(first)} of {len(expected)} events, or not in order")
        return len(events) - len(first)

    def forget(self):
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}/forget").read()


def run(*cases):
    """Each, or those that the command line names; what was started is ended, whatever happens."""
    chosen = [case for case in cases if not CASES or case.__name__ in CASES]
    check(chosen, f"no such case: {CASES}")
    try:
        for case in chosen:
            case()
    finally:
        for process in list(started):
            stop(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    return checks

"""
over_http: the senders over HTTP(S) against receivers that misbehave: nothing is lost, nothing goes out of order, and what is said
names the fault.  Stand-ins that hold each request against its protocol (receiver.py), nginx for TLS, ClickHouse where installed.

	over_http.py DRIVE [EVENTS]		EVENTS: for each of the cases, 600 by default
"""
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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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
    return (json.loads(out) if out else None), words.decode()


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


def misbehaving(kind, *options):
    """Down at the start, killed within, slow, refusing, closing: the same for every kind."""
    lines = json_lines(EVENTS)
    receiver = Receiver(kind, "s3cret")
    options = [receiver.url(), "secret=s3cret", "timeout=1000", *options]
    name = kind.split("-")[0]

    process = drive(name, lines, *options, wait=False)
    time.sleep(0.3)
    receiver.up()
    _, words = finish(process)
    check("does not accept connections" in words, f"{kind}, down at the start: {words}")
    receiver.holds(f"{kind}, down at the start", lines)

    for fault, said in (("busy", "busy"), ("close", "closed the connection"), ("slow 3", "no answer in time"),
                        ("denied", "does not"), ("broken", None), ("endless", "more than 1 MiB"), ("vanish", "closed")):
        if fault == "broken" and name != "elastic":
            continue  # any answer of 200 is theirs
        receiver.forget()
        receiver.fault(fault)
        process = drive(name, lines, *options, "batch=100", wait=False)
        time.sleep(1.3 if fault.startswith("slow") else 0.4)
        receiver.fault("")
        _, words = finish(process)
        check((said or "no _bulk interface") in words, f"{kind}, {fault}: {words}")
        check("s3cret" not in words, f"{kind}: a secret in words: {words}")
        twice = receiver.holds(f"{kind}, {fault}", lines)
        check(fault != "vanish" or name == "elastic" or twice > 0, f"{kind}: vanish gave no duplicates")

    receiver.forget()
    receiver.fault("single")
    told, _ = drive(name, lines, *options, "batch=50")
    receiver.holds(f"{kind}, closing after each", lines)

    receiver.forget()
    receiver.fault("slow 0.01")
    process = drive(name, lines, *options, "batch=20", wait=False)
    for _ in range(5):
        time.sleep(random.uniform(0.02, 0.15))
        receiver.down()
        time.sleep(0.05)
        receiver.up()
    finish(process)
    receiver.holds(f"{kind}, killed within", lines)

    receiver.forget()
    bad = list(lines)
    for n in (1, 77, 78, EVENTS):
        bad[n - 1] = json.dumps({"n": n, "message": "POISON"})
    told, words = drive(name, bad, *options)
    check(told["refused"] == [1, 77, 78, EVENTS], f"{kind}, refused: {told} {words}")
    receiver.holds(f"{kind}, refused", bad, {1, 77, 78, EVENTS})

    receiver.forget()
    receiver.fault("small 60000")
    told, words = drive(name, lines, *options)
    check(told["refused"] == [EVENTS // 2], f"{kind}, 413: {told} {words}")
    receiver.holds(f"{kind}, 413", lines, {EVENTS // 2})
    receiver.down()


def webhooks():
    misbehaving("webhook", "content_type=application/x-ndjson")
    receiver = Receiver("webhook").up()
    lines = ['CEF:0|a|b|1|x|a "title" \\| of\\=it|5|msg=Zürich "q" \\ tab\t', "plain"]
    drive("webhook", lines, receiver.url() + "/hook", 'body={"text": "gate: {}", "n": {  }}')
    check([e["text"] for e in receiver.took()] == ["gate: " + line for line in lines], f"template: {receiver.took()}")
    receiver.forget()
    line = json.dumps({"n": 1, "message": NASTY})
    drive("webhook", [line], receiver.url(), 'body={"quoted \\" {}": "{}", "whole": {}}')
    got = receiver.took()[0]
    check(got["whole"] == json.loads(line) and json.loads(got[f'quoted " {line}']) == json.loads(line), f"template: {got}")
    receiver.forget()
    drive("webhook", lines, receiver.url(), "content_type=text/plain; charset=utf-8", "batch=1")
    check(receiver.took() == [line + "\n" for line in lines], f"text: {receiver.took()}")
    receiver.forget()
    drive("webhook", [line], receiver.url() + "/services/{secret}", "secret=T0/B0/xyz")
    check(len(receiver.took()) == 1, "a secret in the URL")
    receiver.down()


def splunks():
    misbehaving("splunk", "topic=main")
    misbehaving("splunk-ack")
    receiver = Receiver("splunk").up()
    told, words = drive("splunk", json_lines(3), receiver.url(), "secret=x", "topic=nowhere", "give_up=1", expect=1)
    check("no such index" in words and told["refused"] == [], f"index: {words}")
    receiver.forget()
    drive("splunk", ['msg="a" | b=c \\'], receiver.url(), "secret=x", "format=cef")
    check(receiver.took() == ['msg="a" | b=c \\'], f"text: {receiver.took()}")
    receiver.down()


def elastics():
    misbehaving("elastic", "format=ecs")
    receiver = Receiver("elastic", "elastic:pass").up()
    lines = json_lines(EVENTS)
    receiver.fault("some")
    told, words = drive("elastic", lines, receiver.url(), "user=elastic", "secret=pass", "format=ecs", "pause=1", "batch=50")
    check("too busy (429): es_rejected_execution_exception" in words, f"some: {words}")
    wrong = receiver.folder / "wrong"
    check(not wrong.exists() and sorted(e["n"] for e in receiver.took()) == list(range(1, EVENTS + 1)), "some: not once each")
    receiver.forget()
    two = "\n".join(json.dumps({"n": i}) for i in (1, 2))  # as drive reads it, two events: twice the same ids
    drive("elastic", two.split("\n"), receiver.url(), "user=elastic", "secret=pass", "format=ecs", "sensor=ü/é 1")
    drive("elastic", two.split("\n"), receiver.url(), "user=elastic", "secret=pass", "format=ecs", "sensor=ü/é 1")
    check(len(receiver.took()) == 2, "the same event twice has one id")
    receiver.down()


def mistakes():
    """What can be seen without a receiver is said in one line, and what to do."""
    empty = folder / "empty.pem"
    empty.write_text("nothing\n")
    for kind, options, said in (
        ("webhook", ["url=ftp://x"], "url is none"),
        ("webhook", ["url=https://user:pw@x/"], "url holds a user"),
        ("webhook", ["url=http://siem.example.org/", "secret=s3cret"], "write https://"),
        ("webhook", ["url=https://x/", "tls_ca=/nowhere"], "tls_ca /nowhere: cannot be read"),
        ("webhook", ["url=https://x/", "tls_pin=12"], "tls_pin"),
        ("webhook", ["url=https://x/", "body=nothing"], "body has no {}"),
        ("webhook", ["url=https://x/{secret}"], "secret_file"),
        ("webhook", ["url=https://x/", "user=me"], "user without a secret"),
        ("webhook", ["url=https://x/", "secret=a\nX-Evil: 1"], "control character"),
        ("splunk", ["url=https://x/"], "no token"),
        ("elastic", ["url=https://x/", "format=cef"], "take ecs"),
        ("clickhouse", ["url=https://x/", "format=ecs"], "take fleet"),
        ("clickhouse", ["url=https://x/", "format=fleet", "topic=a;b"], "topic is no table"),
    ):
        _, words = drive(kind, [], *options, expect=2)
        check(said in words and words.count("\n") == 1 and "s3cret" not in words, f"{kind} {options}: {words}")
    for url, options, said in (
        ("http://no-such-host.invalid/", [], "no such host"),
        (f"http://127.0.0.1:{free_port()}/", [], "does not accept connections"),
        (f"https://127.0.0.1:{free_port()}/", [f"tls_ca={empty}"], "127.0.0.1"),
    ):
        _, words = drive("webhook", ["x"], f"url={url}", "give_up=1", "pause=1000", *options, expect=1)
        check(said in words and words.count("\n") == 1, f"{url}: {words}")


if __name__ == "__main__":
    only = sys.argv[3:] or ["mistakes", "webhooks", "splunks", "elastics"]
    try:
        for case in only:
            globals()[case]()
    finally:
        for process in list(started):
            stop(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{checks} checks of {EVENTS} events each: all there, in order")

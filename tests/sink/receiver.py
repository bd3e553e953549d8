"""
receiver: a strict stand-in for what takes events over HTTP: it holds every request against the protocol, and misbehaves when told.

	receiver.py KIND PORT FOLDER [token]	KIND: webhook, splunk, splunk-ack, elastic

Writes what it took to FOLDER/took, a line of JSON each, what was against the protocol to FOLDER/wrong, and under which fault
it was asked to FOLDER/asked.  FOLDER/fault is read before each request:

	slow SECONDS	answers late			busy		answers 429 or 503
	close		hangs up without an answer	vanish		takes it, then hangs up without an answer
	single		closes after each answer	some		takes some events, the others are "busy"
	denied		knows no token			small BYTES	413 for a larger body
	broken		answers what is no protocol	endless		answers without an end

An event with POISON in it is refused.
"""
import base64
import json
import os
import random
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

KIND, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
TOKEN = sys.argv[4] if len(sys.argv) > 4 else None
took = (FOLDER / "took").open("a", buffering=1)
seen = set()
chance = random.Random(1)
acks = {}
cases = []
one_at_a_time = threading.Lock()
for line in (FOLDER / "took").read_text().splitlines():
    seen.add(json.loads(line).get("id"))


def fault():
    try:
        return (FOLDER / "fault").read_text().split() or [""]
    except FileNotFoundError:
        return [""]


def wrong(words):
    with (FOLDER / "wrong").open("a") as to:
        to.write(words + "\n")


def note(identity, event):
    took.write(json.dumps({"id": identity, "event": event}) + "\n")
    took.flush()


class Refused(Exception):
    def __init__(self, status, answer, headers=()):
        super().__init__(status)
        self.status, self.answer, self.headers = status, answer, headers


def insist(fine, words):
    if not fine:
        wrong(words)
        raise Refused(400, {"error": words})


def credentials(request, scheme):
    if TOKEN is None:
        return
    given = request.headers.get("Authorization", "")
    expected = [f"{scheme} {TOKEN}", "Basic " + base64.b64encode(TOKEN.encode()).decode()]
    if given not in expected:
        raise Refused(401, {"text": "Invalid authorization", "code": 3})


def webhook(request, body):
    credentials(request, "Bearer")
    key = request.headers.get("Idempotency-Key", "")
    insist(re.fullmatch(r'"[A-Za-z0-9.%-]+-\d+-[0-9a-f]{16}"', key), f"Idempotency-Key {key}")
    kind = request.headers["Content-Type"]
    text = body.decode()  # strict UTF-8
    lines = text.split("\n")[:-1] if "ndjson" in kind else [text]
    if any("POISON" in line for line in lines):
        raise Refused(400, {"error": "poisoned"})
    for i, line in enumerate(lines):
        try:
            note(f"{key}{i}", json.loads(line) if "json" in kind else line)
        except ValueError:
            insist(False, f"no JSON: {line[:80]}")
    return 200, {"ok": True}


HEC_KEYS = {"time", "host", "source", "sourcetype", "index", "event"}


def splunk(request, body):
    path = urlsplit(request.path)
    if TOKEN and request.headers.get("Authorization") != f"Splunk {TOKEN}":
        raise Refused(403, {"text": "Invalid token", "code": 4})
    channel = request.headers.get("X-Splunk-Request-Channel", "")
    insist(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", channel), f"channel {channel}")
    if path.path == "/services/collector/ack":
        insist(parse_qs(path.query) == {"channel": [channel]}, f"query {path.query}")
        asked = json.loads(body)["acks"]
        for a in asked:
            acks[a] = acks.get(a, 99) - 1
        return 200, {"acks": {str(a): acks[a] < 0 for a in asked}}
    insist(path.path == "/services/collector/event", f"path {request.path}")
    text, at, number = body.decode(), 0, 0
    insist(text.strip(), "no data")
    while True:
        at = re.compile(r"\s*").match(text, at).end()
        if at == len(text):
            break
        try:
            event, at = json.JSONDecoder().raw_decode(text, at)
        except ValueError:
            raise Refused(400, {"text": "Invalid data format", "code": 6, "invalid-event-number": number})
        insist(set(event) <= HEC_KEYS and event.get("event"), f"members {sorted(event)}")
        insist(isinstance(event["time"], float) and event["time"] > 1e9, f"time {event['time']!r}")
        insist(event["host"] and event["sourcetype"].startswith("gatewitness:"), "host or sourcetype")
        if event.get("index") == "nowhere":
            raise Refused(400, {"text": "Incorrect index", "code": 7, "invalid-event-number": number})
        if "POISON" in json.dumps(event["event"]):
            raise Refused(400, {"text": "Error in handling indexed fields", "code": 15, "invalid-event-number": number})
        note(None, event["event"])
        number += 1
    if KIND == "splunk-ack":
        acks[len(acks)] = 1  # on disk at the second question
        return 200, {"text": "Success", "code": 0, "ackId": len(acks) - 1}
    return 200, {"text": "Success", "code": 0}


def elastic(request, body):
    path = urlsplit(request.path)
    credentials(request, "ApiKey")
    insist(path.path == "/_bulk", f"path {request.path}")
    insist(request.headers["Content-Type"] == "application/x-ndjson", f"type {request.headers['Content-Type']}")
    insist(body.endswith(b"\n"), "the bulk request must be terminated by a newline")
    lines = body.decode().split("\n")[:-1]
    insist(len(lines) % 2 == 0, "an action without a document")
    items, some = [], fault()[0] == "some"
    for i in range(0, len(lines), 2):
        action, document = json.loads(lines[i]), json.loads(lines[i + 1])
        insist(list(action) == ["create"] and set(action["create"]) == {"_index", "_id"}, f"action {lines[i]}")
        identity = action["create"]["_id"]
        insist(0 < len(identity.encode()) <= 512 and isinstance(document, dict), f"_id {identity}")
        if identity in seen:
            error = {"type": "version_conflict_engine_exception", "reason": "document already exists"}
            items.append({"create": {"status": 409, "error": error}})
        elif "POISON" in lines[i + 1]:
            error = {"type": "mapper_parsing_exception", "reason": 'failed to parse field ["x"]'}
            items.append({"create": {"status": 400, "error": error}})
        elif some and chance.random() < 0.3:
            error = {"type": "es_rejected_execution_exception", "reason": "rejected execution"}
            items.append({"create": {"status": 429, "error": error}})
        else:
            seen.add(identity)
            note(identity, document)
            items.append({"create": {"status": 201}})
    return 200, {"errors": any("error" in i["create"] for i in items), "items": items}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, status, answer, headers=()):
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        """Forgets what it took: the next case begins."""
        cases.append(len(cases))
        took.truncate(0)
        seen.clear()
        for name in ("fault", "wrong", "asked"):
            (FOLDER / name).unlink(missing_ok=True)
        self.reply(200, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):
            return self.hang_up()  # who wrote it was killed
        what = fault()
        with (FOLDER / "asked").open("a") as to:
            to.write(what[0] + "\n")
        if what[0] == "slow":
            case = len(cases)
            time.sleep(float(what[1]))
            if case != len(cases):
                return self.hang_up()  # what comes late must not count in the next case
        if what[0] == "close":
            return self.hang_up()
        if what[0] == "busy":
            busy = {"text": "Server is busy", "code": 9} if KIND.startswith("splunk") else {"error": "busy"}
            return self.reply(503 if KIND.startswith("splunk") else 429, busy, [("Retry-After", "7")])
        if what[0] == "denied":
            return self.reply(401, {"text": "Invalid authorization", "code": 3})
        if what[0] == "small" and len(body) > int(what[1]):
            return self.reply(413, {"error": "too large"})
        if what[0] == "broken":
            return self.reply(200, "welcome to nginx")
        if what[0] == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                return self.hang_up()
        try:
            insist("Expect" not in self.headers and self.headers["User-Agent"].startswith("gatewitness/"), "headers")
            with one_at_a_time:  # as an index does it, whoever is killed meanwhile
                status, answer = {"webhook": webhook, "elastic": elastic}.get(KIND, splunk)(self, body)
        except Refused as r:
            return self.reply(r.status, r.answer, r.headers)
        if what[0] == "vanish":
            return self.hang_up()
        self.close_connection = what[0] == "single"
        self.reply(status, answer, [("Connection", "close")] if what[0] == "single" else [])


class Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", PORT), Handler)
(FOLDER / "up").write_text(str(os.getpid()))
server.serve_forever()

"""
chaos: every kind of network sink, every way in which its receiver, its link, its courier, its keeper or its disk can fail: each
with an outbox and a courier as in run.  After recovery the receiver has every event, in order; twice only the same one.

	GATEWITNESS=PROGRAM chaos.py DRIVE [EVENTS [CASE ...]]	CASE: a kind, a fault, or kind/fault; KILLS=200 of the environment

KINDS has a row for each kind, FAULTS one for each fault.  Between courier and receiver stands a proxy that refuses, dawdles and
hangs up; the receivers are real where Debian has them: rsyslog and nginx with TLS, mosquitto with persistence, ClickHouse, the
mock cluster of librdkafka; strict stand-ins for Splunk and Elasticsearch (receiver.py); a program for `command`.
Not here: the kind file (tests/unit/sink_file.c: its disk is full), syslog over UDP, where nobody can know what arrived.
"""
import concurrent.futures
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import linked
from linked import CASES, DRIVE, EVENTS, HERE, Receiver, check, fail, folder, free_port, json_lines, start, stop, wait_port
from over_tls import authority, certificate

KILLS = int(os.environ.get("KILLS", "10"))
BROKERS = Path(DRIVE).parent / "brokers"
PROGRAM = os.path.abspath(os.environ.get("GATEWITNESS", "build/gatewitness"))


class Proxy:
    """What lies between: `how` is asked for each connection and each piece of it."""

    def __init__(self, target=None):
        self.port, self.target, self.how, self.kafka, self.open = free_port(), target, "well", False, set()
        listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            client = listener.accept()[0]
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            if self.how == "refuse":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            return
        finally:
            if self.how == "refuse" or "server" not in locals():
                client.close()
        self.open |= {client, server}
        until = time.time() + (random.uniform(0.02, 0.5) if self.how == "cut" else 1e9)
        try:
            self.copy(client, server, until)
        except OSError:
            pass
        for s in (client, server):
            self.open.discard(s)
            s.close()

    def copy(self, client, server, until):
        ways, answer = {client: server, server: client}, b""
        while ways and time.time() < until:
            for s in select.select(list(ways), [], [], 0.05)[0]:
                data = s.recv(4096 if self.how == "slow" else 65536)
                if self.how == "slow":
                    time.sleep(0.01)
                if not data:
                    ways.pop(s).shutdown(socket.SHUT_WR)
                    continue
                if s is server and self.kafka:
                    data, answer = self.renamed(answer + data)
                ways.get(s, client if s is server else server).sendall(data)

    def renamed(self, data):
        """Whole frames of a broker, in which it says that it is here; and what is left."""
        here, there, done = (b"127.0.0.1" + struct.pack(">I", self.port), b"127.0.0.1" + struct.pack(">I", self.target), b"")
        while len(data) >= 4 and len(data) >= 4 + (n := struct.unpack(">I", data[:4])[0]):
            done, data = done + data[: 4 + n].replace(there, here), data[4 + n :]
        return done, data

    def cut(self):
        for s in list(self.open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Kind:
    """One kind of sink with its receiver; each case has its own."""

    name, options, lacks, least = "", [], (), 0

    def __init__(self):
        self.at, self.real = Path(tempfile.mkdtemp(dir=folder)), free_port()
        self.proxy, self.process, self.certificate = Proxy(self.real), None, "here"
        self.got_file = self.at / "got"

    def lines(self):
        return json_lines(EVENTS)

    def up(self):
        self.process = start(self.command(), stdout=(self.at / "log").open("a"), stderr=subprocess.STDOUT, cwd=self.at)
        wait_port(self.real, self.process, 60)

    def down(self, how=signal.SIGKILL):
        stop(self.process, how)

    def changed(self, name):
        self.down()
        self.certificate = name
        self.up()

    def got(self):
        lines = self.got_file.read_text(errors="replace").split("\n")[:-1] if self.got_file.exists() else []
        try:
            return [json.loads(line) for line in lines]
        except ValueError as why:
            fail(f"{self.name}: {why}: {[line[:80] + line[-80:] for line in lines if not line.endswith(chr(125))][:3]}")

    def close(self):
        self.down()

    def address(self):
        return f"address=localhost:{self.proxy.port}"

    def holds(self, case, lines):
        expected, events = [json.loads(line) for line in lines], self.got()
        first = {}
        for event in events:
            check(first.setdefault(event["n"], event) == event, f"{case}: another event {event['n']}")
        lacks = {e["n"] for e in expected} - set(first)
        check(list(first.values()) == expected, f"{case}: {len(first)} of {len(expected)} events, lacks {sorted(lacks)[:9]}, or not in order")
        return len(events) - len(first)


class Syslog(Kind):
    name, lacks = "syslog", ("single",)
    options = [f"tls_ca={folder}/ca.pem"]

    def command(self):
        (self.at / "conf").write_text(f"""
global(workDirectory="{self.at}" maxMessageSize="512k" parser.escapeControlCharactersOnReceive="off"
    defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{folder}/ca.pem"
    defaultNetstreamDriverCertFile="{folder}/{self.certificate}.pem" defaultNetstreamDriverKeyFile="{folder}/{self.certificate}.key")
main_queue(queue.type="direct")
module(load="imtcp" maxFrameSize="300000" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="t" type="string" string="%msg%\\n")
input(type="imtcp" port="{self.real}" address="127.0.0.1")
action(type="omfile" file="{self.got_file}" template="t")
""")
        (self.at / "pid").unlink(missing_ok=True)
        return ["rsyslogd", "-n", "-f", str(self.at / "conf"), "-i", str(self.at / "pid")]


class Webhook(Kind):
    name = "webhook"
    options = [f"tls_ca={folder}/ca.pem", "content_type=application/x-ndjson", "batch=50"]
    kept = 1000

    def command(self):
        (self.at / "conf").write_text(f"""
daemon off; master_process off; pid {self.at}/pid; error_log {self.at}/errors;
events {{ worker_connections 64; }}
http {{
    log_format got escape=json '{{"status":$status,"body":"$request_body"}}';
    access_log {self.got_file} got;
    client_body_temp_path {self.at}/t1; proxy_temp_path {self.at}/t2; fastcgi_temp_path {self.at}/t3;
    uwsgi_temp_path {self.at}/t4; scgi_temp_path {self.at}/t5;
    client_body_buffer_size 4m; client_max_body_size 4m; client_body_in_single_buffer on; keepalive_requests {self.kept};
    lingering_close off;
    server {{ listen unix:{self.at}/inner; access_log off; location / {{ return 204; }} }}
    server {{ listen 127.0.0.1:{self.real} ssl; ssl_certificate {folder}/{self.certificate}.pem;
        ssl_certificate_key {folder}/{self.certificate}.key; location / {{ proxy_pass http://unix:{self.at}/inner; }} }}
}}
""")
        (self.at / "inner").unlink(missing_ok=True)
        return ["nginx", "-c", str(self.at / "conf"), "-e", str(self.at / "errors")]

    def down(self, how=signal.SIGTERM):  # killed, it may have answered what it has not written down yet
        stop(self.process, signal.SIGTERM)

    def single(self):
        self.down()
        self.kept = 1
        self.up()

    def address(self):
        return f"url=https://localhost:{self.proxy.port}/in"

    def holds(self, case, lines):
        """Ended first: it answers a moment before it writes down."""
        self.down()
        return super().holds(case, lines)

    def got(self):
        return [json.loads(e) for g in super().got() if g["status"] == 204 for e in g["body"].split("\n")[:-1]]


class Splunk(Kind):
    name, options, receiver = "splunk", ["secret=s3cret"], "splunk-ack"
    lacks = ("stranger",)

    def command(self):
        return [sys.executable, str(HERE / "receiver.py"), self.receiver, str(self.real), str(self.at), "s3cret"]

    def single(self):
        (self.at / "fault").write_text("single")

    def address(self):
        return f"url=http://localhost:{self.proxy.port}"

    def got(self):
        check(not (self.at / "wrong").exists(), f"{self.name}: against its protocol")
        return [json.loads(line)["event"] for line in (self.at / "took").open()] if (self.at / "took").exists() else []


class Elastic(Splunk):
    name, receiver, options = "elastic", "elastic", ["secret=s3cret", "format=ecs"]


class Mqtt(Kind):
    name, lacks, options = "mqtt", ("single",), ["tls=yes", f"tls_ca={folder}/ca.pem", "topic=fleet", "batch=20"]

    def __init__(self):
        super().__init__()
        self.plain = free_port()
        self.subscriber = None

    def command(self):
        (self.at / "conf").write_text(f"""
persistence true
persistence_location {self.at}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
allow_anonymous true
user root
listener {self.plain} 127.0.0.1
listener {self.real} 127.0.0.1
certfile {folder}/{self.certificate}.pem
keyfile {folder}/{self.certificate}.key
""")
        return ["mosquitto", "-c", str(self.at / "conf")]

    def up(self):
        super().up()
        if not self.subscriber:
            wait_port(self.plain)
            self.subscriber = start(["mosquitto_sub", "-V", "5", "-x", "4294967295", "-c", "-i", "reader", "-q", "1", "-t", "fleet/alerts/#",
                                     "-p", str(self.plain)], stdout=self.got_file.open("a"), stderr=subprocess.DEVNULL)
            time.sleep(0.3)

    def down(self, how=signal.SIGTERM):  # killed, it forgets what it has acknowledged (queue.md)
        stop(self.process, signal.SIGTERM)

    def close(self):
        stop(self.subscriber)
        self.down()


class Kafka(Kind):
    """The mock keeps nothing when it dies: what is killed is the link to it."""

    name, options, lacks = "kafka", ["tls=no", "topic=gatewitness"], ("single", "stranger")

    def up(self):
        if self.process:
            self.proxy.how = "well"
            return
        self.process = start([str(BROKERS), "gatewitness", "1", str(self.got_file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.proxy.target = int(self.process.stdout.readline().decode().strip().rsplit(":", 1)[1])
        self.proxy.kafka = True

    def down(self, how=signal.SIGKILL):
        self.proxy.how = "refuse"
        self.proxy.cut()

    def close(self):
        stop(self.process, signal.SIGKILL)

    def address(self):
        return f"address=127.0.0.1:{self.proxy.port}"


class Click(Kind):
    name, lacks = "clickhouse", ("stranger", "single")
    options = ["format=fleet", "event=session", "user=sensor", "secret=s3cret", "batch=50"]

    def __init__(self):
        from to_clickhouse import ClickHouse

        super().__init__()
        self.server = ClickHouse()
        self.proxy.target = self.server.port

    def lines(self):
        from to_clickhouse import many

        return many(EVENTS)

    def up(self):
        self.server.up()
        self.process = self.server.process
        self.server.load("tables.sql")

    def address(self):
        return f"url=http://localhost:{self.proxy.port}"

    def holds(self, case, lines):
        """A table has no order; rows sent twice are merged in their time."""
        from to_clickhouse import holds

        holds(self.server, lines)
        return int(self.server.ask("SELECT count() FROM gatewitness.sessions")) - len(lines)


class Command(Kind):
    name, lacks = "command", ("refuse", "slow", "cut", "stranger")

    def command_of(self, ends):
        (self.at / "new").write_text(f"#!/bin/sh\n{ends}\n")
        os.chmod(self.at / "new", 0o755)
        os.rename(self.at / "new", self.at / "program")

    def __init__(self):
        super().__init__()
        self.command_of("exit 75")

    def takes(self):
        """A file for each event, and in what order they came: whenever it is killed, what is there is whole."""
        return f'cd {self.at}; cat >part && mv part "$GATEWITNESS_EVENT_ID" && echo "$GATEWITNESS_EVENT_ID" >>got'

    def got(self):
        return [json.loads((self.at / name).read_text()) for name in self.got_file.read_text().split()]

    def lines(self):
        return json_lines(min(EVENTS, 200))

    def up(self):
        self.command_of(self.takes())

    def down(self, how=None):
        self.command_of("exit 75")

    def single(self):
        """It writes, and fails: each is there twice at least."""
        self.command_of(f'[ -e "{self.at}/$GATEWITNESS_EVENT_ID" ] || fails=yes; {self.takes()}; [ -z "$fails" ] || exit 75')
        time.sleep(2)
        self.up()

    def close(self):
        pass

    def address(self):
        return f"program={self.at}/program"


def well(k):
    time.sleep(random.uniform(0.2, 0.6))


def down_at_start(k):
    time.sleep(1)
    k.up()


def killed(k):
    for _ in range(3):
        time.sleep(random.uniform(0.1, 0.5))
        k.down()
        k.proxy.cut()
        time.sleep(0.1)
        k.up()


def bad_link(how):
    def fault(k):
        k.proxy.how = how
        k.proxy.cut()
        time.sleep(2)
        if how != "slow":
            k.proxy.how = "well"

    return fault


def stranger(k):
    for name in ("renewed", "stranger", "here"):
        time.sleep(0.5)
        k.changed(name)
        k.proxy.cut()


def single(k):
    k.single()


# name: is the receiver there at the start, what happens meanwhile, what else the keeper is told
FAULTS = {
    "down": (False, down_at_start, []),
    "killed": (True, killed, []),
    "slow": (True, bad_link("slow"), []),
    "refuse": (True, bad_link("refuse"), []),
    "cut": (True, bad_link("cut"), []),
    "single": (True, single, []),
    "stranger": (True, stranger, []),
    "full": (False, down_at_start, ["full=yes"]),
    "courier": (True, well, [f"kills={KILLS}", "between=0"]),
    "keeper": (True, well, ["restarts=3"]),
}
KINDS = [Syslog, Webhook, Splunk, Elastic, Mqtt, Kafka, Click, Command]


def one(kind, fault):
    there, happens, more = FAULTS[fault]
    case, k = f"{kind.name}, {fault}", kind()
    lines = k.lines()
    (k.at / "lines").write_bytes("".join(line + "\n" for line in lines).encode())
    if there or kind is Mqtt:  # who subscribes to nothing gets nothing
        k.up()
    if kind is Mqtt and not there:
        k.down()
    words = (k.at / "said").open("w+")
    process = start([DRIVE, kind.name, k.address(), *k.options, f"outbox={k.at}/outbox.db", "timeout=3000", "give_up=90",
                     f"between={1_500_000 // EVENTS}", *more], stdin=(k.at / "lines").open("rb"), stdout=subprocess.PIPE, stderr=words)
    happens(k)
    told = json.loads(process.communicate(timeout=180)[0] or "{}")
    stop(process)
    words.seek(0)
    said = words.read()
    check(told.get("waiting") == 0 and told["lost"] == 0, f"{case}: {told} {said[-600:]}")
    check(told["kills"] == (KILLS if fault == "courier" else 0), f"{case}: {told['kills']} couriers killed")
    check(fault != "full" or ("events wait in memory" in said and "can be written again" in said), f"{case}: the disk was not full: {said[-600:]}")
    check("s3cret" not in said, f"{case}: a secret in words")
    if kind in (Mqtt, Kafka):
        wait_lines(k, len(lines))
    twice = k.holds(case, lines)
    k.close()
    return case, twice, told


def wait_lines(k, n):
    """The reader behind a broker is a little late."""
    until = time.time() + 20
    while time.time() < until and len({e["n"] for e in k.got()}) < n:
        time.sleep(0.2)


def faults_of(kind):
    return [f for f in FAULTS if f not in kind.lacks and (not CASES or {kind.name, f, f"{kind.name}/{f}"} & set(CASES))]


def all_of(kind):
    return [one(kind, f) for f in faults_of(kind)]


def chaos():
    for name in ("ca", "other-ca"):
        authority(name)
    certificate("here", "ca", "DNS:localhost,IP:127.0.0.1")
    certificate("renewed", "ca", "DNS:localhost")
    certificate("stranger", "other-ca", "DNS:localhost")
    lacks = {Syslog: "rsyslogd", Webhook: "nginx", Mqtt: "mosquitto", Click: "clickhouse-server"}
    kinds = [kind for kind in KINDS if faults_of(kind) and shutil.which(lacks.get(kind, "sh"))]
    cases, twice, memory = 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
        for done in pool.map(all_of, kinds):
            for case, again, told in done:
                cases, twice, memory = cases + 1, twice + max(again, 0), max(memory, told["memory_kib"])
                print(f"{case}: {told['sent']} sent, {again} twice, {told['kills']} couriers killed")
    print(f"{cases} cases of {len(kinds)} kinds, {EVENTS} events each: nothing lost, in order, {twice} twice; courier {memory} KiB")


linked.CASES = []
linked.run(chaos)

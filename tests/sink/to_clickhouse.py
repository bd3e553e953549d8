"""
to_clickhouse: rows into a ClickHouse of Debian, started here with a folder and ports of its own, and the fleet's questions asked of
it.  The rows are the demo's, as a fleet of sensors would have sent them.

	GATEWITNESS=PROGRAM to_clickhouse.py DRIVE [EVENTS [CASE ...]]
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from linked import DRIVE, EVENTS, NASTY, check, drive, fail, finish, folder, free_port, run, start, stop, wait_port

ROOT = Path(__file__).parent.parent.parent
FLEET = ROOT / "src/sink/fleet"
PROGRAM = os.path.abspath(os.environ.get("GATEWITNESS", "build/gatewitness"))

CONFIG = """<yandex>
<logger><level>error</level><console>1</console></logger>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>{at}/data/</path><tmp_path>{at}/tmp/</tmp_path><user_files_path>{at}/files/</user_files_path>
<format_schema_path>{at}/schemas/</format_schema_path><kafka><auto_offset_reset>earliest</auto_offset_reset></kafka><mark_cache_size>67108864</mark_cache_size>
<users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
</yandex>"""
USERS = """<yandex><profiles>
<default><max_memory_usage>1000000000</max_memory_usage></default>
<reader><readonly>1</readonly></reader></profiles>
<users>
<default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
<sensor><password>s3cret</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></sensor>
<reader><password></password><networks><ip>127.0.0.1</ip></networks><profile>reader</profile><quota>default</quota></reader>
</users><quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors><result_rows>0</result_rows>
<read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas></yandex>"""


class ClickHouse:
    def __init__(self):
        self.at = Path(tempfile.mkdtemp(dir=folder))
        self.port = free_port()
        for name in ("data", "tmp", "files", "schemas"):
            (self.at / name).mkdir()
        (self.at / "config.xml").write_text(CONFIG.format(http=self.port, tcp=free_port(), at=self.at))
        (self.at / "users.xml").write_text(USERS)

    def up(self):
        log = (self.at / "log").open("a")
        self.process = start(["clickhouse-server", f"--config-file={self.at}/config.xml"], cwd=self.at, stdout=log, stderr=log)
        wait_port(self.port, self.process, 60)
        return self

    def down(self):
        stop(self.process, signal.SIGKILL)

    def ask(self, query, **settings):
        settings = urllib.parse.urlencode({"enable_optimize_predicate_expression": 1, **settings})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/?{settings}", data=query.encode())
        try:
            return urllib.request.urlopen(request).read().decode()
        except urllib.error.HTTPError as e:
            fail(f"{query[:200]}: {e.read().decode()[:400]}")

    def rows(self, query):
        return [json.loads(line) for line in self.ask(query + " FORMAT JSONEachRow", output_format_json_quote_64bit_integers=0).splitlines()]

    def load(self, name, changed=lambda text: text):
        text = "\n".join(line.split("--")[0] for line in (FLEET / name).read_text().splitlines())
        for statement in changed(text).split(";"):
            if statement.strip():
                self.ask(statement)

    def url(self):
        return f"url=http://127.0.0.1:{self.port}"


def demo_rows(kind, sensor):
    path = folder / f"{kind}.json"
    subprocess.run([PROGRAM, "read", "--quiet", "-c", "tests/demo/demo.conf", "--set", f"sensor.name={sensor}", "--set",
                    f"sensor.site=site of {sensor}", "--set", f"sink.s.path={path}", "--set", "sink.s.format=fleet", "--set",
                    f"sink.s.events={kind}", "--set", "eve.stats=10s", "tests/demo/demo.pcap"], cwd=ROOT, check=True)
    return path.read_text().splitlines()


def many(n):
    """Sessions of one sensor, with texts that are hard to quote; the demo's, with ids of their own."""
    rows, made = [json.loads(line) for line in demo_rows("sessions", "one")], []
    for i in range(n):
        row = dict(rows[i % len(rows)], id=f"{i:016x}", exchanges=i)
        if i % 7 == 0:
            row["sni"] = NASTY
        if i == n // 2:
            row["cert_subject"] = "x" * 200000
        made.append(json.dumps(row, ensure_ascii=i % 2 == 0))
    return made


def delivery():
    """Down at the start, killed within, a table that is not there yet, a row that no table takes, users that may not."""
    server = ClickHouse()
    lines = many(EVENTS)
    options = [server.url(), "format=fleet", "event=session", "timeout=5000", "user=sensor", "secret=s3cret"]
    process = drive("clickhouse", lines, *options, "batch=100", wait=False)
    time.sleep(0.3)
    server.up()
    time.sleep(0.5)
    server.load("tables.sql")
    _, words = finish(process)
    check("does not accept connections" in words and "make those of src/sink/fleet" in words or "no such database" in words, words)
    holds(server, lines)

    server.ask("TRUNCATE TABLE gatewitness.sessions")
    process = drive("clickhouse", lines, *options, "batch=10", wait=False)
    for _ in range(3):
        time.sleep(0.3)
        server.down()
        server.up()
    finish(process)
    holds(server, lines)

    server.ask("TRUNCATE TABLE gatewitness.sessions")
    bad = list(lines)
    for i in (0, 70, 71, EVENTS - 1):
        bad[i] = json.dumps(dict(json.loads(bad[i]), src_port="no number"))
    told, words = drive("clickhouse", bad, *options)
    check(told["refused"] == [1, 71, 72, EVENTS], f"refused: {told} {words}")
    holds(server, [line for line in bad if "no number" not in line])

    server.ask("TRUNCATE TABLE gatewitness.sessions")
    drive("clickhouse", lines + lines[:50], *options)
    check(server.ask("SELECT count() FROM gatewitness.sessions") == f"{EVENTS + 50}\n", "rows sent twice")
    server.ask("OPTIMIZE TABLE gatewitness.sessions FINAL")
    check(server.ask("SELECT count() FROM gatewitness.sessions") == f"{EVENTS}\n", "rows sent twice are merged")

    for more, said in ((["user=nobody"], "does not know the user"), (["secret=wrong"], "check the secret"),
                       (["user=reader", "secret="], "only read"), (["topic=gatewitness.nothing"], "no such table")):
        told, words = drive("clickhouse", lines[:3], *options, *more, "give_up=1", "pause=1000", expect=1)
        check(said in words and told["refused"] == [] and "s3cret" not in words, f"{more}: {words}")
    server.down()


def holds(server, lines):
    got = {row["id"]: row for row in server.rows("SELECT id, sni, exchanges, bytes_in, established, cert_subject FROM gatewitness.sessions")}
    for sent in map(json.loads, lines):
        row = got.pop(sent["id"], None)
        check(row is not None, f"a session is lost: {sent['id']}")
        for key in ("sni", "cert_subject", "exchanges", "bytes_in"):
            check(row[key] == sent.get(key, "" if key in ("sni", "cert_subject") else 0), f"{key}: {row[key]!r}")
        check(row["established"] == int(sent.get("established", False)), "established")
    check(not got, f"sessions from nowhere: {list(got)[:3]}")


def questions():
    """What is asked of a fleet, answered as the rows themselves say."""
    server = ClickHouse().up()
    for name in ("tables.sql", "views.sql"):
        server.load(name)
        server.load(name)  # twice is once
    sensors = ("one", "two", "three")
    sessions = []
    for sensor in sensors:
        for kind, event in (("sessions", "session"), ("alerts", "alert")):
            lines = demo_rows(kind, sensor)
            drive("clickhouse", lines + lines[:1], server.url(), "format=fleet", f"event={event}", f"sensor={sensor}")
            sessions += [json.loads(line) for line in lines] if kind == "sessions" else []
        drive("clickhouse", demo_rows("stats", sensor), server.url(), "format=fleet", "topic=gatewitness.stats")

    for what, column in (("ja4", "ja4"), ("program", "client_key"), ("certificate", "cert_sha256"), ("name", "sni"), ("ja3", "ja3")):
        for row in server.rows(f"SELECT value, sensor, sessions FROM gatewitness.where_seen WHERE what = '{what}'"):
            true = sum(s.get(column) == row["value"] and s["sensor"] == row["sensor"] for s in sessions)
            check(row["sessions"] == true, f"{what} {row}: {true}")
    nets = server.rows("SELECT value, sensor, site, gateway_name, sessions FROM gatewitness.where_seen WHERE what = 'net'")
    for row in nets:
        true = sum((s["dest_net"] if s["role"] == "outbound" else s["src_net"]) == row["value"] and s["sensor"] == row["sensor"]
                   for s in sessions)
        check(row["sessions"] == true and row["site"] == f"site of {row['sensor']}", f"net {row}: {true}")
    check({r["sensor"] for r in nets if r["value"] == "203.0.113.0/24"} == set(sensors), "the prefix was at all sensors")

    travels = server.rows("SELECT * FROM gatewitness.identity_travels WHERE networks > 1")
    check(len(travels) == 1 and sorted(travels[0]["at"]) == sorted(sensors), f"the stolen identity: {travels}")
    alerts = server.rows("SELECT * FROM gatewitness.alerts_once")
    check(len(alerts) == 15 and len({(a["sensor"], a["event_id"]) for a in alerts}) == 15, f"{len(alerts)} alerts")
    other = server.rows("SELECT * FROM gatewitness.alert_elsewhere WHERE sensor = 'one' AND other_sensor != sensor")
    check({o["other_sensor"] for o in other} == {"two", "three"} and any(o["detector"] == "shared_identity" for o in other), "elsewhere")
    cover = server.rows("SELECT * FROM gatewitness.coverage")
    check({c["sensor"] for c in cover} == set(sensors) and all(c["lost_percent"] == 0 and c["frames"] > 1000 for c in cover), cover)
    server.ask("INSERT INTO gatewitness.stats (sensor, day, time_us, event_id, frames, kernel_drops, uptime_s, ledger_date, ledger_commit, "
               "ledger_head) VALUES ('four', '2026-11-23', 1795472262247431, 'a', 100, 0, 600, '2026-11-23', 5, 'ab'), "
               "('four', '2026-11-23', 1795475862247431, 'b', 1100, 250, 4200, '2026-11-23', 6, 'cd'), "
               "('four', '2026-11-24', 1795479462247431, 'c', 50, 3, 10, '2026-11-24', 1, 'ef')")
    cover = server.rows("SELECT * FROM gatewitness.coverage WHERE sensor = 'four' AND day = '2026-11-23'")
    check(len(cover) == 1 and (cover[0]["runs"], cover[0]["hours"], cover[0]["lost_percent"]) == (1, 2, 20), f"{cover}")
    heads = server.rows("SELECT ledger_date, commits, head FROM gatewitness.heads WHERE sensor = 'four' ORDER BY ledger_date")
    check([(h["commits"], h["head"]) for h in heads] == [(6, "cd"), (1, "ef")], f"{heads}")
    now = int(time.time())
    server.ask(f"INSERT INTO gatewitness.stats (sensor, day, time_us, event_id) VALUES ('five', today(), {now - 7200}000000, 'a'), "
               f"('six', today(), {now - 60}000000, 'a')")
    check([s["sensor"] for s in server.rows("SELECT sensor FROM gatewitness.silent WHERE sensor IN ('five', 'six')")] == ["five"], "silent")
    server.down()


def from_one_topic():
    """Rows of all kinds as they come from a topic, told apart by kafka.sql; its engine is Null here, which has views as Kafka's has."""
    server = ClickHouse().up()
    server.load("tables.sql")
    server.load("kafka.sql")
    for name in ("sessions_feed", "alerts_feed", "incidents_feed", "stats_feed", "fleet_topic"):
        server.ask(f"DROP TABLE gatewitness.{name}")
    server.load("kafka.sql", lambda text: re.sub(r"ENGINE = Kafka SETTINGS[^;]*;", "ENGINE = Null;", text))
    lines, sent = [], {}
    for kind in ("sessions", "alerts", "incidents", "stats"):
        rows = demo_rows(kind, "one")
        lines += rows
        sent[kind] = sorted(json.loads(row)["id" if kind == "sessions" else "event_id"] for row in rows)
    drive("clickhouse", lines, server.url(), "format=fleet", "topic=gatewitness.fleet_topic")
    check(all(ids and arrived(server, kind) == ids for kind, ids in sent.items()), "not all came from one topic")
    server.down()


def arrived(server, kind):
    key = "id" if kind == "sessions" else "event_id"
    return sorted(row["k"] for row in server.rows(f"SELECT {key} AS k FROM gatewitness.{kind}"))


def by_kafka():
    """The same through a broker: a sensor's sender on its one side, ClickHouse's engine on the other."""
    broker = start([os.path.join(os.path.dirname(DRIVE), "brokers"), "gatewitness", "1", os.devnull], stdout=subprocess.PIPE)
    address = broker.stdout.readline().decode().strip()
    server = ClickHouse().up()
    server.load("tables.sql")
    server.load("kafka.sql", lambda text: text.replace("localhost:9092", address))
    sent = {}
    for kind, event in (("sessions", "session"), ("alerts", "alert"), ("incidents", "alert"), ("stats", "alert")):
        rows = demo_rows(kind, "one")
        drive("kafka", rows, f"address={address}", "tls=no", "topic=gatewitness", "format=fleet", f"event={event}")
        sent[kind] = sorted(json.loads(row)["id" if kind == "sessions" else "event_id"] for row in rows)
    until = time.time() + 60
    while time.time() < until and any(arrived(server, kind) != ids for kind, ids in sent.items()):
        time.sleep(0.5)
    for kind, ids in sent.items():
        check(ids and arrived(server, kind) == ids, f"{kind} by Kafka: {len(arrived(server, kind))} of {len(ids)}")
    server.down()
    stop(broker)


if __name__ == "__main__":
    if not shutil.which("clickhouse-server"):
        print("no clickhouse-server")
        sys.exit(77)
    print(f"{run(delivery, questions, from_one_topic, by_kafka)} checks: every row once, and the fleet's questions answered")

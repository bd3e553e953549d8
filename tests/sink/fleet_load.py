"""
fleet_load: what a fleet costs a ClickHouse: sessions of many sensors inserted into the tables of src/sink/fleet, and what each took
of processor, disk and parts; then the plan of src/sink/fleet/README.md with these figures, held against its bounds.

	fleet_load.py [SENSORS [SESSIONS [DAYS]]]	a sensor's sessions a day; by default small: 20 sensors, 1,000 sessions, 3 days

The rows are made as a gateway's are: people who come back from their networks with a few programs and resume, and scanners who
come from everywhere once.
"""
import json
import random
import shutil
import sys
import time
import urllib.request

SENSORS, SESSIONS, DAYS = (int(a) for a in (sys.argv[1:] + ["20", "1000", "3"][len(sys.argv) - 1 :])[:3])
sys.argv[1:] = ["no sender"]
from linked import check, run  # noqa: E402
from to_clickhouse import ClickHouse  # noqa: E402

PEOPLE, PROGRAMS = 400, 60
MOST_BYTES_A_ROW, MOST_CPU_US_A_ROW = 200, 120  # of README.md
dice = random.Random(7)


def hex_of(*what):
    return f"{random.Random(repr(what)).getrandbits(64):016x}"


def session(sensor, day, at):
    person, scanner = int(PEOPLE * dice.random() ** 2), dice.random() < 0.3
    number = dice.randrange(1 << 24) if scanner else person * 7919 % 65536 + sensor * 65536
    program = dice.randrange(PROGRAMS) if scanner else person % 12
    start = (1_780_272_000 + day * 86400) * 1_000_000 + int(at * 86_400_000_000)
    length = int(10 ** dice.uniform(4, 6 if scanner else 10))
    old, exchanges = program % 3 == 0, 0 if scanner else 1 + int(40 * dice.random() ** 4)
    bytes_in = int(10 ** dice.uniform(2.5, 3.5 if scanner else 6))
    network = f"{1 + (number >> 16) % 220}.{number >> 8 & 255}.{number & 255}"
    row = {
        "kind": "session", "day": time.strftime("%Y-%m-%d", time.gmtime(start // 1_000_000)), "sensor": f"sensor-{sensor:04}", "site": f"site-{sensor % 50:02}", "gateway": 1, "gateway_name": "vpn",
        "time_us": start + length, "id": f"{dice.getrandbits(64):016x}", "start_us": start, "last_us": start + length,
        "role": "inbound", "src": f"{network}.{1 + number % 250}", "src_net": f"{network}.0/24", "src_port": dice.randrange(1024, 65536),
        "dest": f"192.0.2.{sensor % 250}", "dest_net": "192.0.2.0/24", "dest_port": 443, "proto": 6, "end": "fin",
        "packets_out": 6 + bytes_in // 1400, "packets_in": 8 + bytes_in // 1300, "bytes_out": 600 + bytes_in // 9, "bytes_in": bytes_in,
        "rtt_src_us": int(10 ** dice.uniform(3, 5)), "rtt_dest_us": dice.randrange(90, 900), "src_country": "NL", "src_as": number % 3000,
        "carrier": "tcp", "version": "1.2" if old else "1.3", "cipher": "TLS_AES_256_GCM_SHA384", "tls_group": "x25519",
        "sni": f"gw{sensor}.example.org", "alpn": "http/1.1", "ja3": 2 * hex_of("ja3", program), "ja3s": 2 * hex_of("ja3s", program % 4),
        "ja4": f"t13d{program % 9}1516h2_{hex_of('a', program)[:12]}_{hex_of('b', program)[:12]}", "client_key": hex_of("key", program),
        "server_key": hex_of("server", program % 4), "established": True, "resumed": "no", "identity_key": "935f7de5ce30de10",
        "handshake_us": int(10 ** dice.uniform(3, 5)), "server_us": dice.randrange(200, 9000), "exchanges": exchanges,
        "request_bytes": 400 * exchanges, "response_bytes": bytes_in if exchanges else 0, "request_max": 700, "response_max": bytes_in,
    }
    if old and not scanner:
        row["id_offered"] = hex_of(sensor, day, person)
        row["cert_sha256"] = 4 * hex_of("certificate", sensor)
        row["cert_subject"] = f"CN=gw{sensor}.example.org"
    return row


def processor(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def insert(server, rows):
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    query = "query=INSERT+INTO+gatewitness.sessions+FORMAT+JSONEachRow&input_format_skip_unknown_fields=1"
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/?{query}", data=body)
    began = time.time()
    urllib.request.urlopen(request).read()
    return len(body), time.time() - began


def size(server, table):
    where = f"FROM system.parts WHERE active AND database = 'gatewitness' AND table = '{table}'"
    return server.rows(f"SELECT sum(bytes) AS bytes, sum(rows) AS rows, count() AS parts, uniq(partition) AS partitions {where}")[0]


def load():
    server = ClickHouse().up()
    for name in ("tables.sql", "views.sql"):
        server.load(name)
    sent = inserts = took = json_bytes = 0
    cpu = processor(server.process.pid)
    for day in range(DAYS):
        for sensor in range(SENSORS):
            rows = [session(sensor, day, (i + dice.random()) / SESSIONS) for i in range(SESSIONS)]
            for at in range(0, len(rows), 1000):
                n, seconds = insert(server, rows[at : at + 1000])
                sent, inserts, took, json_bytes = sent + len(rows[at : at + 1000]), inserts + 1, took + seconds, json_bytes + n
    busy = processor(server.process.pid) - cpu
    few = [session(0, DAYS - 1, dice.random()) for _ in range(400)]
    cpu, began = processor(server.process.pid), time.time()
    for at in range(0, 400, 4):
        insert(server, few[at : at + 4])
    small = (processor(server.process.pid) - cpu) / 100
    rate = 100 / (time.time() - began)
    sent += 400
    server.ask("OPTIMIZE TABLE gatewitness.sessions FINAL")
    for table in ("sessions", "seen"):
        for (partition,) in ((r["partition"],) for r in server.rows(
                f"SELECT DISTINCT partition FROM system.parts WHERE active AND database = 'gatewitness' AND table = '{table}'")):
            server.ask(f"OPTIMIZE TABLE gatewitness.{table} PARTITION {partition if table == 'seen' else repr(partition)} FINAL")
    sessions, seen = size(server, "sessions"), size(server, "seen")
    check(sessions["rows"] == sent, f"{sessions['rows']} rows of {sent}")
    check(sessions["partitions"] == DAYS, f"{sessions['partitions']} partitions")
    value = server.rows("SELECT any(value) AS v FROM gatewitness.seen WHERE what = 'ja4'")[0]["v"]
    asked = json.loads(server.ask(f"SELECT * FROM gatewitness.where_seen WHERE what = 'ja4' AND value = '{value}' FORMAT JSON"))
    check(asked["statistics"]["rows_read"] < seen["rows"] / 2 or seen["rows"] < 50000, "a question reads what it does not ask for")
    plan(sent, json_bytes, busy, took, sessions, seen, small, rate, asked["statistics"])
    server.down()


def plan(sent, json_bytes, busy, took, sessions, seen, small, rate, asked):
    row, seen_row, us = sessions["bytes"] / sent, seen["bytes"] / sent, 1e6 * busy / sent
    print(f"{SENSORS} sensors, {DAYS} days, {sent} sessions: {json_bytes / sent:.0f} B of JSON a row; on disk {row:.0f} B in sessions, "
          f"{seen_row:.0f} B in seen ({seen['rows'] / sent:.2f} rows)")
    print(f"messages of 1000: {us:.0f} us of processor a row, {sent / took:.0f} rows/s on one connection; of 4: {1000 * small:.1f} ms a "
          f"message, {rate:.0f} messages/s")
    print(f"where_seen for one program: {asked['rows_read']} rows, {1000 * asked['elapsed']:.0f} ms")
    for sensors, each in ((50, 20000), (1000, 20000), (1000, 100000)):
        day, often = sensors * each, min(each / 86400, 1 / (11 * small))  # messages a second: of a session each, as a sender paces them
        print(f"  {sensors:5} sensors x {each:6}: {day / 1e6:5.1f} M rows a day, {day / 86400:5.0f}/s, {us * day / 86400e6:4.2f} cores; "
              f"{day * row / 1e9:5.1f} GB a day, {100 * day * row / 1e9:6.0f} GB in 100 days; seen {400 * day * seen_row / 1e9:5.0f} GB "
              f"in 400; straight {sensors * often:5.0f} messages/s, {sensors * often * small:5.1f} cores")
    check(row <= MOST_BYTES_A_ROW, f"{row:.0f} bytes a row")
    check(us <= MOST_CPU_US_A_ROW, f"{us:.0f} us a row")


if __name__ == "__main__":
    if not shutil.which("clickhouse-server"):
        print("no clickhouse-server")
        sys.exit(77)
    run(load)

"""
cost: what sinks cost, in processor time, because the machine has other things to do: lines to a file, events through outbox and courier
to Kafka and ClickHouse, sessions of a sensor that reads, and the memory of courier and keeper while receivers are down.

	GATEWITNESS=PROGRAM cost.py DRIVE [EVENTS]

The bounds of issue and documents are held: 20,000 events a second and core to a file, 5,000 to Kafka or ClickHouse; 10 % of a
sensor that keeps a ledger of a gateway's traffic (the bench's mix); 8 MiB of its own a courier.
"""
import json
import os
import resource
import shutil
import subprocess
import sys

import linked
from linked import DRIVE, check, folder, free_port, start, stop
from to_clickhouse import PROGRAM, ROOT, ClickHouse, demo_rows

EVENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 50000
TIMES = 150  # the demo, read so often
TURNS = 3  # of which the least counts: other things run beside it
MIX = 200000  # frames
FILE_RATE, QUEUE_RATE, SENSOR_SHARE, COURIER_MIB = 20000, 5000, 10, 8


def spent(command):
    """Seconds of processor that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


DEMO = ["-c", "tests/demo/demo.conf"] + ["tests/demo/demo.pcap"] * TIMES


def read(*options):
    return [PROGRAM, "read", "--quiet", *options]


def sink(**options):
    return [word for name, value in options.items() for word in ("--set", f"sink.s.{name}={value}")]


def to_file():
    out = folder / "lines"
    bare = spent(read(*DEMO))
    cpu = spent(read(*sink(path=out, format="eve", events="sessions"), *DEMO))
    lines = sum(1 for _ in out.open("rb"))
    rate = lines / max(cpu - bare, 0.001)
    print(f"file: {lines} lines of EVE, {out.stat().st_size / lines:.0f} B each: {rate:.0f} a second and core; with all that makes them "
          f"{lines / cpu:.0f}")
    check(rate >= FILE_RATE, "a file takes too much")


def through(kind, rows, *options):
    """From the outbox to the receiver: keeper and courier together."""
    data = ("".join(row + "\n" for row in rows) * (EVENTS // len(rows))).encode()
    (folder / "events").write_bytes(data)
    database = folder / f"{kind}.db"
    out = subprocess.run([DRIVE, kind, *options, f"outbox={database}", "give_up=120", "timeout=10000"], stdin=(folder / "events").open("rb"),
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    database.unlink()
    told = json.loads(out.stdout)
    told["rate"] = told["sent"] / told["cpu"]
    return told, len(data) / (EVENTS // len(rows) * len(rows))


def to_queues():
    rows = demo_rows("sessions", "one")
    broker = start([os.path.join(os.path.dirname(DRIVE), "brokers"), "gatewitness", "4", "/dev/null"], stdout=subprocess.PIPE)
    address = broker.stdout.readline().decode().strip()
    server = ClickHouse().up()
    server.load("tables.sql")
    for kind, options in (("kafka", [f"address={address}", "tls=no", "topic=gatewitness"]),
                          ("clickhouse", [server.url(), "format=fleet", "event=session"])):
        told, size = through(kind, rows, *options)
        print(f"{kind}: {told['sent']} sessions of {size:.0f} B through outbox and courier: {told['rate']:.0f} a second and core")
        check(told["waiting"] == 0 and told["rate"] >= QUEUE_RATE, f"{kind}: {told}")
    stop(broker)
    return server


def gateway_mix():
    """Tunnels and whole conversations, by the bench's generator."""
    subprocess.run(["sh", "-euc", f". tests/bench/captures.sh; bench_traffic; make_capture gateway {MIX} mix"], cwd=ROOT, check=True,
                   env=dict(os.environ, dir=str(folder), B=os.path.dirname(PROGRAM)), stdout=subprocess.DEVNULL)
    return ["-g", "192.0.2.10", "-g", "2001:db8::c000:20a", str(folder / "mix.pcap")]


def sensor_share(server, what, input_of):
    """Per cent that sessions straight to ClickHouse add to what takes them and keeps a ledger of its own."""
    ledger = folder / "ledger"
    to = sink(kind="clickhouse", url=f"http://127.0.0.1:{server.port}", format="fleet", events="sessions")
    without, streamed = [], []
    for _ in range(TURNS):
        for options, took in (([], without), (to, streamed)):
            shutil.rmtree(ledger, ignore_errors=True)
            took.append(spent(read("--ledger", str(ledger), *options, *input_of)))
    out = subprocess.run([PROGRAM, "query", str(ledger), "SELECT count(*) AS n FROM sessions", "--json"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    more, sessions = min(streamed) - min(without), json.loads(out.stdout)["n"]
    share = 100 * more / min(without)
    print(f"sensor with a ledger, {what}: {share:.1f} % more for {sessions} sessions straight to ClickHouse: {1e6 * more / sessions:.1f} us each")
    return share


def of_a_sensor(server):
    sensor_share(server, "the demo, a session in 26 frames", DEMO)
    share = sensor_share(server, f"a gateway's mix of {MIX} frames", gateway_mix())
    check(share < SENSOR_SHARE, "sessions to ClickHouse cost too much")
    server.down()


def while_all_are_down():
    rows = demo_rows("sessions", "one")
    for kind, options in (("syslog", [f"address=127.0.0.1:{free_port()}"]), ("mqtt", [f"address=127.0.0.1:{free_port()}", "tls=no"]),
                          ("kafka", [f"address=127.0.0.1:{free_port()}", "tls=no", "topic=t"]),
                          ("elastic", [f"url=http://127.0.0.1:{free_port()}", "format=ecs"])):
        (folder / "events").write_text("".join(row + "\n" for row in rows) * (EVENTS // len(rows)))
        out = subprocess.run([DRIVE, kind, *options, f"outbox={folder}/down.db", "give_up=3"], stdin=(folder / "events").open("rb"),
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        told = json.loads(out.stdout)
        (folder / "down.db").unlink()
        print(f"{kind} down, {told['waiting']} events wait: courier {told['memory_kib']} KiB of its own")
        check(told["waiting"] > 0 and told["memory_kib"] >> 10 <= COURIER_MIB, f"{kind}: {told}")


def cost():
    to_file()
    of_a_sensor(to_queues())
    while_all_are_down()


if not shutil.which("clickhouse-server"):
    print("no clickhouse-server")
    sys.exit(77)
linked.CASES = []
linked.run(cost)

#!/usr/bin/env python3
"""
ledger_clickhouse: the nine fields of DIR/some.csv in a ClickHouse of Debian, started here with a folder and a port of its own: how
large they are, and what two questions take of its CPU.

	ledger_clickhouse.py DIR ADDRESS
"""
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DIR, ADDRESS = Path(sys.argv[1]).absolute(), sys.argv[2]
AT = DIR / "clickhouse"
CONFIG = """<yandex>
<logger><level>error</level><console>1</console></logger>
<http_port>{port}</http_port><listen_host>127.0.0.1</listen_host>
<path>{at}/data/</path><tmp_path>{at}/tmp/</tmp_path><user_files_path>{at}/files/</user_files_path>
<format_schema_path>{at}/schemas/</format_schema_path><mark_cache_size>67108864</mark_cache_size>
<users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
</yandex>"""
USERS = """<yandex><profiles><default><max_threads>1</max_threads>
<allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></default></users>
<quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors><result_rows>0</result_rows>
<read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas></yandex>"""
TABLE = """CREATE TABLE s (start_us Int64, src LowCardinality(String), src_port UInt16, dest LowCardinality(String), dest_port UInt16,
sni LowCardinality(String), ja4 LowCardinality(String), bytes_out UInt64, bytes_in UInt64) ENGINE = MergeTree ORDER BY start_us"""
QUESTIONS = [("bytes by JA4", "SELECT ja4, count(), sum(bytes_in) FROM s GROUP BY ja4"),
             ("clients and bytes by JA4", "SELECT ja4, count(), uniqExact(src), sum(bytes_in) FROM s GROUP BY ja4"),
             ("an address that is everywhere", f"SELECT count() FROM s WHERE src = '{ADDRESS}'")]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


PORT = free_port()


def ask(query, body=b""):
    url = f"http://127.0.0.1:{PORT}/?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body)) as answer:
            return answer.read().decode().strip()
    except urllib.error.HTTPError as e:
        sys.exit(f"  ClickHouse: {query[:100]}: {e.read().decode()[:300]}")


def start():
    for name in ("data", "tmp", "files", "schemas"):
        (AT / name).mkdir(parents=True)
    (AT / "config.xml").write_text(CONFIG.format(port=PORT, at=AT))
    (AT / "users.xml").write_text(USERS)
    with (AT / "log").open("w") as log:
        server = subprocess.Popen(["clickhouse-server", f"--config-file={AT}/config.xml"], cwd=AT, stdout=log, stderr=log)
    for _ in range(600):
        try:
            ask("SELECT 1")
            return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    sys.exit(f"  clickhouse-server does not answer: {(AT / 'log').read_text()[-400:]}")


def cpu(server):
    """Seconds of CPU that it has taken (proc(5): stat, utime and stime)."""
    words = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def load():
    """By half a million lines: a table of one insert, but not of all in memory."""
    with (DIR / "some.csv").open("rb") as rows:
        head = rows.readline()
        while lines := rows.readlines(64 << 20):
            ask("INSERT INTO s FORMAT CSVWithNames", head + b"".join(lines))
    ask("OPTIMIZE TABLE s FINAL")


shutil.rmtree(AT, ignore_errors=True)
process = start()
try:
    ask(TABLE)
    load()
    n = int(ask("SELECT count() FROM s"))
    size = int(ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 's'"))
    print("  %-58s %7.1f MB %6.1f bytes a session" % (f"ClickHouse {ask('SELECT version()')}: nine fields", size / 1e6, size / n))
    for what, query in QUESTIONS:
        ask(query)
        before = cpu(process)
        for _ in range(5):
            ask(query)
        took = max((cpu(process) - before) / 5, 0.001)
        print("  %-58s %7.2f s  %6.2f million/s" % ("  " + what, took, n / took / 1e6))
finally:
    process.kill()
    process.wait()

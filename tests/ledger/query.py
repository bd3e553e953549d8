#!/usr/bin/env python3
"""Whatever a condition lets the ledger pass over or not unpack, the rows are the same as when SQLite compares all.

  query.py GATEWITNESS LEDGER

Each column is compared with values that it has, by every operator: once as it is, once behind a + that keeps the
condition from the table (sqlite.org/optoverview.html).  Counts of both must agree, and with what JSON lines say.
"""
import json
import subprocess
import sys

PROGRAM, LEDGER = sys.argv[1:3]
TABLES = ["sessions", "records", "exchanges", "pulses", "findings", "peers", "coverage"]
PAIRS = 60
failed = compared = narrowed = 0


def ask(sql):
    run = subprocess.run([PROGRAM, "query", "--json", LEDGER, sql], capture_output=True, text=True)
    if run.returncode:
        sys.exit("%s\n%s" % (sql[:300], run.stderr))
    return [json.loads(line) for line in run.stdout.splitlines()]


def literal(v):
    return str(v) if isinstance(v, int) else "'%s'" % v.replace("'", "''")


def values_of(rows, column):
    seen = sorted({row[column] for row in rows if row[column] is not None and len(str(row[column])) < 200})
    return sorted({seen[0], seen[len(seen) // 2], seen[-1]}) if seen else []


def conditions(rows):
    for column in rows[0]:
        for v in values_of(rows, column):
            ops = ["="]
            if isinstance(v, int) or (len(v) > 20 and v[4] == "-" and v[10] == "T"):
                ops += ["<", "<=", ">", ">="]
            for op in ops:
                yield '"%s"' % column, op, v


def compare(table, rows, some):
    global failed, compared, narrowed
    parts = []
    for column, op, v in some:
        for sign in ("", "+"):
            parts.append("(SELECT count(*) FROM %s WHERE %s%s %s %s)" % (table, sign, column, op, literal(v)))
    counts = list(ask("SELECT " + ", ".join("%s AS c%d" % (p, i) for i, p in enumerate(parts)))[0].values())
    for (column, op, v), with_it, without in zip(some, counts[::2], counts[1::2]):
        compared += 1
        narrowed += with_it < len(rows)
        told = None
        if op == "=":
            told = sum(row[column[1:-1]] == v for row in rows)
        if with_it != without or (told is not None and told != with_it):
            failed += 1
            print("%s: %s %s %s: %d rows, compared by SQLite %d, in JSON %s" % (
                table, column, op, v, with_it, without, told))


for table in TABLES:
    rows = ask("SELECT * FROM %s" % table)
    if not rows:
        sys.exit("%s: no rows to compare" % table)
    every = list(conditions(rows))
    for at in range(0, len(every), PAIRS):
        compare(table, rows, every[at:at + PAIRS])

# An address has many forms, a time, too; a join finds each session once.
one = ask("SELECT id, src, start, start_us FROM sessions WHERE src LIKE '%:%' LIMIT 1") or ask(
    "SELECT id, src, start, start_us FROM sessions LIMIT 1")
one = one[0]
for condition in ("src = '%s'" % one["src"].upper(), "start = '%s'" % one["start"].replace("Z", "+00:00"),
                  "start_us = %d" % one["start_us"], "in_net(src, '%s')" % one["src"]):
    compared += 1
    if not ask("SELECT id FROM sessions WHERE id = '%s' AND %s" % (one["id"], condition)):
        failed += 1
        print("not found by %s" % condition)
pair = ask("SELECT (SELECT count(*) FROM sessions) a, (SELECT count(*) FROM sessions x JOIN sessions y ON x.id = y.id) b,"
           " (SELECT count(DISTINCT id) FROM sessions) c")[0]
if len(set(pair.values())) != 1:
    failed += 1
    print("joined: %s" % pair)

print("%d conditions, %d of them leave rows out: the same rows, passed over or compared" % (compared, narrowed))
sys.exit(failed > 0 or narrowed < 100)

#!/usr/bin/env python3
"""Queries of a ledger that is being written: each answers, tells whole commits only, and takes nothing back; what is
written is the same as with nobody asking, and no commit had to wait.

  while.py GATEWITNESS CAPTURE FOLDER
"""
import glob
import json
import os
import subprocess
import sys
import time

PROGRAM, CAPTURE, FOLDER = sys.argv[1:4]
COUNTS = """SELECT (SELECT count(*) FROM records) AS records, (SELECT count(*) FROM records WHERE +bytes_in >= 0) AS again,
    (SELECT count(DISTINCT id) FROM sessions) AS ids, (SELECT count(*) FROM sessions) AS sessions,
    (SELECT count(*) FROM pulses) AS pulses, (SELECT coalesce(sum(rows), 0) FROM coverage WHERE cause IS NULL) AS told"""
TOTAL = "SELECT count(*) AS records, sum(bytes_in) AS bytes, count(DISTINCT src) AS clients FROM records"
NOT_AT_ONCE = "SELECT count(*) AS n FROM coverage WHERE cause LIKE 'kept late%' OR cause LIKE 'not kept%'"


def ask(folder, sql):
    run = subprocess.run([PROGRAM, "query", "--json", folder, sql], capture_output=True, text=True)
    if not os.path.exists(folder):
        return None  # an import that is done has another name
    if run.returncode:
        sys.exit("while it was written: exit %d: %s" % (run.returncode, run.stderr))
    return json.loads(run.stdout)


def write(to, asking):
    writer = subprocess.Popen([PROGRAM, "read", "--quiet", "--set", "ndpi.enabled=no", "--ledger", to, CAPTURE])
    answers = []
    while writer.poll() is None:
        folder = glob.glob(to + "/import-*/*.summary") if asking else []
        if folder:
            answers.append(ask(folder[0].rsplit("/", 1)[0], COUNTS))
        else:
            time.sleep(0.01)
    if writer.returncode:
        sys.exit("the writer: exit %d" % writer.returncode)
    return glob.glob(to + "/import-*")[0], [a for a in answers if a]


alone, _ = write(FOLDER + "/alone", False)
asked, answers = write(FOLDER + "/asked", True)
bad = []
for before, after in zip(answers, answers[1:]):
    if any(after[k] < before[k] for k in ("records", "sessions", "pulses")):
        bad.append("an answer takes back what one before it told: %s, %s" % (before, after))
for a in answers:
    # each table is read as of the moment when its day is opened: a later one may have more, never less
    if a["again"] < a["records"] or a["ids"] > a["sessions"]:
        bad.append("an answer that contradicts itself: %s" % a)
if len({a["records"] for a in answers}) < 3:
    bad.append("%d answers, and the ledger grew between none of them" % len(answers))
if ask(alone, TOTAL) != ask(asked, TOTAL):
    bad.append("other records were written while somebody asked")
if ask(asked, NOT_AT_ONCE)["n"]:
    bad.append("commits had to wait for those who asked")
print("\n".join(bad[:5]) or "%d queries while a ledger of %d records was written" % (
    len(answers), ask(asked, TOTAL)["records"]))
sys.exit(bool(bad))

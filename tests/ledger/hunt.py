#!/usr/bin/env python3
"""A hunt that passes blocks over lists the same sessions, and counts the same records, as one that reads them all.

  hunt.py GATEWITNESS LEDGER

Each question is asked twice: as it is, and with "or prelude = ...", which no block can deny.
"""
import json
import subprocess
import sys
import tempfile

PROGRAM, LEDGER = sys.argv[1:3]
EVERY = 'prelude = "nobody speaks this"'
asked = failed = skipped = 0


def ask(options, question):
    run = subprocess.run([PROGRAM, "hunt", "--quiet", "--json", *options, "--where", question, LEDGER],
                         capture_output=True, text=True)
    if run.returncode:
        sys.exit("%s\n%s" % (question, run.stderr))
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    coverage = next(line["coverage"] for line in lines if "coverage" in line)
    return [line["session"] for line in lines if "session" in line], coverage


def same(question, options=(), hits=None):
    """hits: whether sessions must match; None: either way."""
    global asked, failed, skipped
    asked += 1
    found, coverage = ask(options, question)
    every, of_every = ask(options, "(%s) or %s" % (question, EVERY))
    skipped += of_every["blocks_read"] - coverage["blocks_read"]
    if found != every or coverage["sessions"] != of_every["sessions"] or (hits is not None and bool(found) != hits):
        failed += 1
        print("%s %s: %d sessions of %d records, with all blocks read %d of %d" % (
            " ".join(options), question, len(found), coverage["sessions"], len(every), of_every["sessions"]))
    return coverage


def rows(sql):
    run = subprocess.run([PROGRAM, "query", "--json", LEDGER, sql], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


FIELDS = ["id", "src", "dest", "ja4", "sni", "start", "bytes_in", "role", "version", "cipher", "established", "end",
          "request_max"]
some = rows("SELECT %s FROM sessions WHERE sni IS NOT NULL AND ja4 IS NOT NULL AND version IS NOT NULL" % ", ".join(FIELDS))
picks = [some[0], some[len(some) // 2], some[-1]]
for field in FIELDS:
    value = str(picks[1][field])
    if field == "established":
        value = "yes" if value == "1" else "no"
    same('%s = "%s"' % (field, value), hits=True)
    if field in ("start", "bytes_in", "request_max", "version"):
        for op in ("<", "<=", ">", ">="):
            same('%s %s "%s"' % (field, op, value))

one, other = picks[0], picks[-1]
middle = ("--since", picks[1]["start"])
for question in ('sni = "%s"' % one["sni"].upper(), 'ja4 = "%s"' % one["ja4"].upper(),
                 "src in (%s, %s)" % (one["src"], other["src"]), "src in (%s, 198.18.0.0/15)" % one["src"],
                 "not src = %s" % one["src"], "sni ~ %s" % one["sni"][:4],
                 "id = %s or bytes_in > 1000000000000" % one["id"],
                 'start >= "%s" and start <= "%s"' % (one["start"], other["start"])):
    same(question, middle)
for question in ("src = 203.0.113.254", "actor = 203.0.113.254", "sni = nobody.example", "bytes_in > 1000000000000",
                 "id = 0123456789abcdef", "ja4 = t00d000000_000000000000_000000000000",
                 "src = 203.0.113.254 and not sni = x", "sni = nobody.example or (bytes_in > 1000000000000 and established)"):
    coverage = same(question, hits=False)
    if coverage["blocks_read"]:
        failed += 1
        print("%s: %d of %d blocks read" % (question, coverage["blocks_read"], coverage["blocks"]))
# Lists: what touches none is not judged; a last entry that most records touch is judged everywhere.
def listed(entries, control=()):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join([*entries, *control]) + "\n")
        file.flush()
        run = subprocess.run([PROGRAM, "hunt", "--quiet", "--json", "--indicators", file.name, LEDGER],
                             capture_output=True, text=True)
    if run.returncode:
        sys.exit("%s\n%s" % (entries, run.stderr))
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    coverage = next(line["coverage"] for line in lines if "coverage" in line)
    # the words name the entry; which incident a finding joins is another's doing
    found = [{k: v for k, v in line["finding"].items() if k not in ("incident", "opens", "worsens", "alert")}
             for line in lines if "finding" in line and "_*" not in line["finding"]["text"]]
    return found, coverage


everywhere = sorted({row["ja4"][:10] + "_*" for row in some})
certificate = rows("SELECT DISTINCT cert_sha256 FROM sessions WHERE cert_sha256 IS NOT NULL LIMIT 1")
for entries, hits in (([one["src"]], True), ([one["sni"]], True), ([other["ja4"]], True), (["*." + one["sni"].split(".", 1)[1]], True),
                      ([str(one["src"]).rsplit(".", 1)[0] + ".0/24"], True), ([row["cert_sha256"] for row in certificate], True),
                      (["203.0.113.254", "nobody.example", "t00d000000_000000000000_000000000000"], False)):
    found, coverage = listed(entries)
    every, of_every = listed(entries, everywhere)
    asked += 1
    skipped += of_every["blocks_read"] - coverage["blocks_read"]
    if found != every or bool(found) != hits or coverage["sessions"] != of_every["sessions"]:
        failed += 1
        print("list %s: %d findings of %d records, with all judged %d of %d" % (
            " ".join(entries), len(found), coverage["sessions"], len(every), of_every["sessions"]))
    if not hits and coverage["blocks_read"] > 2:
        failed += 1
        print("list %s: %d of %d blocks read" % (" ".join(entries), coverage["blocks_read"], coverage["blocks"]))
print("%d hunts, %d blocks not read by them: the same sessions and counts" % (asked, skipped))
sys.exit(failed != 0 or skipped == 0)

"""
readers: what other people's programs read out of our lines, of alerts that have everything in them that could end a field, a line or
a string, and of the longest: liblognorm reads CEF, Suricata's own JSON schema EVE (where it is at hand), and here LEEF by its
specification and the JSON of the others; all must find the same words.

	readers.py SINK_FORMAT		the unit test, which writes them
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SCHEMA = ROOT / "../shared/schemas/suricata-eve.schema.json"
folder = Path(tempfile.mkdtemp(prefix="gatewitness-readers-"))
checks = 0


def check(fine, words):
    global checks
    checks += 1
    if not fine:
        print(words)
        sys.exit(1)


def lines(name):
    return (folder / name).read_text().split("\n")[:-1]


def blank(text, kept=""):
    """What a format of lines cannot say is a blank there."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda m: m.group() if m.group() in kept else " ", text)


def by_lognorm(texts):
    rules = folder / "rules"
    rules.write_text("version=2\nrule=:%f:cef%\n")
    out = subprocess.run(["lognormalizer", "-r", str(rules), "-e", "json"], input="".join(t + "\n" for t in texts), text=True,
                         capture_output=True, check=True).stdout
    return [json.loads(line)["f"] for line in out.splitlines()]


def leef(line):
    head, rest = line.split("|x09|")
    check(head.split("|")[0] == "LEEF:2.0" and len(head.split("|")) == 5, f"LEEF head: {head}")
    pairs = [pair.partition("=") for pair in rest.split("\t")]
    check(len({key for key, _, _ in pairs}) == len(pairs) and all(key.isalnum() for key, _, _ in pairs), f"LEEF: {line[:300]}")
    return {key: value for key, _, value in pairs}


def same_words():
    ecs = [json.loads(line) for line in lines("ecs")]
    cef = by_lognorm(lines("cef"))
    check(len(cef) == len(ecs) == 5, f"{len(cef)} lines of CEF, {len(ecs)} of ECS")
    for e, c, l in zip(ecs, cef, map(leef, lines("leef"))):
        own = c["Extensions"]
        check(own["msg"] == blank(e["message"], "\n\r"), f"CEF: {own['msg']!r} of {e['message']!r}")
        check(l["msg"] == blank(e["message"]), f"LEEF: {l['msg']!r} of {e['message']!r}")
        check(c["DeviceVendor"] == "gatewitness" and c["SignatureID"] == e["event"]["action"], f"CEF head: {c}")
        check(own["externalId"] == l["eventId"] == e["event"]["id"], "ids")
        if e["event"]["kind"] == "alert" and "source" in e:
            check(own["src"] == l["src"] == e["source"]["ip"] == "192.0.2.1", f"source: {own}")
        check("6.6.6.6" not in (own.get("src"), l.get("src")), "an address out of a text")
        if "server_name" in e.get("tls", {}).get("client", {}):
            check(own["dhost"] == blank(e["tls"]["client"]["server_name"], "\n\r"), f"CEF: {own['dhost']!r}")
    for name in ("ocsf", "zeek", "fleet"):
        texts = [row.get("message", row.get("msg")) for row in map(json.loads, lines(name))]
        check({e["message"] for e in ecs if e["event"]["kind"] == "alert"} <= set(texts), f"{name}: {texts}")
    return len(ecs)


def strict_eve():
    rows = [json.loads(line) for line in lines("eve")]
    check([r["event_type"] for r in rows] == ["alert", "tls", "flow", "alert", "alert"], f"EVE: {[r['event_type'] for r in rows]}")
    if not SCHEMA.exists():
        return "the schema of EVE is not at hand"
    import jsonschema

    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for row in rows:
        errors = [e.message[:200] for e in validator.iter_errors(row)]
        check(not errors, f"EVE {row['event_type']}: {errors}")
    return "EVE by Suricata's schema"


if not shutil.which("lognormalizer"):
    print("no lognormalizer (liblognorm-utils)")
    sys.exit(77)
try:
    subprocess.run([os.path.abspath(sys.argv[1])], env={**os.environ, "FORMATS_OUT": str(folder)}, check=True, capture_output=True)
    print(f"{same_words()} events alike in CEF by liblognorm, LEEF and JSON; {strict_eve()}; {checks} checks")
finally:
    shutil.rmtree(folder)

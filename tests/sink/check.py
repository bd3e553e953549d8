"""
Holds what the formats wrote against their field tables (ecs.json, ocsf.json) and against readers of CEF, LEEF and Zeek's
JSON written here from their specifications; and against the EVE lines of the same read: the same alerts in all.
	check.py FOLDER		with out.eve, out.ecs, ... of one read
"""
import ipaddress
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
folder = Path(sys.argv[1])
problems = []


def wrong(words):
    if len(problems) < 20:
        print(words)
    problems.append(words)


def once(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        wrong(f"a key twice: {sorted(k for k in keys if keys.count(k) > 1)}")
    return dict(pairs)


def objects(name):
    return [json.loads(line, object_pairs_hook=once) for line in (folder / name).open(newline="\n")]


def leaves(value, path=""):
    """(path, value, in an array?) of every value; arrays of objects are walked into."""
    if isinstance(value, dict):
        if not value:
            wrong(f"{path}: an empty object")
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def is_ip(v):
    try:
        return isinstance(v, str) and bool(ipaddress.ip_address(v))
    except ValueError:
        return False


def whole(v):
    return isinstance(v, int) and not isinstance(v, bool)


TYPES = {
    "keyword": lambda v: isinstance(v, str) and v != "",
    "text": lambda v: isinstance(v, str) and v != "",
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "long": lambda v: whole(v) and 0 <= v < 2**63,
    "integer": lambda v: whole(v) and -(2**31) <= v < 2**31,
    "port": lambda v: whole(v) and 0 <= v < 2**16,
    "ms": lambda v: whole(v) and 10**11 < v < 10**13,
    "ip": is_ip,
    "date": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", v),
    "upper": lambda v: isinstance(v, str) and re.fullmatch(r"([0-9A-F]{2})+", v),
}


def fits(kind, value):
    if kind.endswith("[]"):
        return isinstance(value, list) and value and all(TYPES[kind[:-2]](v) for v in value)
    return TYPES[kind](value)


def check_ecs():
    table = json.load((HERE / "ecs.json").open())
    rows = objects("out.ecs")
    for row in rows:
        seen = dict(leaves(row))
        for path, value in seen.items():
            kind = table["fields"].get(path)
            if kind is None and not path.startswith(tuple(table["custom"])):
                wrong(f"ecs: no field {path}")
            elif kind and not fits(kind, value):
                wrong(f"ecs: {path} is no {kind}: {value!r}")
            for v in value if isinstance(value, list) else [value]:
                if path in table["values"] and v not in table["values"][path]:
                    wrong(f"ecs: {path} may not be {v!r}")
        for path in table["required"]:
            if path not in seen:
                wrong(f"ecs: no {path}")
    return rows


def inside(row, path):
    found = [row]
    for step in path.split("."):
        found = [f[step] for f in found if step in f]
        found = [g for f in found for g in (f if isinstance(f, list) else [f])]
    return found


def check_ocsf():
    table = json.load((HERE / "ocsf.json").open())
    rows = objects("out.ocsf")
    for row in rows:
        own = table[str(row["class_uid"])]
        fields = {**table["common"], **own["fields"]}
        for path, value in leaves(row):
            if path.split(".")[0] in table["free"]:
                continue
            if path not in fields:
                wrong(f"ocsf {row['class_uid']}: no attribute {path}")
            elif not fits(fields[path], value):
                wrong(f"ocsf: {path} is no {fields[path]}: {value!r}")
        for path in own["required"]:
            if not inside(row, path):
                wrong(f"ocsf {row['class_uid']}: {path} is required")
        for path, needs in own["with"].items():
            for thing in inside(row, path):
                for need in needs:
                    if need not in thing:
                        wrong(f"ocsf: {path} without {need}")
        if row["type_uid"] != row["class_uid"] * 100 + row["activity_id"]:
            wrong(f"ocsf: type_uid {row['type_uid']}")
        if row["category_uid"] != row["class_uid"] // 1000 or row["activity_id"] not in own["activities"]:
            wrong(f"ocsf: category {row['category_uid']}, activity {row['activity_id']}")
        if row["severity_id"] not in range(1, 7):
            wrong(f"ocsf: severity_id {row['severity_id']}")
    return rows


CEF_KEYS = set("""rt dvchost deviceInboundInterface externalId cat start end src c6a2 c6a2Label spt dst c6a3 c6a3Label dpt
proto app dhost in out reason cnt cs1 cs1Label cs2 cs2Label cs3 cs3Label cs4 cs4Label cs5 cs5Label cs6 cs6Label cn1
cn1Label cn2 cn2Label cn3 cn3Label flexString1 flexString1Label destinationServiceName
flexString2 flexString2Label msg""".split())


def read_cef(line):
    """Seven fields up to a bare |, then keys before a bare =; the reader of ArcSight's guide, 2017."""
    parts = re.match(r"((?:[^|\\]|\\[|\\])*)\|" * 7 + r"(.*)", line)
    if not parts:
        wrong(f"cef: no header: {line[:80]}")
        return None, {}
    fields = {}
    starts = list(re.finditer(r"(?:^| )([A-Za-z][A-Za-z0-9]*)=", parts[8]))
    for i, m in enumerate(starts):
        value = parts[8][m.end() : starts[i + 1].start() if i + 1 < len(starts) else None]
        if re.search(r"(?<!\\)(?:\\\\)*=", value) or value == "":
            wrong(f"cef: {m[1]} has a bare = or nothing: {value[:60]!r}")
        if m[1] in fields:
            wrong(f"cef: {m[1]} twice")
        fields[m[1]] = re.sub(r"\\(.)", lambda e: {"n": "\n", "r": "\r"}.get(e[1], e[1]), value)
    return parts.groups()[:7], fields


def check_cef():
    rows = []
    for line in (folder / "out.cef").open(newline="\n"):
        header, fields = read_cef(line.rstrip("\n"))
        if not header:
            continue
        if header[0] != "CEF:0" or not 0 <= int(header[6]) <= 10:
            wrong(f"cef: header {header}")
        for key in fields.keys() - CEF_KEYS:
            wrong(f"cef: no key {key}")
        for key in fields:
            if key.endswith("Label") and key[:-5] not in fields:
                wrong(f"cef: {key} without what it names")
        for key in ("rt", "spt", "dpt", "in", "out", "cn1", "cn2", "start", "end"):
            if key in fields and not fields[key].isdigit():
                wrong(f"cef: {key} is no number: {fields[key]}")
        for key, version in (("src", 4), ("dst", 4), ("c6a2", 6), ("c6a3", 6)):
            if key in fields and ipaddress.ip_address(fields[key]).version != version:
                wrong(f"cef: {key} is {fields[key]}")
        rows.append((header, fields))
    return rows


def check_leef():
    rows = []
    for line in (folder / "out.leef").open(newline="\n"):
        header = line.rstrip("\n").split("|", 6)
        if len(header) != 7 or header[0] != "LEEF:2.0" or header[5] != "x09":
            wrong(f"leef: header {line[:80]}")
            continue
        fields = once([p.split("=", 1) for p in header[6].split("\t")])
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", fields["devTime"]):
            wrong(f"leef: devTime {fields['devTime']}")
        for key in ("src", "dst"):
            if key in fields and not is_ip(fields[key]):
                wrong(f"leef: {key} {fields[key]}")
        if "sev" in fields and not 1 <= int(fields["sev"]) <= 10:
            wrong(f"leef: sev {fields['sev']}")
        rows.append((header[4], fields))
    return rows


ZEEK = {
    "notice": {"_path": str, "ts": float, "uid": str, "id.orig_h": str, "id.orig_p": int, "id.resp_h": str, "id.resp_p": int,
               "proto": str, "note": str, "msg": str, "sub": str, "src": str, "dst": str, "p": int, "n": int,
               "peer_descr": str, "actions": list, "community_id": str},  # policy/frameworks/notice/community-id
    "conn": {"_path": str, "ts": float, "uid": str, "id.orig_h": str, "id.orig_p": int, "id.resp_h": str, "id.resp_p": int,
             "proto": str, "service": str, "duration": float, "conn_state": str, "missed_bytes": int, "orig_pkts": int,
             "orig_ip_bytes": int, "resp_pkts": int, "resp_ip_bytes": int, "ip_proto": int, "community_id": str,
             "vlan": int, "inner_vlan": int},
    "ssl": {"_path": str, "ts": float, "uid": str, "id.orig_h": str, "id.orig_p": int, "id.resp_h": str, "id.resp_p": int,
            "version": str, "cipher": str, "curve": str, "server_name": str, "resumed": bool, "next_protocol": str,
            "established": bool, "cert_chain_fps": list, "client_cert_chain_fps": list, "subject": str, "issuer": str,
            "client_subject": str, "client_issuer": str, "ja3": str, "ja3s": str, "ja4": str},
}
STATES = {"S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"}


def check_zeek():
    rows = objects("out.zeek")
    for row in rows:
        columns = ZEEK[row["_path"]]
        for key, value in row.items():
            if key.startswith("gatewitness."):
                continue
            if key not in columns or type(value) is not columns[key]:
                wrong(f"zeek {row['_path']}: {key} = {value!r}")
        if row.get("conn_state", "SF") not in STATES:
            wrong(f"zeek: conn_state {row['conn_state']}")
    return rows


FLEET_TYPES = {"String": lambda v: isinstance(v, str), "Date": lambda v: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", v)),
               "Array(String)": lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v)}


def fleet_columns():
    """Of tables.sql: what each table takes."""
    sql = (HERE / "../../src/sink/fleet/tables.sql").read_text()
    return {m[1]: dict(c.split(None, 1) for c in re.sub(r"\s+", " ", m[2]).strip().split(", "))
            for m in re.finditer(r"EXISTS gatewitness\.(\w+)\n\((.*?)\n\)\nENGINE = Repl", sql, re.S)}


def check_fleet():
    tables, rows = fleet_columns(), objects("out.fleet")
    for row in rows:
        columns = tables[{"alert": "alerts", "incident": "incidents", "session": "sessions"}.get(row["kind"], row["kind"])]
        for key, value in row.items():
            if key == "kind":
                continue
            kind = columns.get(key, "")
            bits = re.fullmatch(r"UInt(\d+)", kind)
            fine = whole(int(value)) and 0 <= value < 2 ** int(bits[1]) if bits else FLEET_TYPES.get(kind, lambda v: False)(value)
            if not fine:
                wrong(f"fleet: {row['kind']} {key} is no {kind or 'column'}: {value!r}")
        if row["site"] != SITE:
            wrong(f"fleet: site {row['site']}")
        if row["kind"] in ("alert", "incident") and row["gateway_name"] != "demo":
            wrong(f"fleet: gateway {row}")
    return rows


eve = objects("out.eve")
alerts = sorted(r["gatewitness"]["finding"] for r in eve if r["event_type"] == "alert")
flows = sorted(r["community_id"] for r in eve if r["event_type"] == "flow")
uids = [r["uid"] for r in objects("out.zeek") if r["_path"] == "conn"]
tls = sum(r["event_type"] in ("tls", "quic") for r in eve)
if len(alerts) < 3 or len(flows) < 100:
    wrong(f"eve: {len(alerts)} alerts, {len(flows)} flows")


SITE = 'Zürich "4"'
for r in eve:
    labels = r.get("alert", {}).get("metadata", {"gateway": ["demo"], "site": [SITE]})
    if r["site"] != SITE or labels.get("site") != [SITE] or labels.get("gateway") != ["demo"]:
        wrong(f"eve: labels of {r['event_type']}: {labels}")


def same(name, what, got, want):
    if sorted(got) != sorted(want):
        wrong(f"{name}: {len(got)} {what}, not the {len(want)} of EVE")


for name, rows, site in (("ecs", objects("out.ecs"), lambda r: r["observer"]["geo"]["name"]),
                         ("ocsf", objects("out.ocsf"), lambda r: r["unmapped"]["site"])):
    if not all(site(r) == SITE for r in rows):
        wrong(f"{name}: a record without its site")
ecs, ocsf, cef, leef, zeek = check_ecs(), check_ocsf(), check_cef(), check_leef(), check_zeek()
fleet = check_fleet()
same("ecs", "alerts", [r["gatewitness"]["finding"] for r in ecs if r["event"]["kind"] == "alert"], alerts)
same("ocsf", "alerts", [r["finding_info"]["uid"] for r in ocsf if r["class_uid"] == 2004 and r["activity_id"] < 3], alerts)
same("cef", "alerts", [f["externalId"][:16] for h, f in cef if f["cat"] == "alert" and "cn1" in f], alerts)
same("leef", "alerts", [f["finding"] for h, f in leef if "finding" in f], alerts)
same("zeek", "alerts", [r["gatewitness.id"][:16] for r in zeek if r["_path"] == "notice" and "dst" in r], alerts)
same("ecs", "sessions", [r["network"]["community_id"] for r in ecs if r["event"]["dataset"] == "gatewitness.session"], flows)
same("ocsf", "sessions", [r["connection_info"]["community_uid"] for r in ocsf if r["class_uid"] == 4001], flows)
same("cef", "sessions", [f["cs5"] for h, f in cef if f["cat"] == "session"], flows)
same("leef", "sessions", [f["communityId"] for h, f in leef if f["cat"] == "session"], flows)
same("zeek", "sessions", [r["community_id"] for r in zeek if r["_path"] == "conn"], flows)
same("fleet", "alerts", [r["finding"] for r in fleet if r["kind"] == "alert"], alerts)
same("fleet", "sessions", [r["id"] for r in fleet if r["kind"] == "session"], uids)
same("zeek", "TLS lines", [r for r in range(sum(r["_path"] == "ssl" for r in zeek))], list(range(tls)))
ids = [r["event"]["id"] for r in ecs if r["event"]["kind"] != "metric"]
if len(ids) != len(set(ids)):
    wrong("ecs: an event.id twice")
text = (folder / "out.text").read_text().splitlines()
if len(text) != len(ecs) or not all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S", line) for line in text):
    wrong("text: not a line an event")
lines = sum(len(x) for x in (eve, ecs, ocsf, cef, leef, zeek, fleet, text))
print(f"{lines} lines in 8 formats" if not problems else f"{len(problems)} problems")
sys.exit(1 if problems else 0)

#!/usr/bin/env python3
"""Compare EVE tls and quic lines with a corpus' expected sessions; print a table, fail on a difference.

  compare.py EVE.json EXPECTED.jsonl

Undisputed values must be equal.  Where the tools that made the expectation disagree among themselves, each of
their values is accepted and counted apart.  Sessions of which no ClientHello was captured are compared where the
sensor names them, and not demanded.  held-wrong.json lists the expectations that we hold to be wrong, each with the
reason from the bytes: printed, counted apart, and an error as soon as one of them matches after all.
"""
import collections
import json
import os
import sys

# expected field: how our line says it; a quic line carries the same tls object
FIELDS = {
    "sni": lambda t: t.get("sni"),
    "tls_version": lambda t: t.get("version"),
    "cipher": lambda t: t.get("cipher"),
    "alpn": lambda t: t.get("alpn"),
    "alpn_offered": lambda t: t.get("client_alpns", []),
    "ja3": lambda t: t.get("ja3", {}).get("hash"),
    "ja3_string": lambda t: t.get("ja3", {}).get("string"),
    "ja3s": lambda t: t.get("ja3s", {}).get("hash"),
    "ja3s_string": lambda t: t.get("ja3s", {}).get("string"),
    "ja4": lambda t: t.get("ja4"),
    "ja4_r": lambda t: t.get("ja4_r"),
    "resumed": lambda t: t.get("session_resumed", False),
    "cert_sha1": lambda t: t.get("fingerprint"),
    "cert_sha256": lambda t: t.get("fingerprint_sha256"),
    "client_cert_sha256": lambda t: t.get("client", {}).get("fingerprint_sha256"),
    "hello_retry_request": lambda t: t.get("hello_retry_request", False),
}
TRANSPORTS = ["tls", "starttls", "dtls", "quic", "openvpn", "udp-tls"]


def lines(path):
    with open(path, encoding="utf-8") as handle:
        return [json.loads(line) for line in handle if line.strip()]


def plain(field, value):
    """One spelling for values that tools write differently."""
    if value in (None, "", []):
        return None
    if field in ("cert_sha1", "cert_sha256", "client_cert_sha256"):
        return value.replace(":", "").lower()
    if field == "sni":
        return value.lower().rstrip(".")
    if field == "alpn_offered":
        return tuple(value)
    if field == "tls_version":
        return value.lower().replace("(", "").replace(")", "").replace("fizz ", "").replace("tlsv", "tls ")
    if isinstance(value, bool):
        return value or None
    return value


def ends(row):
    return frozenset([(row["src_ip"], row["src_port"]), (row["dest_ip"], row["dest_port"])])


def key(name, row):
    return name, ends(row)


def seconds(text):
    import datetime
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def accepted(want, field):
    """The expected value, and all values that some tool gave."""
    values = {plain(field, want[field])}
    for other in want.get("disputed", {}).get(field, []):
        values.add(plain(field, other["value"]))
    for other in want.get("later_values", {}).get(field) or {}:
        values.add(plain(field, other))
    if field == "cipher" and want.get("cipher_code"):
        values.add(want["cipher_code"])
    return plain(field, want[field]), values


def pair(got, want):
    """Gives each expected session the line of the same capture and 5-tuple that is nearest in time."""
    pool = collections.defaultdict(list)
    for row in got:
        pool[key(row["pcap_filename"], row)].append(row)
    pairs = []
    for row in want:
        rows = pool.get(key(row["file"], row), [])
        rows.sort(key=lambda r: abs(seconds(r["timestamp"]) - row.get("ts", 0)))
        pairs.append((row, rows.pop(0) if rows else None))
    return pairs, [r for rows in pool.values() for r in rows]


def main():
    got = [r for r in lines(sys.argv[1]) if r["event_type"] in ("tls", "quic")]
    want = lines(sys.argv[2])
    # those with a ClientHello choose first
    want.sort(key=lambda w: not w.get("client_hello_seen", True))
    pairs, extra = pair(got, want)
    table = {f: collections.Counter() for f in FIELDS}
    transports = {t: collections.Counter() for t in TRANSPORTS}
    wrong = []
    with open(os.path.join(os.path.dirname(__file__), "held-wrong.json"), encoding="utf-8") as handle:
        held = {(h["file"], h["session"], h["field"]): h["why"] for h in json.load(handle)}
    for row, ours in pairs:
        where = "%s #%s" % (row["file"], row["session"])
        demanded = row.get("client_hello_seen", True)
        transports[row["transport"]]["expected"] += demanded
        if ours is None:
            if demanded:
                wrong.append("%s: no such session (%s)" % (where, row.get("sni")))
            continue
        transports[row["transport"]]["found"] += demanded
        if demanded and (ours["src_ip"], ours["src_port"]) != (row["src_ip"], row["src_port"]):
            wrong.append("%s: direction swapped" % where)
        for field, say in FIELDS.items():
            if field not in row:
                continue
            value = plain(field, say(ours["tls"]))
            main_value, all_values = accepted(row, field)
            if value == main_value or (field == "cipher" and value in all_values):
                table[field]["equal"] += 1
            elif value in all_values or (field in row.get("disputed", {}) and value in all_values):
                table[field]["disputed"] += 1
            elif (row["file"], row["session"], field) in held:
                table[field]["held"] += 1
                print("%s: %s is %r, expected %r; held to be wrong: %s" % (
                    where, field, value, main_value, held.pop((row["file"], row["session"], field))))
            else:
                table[field]["wrong"] += 1
                wrong.append("%s: %s is %r, expected %r" % (where, field, value, main_value))
    wrong += ["%s #%s: %s is held to be wrong, but matches" % h for h in held]
    for line in wrong:
        print(line)
    print("%-20s %8s %9s %10s %6s" % ("field", "equal", "disputed", "held wrong", "wrong"))
    for field, c in table.items():
        print("%-20s %8d %9d %10d %6d" % (field, c["equal"], c["disputed"], c["held"], c["wrong"]))
    print("%-20s %8s %9s" % ("transport", "found", "expected"))
    for name, c in transports.items():
        print("%-20s %8d %9d" % (name, c["found"], c["expected"]))
    print("lines that no expectation names: %d" % len(extra))
    for row in extra[:20]:
        print("  %s %s:%s > %s:%s %s" % (row["pcap_filename"], row["src_ip"], row["src_port"], row["dest_ip"],
                                          row["dest_port"], row["tls"].get("sni")))
    equal = sum(c["equal"] for c in table.values())
    print("%d values equal, %d among disputed ones, %d held to be wrong, %d differences" % (
        equal, sum(c["disputed"] for c in table.values()), sum(c["held"] for c in table.values()), len(wrong)))
    return 1 if wrong else 0


sys.exit(main())

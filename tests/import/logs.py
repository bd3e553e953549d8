"""What Zeek and Suricata log of the connections that our own read saw: logs.py EVE.json FOLDER
conn.*.log and ssl.*.log as Zeek's JSON writer has them (docs.zeek.org), eve.*.json as Suricata's (docs.suricata.io): lines
in the order in which those sensors write, rotated, with lines of other kinds between."""
import datetime
import ipaddress
import json
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
VERSIONS = {"TLS 1.0": "TLSv10", "TLS 1.1": "TLSv11", "TLS 1.2": "TLSv12", "TLS 1.3": "TLSv13", "SSLv3": "SSLv3"}


def us(text):
    return round((datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z") - EPOCH).total_seconds() * 1e6)


def ip(r):
    return 20 if ipaddress.ip_address(r["src"]).version == 4 else 40


def letters(r):
    """Zeek's history: a letter once, upper case from the originator."""
    out = ""
    for flags, case in ((r.get("flags_out", 0), str.upper), (r.get("flags_in", 0), str.lower)):
        s = "" if not flags & 2 else "h" if flags & 16 and case == str.lower else "s"
        s += "a" if flags & 16 else ""
        s += "d" if flags & 8 else ""
        out += case(s)
    end = [("F", "f", 1), ("R", "r", 4)]
    for mine, theirs, bit in end:
        pair = [x for x, f in ((mine, r.get("flags_out", 0)), (theirs, r.get("flags_in", 0))) if f & bit]
        out += "".join(reversed(pair) if r.get("ended_by_dest") else pair)
    return out


def zeek(r, uid):
    who = {"ts": us(r["start"]) / 1e6, "uid": uid, "id.orig_h": r["src"], "id.orig_p": r["src_port"], "id.resp_h": r["dest"],
           "id.resp_p": r["dest_port"]}
    n, m = r.get("packets_out", 0), r.get("packets_in", 0)
    conn = dict(who, proto={6: "tcp", 17: "udp"}[r["proto"]], duration=(us(r["last"]) - us(r["start"])) / 1e6,
                conn_state={"fin": "SF", "rst": "RSTR" if r.get("ended_by_dest") else "RSTO"}.get(r["end"], "S1"),
                missed_bytes=0, history=letters(r), orig_pkts=n, orig_ip_bytes=r.get("bytes_out", 0) + n * ip(r),
                resp_pkts=m, resp_ip_bytes=r.get("bytes_in", 0) + m * ip(r))
    yield us(r["last"]), "conn", conn
    if r.get("carrier") != "tcp" or not r.get("client_hello"):
        return
    conn["service"] = "ssl"
    ssl = dict(who, ts=us(r["hello"]) / 1e6, resumed=r.get("resumed", "no") not in ("no", "unknown"),
               established=bool(r.get("established")), ssl_history="C" + ("s" if r.get("server_hello") else ""))
    for theirs, ours in (("cipher", "cipher"), ("curve", "group"), ("server_name", "sni"), ("next_protocol", "alpn"),
                         ("ja3", "ja3"), ("ja3s", "ja3s"), ("ja4", "ja4")):
        if ours in r:
            ssl[theirs] = r[ours]
    if "version" in r:
        ssl["version"] = VERSIONS[r["version"]]
    if "cert_sha256" in r:
        ssl["cert_chain_fps"] = [r["cert_sha256"]] + ["00" * 32] * (r.get("cert_chain", 1) - 1)
    yield us(r["hello"]), "ssl", ssl


def suricata(r, number):
    frame = 14 + ip(r)
    n, m = r.get("packets_out", 0), r.get("packets_in", 0)
    who = {"flow_id": number, "src_ip": r["src"], "src_port": r["src_port"], "dest_ip": r["dest"],
           "dest_port": r["dest_port"], "proto": {6: "TCP", 17: "UDP"}[r["proto"]]}
    tls = r.get("carrier") == "tcp" and r.get("client_hello")
    flow = dict(who, timestamp=r["time"], event_type="flow",
                flow={"pkts_toserver": n, "pkts_toclient": m, "bytes_toserver": r.get("bytes_out", 0) + n * frame,
                      "bytes_toclient": r.get("bytes_in", 0) + m * frame, "start": r["start"], "end": r["last"], "age": 1,
                      "state": "closed", "reason": "timeout", "alerted": False})
    if tls:
        flow["app_proto"] = "tls"
    if r["proto"] == 6:
        flow["tcp"] = {"tcp_flags_ts": "%02x" % r.get("flags_out", 0), "tcp_flags_tc": "%02x" % r.get("flags_in", 0)}
    yield us(r["last"]), "eve", flow
    if not tls:
        return
    t = {}
    for theirs, ours in (("sni", "sni"), ("version", "version"), ("ja4", "ja4"), ("subject", "cert_subject"),
                         ("issuerdn", "cert_issuer")):
        if ours in r:
            t[theirs] = r[ours]
    if "ja3" in r:
        t["ja3"] = {"hash": r["ja3"], "string": r.get("ja3_string", "")}
    if "cert_sha1" in r:
        t["fingerprint"] = ":".join(r["cert_sha1"][i:i + 2] for i in range(0, 40, 2))
    yield us(r["hello"]), "eve", dict(who, timestamp=r["hello"], event_type="tls", tls=t)


def main():
    records = []
    for line in open(sys.argv[1]):
        g = json.loads(line).get("gatewitness") or {}
        if g.get("kind") == "close" and g.get("proto") in (6, 17):
            records.append(g)
    lines = []
    for i, r in enumerate(records):
        lines += zeek(r, "C%017x" % (i * 0x9E3779B97F4A7C15 & (1 << 64) - 1))
        lines += suricata(r, 1000000007 * (i + 1))
    lines.sort(key=lambda x: x[0])
    begin = lines[0][0]
    for at, name, o in lines:
        hour = (at - begin) // 60000000  # a new file each minute
        path = "%s/%s.%d.%s" % (sys.argv[2], name, hour, "json" if name == "eve" else "log")
        with open(path, "a") as f:
            f.write(json.dumps(o) + "\n")
            if name == "eve" and o["event_type"] == "flow":
                f.write(json.dumps({"timestamp": o["timestamp"], "event_type": "stats", "stats": {"uptime": 1}}) + "\n")


main()

#!/usr/bin/env python3
"""judge.py: was exactly the intruder found, and does reading the sensor's recording tell the same as living it?

  judge.py DIR     what run.sh left there: parties, deeds, logs, live.json, read.json

Prints who did what, what was said of it and after how many seconds.  Exit code 1 when a deed was missed, somebody else
was accused, a party did not do its part, or live and read differ.
"""
import datetime
import glob
import ipaddress
import json
import re
import sys

GRAVE = ("medium", "high", "critical")
GATEWAY = ("192.0.2.10", "192.0.2.11", "2001:db8:0:1::10")

# deed: (every one of these detectors, the port that tells it from others or None, what the intruder's log must say)
DEEDS = {
    "leak": ({"leak_loop"}, None, r"leaked answers: .* cookie: True"),
    "oversize": ({"oversized_request"}, None, r"oversized: status 200, answer [23]\d{4}"),
    # Nobody's login can be missed before logins are learnt: loginless waits a day (detect.loginless.grace).
    "replay": (set(), None, r"replayed: status 200(?s:.*)tunnel used"),
    "fetch": ({"new_egress", "download", "indicator"}, 8443, r"fetched: 2\d{4}"),
    "shell": ({"new_egress", "download"}, 4443, r"led"),
    "spray": ({"spray"}, None, r"sprayed: 240 answers, let in: 0"),
}
# role: a line that the log of its second, or the portal's access log, must have for each of them.
WORK = {"portal": r'"(GET|POST) /(rpc|stream|tunnel)\S* HTTP/\S+ (200|101)', "tunnel": r"[1-9]\d* received, 0% packet loss",
        "monitor": r'"GET /health HTTP/1.0" 200', "tester": r'"POST /p/u/auth HTTP/\S+ 200'}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def lines(path):
    return [json.loads(line) for line in read(path).splitlines()]


class Town:
    def __init__(self, folder):
        self.folder, self.faults = folder, []
        self.nets = [(ipaddress.ip_network(net), name, role) for net, name, role in
                     (line.split() for line in read(f"{folder}/parties").splitlines())]
        self.deeds = [line.split() for line in read(f"{folder}/deeds").splitlines()]

    def fault(self, words):
        self.faults.append(words)

    def who(self, address):
        ip = ipaddress.ip_address(address)
        for net, name, role in self.nets:
            if ip.version == net.version and ip in net:
                return name, role
        return address, "gateway" if address in GATEWAY else "nobody we know"

    def parties(self):
        """Whoever did not do his part proves nothing by not being accused."""
        access = read(f"{self.folder}/logs/access.log")
        for name, role in sorted({(name, role) for _, name, role in self.nets if role in WORK}):
            own = [str(net.network_address) for net, other, _ in self.nets if other == name]
            seen = access if role != "tunnel" else "".join(read(log) for log in glob.glob(f"{self.folder}/logs/{name}-*.log"))
            work = [line for line in seen.splitlines() if re.search(WORK[role], line)
                    and (role == "tunnel" or line.split()[0] in own)]
            print(f"  {name:9} {role:9} {len(work):4} {'rounds through the tunnel' if role == 'tunnel' else 'requests answered'}")
            if not work:
                self.fault(f"{name} did not do his part as {role}")


def when(stamp):
    return datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def grave(events):
    """Findings of medium and above that alerted, or joined what alerted."""
    return [e for e in events if e.get("gatewitness", {}).get("event") == "finding"
            and e["gatewitness"]["severity"] in GRAVE and "incident" in e["gatewitness"]]


def intruder_of(town, event):
    """Who of the intruder's an alert is about, else None."""
    sides = [town.who(event["src_ip"]), town.who(event["dest_ip"])]
    about = sides[1] if sides[0][1] == "gateway" else sides[0]
    return about[0] if about[1] == "intruder" else None


def judge_deed(town, name, log, said):
    wanted, port, must = DEEDS[name]
    text = read(f"{town.folder}/logs/{log}.log")
    begun = re.search(r"start ([\d.]+)", text)
    if not begun or not re.search(must, text):
        return town.fault(f"{name} did not happen as planned: {text[-200:]!r}")
    who, begun = log.rsplit("-", 1)[0], float(begun.group(1))
    first = {}
    for e in said:
        mine = e["dest_port"] == port if port else e["src_ip"] not in GATEWAY
        if mine and when(e["timestamp"]) >= begun - 1:
            first.setdefault(e["gatewitness"]["detector"], e)
    for detector in sorted(wanted) or ["-"]:
        e = first.get(detector)
        words = f"{when(e['timestamp']) - begun:5.1f} s  {e['gatewitness']['severity']:8}" if e else "   no judgement yet"
        print(f"  {name:9} {who:7} {detector:18} {words if e or not wanted else 'MISSED'}")
        if wanted and not e:
            town.fault(f"{name}: no {detector}")


def plain(events):
    """What names the source and not the traffic is left out, as in tests/live/run.sh."""
    return [{k: v for k, v in e.items() if k not in ("in_iface", "pcap_filename")} for e in events
            if e["event_type"] != "stats"]


def main():
    town = Town(sys.argv[1])
    live, again = lines(f"{sys.argv[1]}/live.json"), lines(f"{sys.argv[1]}/read.json")
    said = grave(live)
    print("Who worked")
    town.parties()
    print("What the intruder did, and what was said of it")
    for name, log in town.deeds:
        judge_deed(town, name, log, [e for e in said if intruder_of(town, e)])
    print("Alerts")
    for e in said:
        who = intruder_of(town, e)
        g = e["gatewitness"]
        print(f"  {'' if who else 'WRONG '}{g['severity']:8} {g['detector']:18} {g['text']}")
        if not who:
            town.fault(f"{town.who(e['src_ip'])[0]} is accused: {g['text']} (gatewitness explain {g['finding']})")
    if plain(live) != plain(again):
        town.fault("live and read differ")
    print(f"Live and read: {len(plain(live))} and {len(plain(again))} lines, "
          f"{'the same' if plain(live) == plain(again) else 'DIFFERENT'}")
    for words in town.faults:
        print("FAIL", words)
    if not town.faults:
        print(f"PASS lab: {len(town.deeds)} deeds, {len(said)} alerts, all of the intruder; live = read")
    return 1 if town.faults else 0


sys.exit(main())

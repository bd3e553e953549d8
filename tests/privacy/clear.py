"""Clear addresses of clients in files: clear.py PLAIN.json GATEWAYS FILE...
Clients are those of PLAIN.json (written without pseudonyms) that are neither a gateway nor called by one.  Each file is
searched for their texts, as whole words, and for their 16 bytes as the records have them; compressed columns of a
ledger show nothing that way, so its records are asked for by other means."""
import ipaddress
import json
import os
import re
import sys

plain, gateways, files = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
clients, called = set(), set(gateways)
for line in open(plain):
    g = json.loads(line).get("gatewitness") or {}
    if g.get("role") == "outbound":
        called.add(g["dest"])
    for name in ("src", "dest", "actor"):
        if name in g:
            clients.add(g[name])
for text in sorted(clients - called):
    a = ipaddress.ip_address(text)
    v6 = a if a.version == 6 else ipaddress.ip_address("::ffff:" + text)
    word = re.compile(rb"(?<![0-9A-Za-z:.])" + re.escape(text.encode()) + rb"(?![0-9A-Za-z:]|\.[0-9])")
    for path in filter(os.path.isfile, files):
        body = open(path, "rb").read()
        if word.search(body) or v6.packed in body:
            print(path, text)

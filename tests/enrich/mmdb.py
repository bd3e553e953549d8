#!/usr/bin/env python3
"""mmdb.py FILE TYPE: writes a small database in MaxMind's format (https://maxmind.github.io/MaxMind-DB/).

Standard input: a line a network, its data as JSON behind it:  198.51.100.0/24 {"country": {"iso_code": "NL"}}
Integers become uint32, as autonomous system numbers are; a tree of IPv6 with IPv4 at ::/96, nodes of 24 bits.
"""
import ipaddress
import json
import sys


def control(kind, size):
    """Type and size; types from 8 on in a byte of their own, sizes from 29 on too."""
    head = kind << 5 if kind < 8 else 0
    extended = bytes([kind - 7]) if kind >= 8 else b""
    if size < 29:
        return bytes([head | size]) + extended
    assert size < 29 + 256
    return bytes([head | 29]) + extended + bytes([size - 29])


def encode(value, uint=6):
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(encode(v) for v in value)
    if isinstance(value, str):
        return control(2, len(value.encode())) + value.encode()
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(uint, len(data)) + data


def bits_of(network):
    net = ipaddress.ip_network(network)
    length = net.prefixlen + (96 if net.version == 4 else 0)
    return f"{int(net.network_address):0128b}"[:length]


root, data, offsets = {}, b"", {}
for line in sys.stdin:
    network, text = line.split(None, 1)
    if text not in offsets:
        offsets[text] = len(data)
        data += encode(json.loads(text))
    bits, node = bits_of(network), root
    for bit in bits[:-1]:
        child = node.get(bit, {})
        # a network inside one of an earlier line
        node[bit] = child if isinstance(child, dict) else {"0": child, "1": child}
        node = node[bit]
    node[bits[-1]] = offsets[text]

nodes = [root]
for node in nodes:
    nodes += [child for child in node.values() if isinstance(child, dict)]
number = {id(node): i for i, node in enumerate(nodes)}


def record(child):
    if child is None:
        return len(nodes)
    return number[id(child)] if isinstance(child, dict) else len(nodes) + 16 + child


tree = b"".join(record(node.get(side)).to_bytes(3, "big") for node in nodes for side in "01")
# uint16 and uint64 where the format wants them
meta = [("node_count", len(nodes), 6), ("record_size", 24, 5), ("ip_version", 6, 5), ("database_type", sys.argv[2], 0),
        ("languages", ["en"], 0), ("binary_format_major_version", 2, 5), ("binary_format_minor_version", 0, 5),
        ("build_epoch", 1767225600, 9), ("description", {"en": "made by a test"}, 0)]
with open(sys.argv[1], "wb") as out:
    out.write(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + control(7, len(meta)))
    for key, value, uint in meta:
        out.write(encode(key) + encode(value, uint))

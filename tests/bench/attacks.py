#!/usr/bin/env python3
"""Attacks on the sensor: cost a packet, memory, and whether known clients' sessions between them are recorded.

  attacks.py DIR GATEWITNESS TEMPLATE.pcap...

Cost: instructions a packet, between a short and a long capture, so that the start cancels out; beside the gateway mix.
"""
import json
import os
import re
import subprocess
import sys

DIR, PROGRAM, TEMPLATES = sys.argv[1], sys.argv[2], sys.argv[3:]
SHORT, LONG, MANY = 10000, 40000, int(os.environ.get("ATTACK_FRAMES", "1000000"))
LIMIT_MIB, BESIDE_MIB, MOST = 64, 24, 5
PATH, EVE = DIR + "/attack.pcap", DIR + "/eve.json"
GATEWAY = ["-g", "192.0.2.10", "-g", "2001:db8::c000:20a"]
KNOWN = '"src_ip":"11.0.0.0"'


def make(tool, mode, count):
    """Frames written, and how many known clients' sessions are among them."""
    said = subprocess.run([DIR + "/" + tool, mode, PATH, str(count)] + TEMPLATES, capture_output=True, text=True, check=True)
    return [int(n) for n in re.findall(r"\d+", said.stdout)[:2]]


def read(*more):
    return [PROGRAM, "read", "--quiet", "--set", "ndpi.enabled=no"] + GATEWAY + list(more) + [PATH]


def instructions(tool, mode, count):
    frames = make(tool, mode, count)[0]
    log = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + read("--eve", "/dev/null"),
                         capture_output=True, text=True, check=True,
                         env=dict(os.environ, GLIBC_TUNABLES="glibc.cpu.x86_rep_stosb_threshold=1000000000"))
    return int(re.search(r"Collected : (\d+)", log.stderr).group(1)), frames


def cost(tool, mode):
    (few, short), (many, long) = instructions(tool, mode, SHORT), instructions(tool, mode, LONG)
    return (many - few) / (long - short)


def survive(mode):
    """Peak resident MiB at that limit, and known clients' sessions: played, recorded, and of these established."""
    played = make("attack", mode, MANY)[1]
    child = subprocess.Popen(read("--eve", EVE, "--set", "memory.limit=%dMiB" % LIMIT_MIB))
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit("attacks: %s: gatewitness ended with %d" % (mode, status))
    with open(EVE) as lines:
        known = [json.loads(line)["gatewitness"] for line in lines if KNOWN in line and '"event_type":"tls"' in line]
    return usage.ru_maxrss / 1024, (played, len(known), sum(k.get("established", False) for k in known))


def main():
    modes = subprocess.run([DIR + "/attack", "list"], capture_output=True, text=True, check=True).stdout.split()
    normal = cost("../traffic", "gateway")
    print("A packet of the gateway mix: %.0f instructions.  Goals: at most %d x that; %d + %d MiB at memory.limit=%dMiB; "
          "known clients as without an attack" % (normal, MOST, LIMIT_MIB, BESIDE_MIB, LIMIT_MIB))
    print("%-24s %12s %6s %9s  %s" % ("attack", "instructions", "x", "peak MiB", "known: played, recorded, established"))
    bad, share = 0, {}
    for mode in modes:
        more = cost("attack", mode) / normal
        peak, (played, recorded, whole) = survive(mode)
        share[mode] = whole / played
        fine = (more <= MOST and peak <= LIMIT_MIB + BESIDE_MIB and recorded == played and
                abs(whole - played * share["calm"]) < 2)
        bad += not fine
        print("%-24s %12.0f %6.2f %9.0f  %d, %d, %d%s" % (mode, more * normal, more, peak, played, recorded, whole,
                                                         "" if fine else "   <-"))
        sys.stdout.flush()
    sys.exit(1 if bad else 0)


main()

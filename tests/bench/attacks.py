#!/usr/bin/env python3
"""Attacks on the sensor: cost a packet, memory, and whether known clients' sessions between them are recorded.

  attacks.py DIR GATEWITNESS TEMPLATE.pcap...

Cost: CPU a packet beside the gateway mix, both the least of rounds in turn, at a memory limit that most attacks fill.
"""
import json
import os
import re
import subprocess
import sys

DIR, PROGRAM, TEMPLATES = sys.argv[1], sys.argv[2], sys.argv[3:]
FRAMES, ROUNDS = int(os.environ.get("ATTACK_FRAMES", "500000")), 3
LIMIT_MIB, BESIDE_MIB, MOST = 64, 24, 5
GATEWAY = ["-g", "192.0.2.10", "-g", "2001:db8::c000:20a"]
KNOWN = '"src_ip":"11.0.0.0"'


def make(tool, mode, path):
    """Frames written, and how many known clients' sessions are among them."""
    said = subprocess.run([DIR + "/" + tool, mode, path, str(FRAMES)] + TEMPLATES, capture_output=True, text=True, check=True)
    return [int(n) for n in re.findall(r"\d+", said.stdout)[:2]]


def read(path, eve):
    """CPU seconds, and peak resident MiB."""
    child = subprocess.Popen([PROGRAM, "read", "--quiet", "--eve", eve, "--set", "ndpi.enabled=no", "--set",
                              "memory.limit=%dMiB" % LIMIT_MIB] + GATEWAY + [path])
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit("attacks: %s: gatewitness ended with %d" % (path, status))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def known_sessions(path):
    """Of known clients: recorded, and of these established.  And the peak on the way."""
    eve = DIR + "/eve.json"
    peak = read(path, eve)[1]
    recorded = whole = 0
    with open(eve) as lines:
        for line in lines:
            if KNOWN in line and '"event_type":"tls"' in line:
                recorded += 1
                whole += json.loads(line)["gatewitness"].get("established", False)
    os.remove(eve)
    return recorded, whole, peak


def main():
    modes = subprocess.run([DIR + "/attack", "list"], capture_output=True, text=True, check=True).stdout.split()
    normal, attack = DIR + "/gateway.pcap", DIR + "/attack.pcap"
    normal_frames = make("traffic", "gateway", normal)[0]
    print("Goals: at most %d x the CPU of a packet of the gateway mix; %d + %d MiB at memory.limit=%dMiB; known clients as "
          "without an attack" % (MOST, LIMIT_MIB, BESIDE_MIB, LIMIT_MIB))
    print("%-24s %6s %9s  %s" % ("attack", "x", "peak MiB", "known: played, recorded, established"))
    bad, share = 0, {}
    for mode in modes:
        frames, played = make("attack", mode, attack)
        rounds = [(read(normal, "/dev/null")[0], read(attack, "/dev/null")[0]) for _ in range(ROUNDS)]
        more = min(r[1] for r in rounds) / frames / (min(r[0] for r in rounds) / normal_frames)
        recorded, whole, peak = known_sessions(attack)
        share[mode] = whole / played
        fine = (more <= MOST and peak <= LIMIT_MIB + BESIDE_MIB and recorded == played and
                abs(whole - played * share["calm"]) < 2)
        bad += not fine
        print("%-24s %6.2f %9.0f  %d, %d, %d%s" % (mode, more, peak, played, recorded, whole, "" if fine else "   <-"))
        sys.stdout.flush()
    sys.exit(1 if bad else 0)


main()

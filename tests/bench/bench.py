#!/usr/bin/env python3
"""Benchmarks: CPU as a multiple of a bare libpcap read in the same round, instructions a packet, memory, growth.

  bench.py DIR GATEWITNESS [ROUNDS]

Every round runs all commands in turn, so that a slow moment of the machine touches all of them; a figure is the
median of the ratios inside the rounds.  Quote ratios and counts, never seconds.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys

DIR, PROGRAM = sys.argv[1], sys.argv[2]
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
GATEWAY = ["-g", "192.0.2.10", "-g", "2001:db8::c000:20a"]


def read(capture, eve, *sets):
    command = [PROGRAM, "read", "--quiet", "--eve", eve] + GATEWAY
    for text in sets:
        command += ["--set", text]
    return command + ["%s/%s.pcap" % (DIR, capture)]


def cpu(command):
    """CPU seconds and peak resident bytes of one run."""
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen(command, stdout=null, stderr=null)
        _, status, usage = os.wait4(child.pid, 0)
    if status != 0 and "ndpiReader" not in command[0]:
        sys.exit("failed: " + " ".join(command))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def bare(capture):
    return ["%s/bare" % DIR, "%s/%s.pcap" % (DIR, capture)]


OFF = "ndpi.enabled=no"
EVE = DIR + "/eve.json"
SPEED = [
    # workload, label, command, goal
    ("gateway", "EVE to a file, nDPI", read("gateway", EVE), 2.5),
    ("gateway", "EVE to a file", read("gateway", EVE, OFF), 1.8),
    ("small", "EVE to /dev/null", read("small", "/dev/null", OFF), 4),
    ("flood", "EVE to /dev/null", read("flood", "/dev/null", OFF), 8),
    ("hellos", "EVE to /dev/null, 100,000 distinct hellos", read("hellos", "/dev/null", OFF), None),
]
PEERS = [("ndpiReader", ["ndpiReader", "-q", "-i"]), ("tcpdump", ["tcpdump", "-Z", "root", "-n", "-w", "/dev/null", "-r"])]


def speed():
    rows = list(SPEED)
    for name, command in PEERS:
        if shutil.which(command[0]):
            rows.append(("gateway", name, command + ["%s/gateway.pcap" % DIR], None))
    ratios = {i: [] for i in range(len(rows))}
    for _ in range(ROUNDS):
        floor = {w: cpu(bare(w))[0] for w in {r[0] for r in rows}}
        for i, row in enumerate(rows):
            ratios[i].append(cpu(row[2])[0] / floor[row[0]])
    print("\nCPU, x a bare pcap_next_ex loop over the same capture (median of %d rounds)" % ROUNDS)
    for i, (workload, label, _, goal) in enumerate(rows):
        print("  %-8s %-44s %6.2f %s" % (workload, label, statistics.median(ratios[i]),
                                         "goal %.1f" % goal if goal else ""))


def eve_cost():
    """What EVE in a file costs beside a plain write of the same bytes."""
    extra = []
    for _ in range(ROUNDS):
        cpu(read("gateway", EVE, OFF))
        plain = cpu(["%s/bare" % DIR, "write", EVE, EVE + ".copy"])[0]
        to_file = cpu(read("gateway", EVE, OFF))[0]
        to_null = cpu(read("gateway", "/dev/null", OFF))[0]
        extra.append((to_file - to_null) / plain)
    print("  gateway  EVE to a file less to /dev/null: %.2f x a plain copy of the same %d bytes (goal 1.5)" %
          (statistics.median(extra), os.path.getsize(EVE)))


def instructions(capture):
    log = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] +
                         read(capture, "/dev/null", OFF), capture_output=True, text=True, check=True,
                         env=dict(os.environ, GLIBC_TUNABLES="glibc.cpu.x86_rep_stosb_threshold=1000000000"))
    return int(re.search(r"Collected : (\d+)", log.stderr).group(1))


def memory():
    _, peak = cpu(read("flood", "/dev/null", OFF, "memory.limit=256MiB"))
    print("\nMemory: 1,000,000 open hellos at memory.limit=256MiB: peak %.0f MiB (goal 280)" % (peak / 2**20))


def growth():
    cost = {}
    for name, packets in (("scale-1k", 2005000), ("scale-1m", 7000000)):
        runs = [cpu(read(name, "/dev/null", OFF, "memory.limit=2GiB"))[0] - 0 for _ in range(3)]
        cost[name] = statistics.median(runs) / packets
    print("Growth: CPU a packet with 1,000,000 open connections %.2f x that with 1,000 (whole run)" %
          (cost["scale-1m"] / cost["scale-1k"]))


speed()
eve_cost()
if shutil.which("valgrind"):
    slope = (instructions("gateway-200k") - instructions("gateway-20k")) / 180000
    print("\nInstructions a packet, gateway mix, reading included: %.0f (goal 1,100)" % slope)
memory()
growth()

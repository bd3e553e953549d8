#!/usr/bin/env python3
"""Benchmarks: CPU as a multiple of a bare libpcap read in the same round, instructions a packet, memory, growth.

  bench.py DIR GATEWITNESS [ROUNDS]

Every round runs all commands in turn, so that a slow moment of the machine touches all of them; a figure is the
median of the ratios inside the rounds.  Quote ratios and counts, never seconds.
"""
import glob
import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys

DIR, PROGRAM = sys.argv[1], sys.argv[2]
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
ADDRESSES = ["192.0.2.10", "2001:db8::c000:20a"]
GATEWAY = [word for address in ADDRESSES for word in ("-g", address)]


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
    """Instructions of a run, and its callgrind profile."""
    profile = "%s/%s.callgrind" % (DIR, capture)
    log = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + profile] +
                         read(capture, "/dev/null", OFF), capture_output=True, text=True, check=True,
                         env=dict(os.environ, GLIBC_TUNABLES="glibc.cpu.x86_rep_stosb_threshold=1000000000"))
    return int(re.search(r"Collected : (\d+)", log.stderr).group(1)), profile


def calls(profile, name):
    """How often a function was called, and what that cost with all that it calls."""
    number, count, cost = None, 0, 0
    with open(profile) as lines:
        for line in lines:
            named = re.match(r"c?fn=\((\d+)\) " + name + "$", line)  # written once; then its number stands for it
            number = named.group(1) if named else number
            if number and line.startswith("cfn=(%s)" % number):
                count += int(re.match(r"calls=(\d+)", next(lines)).group(1))
                cost += int(next(lines).split()[-1])
    return count, cost


def judging(whole, few, many):
    """What detectors add to a packet, between two profiles, and to a record: in words."""
    added = [sum(calls(profile, name)[1] for name in ("detect_session", "detect_pulse", "detect_idle"))
             for profile in (few, many)]
    slope = (added[1] - added[0]) / 180000
    records, cost = calls(many, "detect_session")
    return ("Detectors: %.0f of these, %.0f %% of the rest (goal 15 %%); %.0f a record (goal 7,000)" %
            (slope, 100 * slope / (whole - slope), cost / records))


def detectors(whole, few, many):
    """The same of the gateway mix; what a connection that comes to nothing takes, and a client that is known."""
    knocks, knocked = calls(instructions("hellos")[1], "detect_session")
    print("%s, %.0f a record of a connection that comes to nothing" %
          (judging(whole, few, many), knocked / knocks))
    item, index, kept = map(int, subprocess.run([DIR + "/known", "16"], capture_output=True, text=True,
                                                check=True).stdout.split())
    print("           a known client takes %d bytes; 16 MiB for all detectors keep %d of them (goal 50,000)" %
          (item + index, kept))


def opened(capture):
    """Connections that a capture has."""
    return stats(read(capture, "-", OFF))["flow_new"]


def connections(whole):
    """What a connection costs beside its packets: two mixes with as many packets, one of them with more connections."""
    few, many = (instructions("brief-" + size) for size in ("20k", "200k"))
    brief = (many[0] - few[0]) / 180000
    share = [(opened(mix + "-200k") - opened(mix + "-20k")) / 180000 for mix in ("gateway", "brief")]
    each = (brief - whole) / (share[1] - share[0])
    print("Instructions a packet, brief connections of strangers: %.0f: %.0f a packet and %.0f a connection" %
          (brief, whole - share[0] * each, each))
    print(judging(brief, few[1], many[1]))


def processes(capture, taps):
    """Instructions of a read: of the process that keeps, and of each tap."""
    prefix = "%s/taps.callgrind." % DIR
    for old in glob.glob(prefix + "*"):
        os.remove(old)
    child = subprocess.Popen(["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + prefix + "%p", PROGRAM,
                              "read", "--quiet", "--eve", "/dev/null", "--set", OFF, "-g", ADDRESSES[0]] +
                             (["--taps", str(taps)] if taps else []) + [capture])
    child.wait()
    of = {}
    for path in glob.glob(prefix + "*"):
        of[int(path.rsplit(".", 1)[1])] = int(re.search(r"^summary: (\d+)", open(path).read(), re.M).group(1))
    return [of.pop(child.pid)] + list(of.values())


def spread(capture, to):
    """The same with an address for each client's port, so that there is something to deal."""
    with open("%s/%s.pcap" % (DIR, capture), "rb") as f:
        b = bytearray(f.read())
    at = 24
    while at + 16 <= len(b):
        length, frame = struct.unpack_from("<I", b, at + 8)[0], at + 16
        at = frame + length
        if b[frame + 12:frame + 14] == b"\x08\0":
            mine = b[frame + 26:frame + 30] == bytes((192, 0, 2, 10))
            b[frame + 28 + 4 * mine:frame + 30 + 4 * mine] = b[frame + 34 + 2 * mine:frame + 36 + 2 * mine]
    with open(to, "wb") as f:
        f.write(b)


def stats(command):
    """The counters at the end of a read."""
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return json.loads(told.splitlines()[-1])["gatewitness"]["counters"]


def taps():
    """What one process does, one tap and the keeper, two taps and the keeper: starting them left out."""
    spread("gateway-20k", DIR + "/spread.pcap")
    cost = {n: [all_ - start for all_, start in zip(processes(DIR + "/spread.pcap", n),
                                                    processes("tests/golden/curl/curl.pcap", n))] for n in (0, 1, 2)}
    counts = stats([PROGRAM, "read", "--quiet", "--eve", "-", "--set", OFF, "-g", ADDRESSES[0], DIR + "/spread.pcap"])
    records = counts["record_open"] + counts["record_update"] + counts["record_close"]
    print("Taps: two do %.2f x what one does, on average, the busier %.2f x (goal 1.8)" %
          (2 * cost[1][1] / sum(cost[2][1:]), cost[1][1] / max(cost[2][1:])))
    print("      a record through a tap's channel takes %.0f instructions more than in one process (%d frames a record)" %
          ((sum(cost[1]) - cost[0][0]) / records, counts["frames"] / records))


def record_time():
    """What a record takes of CPU time: with all detectors less without any, in the same round."""
    records, ns = subprocess.run([DIR + "/records", "15", DIR + "/gateway-200k.pcap"] + ADDRESSES, capture_output=True,
                                 text=True, check=True).stdout.split()
    print("           %.1f us of CPU a record, median of 15 rounds over %s of them (goal 2)" %
          (int(ns) / 1000, records))


def memory():
    _, peak = cpu(read("flood", "/dev/null", OFF, "memory.limit=256MiB"))
    print("\nMemory: 1,000,000 open hellos at memory.limit=256MiB: peak %.0f MiB (goal 280)" % (peak / 2**20))


def growth():
    """A packet of an open connection: four million more of them, so that openings and records cancel out.  Rounds over
    all four, smallest of each: pages of 2 MiB are dear where the machine's memory is full of others' files."""
    runs = [kind + name for name in ("1k", "1m") for kind in ("scale-", "scale-long-")]
    took = {run: min(times) for run, times in zip(runs, zip(*(
        [cpu(read(run, "/dev/null", OFF, "memory.limit=3GiB"))[0] for run in runs] for _ in range(ROUNDS))))}
    cost = {name: (took["scale-long-" + name] - took["scale-" + name]) / 4e6 * 1e9 for name in ("1k", "1m")}
    print("Growth: a packet with 1,000,000 open connections costs %.2f x one with 1,000 (goal 2.5): %.0f and %.0f ns" %
          (cost["1m"] / cost["1k"], cost["1m"], cost["1k"]))


speed()
eve_cost()
if shutil.which("valgrind"):
    few, many = instructions("gateway-20k"), instructions("gateway-200k")
    slope = (many[0] - few[0]) / 180000
    print("\nInstructions a packet, gateway mix, reading included: %.0f (goal 1,100)" % slope)
    print("             of connections that stay open, reading included: %.0f (goal 500)" %
          ((instructions("open-200k")[0] - instructions("open-20k")[0]) / 180000))
    detectors(slope, few[1], many[1])
    connections(slope)
    taps()
record_time()
memory()
growth()

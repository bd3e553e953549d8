#!/usr/bin/env python3
"""Live speed: loss and CPU a packet, ours beside others', at the sender's ceiling; and a reader that was stopped.

  live.py DIR GATEWITNESS

Sender and reader share this machine's cores with each other and with whatever else runs: quote loss and CPU a packet,
never the rate.  Sends to no interface but its own veth pair.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DIR, PROGRAM = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SECONDS = float(os.environ.get("LIVE_SECONDS", "5"))
BUFFER = 192 << 20
GBIT = 182000  # frames a second of the gateway mix at 1 Gbit/s
MOST_NS = 200
SEND, HEAR = "gwspeed%d-send" % os.getpid(), "gwspeed%d-hear" % os.getpid()


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def within(namespace, *words):
    return ("ip", "netns", "exec", namespace) + words


def make_wire():
    for namespace in (SEND, HEAR):
        run("ip", "netns", "add", namespace)
        run(*within(namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"))
    run("ip", "-n", SEND, "link", "add", "out0", "type", "veth", "peer", "name", "in0", "netns", HEAR)
    for namespace, name in ((SEND, "out0"), (HEAR, "in0")):
        run(*within(namespace, "ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off"))
        run("ip", "-n", namespace, "link", "set", name, "arp", "off", "up")


def family(pid):
    """The process and all that it started."""
    pids = [pid]
    for parent in pids:
        try:
            with open("/proc/%d/task/%d/children" % (parent, parent)) as f:
                pids += [int(word) for word in f.read().split()]
        except OSError:
            pass
    return pids


def cpu_so_far(pids):
    """Seconds: what opening took (a ring of that size is zeroed by the kernel) is nobody's packet."""
    ns = 0
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                ns += int(f.read().split()[0])
    return ns / 1e9


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def wait_open(child, said):
    """A packet socket in the namespace: /proc/net/packet has a heading and then a line each."""
    for _ in range(100):
        if subprocess.run(within(HEAR, "cat", "/proc/net/packet"), capture_output=True).stdout.count(b"\n") > 1:
            time.sleep(0.5)
            return
        if child.poll() is not None:
            break
        time.sleep(0.1)
    said.seek(0)
    sys.exit("live speed: nobody opened the interface: " + said.read())


def measure(command, mix, rate, stopped=0.0):
    """What was sent, CPU seconds of the reader and its children, and what it said."""
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(within(HEAR, *command), stdout=said, stderr=subprocess.STDOUT, cwd=DIR)
        wait_open(child, said)
        before = cpu_so_far(family(child.pid))
        sender = subprocess.Popen(within(SEND, DIR + "/send", "out0", "%s/%s.pcap" % (DIR, mix), str(rate), str(SECONDS)),
                                  stdout=subprocess.PIPE, text=True)
        if stopped:
            time.sleep(SECONDS / 2)
            pids = family(child.pid)
            signal_all(pids, signal.SIGSTOP)
            time.sleep(stopped)
            signal_all(pids, signal.SIGCONT)
        sent, took = sender.communicate()[0].split()
        time.sleep(1)
        if "-s" not in command:  # who ends by itself would say nothing
            child.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(child.pid, 0)
        said.seek(0)
        return int(sent), float(took), usage.ru_utime + usage.ru_stime - before, said.read(), status


def ours(said):
    with open(DIR + "/live.json") as f:
        stats = [line for line in f if '"event_type":"stats"' in line][-1]
    line = json.loads(stats)
    losses = line["gatewitness"]["losses"]
    told = ", ".join("%s %d" % (name, n) for name, n in losses.items() if n and name not in ("upstream",))
    return line["stats"]["decoder"]["pkts"], told


def number(pattern, said):
    found = re.search(pattern, said)
    return int(found.group(1)) if found else None


def sensor(buffer=BUFFER):
    for name in ("live.json",):
        if os.path.exists(DIR + "/" + name):
            os.remove(DIR + "/" + name)
    shutil.rmtree(DIR + "/live.ledger", ignore_errors=True)
    return [PROGRAM, "run", "-i", "in0", "-g", "192.0.2.10", "-g", "2001:db8::c000:20a", "--eve", "live.json",
            "--ledger", "live.ledger", "--set", "capture.buffer=%dMiB" % (buffer >> 20), "--set", "sensor.name=speed"]


TOOLS = [
    ("gatewitness", sensor, ours),
    ("counting loop", lambda: [DIR + "/listen", "in0", str(BUFFER)], lambda said: (number(r"^(\d+)", said), "")),
    ("tcpdump -w /dev/null", lambda: ["tcpdump", "-Z", "root", "-i", "in0", "-B", str(BUFFER >> 10), "-w", "/dev/null"],
     lambda said: (number(r"(\d+) packets? captured", said), "")),
    ("ndpiReader", lambda: ["ndpiReader", "-i", "in0", "-s", "%d" % (SECONDS + 5)],
     lambda said: (number(r"IP packets:\s+\d+\s+of (\d+)", said), "")),
]


def show(name, mix, sent, took, cpu, seen, told):
    lost = "?" if seen is None else "%.4f %%" % (100.0 * max(sent - seen, 0) / sent)
    share = "?" if not seen else "%.0f" % (cpu * 1e9 / seen)
    print("%-22s %-8s %9.0f /s  lost %-10s %5s ns CPU a packet  %s" % (name, mix, sent / took, lost, share, told))
    sys.stdout.flush()
    return seen is not None and sent == seen, float(share) if share != "?" else None


def speed():
    fine = True
    for mix in ("gateway", "small"):
        for name, command, judge in TOOLS:
            words = command()
            if not shutil.which(words[0]):
                continue
            sent, took, cpu, said, _ = measure(words, mix, 0)
            whole, share = show(name, mix, sent, took, cpu, *judge(said))
            if name == "gatewitness":
                fine &= whole and share <= MOST_NS
    return fine


def stopped():
    sent, took, cpu, said, _ = measure(sensor(), "gateway", GBIT, 1.0)
    print()
    return show("stopped for a second", "gateway", sent, took, cpu, *ours(said))[0]


def main():
    try:
        make_wire()
        fine = speed()
        fine &= stopped()
    finally:
        for namespace in (SEND, HEAR):
            subprocess.run(("ip", "netns", "del", namespace), stderr=subprocess.DEVNULL)
    print("goals: no loss, at most %d ns CPU a packet; stopped for a second with %d MiB: no loss: %s" %
          (MOST_NS, BUFFER >> 20, "reached" if fine else "not reached here"))


main()

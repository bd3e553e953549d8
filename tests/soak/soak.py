#!/usr/bin/env python3
"""Soak and chaos: a sensor under load, while roles die, the disk fills, the interface goes, the clock steps.

  soak.py DIR PROGRAM MINUTES [SEED [EVENT...]]		an EVENT is a method of Soak's: kill_tap fill_disk ...

DIR has send, gateway.pcap and small.pcap (tests/bench); PROGRAM is the sensor with a clock of its own (clock.c).  What has
to hold: nothing dies that was not killed here; memory stays flat; each frame that was sent is in a session's record or in a
counter that says why not; the ledger verifies.  All on a veth pair in namespaces of its own and a small disk.
"""
import collections
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

DIR, PROGRAM, MINUTES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), float(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
ONLY = sys.argv[5:]
HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
SEND, HEAR = "gwsoak%d-send" % os.getpid(), "gwsoak%d-hear" % os.getpid()
TAPS, LIMIT_MIB, DISK_MIB = 2, 64, 512  # a disk that no day of ten minutes fills by itself
RING_MIB = SEED % 2 * 16  # frames kept for evidence, in every other soak: with it each packet takes the long way
FEED_RATE = 2000
BESIDE_MIB = 16  # a role beside memory.limit: its program's own, SQLite's pages, buffers
CONFIG = """[memory]
limit = %dMiB
[capture]
taps = %d
scope = all
buffer = 32MiB
[ledger]
commit = 1s
quota = 24MiB
[eve]
stats = 1s
updates = no
[session]
update = 10s
[evidence]
ring = %dMiB
quota = 16MiB
[sink disk]
kind = file
path = %s
events = stats
[gateway one]
address = 192.0.2.10, 2001:db8::c000:20a
"""


def run(*words, check=True):
    return subprocess.run(words, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def within(namespace, *words):
    return ("ip", "netns", "exec", namespace) + words


class Wire:
    """The veth pair, who sends on it, and how many frames went over it."""

    def __init__(self, rate):
        self.rate, self.past, self.senders, self.anchor = rate, 0, [], None
        for namespace in (SEND, HEAR):
            run("ip", "netns", "add", namespace)
            run(*within(namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"))
        self.anchor = subprocess.Popen(within(SEND, "sleep", "infinity"), stdout=subprocess.DEVNULL)
        self.plug()

    def plug(self):
        run("ip", "-n", SEND, "link", "add", "out0", "mtu", "9000", "type", "veth", "peer", "name", "in0", "mtu", "9000",
            "netns", HEAR)
        for namespace, name in ((SEND, "out0"), (HEAR, "in0")):
            run(*within(namespace, "ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off"))
            run("ip", "-n", namespace, "link", "set", name, "arp", "off", "up")

    def unplug(self):
        self.quiet()
        self.past = self.sent()
        run("ip", "-n", HEAR, "link", "del", "in0")

    def sent(self):
        """Delivered to the other end: what a veth drops is counted apart."""
        with open("/proc/%d/net/dev" % self.anchor.pid) as f:
            found = re.search(r"out0:(.*)", f.read())
        return self.past + (int(found.group(1).split()[9]) if found else 0)

    def ceiling(self, mix):
        said = run(*within(SEND, DIR + "/send", "out0", DIR + "/%s.pcap" % mix, "0", "1")).split()
        return int(said[0]) / float(said[1])

    def load(self, corpus):
        for mix, share in (("gateway", 0.9), ("small", 0.1)):
            words = within(SEND, DIR + "/send", "out0", DIR + "/%s.pcap" % mix, str(self.rate * share), "1000000")
            self.senders.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        words = within(SEND, sys.executable, HERE + "/feed.py", "out0", str(SEED), str(FEED_RATE), *corpus)
        self.senders.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def quiet(self):
        for child in self.senders:
            child.kill()
            child.wait()
        self.senders = []

    def close(self):
        self.quiet()
        if self.anchor:
            self.anchor.kill()
            self.anchor.wait()
        for namespace in (SEND, HEAR):
            run("ip", "netns", "del", namespace, check=False)


class Disk:
    """A small one of our own, that can be filled."""

    def __init__(self, work):
        self.path = work + "/disk"
        os.mkdir(self.path)
        run("mount", "-t", "tmpfs", "-o", "size=%dm,mode=755" % DISK_MIB, "soak", self.path)

    def fill(self):
        with open(self.path + "/filler", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(1 << 16))
            except OSError:
                pass
            try:
                while True:
                    f.write(bytes(512))
            except OSError:
                pass

    def free(self):
        if os.path.exists(self.path + "/filler"):
            os.remove(self.path + "/filler")

    def close(self):
        run("umount", "-l", self.path, check=False)


class Clock:
    """The eight bytes that the program adds to the time of day."""

    def __init__(self, work):
        self.path = work + "/clock"
        self.ns = 0
        with open(self.path, "wb") as f:
            f.write(struct.pack("q", 0))

    def step(self, seconds):
        self.ns += int(seconds * 1e9)
        with open(self.path, "r+b") as f:
            f.write(struct.pack("q", self.ns))


class Sensor:
    def __init__(self, work, disk, clock):
        self.work, self.ledger, self.eve, self.said = work, disk.path + "/ledger", work + "/eve.json", work + "/run.log"
        self.config = work + "/conf"
        self.configure()
        self.log = open(self.said, "w")
        env = dict(os.environ, GATEWITNESS_CLOCK=clock.path)
        words = within(HEAR, PROGRAM, "run", "-i", "in0", "-c", self.config, "--ledger", self.ledger, "--eve", self.eve)
        self.child = subprocess.Popen(words, env=env, stdout=self.log, stderr=subprocess.STDOUT)

    def configure(self, more=""):
        with open(self.config + ".new", "w") as f:
            f.write(CONFIG % (LIMIT_MIB, TAPS, RING_MIB, self.work + "/disk/sink.json") + more)
        os.rename(self.config + ".new", self.config)

    def output(self):
        with open(self.said) as f:
            return f.read()

    def roles(self):
        """Processes by role: tap:0, keeper ..."""
        found = {}
        try:
            with open("/proc/%d/task/%d/children" % (self.child.pid, self.child.pid)) as f:
                pids = f.read().split()
        except OSError:
            return found
        for pid in pids:
            try:
                with open("/proc/%s/cmdline" % pid) as f:
                    role = re.search(r"(?:role|again):([a-z]+(?::\w+)?)", f.read())
            except OSError:
                continue
            if role:
                found[role.group(1)] = int(pid)
        return found

    def resident(self):
        """MiB of its own, by role."""
        sizes = {}
        for role, pid in self.roles().items():
            try:
                with open("/proc/%d/status" % pid) as f:
                    sizes[role] = int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1)) / 1024
            except (OSError, AttributeError):
                continue
        return sizes

    def listens(self, wanted=TAPS):
        """So many packet sockets are bound to the interface that is there now."""
        with open("/proc/%d/net/packet" % self.child.pid) as f:
            bound = [line.split()[4] for line in f.readlines()[1:]]
        index = re.match(r"(\d+)", run("ip", "-n", HEAR, "-o", "link", "show", "dev", "in0", check=False))
        return index is not None and bound.count(index.group(1)) >= wanted

    def status(self):
        said = subprocess.run([PROGRAM, "status", "--ledger", self.ledger, "--json"], capture_output=True, text=True)
        try:
            return json.loads(said.stdout) if said.returncode == 0 else None
        except ValueError:
            return None

    def stats(self):
        """The last line of counters."""
        last = None
        with open(self.eve) as f:
            for line in f:
                if '"event_type":"stats"' in line and line.endswith("}\n"):
                    last = line
        return json.loads(last) if last else None

    def alive(self):
        return self.child.poll() is None


def until(seconds, holds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


class Soak:
    def __init__(self):
        self.work = tempfile.mkdtemp(prefix="soak.")
        os.chmod(self.work, 0o755)
        self.chance = random.Random(SEED)
        self.wire = self.disk = self.sensor = None
        self.faults, self.planned, self.done = [], collections.Counter(), collections.Counter()
        self.sizes = []
        self.corpus = [folder for folder in (TREE + "/tests/golden", TREE + "/tests/fuzz/seeds", TREE + "/../shared/corpus")
                       if os.path.isdir(folder)]
        self.keeper_frames = 0  # sent around the deaths of keepers
        self.clock = Clock(self.work)

    def fault(self, words):
        self.faults.append(words)
        print("  FAULT: " + words, flush=True)

    def begin(self):
        self.wire = Wire(0)
        self.wire.rate = min(self.wire.ceiling("gateway"), self.wire.ceiling("small")) / 2
        self.wire.past = -self.wire.sent()
        self.disk = Disk(self.work)
        self.sensor = Sensor(self.work, self.disk, self.clock)
        if not until(30, lambda: "watching in0" in self.sensor.output()):
            sys.exit("soak: the sensor did not start: " + self.sensor.output())
        self.wire.load(self.corpus)
        print("soak: %.1f minutes at %.0f frames/s, evidence.ring %d MiB, seed %d" % (MINUTES, self.wire.rate, RING_MIB, SEED), flush=True)

    # what happens to it

    def kill(self, role, how):
        pid = self.sensor.roles().get(role)
        if not pid:
            return
        before = self.wire.sent()
        self.planned[role.replace(":", " ")] += 1
        os.kill(pid, how)
        until(40, lambda: self.sensor.roles().get(role) not in (None, pid))
        if role == "keeper":
            until(20, self.sensor.listens)
            time.sleep(1)
            # what it had taken in, but not yet counted: two seconds before
            self.keeper_frames += self.wire.sent() - before + int(2 * before / (time.monotonic() - self.began))

    def kill_tap(self):
        self.kill("tap:%d" % self.chance.randrange(TAPS), self.chance.choice((signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT)))

    def kill_keeper(self):
        self.kill("keeper", self.chance.choice((signal.SIGSEGV, signal.SIGKILL)))

    def kill_desk(self):
        self.kill("desk", signal.SIGKILL)

    def stop_tap(self):
        self.kill("tap:%d" % self.chance.randrange(TAPS), signal.SIGSTOP)

    def pause_tap(self):
        """No death: it has to catch up, or count what the ring could not hold."""
        pid = self.sensor.roles().get("tap:0")
        if pid:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self.chance.uniform(0.5, 3))
            os.kill(pid, signal.SIGCONT)

    def fill_disk(self):
        self.disk.fill()
        time.sleep(self.chance.uniform(2, 8))
        if "kill_keeper" in (ONLY or ["kill_keeper"]) and self.chance.random() < 0.3:
            self.kill_keeper()
        self.disk.free()

    def link_down(self):
        run("ip", "-n", HEAR, "link", "set", "in0", "down")
        time.sleep(self.chance.uniform(0.5, 3))
        run("ip", "-n", HEAR, "link", "set", "in0", "up")

    def unplug(self):
        for tap in range(TAPS):
            self.planned["tap %d" % tap] += 40  # tries until it is there again
        self.wire.unplug()
        time.sleep(self.chance.uniform(0.5, 3))
        self.wire.plug()
        if not until(40, self.sensor.listens):
            self.fault("the taps do not come back with their interface")
        self.wire.load(self.corpus)

    def step_clock(self):
        self.clock.step(self.chance.choice((-7200, -90, -5, 7, 600, 7200, 86400)))

    def reload(self):
        bad = self.chance.random() < 0.3
        self.sensor.configure("memory = 1\n" if bad else "[suppress a]\ndetector = leak_loop\nowner = me\nreason = soak\n"
                              "expires = 2099-01-01\n")
        said = subprocess.run([PROGRAM, "reload", "--ledger", self.sensor.ledger], capture_output=True, text=True)
        if said.returncode != (2 if bad else 0):
            self.fault("reload: %d: %s" % (said.returncode, said.stdout + said.stderr))

    EVENTS = ((kill_tap, 4), (kill_keeper, 2), (kill_desk, 1), (stop_tap, 1), (pause_tap, 2), (fill_disk, 3), (link_down, 2),
              (unplug, 1), (step_clock, 3), (reload, 3))

    def happen(self):
        events, weights = zip(*(e for e in self.EVENTS if not ONLY or e[0].__name__ in ONLY))
        event = self.chance.choices(events, weights)[0]
        self.done[event.__name__] += 1
        print("  %5.0f s  %s" % (time.monotonic() - self.began, event.__name__), flush=True)
        event(self)
        if not self.sensor.alive():
            self.fault("the sensor ended after %s: %s" % (event.__name__, self.sensor.output()[-2000:]))
            return
        self.look(event.__name__)

    def look(self, after):
        """It answers, and sees frames."""
        def sees():
            first, second = self.sensor.status(), None
            if first and "counters" in first:
                time.sleep(1.2)
                second = self.sensor.status()
            return bool(second) and second.get("counters", first["counters"])["frames"] > first["counters"]["frames"]
        if not until(40, sees):
            self.fault("after %s it does not see frames, or does not answer" % after)
        self.sizes.append((time.monotonic() - self.began, self.sensor.resident()))

    # what has to hold

    def run(self):
        self.began = time.monotonic()
        self.look("the start")
        while time.monotonic() - self.began < MINUTES * 60 and self.sensor.alive():
            time.sleep(self.chance.uniform(0.5, 3))
            self.happen()
        self.wire.quiet()
        time.sleep(3)

    def stop(self):
        if not self.sensor.alive():
            return
        self.sensor.child.send_signal(signal.SIGTERM)
        try:
            if self.sensor.child.wait(30) != 0:
                self.fault("it ended with %d: %s" % (self.sensor.child.returncode, self.sensor.output()[-500:]))
        except subprocess.TimeoutExpired:
            self.fault("it does not end")
            self.sensor.child.kill()

    def deaths(self):
        happened = collections.Counter()
        for line in self.sensor.output().splitlines():
            found = re.search(r"gatewitness(?:: run)?: (tap \d+|keeper|desk) (died of|gave no sign|made a system call|ended by itself)", line)
            if found:
                happened[found.group(1)] += 1
            if "made a system call" in line:
                self.fault(line)
        for role, n in happened.items():
            if n > self.planned[role]:
                self.fault("%s died %d times, %d were planned: %s" % (role, n, self.planned[role], self.sensor.output()[-3000:]))
        return sum(happened.values())

    def memory(self):
        """Of all roles together: within the budget, and over a long time not growing."""
        totals = [sum(sizes.values()) for _, sizes in self.sizes]
        third = len(totals) // 3
        if max(totals) > LIMIT_MIB + RING_MIB + BESIDE_MIB * (TAPS + 2):
            self.fault("resident: %.0f MiB" % max(totals))
        if MINUTES >= 10 and max(totals[2 * third:]) > 1.1 * max(totals[third:2 * third]) + 4:
            self.fault("resident memory grows: %.0f MiB, then %.0f" % (max(totals[third:2 * third]), max(totals[2 * third:])))
        return max(totals)

    def sum(self):
        """Frames that were sent, against those in records and counters; of keepers that died their last counters."""
        recorded, lives = 0, []
        with open(self.sensor.eve) as f:
            for line in f:
                flow, stats = '"event_type":"flow"' in line, '"event_type":"stats"' in line
                if not (flow or stats):
                    continue
                try:
                    told = json.loads(line)
                except ValueError:  # torn by the death of a keeper
                    continue
                if flow:
                    recorded += told["flow"]["pkts_toserver"] + told["flow"]["pkts_toclient"]
                elif lives and told["gatewitness"]["counters"]["frames"] >= lives[-1]["counters"]["frames"]:
                    lives[-1] = told["gatewitness"]
                else:
                    lives.append(told["gatewitness"])
        aside, lost = 0, collections.Counter()
        for life in lives:
            n = life["counters"]
            aside += n["frames"] - n["frame_ok"] + n["icmp"] + n["duplicate"] + n["flow_outside"]
            for cause in ("nic", "ring", "died"):  # a veth counts what its backlog drops as never sent
                lost[cause] += life["losses"][cause]
        sent = self.wire.sent()
        open_end = sent - recorded - aside - sum(lost.values())
        if abs(open_end) > self.keeper_frames + 20 * (1 + sum(self.planned.values())):
            self.fault("of %d frames %d are nowhere; %d were sent while keepers died" % (sent, open_end, self.keeper_frames))
        return "%d frames sent: %d in records, %d aside, lost %s, %d open (%d sent while keepers died)" % (
            sent, recorded, aside, dict(lost), open_end, self.keeper_frames)

    def verify(self):
        said = run(PROGRAM, "verify", self.sensor.ledger, check=False)
        if "whole:" not in said or "NOT WHOLE" in said:
            self.fault("the ledger: " + said)
        return said.strip().splitlines()[-1]

    def close(self):
        if self.sensor and self.sensor.alive():
            self.sensor.child.kill()
        if self.faults and self.sensor:
            print("soak: kept " + self.work)
            shutil.copytree(self.sensor.ledger, self.work + "/ledger", ignore=shutil.ignore_patterns("*.sock"))
        for part in (self.wire, self.disk):
            if part:
                part.close()
        if not self.faults:
            shutil.rmtree(self.work, ignore_errors=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    soak = Soak()
    try:
        soak.begin()
        soak.run()
        soak.stop()
        print("%d deaths, resident at most %.0f MiB; %s\n%s\n%s" % (soak.deaths(), soak.memory(), dict(soak.done), soak.sum(),
                                                                   soak.verify()))
    finally:
        soak.close()
    sys.exit(1 if soak.faults else 0)


main()

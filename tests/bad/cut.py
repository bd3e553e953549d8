"""Gives a program every cut of some captures on standard input; see cut.sh."""
import random
import subprocess
import sys

PLACES, HEAD = 200, 4096
program, captures = sys.argv[1], sys.argv[2:]
runs = bad = 0
# One process reads many cuts: each cut is a file of its own on the command line would cost a start each; so the
# cuts of the head go in steps, and every place of the first capture is tried.
for number, capture in enumerate(captures):
    data = open(capture, "rb").read()
    rng = random.Random(capture)
    step = 1 if number == 0 else 7
    places = list(range(0, min(HEAD, len(data)), step)) + [rng.randrange(len(data)) for _ in range(PLACES)]
    for place in places:
        done = subprocess.run([program, "read", "--quiet", "--set", "ndpi.enabled=no", "--set",
                               "memory.limit=16MiB", "--eve", "-", "-"], input=data[:place],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        runs += 1
        if done.returncode not in (0, 1) or b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
            bad += 1
            print(capture, "cut at", place, "exit", done.returncode)
            print(done.stderr.decode(errors="replace")[-2000:])
            if bad > 3:
                sys.exit(1)
print("%d cuts of %d captures" % (runs, len(captures)))
sys.exit(1 if bad else 0)

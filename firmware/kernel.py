#!/usr/bin/env python3
"""Chooses modules of a kernel: those of a list and all that these need.

	kernel.py MODULES_DIR LIST all|early	prints their paths below MODULES_DIR, each after what it needs

A name that this kernel has neither as a module nor built in is told, and does not end the build: boards differ, and
so do kernels.  What it must not do: guess a name.
"""
import os
import sys


def name_of(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def main():
    folder, listed, which = sys.argv[1:]
    needs, path_of = {}, {}
    with open(os.path.join(folder, "modules.dep")) as dep:
        for line in dep:
            path, _, rest = line.partition(":")
            needs[path] = rest.split()
            path_of[name_of(path)] = path
    with open(os.path.join(folder, "modules.builtin")) as builtin:
        inside = {name_of(line.strip()) for line in builtin}

    chosen, missing = [], []

    def choose(path):
        for other in needs[path]:
            if other not in chosen:
                choose(other)
        if path not in chosen:
            chosen.append(path)

    with open(listed) as lines:
        for line in lines:
            words = line.split("#")[0].split()
            if not words or (which == "early" and words[0] != "early"):
                continue
            name = words[-1].replace("-", "_")
            if name in path_of:
                choose(path_of[name])
            elif name not in inside:
                missing.append(words[-1])
    print("\n".join(chosen))
    if missing and which == "all":
        print("  without " + " ".join(missing) + ", which this kernel does not have", file=sys.stderr)


main()

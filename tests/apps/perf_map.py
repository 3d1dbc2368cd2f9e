#!/usr/bin/python3
"""--perf-map names the code of a process, of one that replaces it by execve, and of a forked child, in /tmp/perf-PID.map."""
import argparse
import os
import re
import subprocess
import sys

# A fork that executes nothing, then an execve in place.
SCRIPT = "(echo $BASHPID); exec /bin/echo end"
LINE = re.compile(r"([0-9a-f]+) ([0-9a-f]+) (.+)")


def read_map(pid):
    path = f"/tmp/perf-{pid}.map"
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    os.remove(path)
    bad = [line for line in lines if not LINE.fullmatch(line)]
    if bad:
        raise ValueError(f"{path}: not START SIZE NAME: {bad[0]}")
    return [LINE.fullmatch(line)[3] for line in lines]


def has(names, module):
    return any(name.startswith(f"{module}+0x") for name in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    weft = parser.parse_args().weft
    process = subprocess.Popen([weft, "run", "--perf-map", "--", "/bin/bash", "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    child, end = process.communicate(timeout=60)[0].split()
    own, inherited = read_map(process.pid), read_map(child)
    claims = {
        "the program runs as ever": end == "end" and process.returncode == 0,
        "bash is named": has(own, "bash"),
        "what replaces it is added": has(own, "echo"),
        "routines are named": "weft's routines" in own,
        "a child names what it inherited": has(inherited, "bash") and not has(inherited, "echo"),
    }
    failures = [claim for claim, holds in claims.items() if not holds]
    print(*[f"not so: {claim}" for claim in failures], sep="\n")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

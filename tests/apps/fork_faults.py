#!/usr/bin/python3
"""A fork costs few page faults, in the parent and in its child together: of the runtime's memory little is written."""
import argparse
import os
import subprocess
import sys

FORKS_PER_UNIT = 20  # of bench/micro/forks.c
FEW, MANY = 2, 7
MOST = 40


def faults(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        sys.exit(f"status {status:#x}: {' '.join(command)}")
    return usage.ru_minflt


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("program")
    options = parser.parse_args()
    command = [options.weft, "run", *options.flag, "--", options.program]
    few, many = (faults([*command, str(units)]) for units in (FEW, MANY))
    each = (many - few) / ((MANY - FEW) * FORKS_PER_UNIT)
    print(f"page faults a fork: {each:.1f}, at most {MOST}")
    return each > MOST


if __name__ == "__main__":
    sys.exit(main())

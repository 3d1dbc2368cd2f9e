#!/usr/bin/python3
"""Runs a program under weft and holds what its statistics count against bounds.

usage: counts.py --weft WEFT [--flag=FLAG]... --most NAME=NUMBER... PROGRAM
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--most", action="append", required=True)
    parser.add_argument("program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-counts-") as folder:
        path = Path(folder, "stats")
        status = subprocess.run([options.weft, "run", *options.flag, f"--stats=json:{path}", "--", options.program],
                                stdout=subprocess.DEVNULL, check=False).returncode
        counted = json.loads(path.read_text())
    failures = int(status != 0)
    for bound in options.most:
        name, most = bound.split("=")
        print(f"{name}: {counted[name]}, at most {most}")
        failures += counted[name] > int(most)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())

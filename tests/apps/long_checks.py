#!/usr/bin/python3
"""A loop that never leaves code that checks itself comes to the dispatcher now and then all the same, where it is seen
whether checking may end."""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3 * 300_000  # three loops of the program, one count each at least
IN_A_ROW = 1 << 16


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-long-checks-") as folder:
        path = Path(folder, "stats")
        status = subprocess.run([options.weft, "run", f"--stats=json:{path}", "--", options.program],
                                stdout=subprocess.DEVNULL, check=False).returncode
        counted = json.loads(path.read_text())
    print(f"status {status}, long checks {counted['long_checks']}, stale checks {counted['stale_checks']}")
    return status != 0 or counted["long_checks"] < ROUNDS // IN_A_ROW - 3


if __name__ == "__main__":
    sys.exit(main())

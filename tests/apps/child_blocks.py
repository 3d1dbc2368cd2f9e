#!/usr/bin/python3
"""What a server's children have had to build, it builds before it forks the next one: later children have hardly
anything left to build."""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

FEW = 4  # processes: two children with a child each


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-child-blocks-") as folder:
        status = subprocess.run([options.weft, "run", "--no-persist", f"--stats=json:{folder}/%p", "--", options.program],
                                stdout=subprocess.DEVNULL, check=False).returncode
        ended = sorted(Path(folder).iterdir(), key=lambda path: path.stat().st_mtime_ns)
        built = [json.loads(path.read_text())["superblocks"] for path in ended]
    print(f"status {status}; superblocks built by one process after the other: {built}")
    first, later = sum(built[:FEW]), sum(built[4 * FEW:5 * FEW])
    return status != 0 or len(built) < 6 * FEW or first == 0 or later > first // 4


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A thread that never leaves its loop by itself, while another one's code is deleted without end: dead code stays
within its bound, because the looping thread is fetched out of the cache. Usage: bounded_memory.py WEFT PROGRAM [ARGS]"""
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BOUND = 256 << 10
ENOUGH = 1500  # dead fragments, of which some 450 reach the bound
SECONDS = (2, 5, 20)  # tried in turn until enough died: machines differ, and are busy with other things


def functions_of(program):
    """The functions that only the other thread calls: f10 to f69."""
    listed = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in listed.splitlines()]
    return [word[0] for word in words if len(word) == 3 and word[2][0] == "f" and word[2][1:].isdigit()]


def run(weft, program, options, tags, seconds):
    """One run: how it ended, its statistics, and what was in memory every tenth of a second."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([weft, "run", *options, "--stress-delete=max", f"--stress-tags={tags}",
                               f"--limbo-bound={BOUND}", f"--stress-log={folder}/log", f"--stats=json:{folder}/stats",
                               "--", program, str(seconds)], capture_output=True, text=True, timeout=120, check=False)
        samples = [[float(word) for word in line.split()]
                   for line in next(Path(folder).glob("log.*")).read_text().splitlines()]
        stats = json.loads(Path(folder, "stats").read_text())
    return done, samples, stats


def main():
    weft, program, *options = sys.argv[1:]
    tags = ",".join(f"0x{tag}" for tag in functions_of(program))
    for seconds in SECONDS:
        done, samples, stats = run(weft, program, options, tags, seconds)
        if done.returncode != 0 or stats["reclaimed"] > ENOUGH:
            break
    # Medians: a nudge takes effect when the kernel next runs the looping thread, which it may let wait for long.
    code, limbo = (statistics.median(sample[column] for sample in samples) for column in (6, 7))
    print(f"{done.stdout}{done.stderr}in {seconds} s: reclaimed {stats['reclaimed']}, nudges {stats['nudges']}, "
          f"usually code {code:.0f} B, dead {limbo:.0f} B")
    claims = {
        "the program ends as natively": done.returncode == 0 and done.stdout == "wrong sums: 0, the other thread got on: 1\n",
        "enough died to pass the bound": stats["reclaimed"] > ENOUGH,
        "the looping thread was nudged": stats["nudges"] > 0,
        "dead code stayed near its bound": limbo < 3 * BOUND,
        "code memory stayed level": code < 8 * BOUND,
    }
    for claim, holds in claims.items():
        if not holds:
            print(f"not so: {claim}")
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

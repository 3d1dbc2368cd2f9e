#!/usr/bin/python3
"""Statistics are written however the process ends: by exit, by a signal that a thread raises, and by one that comes from
outside and was left at its default action. How it ends stays what it was."""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

SPIN = "import threading, time\nfor i in range({threads}): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\n"
WAYS = {
    "exit": ("raise SystemExit(3)", None, 3),
    "abort": ("import os; os.abort()", None, -signal.SIGABRT),
    "raised": ("import os; os.kill(os.getpid(), 15)", None, -signal.SIGTERM),
    "sent while it sleeps": ("print(flush=True); import time; time.sleep(60)", signal.SIGTERM, -signal.SIGTERM),
    "sent while it computes": ("print(flush=True)\nwhile True: pass", signal.SIGALRM, -signal.SIGALRM),
    "sent to threads": (SPIN.format(threads=2) + "print(flush=True)\nwhile True: pass", signal.SIGUSR1, -signal.SIGUSR1),
    "real-time signal": ("print(flush=True); import time; time.sleep(60)", signal.SIGRTMIN + 3, -(signal.SIGRTMIN + 3)),
}


def check(weft, way, directory):
    program, number, expected = WAYS[way]
    stats = os.path.join(directory, way.replace(" ", "_"))
    process = subprocess.Popen([weft, "run", f"--stats=json:{stats}", "--", "/usr/bin/python3", "-S", "-c", program],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if number:
        process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(number)
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"{way}: no end"
    if process.returncode != expected:
        return f"{way}: ended with {process.returncode}, not {expected}"
    try:
        return None if json.load(open(stats))["superblocks"] > 0 else f"{way}: nothing counted"
    except (OSError, ValueError) as error:
        return f"{way}: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    weft = parser.parse_args().weft
    with tempfile.TemporaryDirectory(prefix="weft-last-words-") as directory:
        failures = [text for text in (check(weft, way, directory) for way in WAYS) if text]
    print(*failures, sep="\n")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

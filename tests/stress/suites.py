#!/usr/bin/env python3
"""Other people's test suites and load generators, natively and under weft: the results have to be the same.

    suites.py WEFT [NAME...]    python, postgres, stress-ng; all by default

Takes some minutes. What is not installed is left out; it is an error if that leaves nothing.
"""
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time

PYTHON_SUITES = ("test_threading", "test_signal", "test_subprocess", "test_fork1", "test_faulthandler")
# Classes of stress-ng with what they have beside the named ones, each alone for a second.
STRESSORS = ("cpu", "fork", "clone", "vfork", "vforkmany", "sigabrt", "sigchld", "sigfd", "sigfpe", "sigio", "signal",
             "signest", "sigpending", "sigpipe", "sigq", "sigrt", "sigsegv", "sigsuspend", "sigtrap", "futex", "pthread",
             "timer", "timerfd", "itimer", "pipe", "pipeherd", "context", "exec", "kill", "mq", "msg", "poll", "sem",
             "sem-sysv", "schedpolicy", "spawn", "switch", "yield", "daemon", "eventfd", "nanosleep", "wait", "zombie")
POSTGRES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def python_tests(prefix):
    """One line for each suite: how it ended, and what failed in it."""
    for suite in PYTHON_SUITES:
        done = subprocess.run([*prefix, "/usr/bin/python3", "-m", "test", "-v", suite], capture_output=True, text=True,
                              timeout=900, errors="replace")
        ran = re.findall(r"^(\w+ \([\w.]+\)).*\.\.\. (ok|FAIL|ERROR|skipped)", done.stdout, re.M)
        bad = sorted(name for name, result in ran if result in ("FAIL", "ERROR"))
        yield f"{suite}: status {done.returncode}, failed: {', '.join(bad) or 'none'}"


@contextlib.contextmanager
def database(prefix, folder):
    """A fresh cluster whose server runs under `prefix`, as the user that PostgreSQL insists on."""
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    run = lambda *command: subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True,
                                          timeout=300, cwd=folder, **identity).stdout
    run(POSTGRES[-1] / "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres")
    command = [*prefix, str(POSTGRES[-1] / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **identity)
    try:
        for _ in range(200):
            ready = subprocess.run([POSTGRES[-1] / "pg_isready", "-q", "-h", folder], timeout=60)
            if ready.returncode == 0:
                break
            time.sleep(0.1)
        yield run
    finally:
        server.terminate()
        server.wait(60)


def postgres(prefix):
    with tempfile.TemporaryDirectory(prefix="weft-postgres-") as name, database(prefix, pathlib.Path(name)) as run:
        where = ("-h", name, "-U", "postgres")
        run(POSTGRES[-1] / "pgbench", *where, "-q", "-i", "-s", "2", "postgres")
        out = run(POSTGRES[-1] / "pgbench", *where, "-c", "4", "-j", "2", "-t", "250", "postgres")
        yield from re.findall(r"^number of (?:transactions actually|failed transactions).*", out, re.M)
        sums = "select sum(abalance) = (select sum(delta) from pgbench_history), count(*) from pgbench_accounts"
        yield run(POSTGRES[-1] / "psql", *where, "-At", "-c", sums, "postgres").strip()


def stress_ng(prefix):
    with tempfile.TemporaryDirectory(prefix="weft-stress-ng-") as folder:
        for stressor in STRESSORS:
            done = subprocess.run([*prefix, "stress-ng", f"--{stressor}", "2", "-t", "1", "--verify", "--temp-path", folder],
                                  capture_output=True, text=True, timeout=120, errors="replace")
            failures = re.findall(r"stress-ng: fail:.*", done.stderr)
            yield f"{stressor}: status {done.returncode}, {len(failures)} failures"


SUITES = {
    "python": (lambda: bool(list(pathlib.Path("/usr/lib").glob("python3*/test/test_fork1.py"))), python_tests),
    "postgres": (lambda: bool(POSTGRES) and os.geteuid() == 0, postgres),
    "stress-ng": (lambda: shutil.which("stress-ng") is not None, stress_ng),
}


def main():
    weft, chosen = sys.argv[1], sys.argv[2:] or list(SUITES)
    compared = different = 0
    for name in chosen:
        installed, results = SUITES[name]
        if not installed():
            print(f"{name}: left out, not installed")
            continue
        for native, ours in zip(results([]), results([weft, "run", "--"]), strict=True):
            same = native == ours
            compared += 1
            different += not same
            print(f"{name}: {ours}" if same else f"{name}: DIFFERENT: natively {native}; under weft {ours}", flush=True)
    print(f"{compared - different} passed, {different} failed")
    return 1 if different or not compared else 0


if __name__ == "__main__":
    sys.exit(main())

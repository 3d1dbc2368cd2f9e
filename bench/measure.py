"""Runs of one program under one engine, and what they cost."""
import dataclasses
import hashlib
import os
import shutil
import signal
import statistics
import subprocess
from pathlib import Path

import programs

HERE = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Engine:
    """A way to run a program: the words before it, none for native."""

    name: str
    prefix: tuple = ()
    version: str = ""


@dataclasses.dataclass
class Run:
    wall: float  # seconds
    cpu: float
    peak_kb: int
    faults: int  # page faults
    system: float  # seconds of the processor time that the kernel took
    status: int  # as wait() gives it
    digest: str  # of standard output


@dataclasses.dataclass
class Samples:
    """All runs of one program under one engine; `failure` says why there are no more of them."""

    runs: list = dataclasses.field(default_factory=list)
    failure: str = ""


class Failed(Exception):
    """A run that gave no result to compare: it hung, or did not start."""


class Launcher:
    """Starts programs through launch.c, compiled once into the data folder."""

    def __init__(self, data_root):
        self.folder = Path(data_root).resolve() / "work"  # where programs leave what they leave: cores, logs
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder.parent / "launch"
        source = HERE / "launch.c"
        if not self.path.exists() or self.path.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["cc", "-O2", "-o", str(self.path), str(source)], check=True)

    def run(self, engine, program, timeout):
        output, report = os.memfd_create("stdout"), os.memfd_create("report")
        try:
            self._run(engine, program, timeout, output, report)
            return read_run(output, report)
        finally:
            os.close(output)
            os.close(report)

    def _run(self, engine, program, timeout, output, report):
        argv = [str(self.path), str(report), *engine.prefix, *program.argv]
        with open(program.stdin, "rb") as stdin:
            child = subprocess.Popen(argv, stdin=stdin, stdout=output, stderr=subprocess.DEVNULL, pass_fds=(report,),
                                     env=programs.ENVIRONMENT, cwd=self.folder, start_new_session=True)
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired as expired:
            raise Failed(f"no end after {timeout:.0f} s") from expired
        finally:
            # Whatever the program left running would disturb the next measurement.
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()


def read_run(output, report):
    fields = os.pread(report, 200, 0).split()
    if len(fields) != 6:
        raise Failed("did not start")
    status, wall, user, system, peak, faults = (int(field) for field in fields)
    with open(output, "rb", closefd=False) as stdout:
        stdout.seek(0)
        digest = hashlib.file_digest(stdout, "sha256").hexdigest()
    return Run(wall / 1e9, (user + system) / 1e6, peak, faults, system / 1e6, status, digest)


def describe_status(status):
    if os.WIFSIGNALED(status):
        return f"died by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"status {os.WEXITSTATUS(status)}"


def difference(run, expected):
    """Why `run` is not what the native run did; empty if it is."""
    if run.status != expected.status:
        return describe_status(run.status)
    return "other output" if run.digest != expected.digest else ""


def measure(launcher, engines, program, rounds, progress):
    """`rounds` runs of the program under each engine, interleaved; engines[0] is native and sets what is expected."""
    samples = {engine.name: Samples() for engine in engines}
    native = samples[engines[0].name]
    for turn in range(rounds):
        for engine in engines[:1] + rotated(engines[1:], turn):
            mine = samples[engine.name]
            if mine.failure or native.failure:
                continue
            timeout = 60.0 + 60.0 * (native.runs[0].wall if native.runs else 1.0)
            progress(f"{program.name}, round {turn + 1}, {engine.name}")
            try:
                run = launcher.run(engine, program, timeout)
            except Failed as failed:
                mine.failure = str(failed)
                continue
            mine.failure = difference(run, native.runs[0] if native.runs else run)
            mine.runs.append(run)
    return samples


def rotated(items, by):
    """No engine always runs right after the same other one."""
    by = by % len(items) if items else 0
    return items[by:] + items[:by]


def ratios(samples, native, value):
    """One ratio a round: each run against the native run of its own round."""
    return [value(mine) / value(theirs) for mine, theirs in zip(samples.runs, native.runs) if value(theirs) > 0]


def first_line(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.strip() or done.stderr.strip()).split("\n")[0]


def peer_engines(drrun):
    """The other engines that are installed here."""
    peers = []
    if valgrind := shutil.which("valgrind"):
        peers.append(Engine("valgrind", (valgrind, "--tool=none", "-q"), first_line([valgrind, "--version"])))
    if qemu := shutil.which("qemu-x86_64"):
        peers.append(Engine("qemu", (qemu,), first_line([qemu, "--version"])))
    if drrun:
        peers.append(Engine("DynamoRIO", (os.path.abspath(drrun), "--"), first_line([drrun, "-version"])))
    return peers


def median(values):
    return statistics.median(values) if values else None


def geometric_mean(values):
    return statistics.geometric_mean(values) if values else None

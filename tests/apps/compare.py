#!/usr/bin/python3
"""Runs a program natively and under weft, and compares standard output, standard error and the end.

Directives in the comments of the program's source say how it is run:
    // args: a b 'c d'      arguments
    // env: NAME=VALUE      one environment variable (may be repeated)
    // stdin: text          standard input, one line
    // exits: 3 | SIGSEGV   how it ends natively (default 0); checked, so that a test cannot rot
    // skip-status: 77      an exit status that means "this machine cannot test that"
"""
import argparse
import difflib
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77


def directives(source):
    found = {}
    if source:
        for line in open(source, errors="replace"):
            match = re.match(r"\s*(?://|#) (args|env|stdin|exits|flags|skip-status): (.*)", line)
            if match:
                found.setdefault(match[1], []).append(match[2].strip())
    return found


def end_of(status):
    if status >= 0:
        return str(status)
    return signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"


def environment(extra):
    base = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "HOME": "/tmp", "TERM": "dumb"}
    base.update(entry.split("=", 1) for entry in extra)
    return base


def prepare():
    # A shell that started us in the background had SIGINT and SIGQUIT ignored.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))


def run(command, options, env, stdin):
    """Output, error output and the end of one run in a directory of its own, as text."""
    with tempfile.TemporaryDirectory(prefix="weft-app-") as directory:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=directory, env=env, preexec_fn=prepare, start_new_session=True)
        try:
            out, err = process.communicate(stdin, timeout=options.timeout)
            end = end_of(process.returncode)
        except subprocess.TimeoutExpired:
            end = f"no end after {options.timeout} s"
            os.killpg(process.pid, signal.SIGKILL)
            try:
                out, err = process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                out, err = b"", b""
    return {"stdout": out.decode(errors="backslashreplace"), "stderr": err.decode(errors="backslashreplace"), "end": end}


def differences(native, woven):
    text = []
    for part in ("end", "stdout", "stderr"):
        if native[part] != woven[part]:
            text += difflib.unified_diff(native[part].splitlines(), woven[part].splitlines(),
                                         f"native {part}", f"weft {part}", lineterm="", n=2)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", help="the weft binary; without it, only native runs are compared with each other")
    parser.add_argument("--flag", action="append", default=[], help="an option for weft run (may be repeated)")
    parser.add_argument("--repeat", type=int, default=1, help="runs under weft")
    parser.add_argument("--warm", action="store_true",
                        help="each run under weft but a first one finds the translations of those before it")
    parser.add_argument("--source", help="the source file, for its directives")
    parser.add_argument("--timeout", type=float, default=200,
                        help="seconds; only a hang may take them, on however busy a machine")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    found = directives(options.source)
    command = options.command + [word for line in found.get("args", []) for word in shlex.split(line)]
    env = environment(found.get("env", []))
    stdin = "\n".join(found.get("stdin", [])).encode() + (b"\n" if "stdin" in found else b"")

    native = run(command, options, env, stdin)
    if native["end"] in found.get("skip-status", []):
        print("skipped:", native["stdout"].strip())
        return SKIPPED
    if options.source and native["end"] != found.get("exits", ["0"])[0]:
        print(f"native run ended with {native['end']}:\n{native['stdout']}{native['stderr']}")
        return 2

    with tempfile.TemporaryDirectory(prefix="weft-warm-") as kept:
        other = [options.weft, "run", *options.flag, "--", *command] if options.weft else command
        repeat = options.repeat
        if options.warm:
            other.insert(2, f"--persist={kept}/code")
            repeat += 1
        for number in range(repeat):
            text = differences(native, run(other, options, env, stdin))
            if text:
                print(f"run {number + 1}: {shlex.join(other)}", *text[:60], sep="\n")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

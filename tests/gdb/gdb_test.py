#!/usr/bin/python3
"""tools/gdb/weft-gdb.py names a program's threads, functions and fragments in a live process.

usage: gdb_test.py --weft WEFT --script weft-gdb.py PROGRAM
"""
import argparse
import os
import re
import subprocess
import sys
import time

COMMANDS = ["weft-symbols", "weft-where -r", "thread apply all backtrace", "weft-fragment count_for_ever"]


def gdb(script, target, *more):
    command = ["gdb", "-batch", "-nx", "-ex", "set debuginfod enabled off", *target, "-x", script]
    for each in [*COMMANDS, *more]:
        command += ["-ex", each]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)
    return done.stdout


def check(text, pattern, what):
    if not re.search(pattern, text, re.S):
        print(text)
        sys.exit(f"{what}: nothing looks like {pattern}")


def wait_until_it_ran(pid, seconds):
    """For so much processor time, however many others want it."""
    def spent():
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    end = spent() + seconds
    while spent() < end:
        time.sleep(0.05)


def check_all(text, what):
    check(text, r"thread \d+ \(\d+\): 0x\w+ count_for_ever[^\n]*, in fragment 0x\w+ at 0x\w+", what)
    check(text, r"thread \d+ \(\d+\): 0x\w+ [^\n]*read[^\n]*, in weft", what)
    check(text, r"rdi 0x0{15}3", what + ": the argument of the function that counts")
    check(text, r"#1 +0x\w+ in count_for_ever [^\n]*\n#2 +0x\w+ in call_counter [^\n]*\n#3 +0x\w+ in main ", what)
    check(text, r" in wait_here [^\n]*\n#\d+ +0x\w+ in wait_for_ever ", what)
    check(text, r"fragment 0x\w+ [^\n]*: superblock, live, hot 0x\w+", what)
    check(text, r"block 0x\w+, \d+ bytes", what)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weft", required=True)
    parser.add_argument("--script", required=True)
    parser.add_argument("program")
    options = parser.parse_args()
    process = subprocess.Popen([options.weft, "run", options.program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        wait_until_it_ran(process.pid, 0.5)  # the loop is in the cache by then
        live = gdb(options.script, ["-p", str(process.pid)])
        if "Operation not permitted" in live:
            print("this machine lets nobody attach")
            return 77
        check_all(live, "live")
    finally:
        process.kill()
        process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

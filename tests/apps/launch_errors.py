#!/usr/bin/python3
"""What cannot be started: weft run says so in one line and ends as a shell would, with 126 or 127; PATH look-up as execvp does."""
import argparse
import os
import stat
import struct
import subprocess
import sys
import tempfile


def write(path, content, mode=0o755):
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def elf_header(machine=62, kind=2, bits=2, entries=1, offset=64, entry_size=56):
    return (b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9)
            + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0x400000, offset, 0, 0, 64, entry_size, entries, 0, 0, 0))


def load_segment(address=0x400000, file_offset=0, file_size=120, memory_size=120, kind=1, alignment=4096):
    return struct.pack("<IIQQQQQQ", kind, 5, file_offset, address, address, file_size, memory_size, alignment)


def hostile_files():
    """Files that start like programs; each ends natively by a failed execve or a signal, under weft with one line."""
    yield "only_magic", b"\x7fELF"
    yield "half_a_header", elf_header()[:40]
    yield "no_segments", elf_header(entries=0)
    yield "segments_beyond_the_end", elf_header(offset=1 << 40)
    yield "many_segments", elf_header(entries=65535)
    yield "odd_entry_size", elf_header(entry_size=3) + load_segment()
    yield "arm", elf_header(machine=183) + load_segment()
    yield "thirty_two_bits", elf_header(bits=1, machine=3) + load_segment()
    yield "relocatable", elf_header(kind=1) + load_segment()
    yield "core_file", elf_header(kind=4) + load_segment()
    yield "interpreter_is_missing", elf_header() + load_segment(kind=3, file_offset=120, file_size=8) + b"/no/ld\0\0"
    yield "interpreter_without_end", elf_header() + load_segment(kind=3, file_offset=120, file_size=4) + b"/lib"
    yield "interpreter_is_huge", elf_header() + load_segment(kind=3, file_offset=120, file_size=1 << 40)


def run(command, env, directory):
    process = subprocess.run(command, env=env, cwd=directory, capture_output=True, timeout=20)
    return process.returncode, process.stdout.decode(errors="replace"), process.stderr.decode(errors="replace")


class Cases:
    def __init__(self, weft, flags, directory):
        self.command = [weft, "run", *flags, "--"]
        self.directory = directory
        self.failed = 0

    def check(self, name, arguments, status, env=None):
        """The status of env(1), which calls execvp, asked to start the same; and one line of error output."""
        env = {"PATH": "/usr/bin:/bin"} if env is None else env
        native = run(["/usr/bin/env", *arguments], env, self.directory)
        woven = run(self.command + arguments, env, self.directory)
        problems = []
        if native[0] != status:
            problems.append(f"env ends with {native[0]}, not {status}: {native[2]!r}")
        if woven[0] != status:
            problems.append(f"weft ends with {woven[0]}, not {status}")
        if status in (126, 127):
            lines = woven[2].splitlines()
            if len(lines) != 1 or not lines[0].startswith("weft: "):
                problems.append(f"weft says {woven[2]!r}")
        elif woven[1:] != native[1:]:
            problems.append(f"{native[1:]} became {woven[1:]}")
        for problem in problems:
            print(f"{name}: {problem}")
        self.failed += bool(problems)


def run_cases(cases, directory):
    check = cases.check
    check("missing by path", ["./nothing-here"], 127)
    check("missing in PATH", ["no-such-program-anywhere"], 127)
    check("missing folder", ["/no/such/folder/program"], 127)
    check("a folder", ["/tmp"], 126)
    write(f"{directory}/plain", b"echo hello\n", 0o644)
    check("not executable", ["./plain"], 126)
    check("a path through a file", ["./plain/x"], 126)
    check("text of a script without #!", ["./nothing/x"], 127)
    # execvp hands what execve does not know to a shell; weft run does not.
    write(f"{directory}/garbage", bytes(range(256)))
    woven = run(cases.command + ["./garbage"], {"PATH": "/bin"}, directory)
    if woven[0] != 126 or woven[2].count("\n") != 1:
        print("garbage:", woven)
        cases.failed += 1
    write(f"{directory}/no-interpreter", b"#!/no/such/interpreter\n")
    woven = run(cases.command + ["./no-interpreter"], {"PATH": "/bin"}, directory)
    if woven[0] not in (126, 127) or woven[2].count("\n") != 1:
        print("missing interpreter of a script:", woven)
        cases.failed += 1
    for name, content in hostile_files():
        write(f"{directory}/{name}", content)
        woven = run(cases.command + [f"./{name}"], {"PATH": "/bin"}, directory)
        if woven[0] not in (126, 127) or woven[2].count("\n") != 1 or not woven[2].startswith("weft: "):
            print(f"{name}:", woven)
            cases.failed += 1
    script = b"#!/bin/sh\necho script $0 $#\n"
    os.mkdir(f"{directory}/bin")
    os.mkdir(f"{directory}/other")
    write(f"{directory}/bin/tool", script, 0o644)
    write(f"{directory}/other/tool", script)
    check("PATH passes over what is not executable", ["tool", "x"], 0, {"PATH": f"{directory}/bin:{directory}/other"})
    check("relative PATH", ["tool"], 0, {"PATH": "other"})
    check("empty PATH entry is the folder", ["onlyhere"], 127, {"PATH": ":/bin"})
    write(f"{directory}/onlyhere", b"#!/bin/sh\necho script $(basename $0) $#\n")
    check("empty PATH entry", ["onlyhere"], 0, {"PATH": ":/bin"})
    check("found but not executable", ["tool"], 126, {"PATH": f"{directory}/bin"})
    os.symlink("other/tool", f"{directory}/link")
    check("symbolic link", ["./link", "a", "b"], 0)
    os.symlink("cycle", f"{directory}/cycle")
    check("cycle of links", ["./cycle"], 126)
    check("no environment", ["/usr/bin/env"], 0, {})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--flag", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-app-") as directory:
        cases = Cases(options.weft, options.flag, directory)
        run_cases(cases, directory)
    return 1 if cases.failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""clang-tidy over the sources that a build compiles: tests/lint.py BUILD [FILE...]

Most of what clang-tidy does for one source is to read the headers of the standard library, which it does again for
the next source. So sources that are compiled with the same flags are checked together, as one file that includes
them. Sources that give the same name to things of their own stay apart. A group that clang-tidy complains of is checked
again file by file, and what is said then counts: the complaint may be that two sources clash.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

GROUP_BYTES = 100_000  # of source in a group: enough to share headers, and groups enough for every core
NO_DEFINITION = re.compile(r"namespace .*|using [\w:]+;|(struct|class) \w+;|extern .*;|.*::~?\w+\(")
TYPE = re.compile(r"(?:struct|class|enum class|enum|union|using|#define)\s+(\w+)")
OTHER = re.compile(r"(?=[A-Za-z]).*?(?<![:\w])(\w+)\s*[({=\[;]")
NO_NAMES = {"alignas", "attribute", "decltype", "namespace", "noexcept", "static_assert", "TEST", "TEST_F", "TEST_P"}


def flags_of(entry: dict) -> tuple[str, ...]:
    """The command of an entry, for clang.

    Without its launcher, source, output, CMake's mark of a shared library, headers that GCC has precompiled, and GCC's
    own warnings.
    """
    words = entry["arguments"] if "arguments" in entry else shlex.split(entry["command"])
    if "ccache" in os.path.basename(words[0]):
        words = words[1:]
    kept, skip = [], False
    for word in words:
        if skip or word in ("-c", "-Winvalid-pch", entry["file"]) or re.fullmatch(r"-D\w+_EXPORTS|-Wno-.*", word):
            skip = False
        elif word in ("-o", "-include"):
            skip = True
        else:
            kept.append(word)
    return tuple(kept)


def sources(build: pathlib.Path, wanted: set[str]) -> dict[tuple[str, ...], list[str]]:
    """The sources of ours that the build compiles, those with the same directory and flags together."""
    root = build.resolve().parent.parent
    groups: dict[tuple[str, ...], list[str]] = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], root)
        if path.endswith(".cc") and not path.startswith("build/") and (not wanted or path in wanted):
            files = groups.setdefault((entry["directory"], *flags_of(entry)), [])
            if entry["file"] not in files:
                files.append(entry["file"])
    return groups


class Source:
    """A file and the names that it defines outside of all classes and functions: those that start a line."""

    def __init__(self, file: str):
        self.file = file
        text = pathlib.Path(file).read_text()
        self.size = len(text)
        self.words = set(re.findall(r"\w+", text))
        found = [TYPE.match(line) or OTHER.match(line) for line in text.splitlines() if not NO_DEFINITION.match(line)]
        self.names = {match[1] for match in found if match} - NO_NAMES
        # Of types and constants, others may have the like in a scope that the source sees.
        self.types = {name for name in self.names if re.match(r"k?[A-Z]", name)}

    def clashes(self, other: "Source") -> bool:
        return bool(self.names & other.names or self.types & other.words or other.types & self.words)


def chunks(files: list[str]) -> list[list[str]]:
    """Files that can be checked together, in order; each chunk has about GROUP_BYTES."""
    result: list[list[Source]] = []
    for source in map(Source, sorted(files)):
        for chunk in result:
            filled = sum(other.size for other in chunk)
            if filled + source.size <= GROUP_BYTES and not any(map(source.clashes, chunk)):
                chunk.append(source)
                break
        else:
            result.append([source])
    return [[source.file for source in chunk] for chunk in result]


class Linter:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.numbers = itertools.count()

    def prepare(self, command: tuple[str, ...], files: list[str]) -> pathlib.Path:
        """A file that includes `files`, in a folder with its own compile_commands.json."""
        folder = self.folder / str(next(self.numbers))
        folder.mkdir(exist_ok=True)
        together = folder / "together.cc"
        together.write_text("".join(f'#include "{file}"  // NOLINT(bugprone-suspicious-include)\n' for file in files))
        directory, *words = command
        # What GUARDED_BY and the like say is checked for nothing on the way; gcc, whose flags these are, does not know it.
        arguments = [*words, "-Wthread-safety", "-c", str(together)]
        entry = {"directory": directory, "file": str(together), "arguments": arguments}
        (folder / "compile_commands.json").write_text(json.dumps([entry]))
        return together

    def check(self, together: pathlib.Path, files: list[str]) -> tuple[bool, str]:
        """Whether clang-tidy has no complaint, and what it printed."""
        headers = "|".join(["/(src|include)/", *(re.escape(file) + "$" for file in files)])
        run = subprocess.run(
            ["clang-tidy", "-p", str(together.parent), "--quiet", "--warnings-as-errors=*",
             f"--header-filter=({headers})", str(together)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        # Counts of system headers' warnings are of no interest.
        printed = [line for line in run.stdout.splitlines() if not re.match(r"\d+ warnings?( and \d+ errors?)? generated", line)]
        return run.returncode == 0, "\n".join(printed)

    def lint(self, command: tuple[str, ...], files: list[str]) -> bool:
        good, printed = self.check(self.prepare(command, files), files)
        if not good and len(files) > 1:
            return all([self.lint(command, [file]) for file in files])
        if printed:
            print(printed, flush=True)
        return good


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    root = build.parent.parent
    wanted = {os.path.relpath(os.path.realpath(file), root) for file in sys.argv[2:]}
    linter = Linter(build / "lint")
    work = [(command, chunk) for command, files in sources(build, wanted).items() for chunk in chunks(files)]
    if not work:
        print("lint: no file to check; is the build configured?", file=sys.stderr)
        return 1
    count = len({file for _, chunk in work for file in chunk})
    print(f"clang-tidy over {count} files in {len(work)} groups", flush=True)
    # The largest first, so that no core waits for the last.
    work.sort(key=lambda item: -sum(os.path.getsize(file) for file in item[1]))
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        good = list(pool.map(lambda item: linter.lint(*item), work))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

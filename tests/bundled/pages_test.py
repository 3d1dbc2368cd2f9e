#!/usr/bin/env python3
"""Every command that README.md, docs/tools.md, docs/install.md and docs/recipes show is run as it stands there, and what they show as
its output is what it prints. (docs/tutorial.md has a test of its own.)

They run in a fresh copy of the sources. Compiling it all again would take minutes: when ./dev calls ninja to build
there, this test lets ninja say what it would make, and puts the files of that name from the tested build in place. So what ./dev
forgets to build is missing.
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import unittest

import bundled
from bundled import ToolTest

ROOT = bundled.SOURCES.parent.parent.parent
BUILD = pathlib.Path(bundled.WEFT).parent.parent
# A name in capitals stands for something of the reader's.
PLACEHOLDERS = {"PROGRAM ARGS...": "/bin/echo hello", "NAME[:option=value,option=value...]": "inscount", "NAME": "inscount"}
# It runs this test.
NOT_RUN = {"./dev test"}
NINJA = """#!/bin/sh
# Makes nothing: takes what it would make from {build}.
[ "${{1:-}}" = -C ] || exec {ninja} "$@"
folder=$2
shift 2
{ninja} -C "$folder" -t commands "$@" | sed -n 's/.* \\(-o\\|qc\\) \\([^ ]*\\) .*/\\2/p' | grep -v '[.]o$' | while read -r made; do
  mkdir -p "$folder/$(dirname "$made")"
  [ ! -e "{build}/$made" ] || cp "{build}/$made" "$folder/$made"
done
# Headers that the build writes.
target=$PWD/$folder
cd "{build}" && find dynamorio -name '*.h' -exec cp --parents {{}} "$target" ';'
"""


def blocks_of(page):
    language = None
    for line in (ROOT / page).read_text().splitlines():
        if not line.startswith("```"):
            if language is not None:
                block.append(line)
        elif language is None:
            language, block = line[3:], []
        else:
            yield language, block
            language = None


def commands_of(page):
    """Each command of a page with the lines that follow it as its output, or None if none are shown."""
    for language, lines in blocks_of(page):
        if language == "sh":
            yield from ((line, None) for line in lines)
        if not any(line.startswith("$ ") for line in lines):
            continue
        current, output = None, []
        for line in lines:
            if line.startswith("$ "):
                if current:
                    yield current, output
                current, output = line[2:], []
            else:
                output.append(line)
        yield current, output


def pattern_of(line):
    """What a line of output looks like in every run: numbers, addresses and paths differ."""
    # Which function it is depends on the compiler, the C library and the processor.
    if re.match(r"\s*[\d.]+%", line):
        return r"\s*[\d.]+%\s+\d.*"
    if re.match(r"\s*[\d,]+ \([\d.]+%\)", line):
        return r"\s*[\d,]+\s+\([\d.]+%\)\s+\S.*"
    if re.match(r"\s*address at 0x", line):
        return r"\s*address at 0x[0-9a-f]+ \S.* from stdin:.*"
    parts = re.split(r"(\.\.\.|0x[0-9a-f]+|[\d,.]*\d)", line.strip())
    kinds = [".*" if part == "..." else "0x[0-9a-f]+" if part.startswith("0x") else r"[\d,.]+" if index % 2 else
             re.sub(r"(\\ )+", r"\\s+", re.escape(part)) for index, part in enumerate(parts)]
    return r"\s*" + "".join(kinds) + r"\s*"


class Pages(ToolTest):
    def setUp(self):
        super().setUp()
        self.clone = self.path("clone")
        names = [path.name for path in ROOT.iterdir() if path.name not in ("build", ".git")]
        self.clone.mkdir()
        for name in names:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, self.clone / name)
        self.work = self.path("work")
        self.work.mkdir()
        tools = self.path("path")
        tools.mkdir()
        ninja = tools / "ninja"
        ninja.write_text(NINJA.format(build=BUILD, ninja=shutil.which("ninja")))
        ninja.chmod(ninja.stat().st_mode | stat.S_IXUSR)
        self.environment = os.environ | {
            "PATH": f"{tools}:{BUILD}/bin:{bundled.PROGRAMS}:{os.environ['PATH']}", "HOME": str(self.path("home")),
            # What the pages show was printed in this locale: some programs read bytes differently in others.
            "LC_ALL": "C.UTF-8",
            "GCOV_PREFIX": self.folder.name, "GCOV_PREFIX_STRIP": "99"}
        self.exported = ""

    def shell(self, command, folder):
        if command.startswith("export "):
            self.exported += command + "\n"
        done = subprocess.run(["bash", "-c", self.exported + command], cwd=folder, capture_output=True, text=True,
                              timeout=250, env=self.environment, errors="replace", check=False)
        self.assertIn(done.returncode, (0, 3), f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout + done.stderr

    def run_page(self, page, least):
        run = 0
        for line, output in commands_of(page):
            command = re.sub(r"\s+#.*", "", line)
            for name, meaning in PLACEHOLDERS.items():
                command = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", meaning, command)
            if command in NOT_RUN or shutil.which(command.split()[0], path=self.environment["PATH"]) is None and \
               command.startswith(("callgrind", "cg_annotate")):
                continue
            sources = command.startswith("./dev") or command.startswith("cmake --install")
            printed = self.shell(command, self.clone if sources else self.work)
            run += 1
            for expected in output or []:
                if expected.strip() and expected != "..." and not re.search(rf"(?m)^{pattern_of(expected)}$", printed):
                    # In short lines: what reports a failure may leave out long ones.
                    shown = "\n".join(line[:150] for line in printed.splitlines()[:30])
                    self.fail(f"{page} shows a line\n{expected}\nof the command\n{command}\nwhich printed\n{shown}")
        self.assertGreaterEqual(run, least, page)

    def test_readme(self):
        self.run_page("README.md", 3)

    def test_tools(self):
        self.run_page("docs/tools.md", 13)

    def test_install(self):
        for page in ("docs/install.md", "docs/tutorial.md"):
            self.assertTrue(self.write_files(page))
        self.run_page("docs/install.md", 10)

    def write_files(self, page):
        """What the page says that files have."""
        found = re.findall(r"File `([\w.]+)`:\n\n```[\w-]+\n(.*?)```", (ROOT / page).read_text(), re.S)
        for name, text in found:
            (self.work / name).write_text(text)
        return found

    def test_recipes(self):
        self.environment["PYTHONPATH"] = str(self.clone / "python")
        pages = sorted((ROOT / "docs/recipes").glob("*.md"))
        self.assertGreaterEqual(len(pages), 10)
        for page in pages:
            if page.name == "README.md":
                continue
            with self.subTest(page.name):
                self.work = self.path(page.stem)
                self.work.mkdir()
                self.write_files(page.relative_to(ROOT))
                self.run_page(page.relative_to(ROOT), 1)


if __name__ == "__main__":
    bundled.main()

#!/usr/bin/env python3
"""coverage: its blocks and lines are those that ran, and its instrumentation goes."""
import pathlib
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import bundled
import drcov
from bundled import ToolTest, program


def lcov_lines(text, source):
    """{line: count} of the file whose path ends in `source`."""
    for record in text.split("end_of_record"):
        if match := re.search(r"SF:(.*)", record):
            if match.group(1).endswith("/" + source):
                return {int(line): int(count) for line, count in re.findall(r"DA:(\d+),(\d+)", record)}
    raise AssertionError(f"{source} is not in the file")


class Coverage(ToolTest):
    def drcov(self, path):
        return drcov.parse(path.read_bytes())

    def blocks_of(self, path, module_name):
        modules, records = self.drcov(path)
        number = next(module.number for module in modules if module.path.endswith("/" + module_name))
        return {(start, size) for at, start, size in records if at == number}

    def test_the_blocks_of_a_small_program_are_exactly_those_that_ran(self):
        self.run_tool("coverage:output=c", program("hand_counted"))
        blocks = self.blocks_of(self.path("c"), "hand_counted")
        covered = {byte for start, size in blocks for byte in range(start, start + size)}
        listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program("hand_counted")],
                                 capture_output=True, text=True, check=True).stdout
        starts = [int(address, 16) for address in re.findall(r"^ +([0-9a-f]+):", listing, re.M)]
        base = next(module.start for module in self.drcov(self.path("c"))[0]
                    if module.path.endswith("hand_counted"))
        self.assertEqual({start - base for start in starts} - covered, set())

    def test_the_lines_that_ran_are_gcovs(self):
        stdout, _ = self.run_tool("coverage:output=c,lcov=c.info", program("branches"), "minus")
        self.assertIn("negative", stdout)
        ours = lcov_lines(self.path("c.info").read_text(), "branches.c")
        shutil.copy(bundled.PROGRAMS / "branches.gcno", self.path("branches.gcno"))
        subprocess.run(["gcov", "branches.gcda"], cwd=self.folder.name, capture_output=True, check=True)
        theirs = {}
        for line in self.path("branches.c.gcov").read_text().splitlines():
            count, number, _ = line.split(":", 2)
            if count.strip() != "-":
                theirs[int(number)] = count.strip() != "#####"
        ran = {line for line, count in theirs.items() if count}
        self.assertEqual({line for line, count in ours.items() if count} & set(theirs), ran & set(ours))
        # The compiler gives labels no code of their own.
        source = (bundled.SOURCES / "branches.c").read_text().splitlines()
        for line in set(theirs) - set(ours):
            self.assertRegex(source[line - 1], r"^ *(case \d+|default):$")

    def test_cobertura_has_the_lines_of_lcov(self):
        self.run_tool("coverage:output=c,lcov=c.info,cobertura=c.xml", program("branches"), "minus")
        ours = lcov_lines(self.path("c.info").read_text(), "branches.c")
        root = xml.etree.ElementTree.parse(self.path("c.xml")).getroot()
        theirs = {int(line.get("number")): int(line.get("hits")) for each in root.iter("class") if each.get("filename").endswith("branches.c")
                  for line in each.iter("line")}
        self.assertEqual(theirs, ours)
        self.assertEqual((int(root.get("lines-covered")), int(root.get("lines-valid"))),
                         (sum(line.get("hits") != "0" for line in root.iter("line")), sum(1 for _ in root.iter("line"))))

    def merged(self, *words, status=0):
        reader = pathlib.Path(bundled.WEFT).parent / "weft-coverage"
        done = subprocess.run([reader, *words], cwd=self.folder.name, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_runs_are_put_together(self):
        for name, words in (("a", ["minus"]), ("b", list("12345"))):
            self.run_tool(f"coverage:output={name},lcov={name}.info", program("branches"), *words)
        self.merged("merge", "-o", "all", "a", "b")
        one, other, both = (self.blocks_of(self.path(name), "branches") for name in ("a", "b", "all"))
        self.assertEqual(both, one | other)
        self.assertGreater(len(both), max(len(one), len(other)))
        counts = [lcov_lines(self.path(f"{name}.info").read_text(), "branches.c") for name in ("a", "b")]
        expected = {line: max(each.get(line, 0) for each in counts) for line in counts[0]}
        self.assertNotIn(expected, counts)
        for files in (("a", "b"), ("all",), ("b", "all")):
            self.assertEqual(lcov_lines(self.merged("lcov", *files), "branches.c"), expected)
        root = xml.etree.ElementTree.fromstring(self.merged("cobertura", "all"))
        hits = {int(line.get("number")): int(line.get("hits")) for each in root.iter("class") if each.get("filename").endswith("branches.c")
                for line in each.iter("line")}
        self.assertEqual(hits, expected)

    def test_what_cannot_be_put_together_is_named(self):
        self.run_tool("coverage:output=a", program("branches"), "minus")
        self.path("cut").write_bytes(self.path("a").read_bytes()[:-9])
        self.path("text").write_text("no coverage\n")
        for words, message in ((["merge", "nowhere"], "cannot read nowhere"), (["lcov", "a", "text"], "text is no drcov file"),
                               (["merge", "cut"], "cut ends too early"), (["merge"], "no files"), (["merge", "a", "-o"], "-o needs the name"),
                               (["merge", "-o", "/nowhere/x", "a"], "cannot write /nowhere/x")):
            self.assertIn(f"weft-coverage: {message}", self.merged(*words, status=1))

    def test_what_ran_is_what_lost_its_instrumentation(self):
        _, text = self.run_tool("coverage:output=c,stats", program("work"))
        blocks, ran = map(int, re.search(r"coverage: (\d+) blocks, .* (\d+) ran and lost it again", text).groups())
        self.assertEqual(ran, len(self.drcov(self.path("c"))[1]))
        self.assertGreater(ran, 100)
        self.assertLessEqual(ran, blocks)

    def test_blocks_are_the_same_however_code_is_laid_out_and_built_again(self):
        found = []
        for flags in ([], ["--max-blocks=2"], ["--stress-delete=1000"]):
            self.run_tool("coverage:output=c", program("work"), flags=flags if not bundled.OPTIONS.flag else [])
            found.append(self.blocks_of(self.path("c"), "work"))
        # The C library's functions depend on where the stack happens to lie.
        symbols = subprocess.run(["nm", "-S", program("work")], capture_output=True, text=True, check=True).stdout
        ranges = [(int(start, 16), int(size, 16)) for start, size in
                  re.findall(r"^(\w+) (\w+) [tT] (?:main|sort|less|sieve)$", symbols, re.M)]
        self.assertEqual(len(ranges), 4)
        base = next(module.start for module in self.drcov(self.path("c"))[0] if module.path.endswith("/work"))
        own = {byte - base for start, size in ranges for byte in range(start, start + size)}
        covered = [own & {byte for start, size in blocks for byte in range(start, start + size)} for blocks in found]
        self.assertGreater(len(covered[0]), 100)
        self.assertEqual(covered[0], covered[1])
        self.assertEqual(covered[0], covered[2])

    def test_the_child_of_a_fork_has_what_it_ran_itself(self):
        stdout, _ = self.run_tool("coverage:output=c.%p,lcov=%p.info", program("threads"))
        child = stdout.strip()
        lines = lcov_lines(self.path(f"{child}.info").read_text(), "threads.c")
        source = (bundled.SOURCES / "threads.c").read_text().splitlines()
        line_of = {text: 1 + next(i for i, line in enumerate(source) if text in line)
                   for text in ("spin(100000)", "waitpid", "pthread_create(&")}
        self.assertEqual(lines[line_of["spin(100000)"]], 1)
        self.assertEqual(lines[line_of["waitpid"]], 0)
        self.assertEqual(lines[line_of["pthread_create(&"]], 0)

    def test_real_programs_run_as_without_it(self):
        for argv in (["/usr/bin/perl", "-e", "print join ',', map { $_ ** 2 } 1..20"],
                     ["/bin/bash", "-c", "for i in 1 2 3; do echo $i; done"]):
            if shutil.which(argv[0]):
                stdout, _ = self.run_tool("coverage:output=c.%p", *argv)
                self.assertEqual(stdout, self.native(*argv))
        for name in self.outputs():
            self.assertGreater(len(self.drcov(self.path(name))[1]), 100)

    def test_the_program_is_the_first_module(self):
        for _ in range(8):
            self.run_tool("coverage:output=c", program("work"))
            self.assertRegex(self.drcov(self.path("c"))[0][0].path, "/work$")

    def test_only_the_chosen_module_is_in_the_file(self):
        self.run_tool("coverage:output=c,module=/threads", program("threads"))
        modules, records = self.drcov(self.path("c"))
        self.assertEqual({modules[at].path.rsplit("/", 1)[-1] for at, _, _ in records}, {"threads"})


if __name__ == "__main__":
    bundled.main()

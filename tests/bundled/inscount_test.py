#!/usr/bin/env python3
"""inscount counts what was executed: against counting by hand, and against callgrind."""
import os
import re
import shutil
import subprocess
import unittest

import bundled
from bundled import ToolTest, program


def total(text):
    return int(re.search(r"inscount: process \d+: (\d+) instructions", text).group(1))


class InsCount(ToolTest):
    def test_a_program_counted_by_hand_has_exactly_that_count(self):
        _, text = self.run_tool("inscount", program("hand_counted"))
        self.assertEqual(total(text), 6506)

    def test_blocks_are_counted_too(self):
        _, text = self.run_tool("inscount:blocks", program("hand_counted"))
        # A turn is two blocks, the first of which begins with the start; then the end.
        self.assertIn("6506 instructions, 2001 blocks", text)

    @unittest.skipIf(shutil.which("valgrind") is None, "no valgrind")
    def test_a_deterministic_program_has_callgrinds_count(self):
        stdout, text = self.run_tool("inscount", program("work"))
        self.assertEqual(stdout, self.native(program("work")))
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program("work")],
                              capture_output=True, text=True, check=True)
        expected = int(re.search(r"Collected : (\d+)", done.stderr).group(1))
        self.assertAlmostEqual(total(text) / expected, 1, delta=0.001)

    def test_each_thread_has_a_count_of_its_own(self):
        _, text = self.run_tool("inscount", program("threads"))
        parent = [part for part in text.split("inscount: ") if "5 threads" in part]
        self.assertEqual(len(parent), 1, text)
        counts = [int(count) for count in re.findall(r"thread \d+ \(\d+\): (\d+)", parent[0])]
        self.assertEqual(len(counts), 5)
        self.assertEqual(sum(counts), int(re.search(r"(\d+) instructions", parent[0]).group(1)))
        for number, count in enumerate(sorted(counts[1:]), 1):
            self.assertGreater(count, 2 * 1000000 * number)
            self.assertLess(count, 2 * 1000000 * number + 50000)

    def test_a_child_counts_from_0(self):
        stdout, _ = self.run_tool("inscount:output=count.%p", program("threads"))
        child = self.path(f"count.{stdout.strip()}").read_text()
        self.assertGreater(total(child), 200000)
        self.assertLess(total(child), 300000)
        self.assertEqual(len(self.outputs()), 2)

    def test_a_followed_program_has_a_file_of_its_own(self):
        self.run_tool("inscount:output=count.%p", "/bin/sh", "-c", "exec /bin/true")
        self.assertEqual(len(self.outputs()), 2)

    def test_what_cannot_be_written_is_told(self):
        _, text = self.run_tool("inscount:output=/nowhere/x", program("hand_counted"))
        self.assertIn("weft: cannot write /nowhere/x: No such file or directory", text)

    def test_a_program_that_closes_its_standard_error_is_reported(self):
        _, text = self.run_tool("inscount", "/bin/ls", "/")
        self.assertGreater(total(text), 10000)

    def test_help_lists_the_options(self):
        text = self.help_of("inscount")
        for word in ("output", "threads", "blocks"):
            self.assertIn(word, text)

    def test_processes_share_a_pipe(self):
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDWR)
        self.addCleanup(os.close, reader)
        self.run_tool("inscount:output=pipe", "/bin/sh", "-c", "/bin/true; exec /bin/true")
        self.assertEqual(self.outputs(), ["pipe"])
        self.assertEqual(len(re.findall(r"^inscount: process", os.read(reader, 65536).decode(), re.M)), 3)


if __name__ == "__main__":
    bundled.main()

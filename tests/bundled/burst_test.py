#!/usr/bin/env python3
"""burst: traces windows, and only them."""
import pathlib
import re
import subprocess

import bundled
from bundled import ToolTest, program

READER = str(pathlib.Path(bundled.WEFT).parent / "weft-memtrace")


class Burst(ToolTest):
    def stats(self, options, *argv):
        stdout, text = self.run_tool(f"burst:output=b,stats,{options}", *argv)
        windows, accesses = re.search(r"burst: (\d+) windows, (\d+) accesses", text).groups()
        return stdout, int(windows), int(accesses)

    def test_windows_have_accesses_and_the_program_runs_as_natively(self):
        turns = "3000000"
        stdout, windows, accesses = self.stats("period=20,window=5", program("pointers"), turns)
        self.assertEqual(stdout, self.native(program("pointers"), turns))
        self.assertGreater(windows, 1)
        self.assertGreater(accesses, 1000)
        done = subprocess.run([READER, "--summary", str(self.path("b"))], capture_output=True, text=True, check=True)
        loads, stores = re.search(r"(\d+) loads .* (\d+) stores", done.stdout).groups()
        self.assertEqual(int(loads) + int(stores), accesses)

    def test_without_a_window_nothing_is_recorded(self):
        _, windows, accesses = self.stats("period=100000,window=1", program("work"))
        self.assertEqual((windows, accesses), (0, 0))

    def test_longer_windows_have_more_accesses(self):
        choices = ("period=100,window=1", "period=1000,window=999")
        counts = [self.stats(choice, program("pointers"), "3000000")[2] for choice in choices]
        self.assertGreater(counts[1], 2 * counts[0])

    def test_an_impossible_window_is_refused(self):
        _, text = self.run_tool("burst:period=10,window=10", program("work"), status=2)
        self.assertIn("window must be at least 1 and less than period", text)


if __name__ == "__main__":
    bundled.main()

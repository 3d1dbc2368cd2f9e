#!/usr/bin/env python3
"""deleter: the program does not notice that its code goes."""
import re

import bundled
from bundled import ToolTest, program


class Deleter(ToolTest):
    def test_blocks_die_and_the_program_runs_as_natively(self):
        stdout, text = self.run_tool("deleter:every=50,stats", program("pointers"), "20000")
        self.assertEqual(stdout, self.native(program("pointers"), "20000"))
        words = re.search(r"deleter: (\d+) calls deleted, (\d+) their own block, (\d+) went on", text).groups()
        deleted, own, elsewhere = map(int, words)
        self.assertGreater(deleted, own)
        self.assertGreater(own, elsewhere)
        self.assertGreater(elsewhere, 0)

    def test_calls_that_leave_no_time_for_the_program_are_refused(self):
        _, text = self.run_tool("deleter:every=1", program("work"), status=2)
        self.assertIn("every must be at least 10", text)


if __name__ == "__main__":
    bundled.main()

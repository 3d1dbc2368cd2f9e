"""What tools and the runtime tell on standard error is told though the program closed its own."""
import unittest

import bundled

REPORTS = {
    "coverage:stats,output=out": r"coverage: \d+ blocks, instrumented \d+ times",
    "memtrace:stats,output=out": r"memtrace: \d+ accesses",
    "burst:stats,output=out": r"burst: \d+ windows",
    "deleter:stats": r"deleter: \d+ calls deleted",
    "inscount:output=-": r"inscount: process \d+: \d+ instructions",
    "syscalls:output=-": r"exit_group\(0\)",
}


class ErrorStream(bundled.ToolTest):
    def test_reports_come_after_a_program_that_closed_its_standard_error(self):
        for tool, pattern in REPORTS.items():
            with self.subTest(tool):
                _, said = self.run_tool(tool, "/usr/bin/basename", "/a/b")
                self.assertRegex(said, pattern)

    def test_reports_come_after_a_program_that_closed_all_it_could(self):
        for tool, pattern in REPORTS.items():
            with self.subTest(tool):
                _, said = self.run_tool(tool, bundled.program("closes_all_descriptors"))
                self.assertRegex(said, pattern)

    def test_statistics_come_after_a_program_that_closed_all_it_could(self):
        _, said = self.run_tool("inscount:output=out", bundled.program("closes_all_descriptors"), flags=["--stats"])
        self.assertRegex(said, r"fragments_made +\d+")


if __name__ == "__main__":
    bundled.main()

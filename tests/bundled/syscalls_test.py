#!/usr/bin/env python3
"""syscalls: lines and sums say what the program did."""
import re

import bundled
from bundled import ToolTest, program


class Syscalls(ToolTest):
    def test_lines_have_arguments_and_results(self):
        stdout, text = self.run_tool("syscalls", program("syscalls"), status=3)
        self.assertEqual(stdout, "hello\n")
        self.assertEqual(len(re.findall(r"^\[\d+\] getppid\(\) = \d+$", text, re.M)), 5)
        self.assertRegex(text, r'openat\(AT_FDCWD, "/nowhere/at\\tall", 0x0, 0\) = '
                               r"-1 ENOENT \(No such file or directory\)\n")
        self.assertRegex(text, r'write\(1, "hello\\n", 6\) = 6\n')
        self.assertRegex(text, r"kill\(\d+, 10\) = 0\n")
        self.assertIn("--- SIGUSR1 ---", text)
        self.assertRegex(text, r"exit_group\(3\) = \?\n")
        self.assertRegex(text, r"mmap\(NULL, \d+, 0x\w+, 0x\w+, -?\d+, 0x0\) = 0x\w+\n")

    def test_only_the_chosen_call_is_printed(self):
        _, text = self.run_tool("syscalls:only=getppid,time", program("syscalls"), status=3)
        lines = text.splitlines()
        self.assertEqual(len(lines), 5, text)
        for line in lines:
            self.assertRegex(line, r"^\[\d+\] getppid\(\) = \d+ <\d+\.\d{6}>$")

    def test_the_summary_counts_calls_and_errors(self):
        _, text = self.run_tool("syscalls:summary", program("syscalls"), status=3)
        rows = {name: (int(calls), int(errors))
                for calls, errors, name in re.findall(r"^ +[\d.]+ +(\d+) +(\d+)  (\w+)$", text, re.M)}
        self.assertEqual(rows["getppid"], (5, 0))
        self.assertEqual(rows["kill"], (1, 0))
        self.assertGreaterEqual(rows["openat"][1], 1)

    def test_children_have_files_of_their_own(self):
        stdout, _ = self.run_tool("syscalls:output=s.%p", program("threads"))
        self.assertIn("exit_group(0) = ?", self.path(f"s.{stdout.strip()}").read_text())
        self.assertEqual(len(self.outputs()), 2)


if __name__ == "__main__":
    bundled.main()

#!/usr/bin/env python3
"""calls: callgrind_annotate reads it; calls and costs are right."""
import re
import shutil
import subprocess
import unittest

import bundled
from bundled import ToolTest, program


def parse(text):
    """({function: own cost}, {(caller, callee): (calls, inclusive)}, summary)"""
    names, own, calls = {}, {}, {}
    caller = callee = None
    count = 0
    lines = iter(text.splitlines())
    for line in lines:
        if match := re.fullmatch(r"(c?fn)=\((\d+)\)(?: (.*))?", line):
            kind, number, name = match.groups()
            name = names.setdefault(number, name)
            if kind == "fn":
                caller = name
            else:
                callee = name
        elif match := re.fullmatch(r"calls=(\d+) \d+", line):
            count = int(match.group(1))
            inclusive = int(next(lines).split()[1])
            known = calls.get((caller, callee), (0, 0))
            calls[caller, callee] = (known[0] + count, known[1] + inclusive)
        elif caller and (match := re.fullmatch(r"(\d+) (\d+)", line)):
            own[caller] = own.get(caller, 0) + int(match.group(2))
    summary = int(re.search(r"^summary: (\d+)$", text, re.M).group(1))
    return own, calls, summary


class Calls(ToolTest):
    def profile(self, name, *arguments):
        self.run_tool("calls:output=c", program(name), *arguments)
        return parse(self.path("c").read_text())

    def test_calls_are_counted_exactly(self):
        _, calls, _ = self.profile("calls")
        self.assertEqual(calls["fib", "fib"][0], 1972 + 14)
        self.assertEqual(calls["main", "fib"][0], 1)
        self.assertEqual(calls["twice", "fib"][0], 1)
        self.assertEqual(calls["twice", "leaf"][0], 3)
        self.assertEqual(calls["main", "twice"][0], 2)
        self.assertEqual(calls["main", "leaves"][0], 10)
        self.assertEqual(calls["leaves", "leaves"][0], 30)

    def test_inclusive_costs_add_up(self):
        own, calls, summary = self.profile("calls")
        self.assertEqual(sum(own.values()), summary)
        # fib calls itself alone: what main's and twice's calls of it took is all that was spent in it.
        fib = calls["main", "fib"][1] + calls["twice", "fib"][1]
        self.assertLessEqual(abs(fib - own["fib"]), 2 * 10)
        leaf = calls["twice", "leaf"][1]
        self.assertLessEqual(abs(leaf - own["leaf"]), 3 * 10)

    def test_the_total_is_inscounts(self):
        # A call and a return are two clean calls of the tool: not too many.
        _, _, summary = self.profile("work", "10000")
        _, text = self.run_tool("inscount", program("work"), "10000")
        self.assertAlmostEqual(int(re.search(r"(\d+) instructions", text).group(1)), summary, delta=bundled.RUNS_DIFFER_BY)

    def test_calls_of_library_functions_go_to_them_not_to_their_stubs(self):
        _, calls, _ = self.profile("calls")
        self.assertTrue(any(caller == "main" and "setjmp" in callee for caller, callee in calls), calls)

    @unittest.skipIf(shutil.which("callgrind_annotate") is None, "no callgrind_annotate")
    def test_callgrind_annotate_reads_it(self):
        _, _, summary = self.profile("calls")
        done = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--tree=calling", str(self.path("c"))],
                              capture_output=True, text=True, check=True)
        self.assertIn(f"{summary:,}", done.stdout)
        self.assertRegex(done.stdout, r"calls\.c:fib")
        self.assertEqual(done.stderr, "")

    def test_threads_and_children(self):
        stdout, _ = self.run_tool("calls:output=c.%p", program("threads"))
        child = stdout.strip()
        self.assertEqual(len(self.outputs()), 2)
        own, _, _ = parse(self.path(f"c.{child}").read_text())
        self.assertLess(own["spin"], 200100)
        parent = next(name for name in self.outputs() if name != f"c.{child}")
        own, calls, _ = parse(self.path(parent).read_text())
        self.assertGreater(own["spin"], 20000000)
        self.assertEqual(calls["run", "spin"][0], 4)


if __name__ == "__main__":
    bundled.main()

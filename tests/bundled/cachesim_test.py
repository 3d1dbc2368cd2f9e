#!/usr/bin/env python3
"""cachesim: its numbers are those of a program that knows its misses, and cachegrind's."""
import pathlib
import re
import shutil
import subprocess
import unittest

import bundled
from bundled import ToolTest, program

CACHES = "i1=32k/8/64,d1=32k/8/64,ll=2M/16/64"


def parse(text):
    """({function: {event: number}}, totals)"""
    events = re.search(r"^events: (.*)$", text, re.M).group(1).split()
    functions, name = {}, None
    for line in text.splitlines():
        if line.startswith("fn="):
            name = line[3:]
        elif re.fullmatch(r"[\d ]+", line):
            costs = functions.setdefault(name, dict.fromkeys(events, 0))
            for event, number in zip(events, line.split()[1:], strict=True):
                costs[event] += int(number)
    totals = dict(zip(events, map(int, re.search(r"^summary: (.*)$", text, re.M).group(1).split()), strict=True))
    return functions, totals


class CacheSim(ToolTest):
    def costs(self, options=""):
        self.run_tool(f"cachesim:{CACHES},output=c{options}", program("caches"))
        return parse(self.path("c").read_text())

    def check(self, costs, **expected):
        self.assertEqual({event: costs[event] for event in expected}, expected)

    def test_misses_are_those_that_the_program_expects(self):
        functions, _ = self.costs()
        # One more read is the return.
        self.check(functions["read_large"], Dr=2 * 16384 + 1, DLmr=16384, Dw=0)
        self.assertIn(functions["read_large"]["D1mr"] - 2 * 16384, (0, 1))
        self.check(functions["write_small"], Dr=1, Dw=2560, D1mw=256, DLmw=256)
        self.check(functions["conflict"], Dr=901, Dw=0)
        self.assertIn(functions["conflict"]["D1mr"] - 900, (0, 1))
        self.check(functions["straddle"], Dr=6, Dw=0, D1mr=1)

    def test_each_repetition_counts(self):
        functions, _ = self.costs()
        self.check(functions["copy"], Dr=1001, Dw=1000, D1mr=16, D1mw=16)
        self.assertGreater(functions["copy"]["Ir"], 1000)
        self.assertLess(functions["copy"]["Ir"], 1010)

    def test_accesses_of_the_stack_are_all_counted(self):
        functions, _ = self.costs()
        self.check(functions["use_stack"], Dr=8, Dw=5, D1mr=0)

    def test_branches(self):
        functions, _ = self.costs(",branches")
        self.check(functions["loop"], Bc=1000, Bi=0)
        self.assertLess(functions["loop"]["Bcm"], 30)
        self.assertGreater(functions["loop"]["Bcm"], 0)
        self.check(functions["jump_about"], Bi=500, Bim=500, Bc=251)

    def test_functions_add_up(self):
        functions, totals = self.costs(",branches")
        self.assertEqual({event: sum(costs[event] for costs in functions.values()) for event in totals}, totals)

    def test_the_summary_on_standard_error(self):
        _, text = self.run_tool(f"cachesim:{CACHES},output=c,stats", program("caches"))
        _, totals = parse(self.path("c").read_text())
        self.assertIn("cachesim: " + ", ".join(f"{event} {number}" for event, number in totals.items()) + "\n", text)

    def test_smaller_caches_miss_more_often(self):
        self.run_tool("cachesim:i1=1k/1/64,d1=1k/2/32,ll=512k/8/64,output=c", program("caches"))
        functions, _ = parse(self.path("c").read_text())
        # The return's may have left the cache, too: where the stack lies is random.
        self.assertIn(functions["read_large"]["DLmr"] - 2 * 16384, (0, 1))
        self.check(functions["write_small"], D1mw=2560)
        self.assertIn("desc: I1 cache:         1024 B, 64 B, direct-mapped\n", self.path("c").read_text())

    def test_threads_and_children(self):
        self.run_tool(f"cachesim:{CACHES},branches,output=c.%p", program("caches"), "threads")
        found = sorted((parse(self.path(name).read_text())[0]["loop"] for name in self.outputs()), key=lambda each: each["Bc"])
        self.assertEqual([each["Bc"] for each in found], [1000, 800000])
        # Each has a return beside its two instructions a turn.
        self.assertEqual([each["Ir"] for each in found], [2 * 1000 + 1, 800 * (2 * 1000 + 1)])

    def test_the_instructions_are_inscounts(self):
        _, totals = self.costs()
        _, text = self.run_tool("inscount", program("caches"))
        # Which counts a repeated instruction as one.
        repeated = int(re.search(r"(\d+) instructions", text).group(1)) + 1000
        self.assertAlmostEqual(repeated, totals["Ir"], delta=bundled.RUNS_DIFFER_BY + 5000)

    @unittest.skipIf(shutil.which("cg_annotate") is None, "no cg_annotate")
    def test_cg_annotate_reads_it(self):
        _, totals = self.costs()
        done = subprocess.run(["cg_annotate", str(self.path("c"))], capture_output=True, text=True, check=True)
        self.assertIn(f"{totals['Ir']:,}", done.stdout)
        self.assertRegex(done.stdout, r"caches\.c:read_large")
        self.assertEqual(done.stderr, "")

    @unittest.skipIf(shutil.which("valgrind") is None, "no valgrind")
    def test_the_totals_are_cachegrinds(self):
        self.run_tool(f"cachesim:{CACHES},branches,output=c", program("work"))
        _, totals = parse(self.path("c").read_text())
        geometry = ["--I1=32768,8,64", "--D1=32768,8,64", "--LL=2097152,16,64"]
        subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=yes", "--branch-sim=yes", *geometry,
                        f"--cachegrind-out-file={self.path('v')}", program("work")], capture_output=True, check=True, timeout=90)
        _, expected = parse(pathlib.Path(self.path("v")).read_text())
        for event in ("Ir", "Dr", "D1mr", "Dw", "D1mw", "DLmw", "Bc", "Bcm"):
            self.assertAlmostEqual(totals[event] / expected[event], 1, delta=0.01, msg=event)

    def test_wrong_options_are_refused(self):
        for wrong in ("i1=32k", "d1=32k/8/48", "ll=3M/16/64", "d1=32k/0/64", "i1=x/8/64", "d1=32k/8/64/2"):
            _, text = self.run_tool(f"cachesim:{wrong}", "/bin/true", status=2)
            self.assertIn(f"{wrong[:2]} must be SIZE/WAYS/LINE", text)


if __name__ == "__main__":
    bundled.main()

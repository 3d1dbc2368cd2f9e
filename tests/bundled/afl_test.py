#!/usr/bin/env python3
"""afl serves Debian's afl-showmap and afl-fuzz (-Q): the same edges for the same input, planted bugs found."""
import os
import pathlib
import re
import subprocess
import unittest

import bundled
from bundled import ToolTest, program


# A search takes a while: how blocks are laid out is none of its business.
ONCE = unittest.skipIf(bundled.OPTIONS.flag, "runs with weft's defaults alone")


class Afl(ToolTest):
    def setUp(self):
        super().setUp()
        place = pathlib.Path(bundled.WEFT).parent.parent / "lib/weft/afl"
        self.environment = {
            **os.environ, "AFL_PATH": str(place), "AFL_NO_UI": "1", "AFL_NO_AFFINITY": "1",
            "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_BENCH_UNTIL_CRASH": "1",
            "WEFT_AFL_ARGS": " ".join(bundled.OPTIONS.flag)}

    def edges(self, data, *arguments, **settings):
        """The map of one run as afl-showmap tells it, and its exit status: 0, or 2 for a crash."""
        done = subprocess.run(["afl-showmap", "-Q", "-q", "-t", "60000", "-o", self.path("map"), "--", *arguments], input=data,
                              env={**self.environment, **settings}, capture_output=True, timeout=120, check=False)
        return self.path("map").read_text().splitlines(), done.returncode

    def fuzz(self, *arguments, **settings):
        """Runs afl-fuzz from one empty-handed seed until it finds a crash; its statistics, the crash, what it said."""
        (self.path("in")).mkdir()
        (self.path("in/seed")).write_bytes(b"aaaa")
        done = subprocess.run(["afl-fuzz", "-Q", "-t", "60000", "-s", "1", "-V", "150", "-i", self.path("in"), "-o", self.path("out"),
                               "--", *arguments], env={**self.environment, **settings}, capture_output=True, timeout=280,
                              check=False)
        said = re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout + done.stderr).decode(errors="replace")
        place = self.path("out/default")
        self.assertTrue((place / "fuzzer_stats").exists(), said)
        stats = dict(re.findall(r"^(\w+)\s+: (.*)$", (place / "fuzzer_stats").read_text(), re.M))
        crashes = [file.read_bytes() for file in place.glob("crashes/id*")]
        return stats, crashes, said

    def test_the_same_input_has_the_same_edges_each_time(self):
        first, status = self.edges(b"aaaa", program("fuzzed"))
        self.assertEqual(status, 0)
        self.assertGreater(len(first), 5)
        for _ in range(4):
            self.assertEqual(self.edges(b"aaaa", program("fuzzed"))[0], first)
        other, _ = self.edges(b"Waaa", program("fuzzed"))
        self.assertGreater(len(set(other) - set(first)), 0)

    def test_a_crash_is_seen_as_one(self):
        self.assertEqual(self.edges(b"WEFT", program("fuzzed"))[1], 2)

    def test_threads_signals_and_forks_of_the_program_change_nothing(self):
        for kind in ("threads", "signals", "forks"):
            first, status = self.edges(b"aaaa", program("fuzzed"), kind)
            self.assertEqual(status, 0, kind)
            self.assertEqual(self.edges(b"aaaa", program("fuzzed"), kind)[0], first, kind)

    def test_modules_and_ranges_choose_what_is_counted(self):
        own, _ = self.edges(b"aaaa", program("fuzzed"))
        libraries, _ = self.edges(b"aaaa", program("fuzzed"), AFL_INST_LIBS="1")
        self.assertGreater(len(libraries), len(own))
        none, _ = self.edges(b"aaaa", program("fuzzed"), AFL_QEMU_EXCLUDE_RANGES="fuzzed")
        self.assertLess(len(none), 2)

    @ONCE
    def test_a_planted_bug_is_found_by_forks(self):
        stats, crashes, said = self.fuzz(program("fuzzed"))
        self.assertEqual(stats["stability"], "100.00%")
        self.assertEqual([crash[:2] for crash in crashes], [b"WE"], said[-2000:])

    @ONCE
    def test_a_planted_bug_is_found_in_persistent_mode(self):
        symbols = subprocess.run(["nm", program("fuzzed")], capture_output=True, text=True, check=True).stdout
        start = re.search(r"([0-9a-f]+) T look_at_input", symbols).group(1)
        stats, crashes, said = self.fuzz(program("fuzzed"), AFL_QEMU_PERSISTENT_ADDR=f"0x{start}")
        self.assertEqual(stats["stability"], "100.00%")
        self.assertEqual([crash[:2] for crash in crashes], [b"WE"], said[-2000:])

    @ONCE
    def test_a_planted_bug_is_found_by_shared_memory_in_a_harness(self):
        stats, crashes, said = self.fuzz(program("fuzz_harness"))
        self.assertIn("SHARED MEMORY FUZZING", said)
        self.assertEqual(stats["stability"], "100.00%")
        self.assertEqual([crash[:2] for crash in crashes], [b"WE"], said[-2000:])

    def test_an_address_outside_the_program_is_refused(self):
        done = subprocess.run([bundled.WEFT, "run", *bundled.OPTIONS.flag, "--tool", "afl", "--", program("fuzzed")], input="",
                              env=self.environment | {"AFL_ENTRYPOINT": "0x123456789"}, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("AFL_ENTRYPOINT=0x123456789 is not in", done.stderr)


if __name__ == "__main__":
    bundled.main()

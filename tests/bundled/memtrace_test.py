#!/usr/bin/env python3
"""memtrace: its accesses are those that the program knows that it makes."""
import collections
import pathlib
import subprocess

import bundled
from bundled import ToolTest, program

READER = str(pathlib.Path(bundled.WEFT).parent / "weft-memtrace")


class MemTrace(ToolTest):
    def read(self, name, mode="--csv"):
        done = subprocess.run([READER, mode, str(self.path(name))], capture_output=True, text=True, check=True)
        return done.stdout

    def accesses(self, name):
        lines = self.read(name).splitlines()
        self.assertEqual(lines[0], "thread,pc,kind,size,address")
        for line in lines[1:]:
            thread, pc, kind, size, address = line.split(",")
            yield int(thread), int(pc, 16), kind, int(size), int(address, 16)

    def test_a_program_counted_by_hand_has_exactly_those_accesses(self):
        self.run_tool("memtrace:output=m", program("hand_counted"))
        found = list(self.accesses("m"))
        kinds = collections.Counter((kind, size) for _, _, kind, size, _ in found)
        self.assertEqual(kinds, {("store", 8): 1000, ("load", 8): 250})
        stores = [address for _, _, kind, _, address in found if kind == "store"]
        self.assertEqual([first - second for first, second in zip(stores, stores[1:])], [8] * 999)

    def test_addresses_and_order_are_what_the_program_says(self):
        stdout, _ = self.run_tool("memtrace:output=m,module=/accesses", program("accesses"))
        words, buffer, copy = (int(address, 16) for address in stdout.splitlines()[0].split())
        self.assertEqual(stdout.splitlines()[1], "2016 x")
        inside = [(kind, size, address) for _, _, kind, size, address in self.accesses("m")
                  if words <= address < words + 512 or buffer <= address < buffer + 256
                  or copy <= address < copy + 256]
        expected = [("store", 8, words + 8 * i) for i in range(64)]
        expected += [("load", 8, words + 8 * i) for i in reversed(range(64))]
        expected += [("store", 1, buffer + i) for i in range(200)]
        for i in range(25):
            expected += [("store", 8, copy + 8 * i), ("load", 8, buffer + 8 * i)]
        expected += [("load", 1, copy + 199)]
        # Which of a copy's two accesses comes first is not said.
        self.assertEqual(inside[:328], expected[:328])
        self.assertEqual(collections.Counter(inside), collections.Counter(expected))

    def test_each_thread_has_accesses_of_its_own(self):
        self.run_tool("memtrace:output=m.%p", program("threads"))
        threads = {name: {thread for thread, *_ in self.accesses(name)} for name in self.outputs()}
        self.assertEqual(sorted(len(found) for found in threads.values()), [1, 5])

    def test_the_stack_can_be_left_out(self):
        counts = []
        for stack in ("on", "off"):
            self.run_tool(f"memtrace:output=m,stack={stack}", program("calls"))
            counts.append(sum(1 for _ in self.accesses("m")))
        self.assertGreater(counts[0], counts[1] + 2 * 1973)

    def test_the_summary_adds_up(self):
        self.run_tool("memtrace:output=m", program("hand_counted"))
        self.assertIn("250 loads (2000 bytes), 1000 stores (8000 bytes)", self.read("m", "--summary"))

    def test_a_damaged_trace_is_reported(self):
        self.run_tool("memtrace:output=m", program("hand_counted"))
        self.path("m").write_bytes(self.path("m").read_bytes()[:-1])
        done = subprocess.run([READER, str(self.path("m"))], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the trace ends in a chunk", done.stderr)


if __name__ == "__main__":
    bundled.main()

#!/usr/bin/env python3
"""What memtrace records of each kind of memory operand is what the instruction touches."""
import collections
import pathlib
import subprocess

import bundled
from bundled import ToolTest, program

READER = str(pathlib.Path(bundled.WEFT).parent / "weft-memtrace")
PAGE = 4096
REACH = 12 * PAGE
# The CPU also looks whether it might write the new top of the stack, or what the mask leaves out.
TOUCHES_MORE = {"enter", "enter_nested", "maskmovq", "maskmovdqu"}
# What is stored need not differ from what was there.
MAY_STORE_THE_SAME = ("bt", "cmpxchg", "xsave", "fxsave", "fnsave", "fnstenv", "push_on_it", "pop_on_it")

Measured = collections.namedtuple("Measured", "align first end changed pages")


class Operands(ToolTest):
    def measured(self):
        out = subprocess.run([program("operands"), "measure"], capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            words, rest = line.split(" changes")
            changed, pages = ([int(number) for number in part.split()] for part in rest.split(" pages"))
            name, align, first, end = words.split()
            yield name, Measured(int(align), int(first), int(end), set(changed), set(pages))

    def recorded(self, flags=()):
        """By name: (is a store, first byte, byte behind the last), from the base on."""
        stdout, _ = self.run_tool("memtrace:output=m,module=/operands", program("operands"), "run", flags=flags)
        places = {int(pc, 16): (name, int(base, 16)) for name, pc, base in map(str.split, stdout.splitlines())}
        found = {name: [] for name, _ in places.values()}
        csv = subprocess.run([READER, "--csv", str(self.path("m"))], capture_output=True, text=True, check=True).stdout
        for line in csv.splitlines()[1:]:
            _, pc, kind, size, address = line.split(",")
            name, base = places.get(int(pc, 16), (None, 0))
            offset = int(address, 16) - base
            if name and -REACH <= offset < REACH:
                found[name].append((kind == "store", offset, offset + int(size)))
        return found

    def test_each_kind_is_recorded_as_it_happens(self):
        found = self.recorded()
        names = []
        for name, real in self.measured():
            with self.subTest(name):
                names.append(name)
                self.check(name, real, found[name])
        self.assertGreater(len(names), 40)
        self.assertEqual(sorted(names), sorted(found))

    def check(self, name, real, accesses):
        if real.first == real.end:
            self.assertEqual(accesses, [])
            return
        first = min(start for _, start, _ in accesses)
        end = max(end for _, _, end in accesses)
        down, up = first // real.align * real.align, -(-end // real.align) * real.align
        if name in TOUCHES_MORE:
            self.assertLessEqual(real.first, down)
            self.assertGreaterEqual(real.end, up)
        else:
            self.assertEqual((down, up), (real.first, real.end))
            pages = {page for _, start, end in accesses for page in range(start // PAGE, (end - 1) // PAGE + 1)}
            self.assertEqual(pages, real.pages)
        stored = {byte for is_store, start, end in accesses if is_store for byte in range(start, end)}
        self.assertLessEqual(real.changed, stored)
        if not name.startswith(MAY_STORE_THE_SAME):
            self.assertEqual(real.changed, stored)

    def test_probes_of_loads_and_stores_see_elements_too(self):
        several = ("gather", "scatter", "maskmov", "vmaskmov", "vpmaskmov", "masked_", "compress", "expand", "xsave", "xrstor")
        recorded = {name: sorted(accesses) for name, accesses in self.recorded().items() if name.startswith(several)}
        where = pathlib.Path(program("operands")).resolve()
        script = " ".join(f'{kind} / module == "{where}" / {{ printf("{kind} %lx %lx %ld\\n", pc, addr, size); }}'
                          for kind in ("load", "store"))
        done = subprocess.run([bundled.WEFT, "trace", "-o", str(self.path("t")), script, "--", program("operands"), "run"],
                              capture_output=True, text=True, timeout=100, check=True)
        places = {int(pc, 16): (name, int(base, 16)) for name, pc, base in map(str.split, done.stdout.splitlines())}
        traced = {name: [] for name in recorded}
        for line in self.path("t").read_text().splitlines():
            kind, pc, address, size = line.split()
            name, base = places.get(int(pc, 16), (None, 0))
            if name in traced:
                offset = int(address, 16) - base
                traced[name].append((kind == "store", offset, offset + int(size)))
        self.assertGreater(len(recorded), 5)
        for name, accesses in recorded.items():
            self.assertEqual(sorted(traced[name]), accesses, name)

    def test_elements_come_one_by_one(self):
        found = self.recorded()
        if "gather_dd" not in found:
            self.skipTest("the CPU has no AVX2")
        self.assertEqual(found["gather_dd"], [(False, at, at + 4) for at in (-8192, 5000, 8200, 16384)])
        self.assertEqual(found["gather_qps"], [(False, at, at + 4) for at in (-4096, -8192)])


if __name__ == "__main__":
    bundled.main()

#!/usr/bin/python3
"""The Python reader: what it reads is what the tools' own readers say; damaged files are refused."""
import argparse
import collections
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "python"))
import numpy as np  # noqa: E402
import weft  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--weft", required=True)
parser.add_argument("--programs", required=True)
OPTIONS, REST = parser.parse_known_args()
WEFT = str(pathlib.Path(OPTIONS.weft).resolve())
PROGRAMS = pathlib.Path(OPTIONS.programs).resolve()


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def zigzag(difference):
    difference &= (1 << 64) - 1
    negative = difference >> 63
    return varint((difference << 1 ^ (-negative)) & (1 << 64) - 1)


def encoded(accesses):
    """A chunk's payload, by the description of the format."""
    out, pc, address = b"", 0, 0
    for access in accesses:
        log = access[2].bit_length() - 1
        plain = access[2] == 1 << log and log < 7
        out += bytes([access[3] | (log if plain else 7) << 1]) + (b"" if plain else varint(access[2]))
        out += zigzag(access[0] - pc) + zigzag(access[1] - address)
        pc, address = access[0], access[1]
    return out


def trace_of(chunks, process=77):
    data = b"WEFTMEM\x01" + struct.pack("<II", process, 0)
    for thread, accesses in chunks:
        payload = encoded(accesses)
        data += struct.pack("<IIQ", len(payload), len(accesses), thread) + payload
    return data


class Reader(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def file(self, data):
        self.path("file").write_bytes(data)
        return self.path("file")

    def run_weft(self, *words):
        subprocess.run([WEFT, "run", *words], cwd=self.folder.name, check=True, capture_output=True, timeout=100)

    def refused(self, read, data, text):
        with self.assertRaisesRegex(weft.FormatError, text):
            read(self.file(data))

    def test_a_traces_accesses_are_those_that_its_own_reader_prints(self):
        self.run_weft("--tool", "memtrace:output=m", "--", str(PROGRAMS / "accesses"))
        trace = weft.read_memory_trace(self.path("m"))
        printed = subprocess.run([str(pathlib.Path(WEFT).parent / "weft-memtrace"), "--csv", str(self.path("m"))], capture_output=True,
                                 text=True, check=True).stdout.splitlines()[1:]
        self.assertGreater(len(printed), 10000)
        self.assertEqual(printed, [f"{a['thread']},{a['pc']:#x},{'store' if a['store'] else 'load'},{a['size']},{a['address']:#x}"
                                   for a in trace.accesses])
        self.assertEqual(trace.threads(), [trace.process])

    def test_any_numbers_come_back(self):
        choice = random.Random(3)
        for size_of in (lambda: 1 << choice.randrange(7), lambda: choice.choice((1, 8, 24, 128, 2696, 70000))):
            chunks = []
            for thread in (5, 1 << 40, 5):
                word = choice.choice((8, 40, 64))
                chunks.append((thread, [(choice.getrandbits(word), choice.getrandbits(64), size_of(), choice.getrandbits(1)) for _ in range(300)]))
            path = self.file(trace_of(chunks))
            trace = weft.read_memory_trace(path)
            self.assertEqual(trace.process, 77)
            wanted = [(pc, address, size, bool(store), thread) for thread, accesses in chunks for pc, address, size, store in accesses]
            self.assertEqual(trace.accesses.tolist(), wanted)
            self.assertEqual([len(chunk) for chunk in weft.memory_trace_chunks(path)], [300, 300, 300])
            self.assertEqual(trace.threads(), [5, 1 << 40])

    def test_an_empty_trace_has_no_accesses(self):
        self.assertEqual(len(weft.read_memory_trace(self.file(trace_of([]))).accesses), 0)
        self.assertEqual(len(weft.read_memory_trace(self.file(trace_of([(1, [])]))).accesses), 0)

    def test_damaged_traces_are_refused(self):
        whole = trace_of([(1, [(10, 20, 8, 0), (11, 21, 3, 1)])])
        for read in (weft.read_memory_trace, lambda path: list(weft.memory_trace_chunks(path))):
            for length in range(len(whole)):
                if length in (16,):
                    continue  # a trace without chunks
                self.refused(read, whole[:length], "no memory trace|ends in a chunk")
            self.refused(read, b"\x7fELF" + bytes(40), "this is no memory trace")
            self.refused(read, whole.replace(b"MEM\x01", b"MEM\x02"), "version 2")
            self.refused(read, whole[:20] + b"\x03" + whole[21:], "fewer records")
            self.refused(read, whole[:20] + b"\x01" + whole[21:], "other records")
            self.refused(read, whole[:-1] + b"\x80", "ends in a record")
            self.refused(read, trace_of([]) + struct.pack("<IIQ", 13, 1, 1) + b"\0" + b"\x80" * 10 + b"\0\0", "too long")

    def test_coverage_has_the_modules_and_blocks_of_the_file(self):
        self.run_weft("--tool", "coverage:output=c", "--", str(PROGRAMS / "calls"))
        coverage = weft.read_coverage(self.path("c"))
        text, _, table = self.path("c").read_bytes().partition(b" bbs\n")
        self.assertEqual(len(coverage.blocks), int(text.rsplit(b" ", 1)[1]))
        self.assertEqual([tuple(block) for block in coverage.blocks.tolist()], list(struct.iter_unpack("<IHH", table)))
        program = next(module for module in coverage.modules if module.path.endswith("/calls"))
        self.assertIn(f" {program.start:#018x}".replace(" ", ""), text.decode())
        own = coverage.blocks_of("/calls")
        self.assertGreater(len(own), 10)
        self.assertEqual(set(own["module"].tolist()), {module.number for module in coverage.modules if module.path.endswith("/calls")})
        addresses = coverage.addresses()
        for block, address in zip(coverage.blocks, addresses):
            module = coverage.modules[block["module"]]
            self.assertEqual(int(address), module.start + int(block["offset"]))
            self.assertLess(int(address), module.end)
        self.assertEqual(collections.Counter(addresses.tolist()).most_common(1)[0][1], 1)

    def test_damaged_coverage_is_refused(self):
        head = ("DRCOV VERSION: 2\nDRCOV FLAVOR: drcov\nModule Table: version 2, count 1\nColumns: id, base, end, entry, path\n"
                " 0, 0x1000, 0x9000, 0x0, /a, b\nBB Table: 1 bbs\n").encode()
        good = head + struct.pack("<IHH", 16, 4, 0)
        coverage = weft.read_coverage(self.file(good))
        self.assertEqual((coverage.modules[0].path, coverage.addresses().tolist()), ("/a, b", [0x1010]))
        self.refused(weft.read_coverage, b"", "no coverage")
        self.refused(weft.read_coverage, b"\x7fELF\n", "no coverage")
        self.refused(weft.read_coverage, good[:40], "no coverage")
        self.refused(weft.read_coverage, good[:-1], "ends in the table of 1 blocks")
        self.refused(weft.read_coverage, head + struct.pack("<IHH", 16, 4, 1), "not in the table")
        self.refused(weft.read_coverage, good.replace(b"VERSION: 2", b"VERSION: 1"), "only 2")
        self.refused(weft.read_coverage, good.replace(b"0x1000", b"here"), "cannot be read")
        self.refused(weft.read_coverage, good.replace(b"count 1", b"count 2"), "cannot be read|missing")
        self.refused(weft.read_coverage, good.replace(b"Columns", b"Rows"), "no columns")

    def test_statistics_are_numbers_by_name(self):
        self.run_weft(f"--stats=json:{self.path('s')}", "--", "/bin/true")
        known = weft.read_statistics(self.path("s"))
        self.assertEqual(known["threads"], 1)
        self.assertGreater(known["syscalls"], 5)
        self.refused(weft.read_statistics, b"{", "no statistics")
        self.refused(weft.read_statistics, b"[1]", "no statistics")

    def test_arrays_are_what_numpy_works_with(self):
        accesses = weft.read_memory_trace(self.file(trace_of([(1, [(10, 64 * i, 8, i % 2) for i in range(100)])]))).accesses
        self.assertEqual(accesses.dtype, weft.ACCESS)
        self.assertEqual(int(accesses["size"][accesses["store"]].sum()), 400)
        self.assertEqual(len(np.unique(accesses["address"] // 64)), 100)


if __name__ == "__main__":
    unittest.main(argv=["reader", *REST], verbosity=2)

#!/usr/bin/env python3
"""heap: its numbers are those of a program that knows what it allocates."""
import json
import re

import bundled
from bundled import ToolTest, program

FIELDS = ("tb", "tbk", "mb", "mbk", "gb", "gbk", "eb", "ebk")


def by_caller(profile):
    """{function that called the allocator: numbers of FIELDS}"""
    numbers = {}
    for point in profile["pps"]:
        name = re.match(r"0x[0-9a-f]+: (\S+)", profile["ftbl"][point["fs"][1]]).group(1)
        known = numbers.setdefault(name, dict.fromkeys(FIELDS, 0))
        for field in FIELDS:
            known[field] += point[field]
    return numbers


class Heap(ToolTest):
    def profiles(self, *arguments):
        """(of the program, of its child)"""
        stdout, _ = self.run_tool("heap:format=dhat,output=h.%p", program("allocations"), *arguments)
        child = f"h.{stdout.strip()}"
        self.assertEqual(len(self.outputs()), 2)
        parent = next(name for name in self.outputs() if name != child)
        return [json.loads(self.path(name).read_text()) for name in (parent, child)]

    def check(self, threads):
        profile, child = self.profiles(str(threads))
        numbers = by_caller(profile)
        names = ("churn", "grow", "hold", "others", "handle", "leap")
        found = {name: tuple(numbers[name][field] for field in ("tb", "tbk", "gb", "gbk", "eb", "ebk")) for name in names}
        self.assertEqual(found, {
            "churn": (16000 * threads, 1000 * threads, 0, 0, 0, 0),
            "grow": (10100 * threads, 2 * threads, 0, 0, 0, 0),
            "hold": (100000 * threads, 100 * threads, 100000 * threads, 100 * threads, 10000 * threads, 10 * threads),
            "others": (300 + 500 + 640 + 77, 4, 0, 0, 0, 0),
            "handle": (5, 1, 0, 0, 0, 0), "leap": (6, 1, 0, 0, 0, 0)})
        self.assertEqual((numbers["hold"]["mb"], numbers["hold"]["mbk"]), (100000 * threads, 100 * threads))
        self.assertLessEqual(numbers["churn"]["mb"], 16 * threads)
        self.assertGreaterEqual(numbers["churn"]["mb"], 16)
        # The child knows its parent's blocks, but they are none of its own.
        self.assertEqual({name: (each["tb"], each["eb"]) for name, each in by_caller(child).items()}, {"in_child": (33, 33)})
        return profile

    def test_one_thread(self):
        profile = self.check(1)
        # Nobody else allocates.
        self.assertEqual(sum(point["tb"] for point in profile["pps"]), 16000 + 10100 + 100000 + 1517 + 5 + 6 + 50)
        self.assertEqual(sum(point["gb"] for point in profile["pps"]), 100000)

    def test_eight_threads(self):
        self.check(8)

    def test_the_text_says_the_same(self):
        _, text = self.run_tool("heap", program("allocations"))
        parts = text.split("heap: process ")
        own = next(part for part in parts if "hold" in part)
        self.assertIn(" 127678 bytes in 1109 allocations, 3 failed, 0 errors\n", own)
        self.assertRegex(own, r"at the peak, after [\d.]+ of [\d.]+ seconds: 100000 bytes in 100 blocks\n")
        self.assertIn("still allocated at the end: 10000 bytes in 10 blocks\n", own)
        self.assertRegex(own, r"100.00%         10000        10  malloc < hold \(allocations.c:\d+\) < run \(allocations.c:\d+\) < main ")

    def test_lists_have_so_many_lines(self):
        _, text = self.run_tool("heap:top=2", program("allocations"))
        self.assertRegex(text, r"most bytes in total:\n.*share.*\n.* hold .*\n.* churn .*\n  and \d+ more\n")

    def test_the_viewers_format(self):
        profile, _ = self.profiles("2")
        self.assertEqual((profile["dhatFileVersion"], profile["mode"], profile["verb"]), (2, "heap", "Allocated"))
        self.assertEqual(profile["ftbl"][0], "[root]")
        self.assertLessEqual(profile["tg"], profile["te"])
        for point in profile["pps"]:
            self.assertTrue(all(0 < frame < len(profile["ftbl"]) for frame in point["fs"]))
            self.assertLessEqual(point["gb"], point["mb"])
            self.assertLessEqual(point["mb"], point["tb"])
            self.assertLessEqual(point["eb"], point["mb"])
            self.assertLessEqual(point["tl"], profile["te"] * point["tbk"])

    def test_a_block_that_is_freed_twice_is_told_with_its_stack(self):
        _, text = self.run_tool("heap", program("allocations"), "1", "twice", status=-6)
        self.assertRegex(text, r"heap: free of 0x[0-9a-f]+, which was freed before: \S+ < mistake \(allocations.c:\d+\) < main \(")
        self.assertIn(" 1 errors\n", text)

    def test_what_is_no_block_is_told_with_its_stack(self):
        _, text = self.run_tool("heap", program("allocations"), "1", "inside", status=-6)
        self.assertRegex(text, r"heap: free of 0x[0-9a-f]+, which is no allocated block: \S+ < mistake \(allocations.c:\d+\) < main \(")

    def test_the_depth_is_what_was_asked_for(self):
        stdout, _ = self.run_tool("heap:format=dhat,output=h.%p,depth=2", program("allocations"))
        for name in self.outputs():
            profile = json.loads(self.path(name).read_text())
            self.assertTrue(all(len(point["fs"]) <= 2 for point in profile["pps"]))
        self.assertIn(f"h.{stdout.strip()}", self.outputs())

    def test_a_program_of_many_allocations_frees_nothing_twice(self):
        _, text = self.run_tool("heap", "/bin/bash", "-c", "for i in 1 2 3; do echo $i | cat; done")
        self.assertNotRegex(text, r"heap: (free|realloc) of")
        self.assertIn("still allocated at the end", text)

    def test_wrong_options_are_refused(self):
        _, text = self.run_tool("heap:format=svg", "/bin/true", status=2)
        self.assertIn("format must be text or dhat", text)
        _, text = self.run_tool("heap:depth=0", "/bin/true", status=2)
        self.assertIn("depth must be at least 1", text)


if __name__ == "__main__":
    bundled.main()

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


def collapsed(text):
    """{(program, outermost, ..., innermost): instructions}"""
    stacks = {}
    for line in text.splitlines():
        stack, count = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";"))] = int(count)
    return stacks


def varint(data, at):
    """A number of a protocol buffer, and where the next one begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Numbers of fields and values of a protocol buffer: integers, or bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        assert tag & 7 in (0, 2), tag
        value, at = varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        yield tag >> 3, value


def varints(data):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def pprof(data):
    """({(innermost, ..., outermost): instructions}, {function: (file, lines)}, (kind, unit)), by profile.proto's field numbers."""
    profile = {}
    for number, value in fields(data):
        profile.setdefault(number, []).append(value)
    strings = [text.decode() for text in profile[6]]
    assert strings[0] == ""
    functions = {each[1]: each for each in (dict(fields(one)) for one in profile[5])}
    files = {each[1]: each for each in (dict(fields(one)) for one in profile[3])}
    places, seen = {}, {}
    for one in profile[4]:
        location = dict(fields(one))
        line = dict(fields(location[4]))
        function = functions[line[1]]
        name = strings[function[2]]
        places[location[1]] = name
        seen.setdefault(name, (strings[function[4]], set()))[1].add(line[2])
        if 2 in location:
            assert files[location[2]][2] <= location[3] < files[location[2]][3]
    stacks = {}
    for one in profile[2]:
        sample = dict(fields(one))
        stack = tuple(places[number] for number in varints(sample[1]))
        stacks[stack] = stacks.get(stack, 0) + sum(varints(sample[2]))
    kind = dict(fields(profile[1][0]))
    return stacks, seen, (strings[kind[1]], strings[kind[2]])


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

    def test_collapsed_stacks(self):
        _, _, summary = self.profile("calls")
        self.run_tool("calls:format=collapsed,output=s", program("calls"))
        stacks = collapsed(self.path("s").read_text())
        self.assertAlmostEqual(sum(stacks.values()), summary, delta=bundled.RUNS_DIFFER_BY)
        main = next(stack[:-1] for stack in stacks if stack[-1] == "fib" and stack[-2] == "main")
        self.assertEqual((main[0], main[-1]), ("calls", "main"))
        depths = sorted(len(stack) - len(main) for stack in stacks if stack[:len(main) + 1] == (*main, "fib"))
        self.assertEqual(depths, list(range(1, 16)))
        # 100 rounds of a loop, each time.
        self.assertGreater(stacks[(*main, "twice", "leaf")], 3 * 200)
        # What follows a longjmp is called by main again.
        self.assertTrue(any(stack[:-1] == main and "setjmp" in stack[-1] for stack in stacks), stacks.keys())
        self.assertIn((*main, "leaves", "leaves", "leaves", "leaves"), stacks)

    def test_pprof_has_the_same_stacks_with_files_and_lines(self):
        self.run_tool("calls:format=collapsed,output=s", program("calls"))
        self.run_tool("calls:format=pprof,output=p", program("calls"))
        lines = collapsed(self.path("s").read_text())
        stacks, seen, kind = pprof(self.path("p").read_bytes())
        self.assertEqual(kind, ("instructions", "count"))
        self.assertAlmostEqual(sum(stacks.values()), sum(lines.values()), delta=bundled.RUNS_DIFFER_BY)
        inner = ("fib", "fib", "main")
        self.assertEqual(sum(count for stack, count in stacks.items() if stack[:3] == inner),
                         sum(count for stack, count in lines.items() if stack[:-4:-1] == inner))
        file, where = seen["main"]
        self.assertTrue(file.endswith("calls.c"), file)
        self.assertIn(next(i for i, text in enumerate((bundled.SOURCES / "calls.c").read_text().splitlines(), 1) if "= fib(15)" in text), where)

    def test_stacks_of_threads_and_children(self):
        stdout, _ = self.run_tool("calls:format=collapsed", program("threads"))
        child = stdout.strip()
        names = self.outputs()
        self.assertEqual(len(names), 2)
        self.assertIn(f"calls.{child}.collapsed", names)
        parent = next(name for name in names if name != f"calls.{child}.collapsed")
        spins = {stack: count for stack, count in collapsed(self.path(parent).read_text()).items() if stack[-1] == "spin"}
        self.assertGreater(sum(spins.values()), 20000000)
        self.assertTrue(any(stack[-2] == "run" for stack in spins), spins)

    def test_wrong_formats_are_refused(self):
        _, text = self.run_tool("calls:format=svg", "/bin/true", status=2)
        self.assertIn("format must be callgrind, collapsed or pprof", text)


if __name__ == "__main__":
    bundled.main()

#!/usr/bin/env python3
"""syscalls: lines and sums say what the program did."""
import json
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

    def events(self, name):
        """By thread, in the order of their times; the name of the process."""
        threads, process = {}, None
        for event in json.loads(self.path(name).read_text()):
            if event["ph"] == "M":
                process = event["args"]["name"]
            else:
                threads.setdefault(event["tid"], []).append(event)
        for events in threads.values():
            events.sort(key=lambda event: event["ts"])
        return threads, process

    def test_a_trace_has_calls_signals_and_the_ends_of_threads(self):
        self.run_tool("syscalls:format=trace,output=s", program("syscalls"), status=3)
        threads, process = self.events("s")
        self.assertEqual(process, program("syscalls"))
        (events,) = threads.values()
        calls = [event for event in events if event["ph"] == "X"]
        self.assertEqual(sum(event["name"] == "getppid" for event in calls), 5)
        failed = next(event for event in calls if "/nowhere" in event["args"]["call"])
        self.assertEqual((failed["name"], failed["args"]["result"][:9]), ("openat", "-1 ENOENT"))
        for first, second in zip(calls, calls[1:]):
            self.assertLessEqual(first["ts"] + first["dur"], second["ts"] + 0.001)
        moments = [event["name"] for event in events if event["ph"] == "i"]
        self.assertEqual(moments, ["SIGUSR1", "exit_group"])
        self.assertEqual((events[0]["ph"], events[0]["name"], events[-1]["ph"]), ("B", "thread", "E"))

    def test_a_trace_has_each_thread_and_each_child(self):
        stdout, _ = self.run_tool("syscalls:format=trace", program("threads"))
        child = f"syscalls.{stdout.strip()}.json"
        self.assertEqual(len(self.outputs()), 2)
        threads, _ = self.events(child)
        self.assertEqual(list(threads), [int(stdout)])
        self.assertEqual(threads[int(stdout)][0]["pid"], int(stdout))
        parents, _ = self.events(next(name for name in self.outputs() if name != child))
        self.assertGreater(len(parents), 4)
        for events in parents.values():
            self.assertEqual([event["ph"] for event in events].count("B"), 1)
            self.assertEqual((events[0]["ph"], events[-1]["ph"]), ("B", "E"))
        # One after the other, with the times of one clock.
        begun = min(event["ts"] for events in parents.values() for event in events)
        self.assertLess(begun, threads[int(stdout)][0]["ts"])

    def test_traces_and_sums_exclude_each_other(self):
        _, text = self.run_tool("syscalls:format=trace,summary", "/bin/true", status=2)
        self.assertIn("summary has no form as a trace", text)
        _, text = self.run_tool("syscalls:format=xml", "/bin/true", status=2)
        self.assertIn("format must be text or trace", text)


if __name__ == "__main__":
    bundled.main()

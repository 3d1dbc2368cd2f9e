#!/usr/bin/env python3
"""weft trace answers what the program itself knows: each example of docs/trace.md as it stands there, and mistakes."""
import json
import pathlib
import re
import shlex
import subprocess

import bundled
from bundled import ToolTest, program

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/trace.md"
EXAMPLE = re.compile(r"```console\n\$ (weft trace [^\n]*)\n(.*?)```", re.S)


class Trace(ToolTest):
    def trace(self, *words, status=0):
        done = subprocess.run([bundled.WEFT, "trace", *bundled.OPTIONS.flag, *words], cwd=self.folder.name, capture_output=True,
                              text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout, done.stderr

    def test_each_example_of_the_page_gives_what_stands_there(self):
        examples = EXAMPLE.findall(PAGE.read_text())
        self.assertGreater(len(examples), 20)
        for command, expected in examples:
            words = shlex.split(command)[2:]
            self.assertEqual(words.pop(), "traced")
            _, text = self.trace(*words, program("traced"), status=2 if "is missing here" in expected else 3)
            self.assertEqual(text.rstrip("\n"), expected.rstrip("\n"), command)

    def test_the_programs_output_and_status_are_its_own(self):
        stdout, _ = self.trace("malloc { @ = count(); }", "--", "/bin/sh", "-c", "echo hello; exit 7", status=7)
        self.assertEqual(stdout, "hello\n")

    def test_json_is_one_object_a_line(self):
        _, text = self.trace("--format=json", "traced:square { @[arg0] = count(); @h = hist(arg0); } END { printf(\"x\\n\"); }", "--",
                             program("traced"), status=3)
        objects = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([each["type"] for each in objects], ["printf", "map", "hist"])
        self.assertEqual(objects[1]["data"]["@"]["3"], 3)
        self.assertEqual(sum(bucket["count"] for bucket in objects[2]["data"]["@h"]), 12)

    def test_a_script_and_its_answer_may_be_files(self):
        self.path("script").write_text("// how often\ntraced:square { @ = count(); }\n")
        self.trace("-f", str(self.path("script")), "-o", str(self.path("answer")), "--", program("traced"), status=3)
        self.assertEqual(self.path("answer").read_text(), "@: 12\n\n")

    def test_intervals_run_and_a_duration_ends_the_trace_alone(self):
        _, text = self.trace("--duration", "1", "interval:ms:100 { @ticks = count(); } END { printf(\"ends\\n\"); }", "--", "/bin/sleep", "3")
        self.assertGreater(int(re.search(r"@ticks: (\d+)", text)[1]), 2)
        self.assertIn("ends", text)

    def test_a_probe_without_a_place_is_named(self):
        _, text = self.trace("traced:cube { @ = count(); }", "--", program("traced"), status=3)
        self.assertEqual(text, "weft trace: 'traced:cube' is in no module that the program loaded\n")

    def test_mistakes_are_named_with_their_place(self):
        for script, place, message in (
                ("traced:square { @ = cont(); }", "1:21", "no function is called 'cont'"),
                ("traced:square { @ = arg; }", "1:21", "nothing is called 'arg'"),
                ("syscall:opne { @ = count(); }", "1:1", "no system call is called 'opne'"),
                ("interval:h:1 { }", "1:1", "an interval is"),
                ("traced:square { printf(\"x); }", "1:24", "the end of this text is missing"),
                ("", "1:1", "a script needs a probe")):
            _, text = self.trace(script, "--", program("traced"), status=2)
            self.assertIn(f"{place}: {message}", text)

    def test_what_is_missing_on_the_command_line_is_said(self):
        for words, message in ((["block { @ = count(); }"], "no program behind --"), (["--", "/bin/true"], "no script"),
                               (["a { }", "b { }", "--", "/bin/true"], "'b { }' is a second script")):
            _, text = self.trace(*words, status=125)
            self.assertIn(f"weft trace: {message}", text)


if __name__ == "__main__":
    bundled.main()

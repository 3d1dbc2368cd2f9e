#!/usr/bin/env python3
"""weft trace answers what the program itself knows: each example of docs/trace.md as it stands there, and mistakes."""
import json
import pathlib
import re
import shlex
import subprocess
import time

import bundled
from bundled import ToolTest, program

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/trace.md"
EXAMPLE = re.compile(r"```console\n\$ (weft trace [^\n]*)\n(.*?)```", re.S)


def without_offsets(text):
    """Distances within functions are the compiler's choice."""
    return re.sub(r"\+0x[0-9a-f]+ ", "+0x... ", text.rstrip("\n"))


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
            self.assertEqual(without_offsets(text), without_offsets(expected), command)

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

    def values(self, probe, *given):
        values = " ".join(["%d"] * len(given))
        _, text = self.trace(f'parameters:{probe} {{ printf("{values}\n", {", ".join(given)}); }}', "--", program("parameters"))
        return [int(value) for value in text.split()]

    def test_parameters_have_the_values_that_the_program_passes(self):
        self.assertEqual(self.values("fields", "args.r.price", "args.r->count", "args.r.in.a", "args.r.pin->b", "args.r.flag",
                                     "args.r.low", "args.r.u", "args.c", "args.s", "args.e", "*args.r.pn"),
                         [20, 2, 3, -6, 5, -3, 99, 200, -100, 7, -77])
        self.assertEqual(self.values("mixed", "args.sm.x", "args.sm.y", "args.m.l", "args.last"), [11, -12, 44, -7])
        self.assertEqual(self.values("stacked", "args.b.a0", "args.b.a2", "args.a", "args.g", "args.h"), [1, 3, 1, 7, -8])
        self.assertEqual(self.values("returned", "args.n", "args.r.price"), [42, 20])
        self.assertEqual(self.values("returned:return", "args.n"), [42])

    def test_what_is_inserted_gives_what_calls_give(self):
        # A sum within an if is a call.
        for probe, filters, number in (("wide", "", "arg0"), ("wide", "/ arg0 < 0 /", "arg0"), ("wide", "/ arg0 > 100 && arg0 != 255 /", "arg0"),
                                       ("wide", "/ arg0 & 4 /", "arg0 >> 3"), ("wide", "", "-arg0"), ("narrow", "", "args.n"),
                                       ("narrow", "/ args.n <= -7 /", "args.n"), ("narrow", "/ args.c >= 128 /", "args.c - 200"),
                                       ("narrow", "", "(rdi ^ 77) | 1")):
            for call in ("hist", "sum", "avg", "stats", "min", "max"):
                inserted = f'{{ @[probe] = {call}({number}); }}'
                called = f'{{ if (1) {{ @[probe] = {call}({number}); }} }}'
                answers = [self.trace(f"numbers:{probe} {filters} {body}", "--", program("numbers"))[1] for body in (inserted, called)]
                self.assertEqual(*answers, (probe, filters, call, number))
                self.assertIn(f"@[numbers:{probe}]", answers[0])

    def test_functions_are_keys_of_every_kind_of_probe(self):
        """Inserted code has the keys of the place where it is inserted; calls look when they are made."""
        line = next(number for number, text in enumerate((bundled.SOURCES / "traced.c").read_text().splitlines(), 1) if "store_words(" in text)
        for probe in ("store", "block", "instruction:imul", f"@traced.c:{line + 1}"):
            by_code, by_call = (json.loads(self.trace("--format=json", f"{probe} / pid > 0 / {{ @[func] = count(); }}" if calls else
                                                      f"{probe} {{ @[func] = count(); }}", "--", program("traced"), status=3)[1].splitlines()[0])
                                ["data"]["@"] for calls in (False, True))
            self.assertIn("square" if probe.startswith("instruction") else "store_words", by_code)
            for name in ("square", "store_words", "main"):
                self.assertEqual(by_code.get(name), by_call.get(name), probe)

    def test_addresses_and_sizes_are_put_together_without_calls(self):
        for number in ("size", "addr & 7"):
            answers = [self.trace(f"store / func == \"store_words\" / {{ {body} }}", "--", program("traced"), status=3)[1]
                       for body in (f"@ = stats({number});", f"if (1) {{ @ = stats({number}); }}")]
            self.assertEqual(*answers)
            sums = [self.trace(f"store / size == 2 / {{ {body} }}", "--", program("numbers"))[1]
                    for body in (f"@ = max({number});", f"if (1) {{ @ = max({number}); }}")]
            self.assertEqual(*sums)

    def test_a_map_that_is_looked_at_meanwhile_is_up_to_date(self):
        _, text = self.trace("traced:square { @n = count(); } traced:greet { printf(\"%d\\n\", @n); }", "--", program("traced"), status=3)
        self.assertEqual(text.split("\n")[:3], ["10"] * 3)

    def order(self, *words, status=0):
        done = subprocess.run([bundled.WEFT, "trace", "--control", "control", *words], cwd=self.folder.name, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def counts(self):
        return {name: int(count) for name, count in re.findall(r"^@(\w+): (\d+)$", self.order("print"), re.M)}

    def grows(self, name, by=1, patience=60):
        """Whether the count goes up, within a while that is long on any machine."""
        before = self.counts().get(name, 0)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.counts().get(name, 0) >= before + by:
                return True
        return False

    def test_probes_are_switched_while_all_threads_run(self):
        script = "switched:first { @first = count(); } switched:second { @second = sum(arg0); } switched:third:return { @third = count(); }"
        with subprocess.Popen([bundled.WEFT, "trace", *bundled.OPTIONS.flag, "--control", "control", script, "--", program("switched"), "stop"],
                              cwd=self.folder.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while not self.path("control").exists():
                time.sleep(0.01)
            for name in ("first", "second", "third"):
                self.assertTrue(self.grows(name), name)
            self.assertRegex(self.order("off", "*first"), r"^1 probes, 1 places, \d+ fragments deleted, \d+ us$")
            self.assertEqual(self.order("off", "*first").split(",")[0], "0 probes")
            self.order("off 3")
            before = self.counts()
            self.assertTrue(self.grows("second", by=5000))
            after = self.counts()
            for name in ("first", "third"):
                # Threads that are inside leave, each at its next exit.
                self.assertLess(after[name] - before[name], 100, name)
            self.order("on", "switched:first")
            self.order("on switched:third:return")
            self.assertTrue(self.grows("first") and self.grows("third"))
            self.assertIn("1 probes, 1 places", self.order("add switched:second / args.n >= 0 / { @more = count(); }"))
            self.assertTrue(self.grows("more"))
            self.assertIn("the function has no parameter 'q'", self.order("add switched:second { @ = sum(args.q); }"))
            self.assertIn("no system call is called 'opne'", self.order("add syscall:opne { @ = count(); }"))
            self.assertIn("no order is called 'bla'", self.order("bla"))
            self.assertIn("no probe is called '99'", self.order("off 99"))
            self.assertEqual([line.split()[:2] for line in self.order("list").splitlines()],
                             [["1", "on"], ["2", "on"], ["3", "on"], ["4", "on"], ["5", "off"]])
            self.order("clear")
            self.assertTrue(self.grows("more"))
            self.path("stop").touch()
            stdout, stderr = running.communicate(timeout=60)
        self.assertEqual((running.returncode, stdout), (0, "done\n"))
        self.assertIn("@more", stderr)
        self.assertFalse(self.path("control").exists())
        self.assertIn("no trace listens", self.order("list", status=125))

    def test_texts_of_structs_are_read_where_they_lie(self):
        _, text = self.trace('parameters:fields { printf("%s %s %s", str(args.r.name), str(args.r.in.name), str(args.r.pin.name)); }', "--",
                             program("parameters"))
        self.assertEqual(text.strip(), "apple in inner")

    def test_a_stack_of_a_system_call_ends_at_the_start(self):
        _, text = self.trace("syscall:getppid { @[ustack] = count(); }", "--", program("parameters"))
        lines = [line.split()[0].split("+")[0] for line in text.splitlines()[1:-2]]
        self.assertEqual(lines[1:3], ["inner_call", "outer_call"])
        self.assertEqual(lines[-1], "_start")

    def test_mistakes_are_named_with_their_place(self):
        for script, place, message in (
                ("traced:square { @ = cont(); }", "1:21", "no function is called 'cont'"),
                ("traced:square { @ = arg; }", "1:21", "nothing is called 'arg'"),
                ("syscall:opne { @ = count(); }", "1:1", "no system call is called 'opne'"),
                ("interval:h:1 { }", "1:1", "an interval is"),
                ("@traced.c { }", "1:1", "a probe of a line is"),
                ("traced:square { @ = sum(args.m); }", "1:25", "the function has no parameter 'm'"),
                ("traced:price_of { @ = sum(args.item.prize); }", "1:27", "'item' has no field 'prize'"),
                ("block { @ = sum(args.n); }", "1:17", "args is for probes of functions"),
                ("traced:square { @ = sum(args); }", "1:25", "args is followed by a parameter's name"),
                ("traced:square { @[ustack(0)] = count(); }", "1:26", "ustack() takes a number"),
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

#!/usr/bin/env python3
"""taintlite: a program that knows which of its bytes come from where."""
import pathlib
import re
import subprocess

import bundled
from bundled import ToolTest, WEFT, program

INPUT = bytes(range(1, 65))


class TaintLite(ToolTest):
    def tainted(self, *argv, options="", given=INPUT, status=0):
        command = [WEFT, "run", *bundled.OPTIONS.flag, "--tool", "taintlite:output=t.%p" + options, "--", *argv]
        done = subprocess.run(command, cwd=self.folder.name, capture_output=True, timeout=100, input=given, check=False)
        self.assertEqual(done.returncode, status, f"{command}\n{done.stderr[-2000:]}")
        return done.stdout

    def reports(self):
        return [self.path(name).read_text() for name in self.outputs() if name.startswith("t.")]

    def writes(self, text):
        """By descriptor, what each of its bytes comes from."""
        found = {}
        for number, lines in re.findall(r"^  write to (\d+): .*\n((?:    .*\n)*)", text, re.M):
            found[int(number)] = re.findall(r"^    (\S+) from (.*)$", lines, re.M)
        return found

    def test_help_tells_the_options(self):
        text = self.help_of("taintlite")
        for option in ("stdin=on", "file=", "output=", "addresses=on"):
            self.assertIn(option, text)

    def test_what_is_tainted_and_by_what(self):
        self.tainted(program("tainted"))
        (text,) = self.reports()
        found = self.writes(text)
        with self.subTest("copies carry each byte"):
            self.assertEqual(found[10], [("0-7", "stdin:0-7")])
            self.assertEqual(found[11], [("0", "stdin:5")])
            self.assertEqual(found[12], [("0-7", "stdin:6")])
            self.assertEqual(found[13], [("0-47", "stdin:3-50")])
            self.assertEqual(found[14], [("0-8", "stdin:20-28")])
            self.assertEqual(found[15], [("0-15", "stdin:16-31")])
            self.assertEqual(found[16], [("7", "stdin:7")])
        with self.subTest("arithmetic joins"):
            self.assertEqual(found[20], [("0", "stdin:30,33")])
            self.assertEqual(found[21], [("0", "stdin:31")])
            self.assertEqual(found[22], [("1", "stdin:33")])
        with self.subTest("addresses are moved by registers, and gathers have several"):
            self.assertEqual(found[70], [("0", "stdin:9")])
            self.assertEqual(found[71], [("0-7", "stdin:8-15")])
            if "avx2" in pathlib.Path("/proc/cpuinfo").read_text().split():
                self.assertEqual(found[72], [("0-15", "stdin:0-3,24-27,48-51")])
                self.assertEqual(found[73], [("0-3", "stdin:16-31"), ("8-15", "stdin:16-31")])
        with self.subTest("constants cleanse"):
            for cleansed in (30, 31, 32, 33):
                self.assertNotIn(cleansed, found)
        with self.subTest("a table is looked up by a tainted address, but what is found there is clean"):
            self.assertNotIn(40, found)
            self.assertEqual(re.findall(r"^  address at \S+ looks_up_here .* from (.*)$", text, re.M), ["stdin:40"])
        with self.subTest("a tainted target is told once"):
            self.assertEqual(re.findall(r"^  branch at \S+ (\w+).* from (.*)$", text, re.M), [("goes_there", "stdin:42")])
        with self.subTest("other threads are followed, too"):
            self.assertEqual(found[50], [("0-7", "stdin:24-31")])

    def test_a_child_of_fork_has_a_report_of_its_own(self):
        self.tainted(program("tainted"), "fork")
        found = sorted((self.writes(text) for text in self.reports()), key=len)
        self.assertEqual(found[0], {60: [("0-3", "stdin:60-63")]})
        self.assertIn(50, found[1])
        self.assertNotIn(60, found[1])

    def test_nothing_is_tainted_that_was_not_chosen(self):
        self.tainted(program("tainted"), options=",stdin=off")
        self.assertIn(": 0 bytes read from 0 inputs; 0 writes with tainted bytes, 0 tainted branches, 0 tainted addresses",
                      self.reports()[0])

    def test_files_are_sources_by_their_path(self):
        self.path("secret").write_bytes(b"0123456789" * 10)
        self.assertEqual(self.tainted("cat", "secret", options=",file=/secret"), b"0123456789" * 10)
        (text,) = self.reports()
        self.assertEqual([(bytes_, source.split(":")[1]) for bytes_, source in self.writes(text)[1]], [("0-99", "0-99")])

    def test_real_programs_do_what_they_do(self):
        if bundled.STRESSED:
            self.skipTest("builds the same code again and again, which takes long with so much in it")
        data = b"".join(b"%d is %x\n" % (i, i * i) for i in range(200))
        packed = self.tainted("gzip", "-c", given=data)
        self.assertEqual(subprocess.run(["gunzip"], input=packed, capture_output=True, check=True).stdout, data)
        script = "import sys, hashlib; d = sys.stdin.buffer.read(); print(sum(d), hashlib.sha1(d).hexdigest())"
        native = subprocess.run(["/usr/bin/python3", "-c", script], input=data, capture_output=True, check=True).stdout
        self.assertEqual(self.tainted("/usr/bin/python3", "-c", script, given=data), native)


if __name__ == "__main__":
    bundled.main()

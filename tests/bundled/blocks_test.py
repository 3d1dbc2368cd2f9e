#!/usr/bin/env python3
"""blocks and opcodes: counts are exact, names and lines are right."""
import html.parser
import json
import re

import bundled
from bundled import ToolTest, program


class Blocks(ToolTest):
    def json_of(self, name, *argv):
        self.run_tool("blocks:format=json,top=0,output=b", program(name), *argv)
        return json.loads(self.path("b").read_text())

    def test_counts_are_exact(self):
        report = self.json_of("hand_counted")
        self.assertEqual(report["instructions"], 6506)
        # What follows jne's fall-through side is load, add and the loop's end.
        self.assertIn((4, 250), {(block["instructions"], block["executions"]) for block in report["blocks"]})

    def test_the_hottest_function_is_named_with_its_line(self):
        functions = self.json_of("threads")["functions"]
        self.assertEqual(functions[0]["name"], "spin")
        self.assertGreater(functions[0]["instructions"], 2 * 10000000)
        self.assertLess(functions[0]["instructions"], 2 * 10000000 + 1000)
        self.assertTrue(functions[0]["file"].endswith("threads.c"))

    def test_racing_threads_lose_no_count(self):
        functions = self.json_of("threads")["functions"]
        # 10 million turns in the four threads, of two instructions; entering spin() is in it too.
        self.assertGreaterEqual(functions[0]["instructions"], 20000000)

    def test_text_has_shares_and_places(self):
        _, text = self.run_tool("blocks:top=3", program("work"))
        self.assertRegex(text, r"\d+\.\d\d% +\d+  \w+ \[work\] work\.c:\d+")
        self.assertEqual(len(re.findall(r"^ +[\d.]+% .* 0x[0-9a-f]+ ", text, re.M)), 3)

    def test_html_is_one_well_formed_page_that_loads_nothing(self):
        self.run_tool("blocks:format=html,output=b.html", program("work"))
        text = self.path("b.html").read_text()
        self.assertNotRegex(text, r"(src|href)=")
        depth = []

        class Parser(html.parser.HTMLParser):
            def handle_starttag(self, tag, attrs):
                if tag not in ("meta", "input"):
                    depth.append(tag)

            def handle_endtag(self, tag):
                assert depth.pop() == tag, tag

        Parser().feed(text)
        self.assertEqual(depth, [])
        self.assertIn("sieve", text)

    def test_an_unknown_format_is_refused(self):
        _, text = self.run_tool("blocks:format=xml", program("hand_counted"), status=2)
        self.assertIn("format must be text, json or html", text)


class Opcodes(ToolTest):
    def test_counts_are_exact(self):
        _, text = self.run_tool("opcodes", program("hand_counted"))
        counts = {name: int(count) for count, name in re.findall(r"^ *(\d+) +[\d.]+%  (\w+)$", text, re.M)}
        self.assertEqual(counts, {"add": 1250, "mov": 1252, "test": 1000, "jnz": 2000, "dec": 1000,
                                  "xor": 2, "lea": 1, "syscall": 1})

    def test_they_add_up_to_inscounts_total(self):
        _, text = self.run_tool("opcodes", program("work"))
        total = int(re.search(r"(\d+) instructions", text).group(1))
        self.assertEqual(sum(int(count) for count in re.findall(r"^ *(\d+) +[\d.]+%", text, re.M)), total)
        _, text = self.run_tool("inscount", program("work"))
        self.assertAlmostEqual(int(re.search(r"(\d+) instructions", text).group(1)), total, delta=bundled.RUNS_DIFFER_BY)


if __name__ == "__main__":
    bundled.main()

#!/usr/bin/env python3
"""The tutorial's code is built and run as it stands there."""
import re
import subprocess

import bundled
from bundled import ToolTest

ROOT = bundled.SOURCES.parent.parent.parent
TUTORIAL = (ROOT / "docs/tutorial.md").read_text()


class Tutorial(ToolTest):
    def setUp(self):
        super().setUp()
        found = re.findall(r"File `(\w+\.cc)`:\n\n```cpp\n(.*?)```", TUTORIAL, re.S)
        self.assertEqual([name for name, _ in found], ["blocks.cc", "calls.cc", "mallocs.cc"])
        for name, text in found:
            self.path(name).write_text(text)

    def shell(self, line):
        line = line.replace("$WEFT", str(ROOT)).replace("weft run", f"{bundled.WEFT} run {' '.join(bundled.OPTIONS.flag)}")
        done = subprocess.run(line, shell=True, cwd=self.folder.name, capture_output=True, text=True, timeout=100,
                              check=False)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stderr}")
        return done.stdout + done.stderr

    def test_its_commands_work(self):
        commands = [line for block in re.findall(r"```sh\n(.*?)```", TUTORIAL, re.S) for line in block.splitlines()]
        self.assertEqual(len(commands), 7)
        outputs = [self.shell(line) for line in commands]
        # The compiler has nothing to say.
        self.assertEqual(outputs[0] + outputs[2] + outputs[5], "")
        self.assertGreater(int(re.search(r"^(\d+) blocks$", outputs[1], re.M).group(1)), 1000)
        counts = [int(count) for count in re.findall(r"at least (\d+) calls", outputs[3])]
        self.assertTrue(counts, outputs[3])
        self.assertGreaterEqual(min(counts), 50)
        self.assertRegex(outputs[4], r"least\b.*\b100\b")
        self.assertRegex(outputs[6], r"malloc: [1-9]\d* calls, [1-9]\d* bytes, 0 failed")

    def test_its_code_has_no_warning(self):
        for name in ("blocks.cc", "calls.cc", "mallocs.cc"):
            self.assertEqual(self.shell(f"g++ -std=c++20 -Wall -Wextra -fsyntax-only -I $WEFT/include {name}"), "")


if __name__ == "__main__":
    bundled.main()

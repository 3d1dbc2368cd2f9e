"""What the tests of bundled tools share: running weft with a tool, and programs to run."""
import argparse
import os
import pathlib
import subprocess
import tempfile
import unittest

parser = argparse.ArgumentParser()
parser.add_argument("--weft", required=True)
parser.add_argument("--programs", required=True)
parser.add_argument("--flag", action="append", default=[])
OPTIONS, REST = parser.parse_known_args()

PROGRAMS = pathlib.Path(OPTIONS.programs).resolve()
SOURCES = pathlib.Path(__file__).resolve().parent / "programs"
WEFT = str(pathlib.Path(OPTIONS.weft).resolve())
# libc's string functions take a few instructions more for a string near a page's end, and where the stack lies is random.
RUNS_DIFFER_BY = 100
STRESSED = any("stress" in flag for flag in OPTIONS.flag)


def program(name):
    return str(PROGRAMS / name)


class ToolTest(unittest.TestCase):
    """Each test runs in a folder of its own."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def run_tool(self, tool, *argv, status=0, flags=()):
        """Runs argv under weft with the tool: what it wrote to standard output and standard error."""
        command = [WEFT, "run", *OPTIONS.flag, *flags, "--tool", tool, "--", *argv]
        # A program built with --coverage leaves its notes in the folder.
        environment = os.environ | {"GCOV_PREFIX": self.folder.name, "GCOV_PREFIX_STRIP": "99"}
        done = subprocess.run(command, cwd=self.folder.name, capture_output=True, text=True, timeout=100,
                              env=environment, errors="replace", check=False)
        self.assertEqual(done.returncode, status, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout, done.stderr

    def native(self, *argv):
        return subprocess.run(argv, cwd=self.folder.name, capture_output=True, text=True, check=False).stdout

    def help_of(self, tool):
        done = subprocess.run([WEFT, "run", "--tool", tool, "--help"], capture_output=True, text=True, timeout=20,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def outputs(self):
        return sorted(os.listdir(self.folder.name))


def main():
    unittest.main(argv=["bundled", *REST], verbosity=2)

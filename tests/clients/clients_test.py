"""Clients of the DynamoRIO API do on one thread and on eight what they are written for."""
import argparse
import pathlib
import re
import subprocess
import tempfile
import unittest

import coverage_file

parser = argparse.ArgumentParser()
parser.add_argument("--weft", required=True)
parser.add_argument("--clients", required=True)
parser.add_argument("--flag", action="append", default=[])
OPTIONS, REST = parser.parse_known_args()
CLIENTS = pathlib.Path(OPTIONS.clients).resolve()
STRESSED = any("stress" in flag for flag in OPTIONS.flag)
ROUNDS = 4000
SHORT = 400


class Clients(unittest.TestCase):
    def run_client(self, name, threads, *arguments, rounds=ROUNDS, left=0):
        """What the client says, when the program's output is as it is natively."""
        program = [str(CLIENTS / "program"), str(threads), str(rounds), *([str(left)] if left else [])]
        native = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True).stdout
        command = [OPTIONS.weft, "run", *OPTIONS.flag, "--client", str(CLIENTS / f"{name}.so"), *arguments, "--", *program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, native), done.stderr[-2000:])
        return done.stderr

    def refused(self, *words):
        done = subprocess.run([OPTIONS.weft, *words], capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_counters_count_every_block(self):
        for threads in (1, 8):
            said = self.run_client("counts", threads)
            instructions, steps = map(int, re.fullmatch(r"instructions (\d+) steps (\d+)\n", said).groups())
            self.assertGreater(instructions, threads * ROUNDS * 50)
            # A block that is run again because its fragment was deleted is not counted twice, but step() may be entered at another place.
            self.assertEqual(steps, threads * ROUNDS)
        said = self.run_client("counts", 1, "plain")
        self.assertRegex(said, rf"^instructions \d+ steps {ROUNDS}\n$")

    def test_registers_are_the_programs_wherever_it_needs_them(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("spoils", threads), "spoiled many\n")

    def test_clean_calls_see_the_programs_state(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("calls", threads), "called, 0 wrong\n")

    def test_calls_made_by_hand_run_as_clean_calls(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("prepares", threads, rounds=SHORT), "called, 0 wrong\n")

    def test_blocks_are_deleted_while_all_threads_run(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("deletes", threads), "deleted, told, 0 flushes open\n")

    def test_functions_are_wrapped(self):
        for threads in (1, 8):
            calls = threads * ROUNDS
            self.assertEqual(self.run_client("wraps", threads), f"before {calls} after {calls} wrong 0\n")

    def test_services_work_as_documented(self):
        for threads in (1, 8):
            said = self.run_client("services", threads, "one", "two words")
            self.assertEqual(said, f"writes 1 threads {threads + 1}\n")

    def test_insertions_that_change_the_programs_state_are_found(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("compares", threads, rounds=SHORT), "flags same others 0\n")
            self.assertEqual(self.run_client("compares", threads, "breaks", rounds=SHORT), "flags differ others 0\n")

    def test_inlined_calls_do_what_calls_do(self):
        self.assertEqual(self.run_client("inlines", 1, rounds=SHORT), "called, 0 wrong\n")
        # The client's sums race.
        self.assertRegex(self.run_client("inlines", 8, rounds=SHORT), r"^called, \d wrong\n$")

    def test_code_that_a_client_encodes_makes_clean_calls(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("encodes", threads, rounds=SHORT), "called, 0 wrong\n")

    def test_what_stores_wrote_is_copied_into_buffers(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("values", threads, rounds=SHORT), "copied, handed over, 0 wrong\n")

    def test_a_block_is_shown_when_it_is_about_to_run(self):
        for threads in (1, 8):
            said = self.run_client("shows", threads, rounds=SHORT)
            # Two threads that come to a block at once both build it, and one of them takes back what it built.
            again = int(re.fullmatch(r"shown, (\d+) again, 0 not run\n", said)[1])
            if not STRESSED:
                self.assertLess(again, 20 if threads == 1 else 400)

    def test_every_block_is_told_of_when_it_is_gone(self):
        for threads in (1, 8):
            said = self.run_client("lives", threads, rounds=SHORT)
            self.assertRegex(said, r"^0 left, blocks, ")
            self.assertEqual(", traces" in said, "--traces" in OPTIONS.flag, said)

    def test_values_that_come_up_get_cases(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("cases", threads, rounds=SHORT), "generated, run, 0 wrong, 0 missing\n")

    def test_the_coverage_file_has_the_blocks_of_the_coverage_tool(self):
        with tempfile.TemporaryDirectory() as folder:
            said, path = self.run_client("covers", 8, folder, rounds=SHORT).splitlines()
            self.assertEqual(said, "read back")
            client = coverage_file.blocks(pathlib.Path(path).read_bytes(), "/program")
            output = pathlib.Path(folder) / "tool"
            subprocess.run([OPTIONS.weft, "run", *OPTIONS.flag, "--tool", f"coverage:output={output}", "--", str(CLIENTS / "program"),
                            "8", str(SHORT)], stdout=subprocess.DEVNULL, timeout=60, check=True)
            tool = coverage_file.blocks(output.read_bytes(), "/program")
        self.assertGreater(len(client), 20)
        # Edited blocks are shown to their ends also where they overlap others; deletions make blocks anew from wherever a thread is.
        if not STRESSED:
            self.assertLessEqual(tool, client)
            self.assertEqual(coverage_file.covered(client), coverage_file.covered(tool))

    def test_other_threads_are_stopped(self):
        self.assertEqual(self.run_client("stops", 1), "stopped, seen, 0 failed, 0 wrong, 0 without an end\n")
        for left in (0, 3):
            said = self.run_client("stops", 8, rounds=SHORT, left=left)
            self.assertEqual(said, "stopped, seen, 0 failed, 0 wrong, 0 without an end\n")

    def test_what_faults_is_left(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("guards", threads, rounds=SHORT), "caught, 0 wrong\n")

    def test_nudges_reach_the_child_of_a_fork_and_may_end_it(self):
        command = [OPTIONS.weft, "run", *OPTIONS.flag, "--client", str(CLIENTS / "nudges.so"), "--", str(CLIENTS / "forks")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(done.stdout, "status 42\n", done.stderr)
        self.assertEqual(done.stderr, "nudged 1\nnudged 2\nexit\nexit\n")

    def test_annotations_are_answered(self):
        for threads in (1, 8):
            program = [str(CLIENTS / "annotated"), str(threads), str(SHORT)]
            self.assertEqual(subprocess.check_output(program, text=True), "0\n")
            for words in ([], ["edits"], ["takes"], ["cuts"]):
                command = [OPTIONS.weft, "run", *OPTIONS.flag, "--client", str(CLIENTS / "answers.so"), *words, "--", *program]
                done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
                each = sum((i + 1) + (i + 6) + 5 + 1 + (i + 1) for i in range(SHORT))
                self.assertEqual(done.stdout, f"{threads * each}\n")
                self.assertEqual(done.stderr, f"calls {2 * threads * SHORT} requests {threads * SHORT} wrong 0\n")

    def test_what_system_calls_read_and_write_is_known(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("ranges", threads, rounds=SHORT), "read, written, 0 wrong\n")

    def test_timers_tick_until_they_are_ended(self):
        for threads in (1, 8):
            self.assertEqual(self.run_client("ticks", threads), "ticked, 0 wrong\n")

    def test_the_runtime_answers_what_clients_ask(self):
        self.assertEqual(self.run_client("asks", 1, rounds=1), "0 wrong, , private 0\n")
        command = [OPTIONS.weft, "drrun", "-quiet", "-native_exec_list", "a.so,b.so", "-thread_private", "-c", str(CLIENTS / "asks.so"), "--",
                   str(CLIENTS / "program"), "1", "1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        self.assertIn("0 wrong, a.so,b.so, private 1\n", done.stderr)

    def test_two_clients_run_in_their_order(self):
        calls = str(CLIENTS / "calls.so")
        said = self.run_client("counts", 1, "--client", calls)
        self.assertIn("called, 0 wrong\n", said)
        self.assertIn("instructions", said)

    def test_drrun_takes_its_command_line(self):
        command = [OPTIONS.weft, "drrun", "-quiet", "-ops", "-disable_traces", "-c", str(CLIENTS / "counts.so"), "--",
                   str(CLIENTS / "program"), "1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"weft: drrun: -quiet has no meaning here\ninstructions \d+")

    def test_bad_clients_get_one_clear_line(self):
        program = ["--", "/bin/true"]
        self.assertIn("no client library", self.refused("run", "--client", "/no/such.so", *program))
        self.assertIn("_USES_DR_VERSION_", self.refused("run", "--client", str(CLIENTS / "bare.so"), *program))
        self.assertIn("--client takes", self.refused("run", "--client", *program))


if __name__ == "__main__":
    unittest.main(argv=["clients_test", *REST])

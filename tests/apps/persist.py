#!/usr/bin/python3
"""Translations are kept between runs (--persist): found again, and never believed where they should not be."""
import argparse
import glob
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

PYTHON = ["/usr/bin/python3", "-S", "-c", "print(sum(i * i for i in range(1000)))"]
# Two programs of one size and one build id, that differ in a constant of their code.
SOURCE = "int puts(const char*); int main(void) { volatile int one = VALUE; return one; }"


class Fixture:
    def __init__(self, weft, compiler, folder):
        self.weft, self.compiler, self.folder = os.path.abspath(weft), compiler, folder
        self.kept = os.path.join(folder, "kept")

    def run(self, *command, options=(), persist=None, cwd=None, before=None):
        """Ends, output, errors and statistics of a run."""
        stats = os.path.join(self.folder, "stats.json")
        if os.path.exists(stats):
            os.unlink(stats)
        done = subprocess.run([self.weft, "run", f"--persist={persist or self.kept}", f"--stats=json:{stats}", *options,
                               "--", *command], capture_output=True, text=True, timeout=120, cwd=cwd, preexec_fn=before)
        counts = json.load(open(stats)) if os.path.exists(stats) and os.path.getsize(stats) else {}
        return done.returncode, done.stdout, done.stderr, counts

    def program(self, name, value):
        path = os.path.join(self.folder, name)
        subprocess.run([self.compiler, "-x", "c", "-O1", "-Wl,--build-id=0x1234", f"-DVALUE={value}", "-o", path, "-"],
                       input=SOURCE, text=True, check=True)
        return path

    def files(self):
        return sorted(glob.glob(os.path.join(self.kept, "*.code")))


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def the_second_run_finds_what_the_first_one_kept(at):
    cold = at.run(*PYTHON)
    expect(cold[:3] == (0, "332833500\n", ""), f"cold: {cold}")
    expect(cold[3]["loaded"] == 0 and at.files(), f"cold: {cold[3]}")
    warm = at.run(*PYTHON)
    expect(warm[:3] == cold[:3], f"warm: {warm}")
    expect(warm[3]["loaded"] > 0.9 * warm[3]["superblocks"], f"warm: {warm[3]}")


def a_changed_program_is_noticed(at):
    path = at.program("one", 41)
    expect(at.run(path)[0] == 41 and at.run(path)[0] == 41, "unchanged")
    shutil.copy(at.program("other", 42), path)
    end, _, err, counts = at.run(path)
    expect((end, err) == (42, ""), f"{end} {err}")
    expect(counts["rejected"] > 0, f"{counts}")
    expect(at.run(path)[3]["loaded"] > 0, "nothing but the changed code should be built anew")


def slots_that_lead_elsewhere_are_noticed(at):
    path = os.path.join(at.folder, "linked")
    subprocess.run([at.compiler, "-x", "c", "-O1", "-Wl,-z,now", "-o", path, "-"], text=True, check=True,
                   input="int getpagesize(void); int main(void) { return getpagesize() / 1024; }")
    other = os.path.join(at.folder, "other.so")
    subprocess.run([at.compiler, "-x", "c", "-shared", "-fPIC", "-o", other, "-"], text=True, check=True,
                   input="int getpagesize(void) { return 9 * 1024; }")
    for _ in range(2):
        end, _, _, counts = at.run(path)
        expect(end == 4 and counts["constants"] > 0, f"{end} {counts}")
    expect(counts["loaded"] > 0.9 * counts["superblocks"], f"{counts}")
    end, _, err, counts = at.run("/usr/bin/env", "LD_PRELOAD=" + other, path)
    expect((end, err) == (9, "") and counts["rejected"] > 0, f"{end} {err} {counts}")


def other_options_have_files_of_their_own(at):
    at.run(*PYTHON)
    first = at.files()
    counts = at.run(*PYTHON, options=["--max-blocks=1"])[3]
    expect(counts["loaded"] == 0 and len(at.files()) == 2 * len(first), f"{counts} {at.files()}")
    counts = at.run(*PYTHON, options=["--max-blocks=1"])[3]
    expect(counts["loaded"] > 0.9 * counts["superblocks"], f"{counts}")


def processes_at_once_leave_whole_files(at):
    command = [at.weft, "run", f"--persist={at.kept}", "--", *PYTHON]
    for _ in range(2):
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(6)]
        for process in processes:
            out, _ = process.communicate(timeout=120)
            expect((process.returncode, out) == (0, "332833500\n"), f"{process.returncode} {out}")
    counts = at.run(*PYTHON)[3]
    expect(counts["loaded"] > 0.9 * counts["superblocks"], f"{counts}")
    expect(not glob.glob(os.path.join(at.kept, ".*")), f"left behind: {os.listdir(at.kept)}")


def children_start_warm_wherever_they_are(at):
    command = ["/bin/sh", "-c", "cd / && /usr/bin/python3 -S -c 'print(6 * 7)' && cd /tmp && exec /bin/echo done"]
    for _ in range(2):
        end, out, err, counts = at.run(*command, persist="kept", cwd=at.folder)
        expect((end, out, err) == (0, "42\ndone\n", ""), f"{end} {out} {err}")
    expect(counts["loaded"] > 0.9 * counts["superblocks"], f"{counts}")
    expect(os.listdir(os.path.join(at.folder, "kept")), "relative names are of where weft was started")


def directories_that_others_can_write_to_are_refused(at):
    os.mkdir(at.kept)
    os.chmod(at.kept, 0o777)
    end, out, err, _ = at.run(*PYTHON)
    expect(end not in (0, 1) and end > 0 and out == "", f"{end} {out}")
    expect(err.startswith("weft: --persist: ") and err.count("\n") == 1 and "0700" in err, err)


def files_that_others_can_write_to_are_not_used(at):
    at.run(*PYTHON)
    for name in at.files():
        os.chmod(name, 0o666)
    end, out, err, counts = at.run(*PYTHON)
    expect((end, out) == (0, "332833500\n") and counts["loaded"] == 0, f"{end} {out} {counts}")
    expect("can be written to by others: not used" in err, err)


def damaged_files_are_replaced(at):
    at.run(*PYTHON)
    for name in at.files():
        os.truncate(name, os.path.getsize(name) // 2)
    end, out, err, counts = at.run(*PYTHON)
    expect((end, out) == (0, "332833500\n") and counts["loaded"] == 0, f"{end} {out} {counts}")
    expect("damaged" in err, err)
    end, out, err, counts = at.run(*PYTHON)
    expect((end, out, err) == (0, "332833500\n", "") and counts["loaded"] > 0, f"{end} {out} {err} {counts}")


def damaged_records_are_not_used(at):
    at.run(*PYTHON)
    for name in at.files():
        size = os.path.getsize(name)
        with open(name, "r+b") as file:
            for place in range(size // 4, size, 97):
                file.seek(place)
                file.write(b"\xcc")
    end, out, _, counts = at.run(*PYTHON)
    expect((end, out) == (0, "332833500\n"), f"{end} {out}")
    expect(counts["loaded"] < 0.9 * counts["superblocks"], f"{counts}")


def programs_that_may_write_no_files_end_as_they_do(at):
    limit = (0, resource.RLIM_INFINITY)
    for command in (PYTHON, ["/bin/sh", "-c", "exec /bin/true"]):
        # No statistics, which would be a file, too.
        done = subprocess.run([at.weft, "run", f"--persist={at.kept}", "--", *command], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        expect((done.returncode, done.stderr) == (0, b""), f"{done}")
    expect(not at.files(), f"{at.files()}")


def what_is_deleted_meanwhile_is_built_as_ever(at):
    at.run(*PYTHON)
    for _ in range(3):
        end, out, err, _ = at.run(*PYTHON, options=["--stress-delete=max"])
        expect((end, out, err) == (0, "332833500\n", ""), f"{end} {out} {err}")


def tools_and_missing_names_are_refused(at):
    for options in (["--tool", "inscount"], ["--persist="]):
        end, out, err, _ = at.run(*PYTHON, options=options)
        expect(end == 125 and out == "" and err.startswith("weft: --persist: ") and err.count("\n") == 1, f"{end} {out} {err}")


CASES = (the_second_run_finds_what_the_first_one_kept, a_changed_program_is_noticed,
         other_options_have_files_of_their_own, processes_at_once_leave_whole_files,
         children_start_warm_wherever_they_are, directories_that_others_can_write_to_are_refused,
         files_that_others_can_write_to_are_not_used, damaged_files_are_replaced, damaged_records_are_not_used,
         programs_that_may_write_no_files_end_as_they_do, what_is_deleted_meanwhile_is_built_as_ever,
         tools_and_missing_names_are_refused)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--compiler", required=True)
    options = parser.parse_args()
    failures = 0
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="weft-persist-") as folder:
            try:
                case(Fixture(options.weft, options.compiler, folder))
            except AssertionError as error:
                failures += 1
                print(f"{case.__name__}: {error}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

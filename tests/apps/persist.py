#!/usr/bin/python3
"""Code images (--persist): a run goes on with what others have translated, and never believes what it should not."""
import argparse
import glob
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PYTHON = ["/usr/bin/python3", "-S", "-c", "print(sum(i * i for i in range(1000)))"]
# Two programs of one size and one build id, that differ in a constant of their code.
SOURCE = "int puts(const char*); int main(void) { volatile int one = VALUE; return one; }"


class Fixture:
    def __init__(self, options, folder):
        self.weft, self.compiler, self.tools, self.folder = os.path.abspath(options.weft), options.compiler, options.tools, folder
        self.kills, self.writers = options.kills, options.writers
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
        return sorted(glob.glob(os.path.join(self.kept, "*.image")))


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def is_warm(counts):
    return counts["fragments_resumed"] > 0 and counts["superblocks"] < 0.15 * counts["fragments_made"]


def the_second_run_goes_on_with_what_the_first_one_left(at):
    cold = at.run(*PYTHON)
    expect(cold[:3] == (0, "332833500\n", ""), f"cold: {cold}")
    expect(cold[3]["fragments_resumed"] == 0 and at.files(), f"cold: {cold[3]}")
    warm = at.run(*PYTHON)
    expect(warm[:3] == cold[:3], f"warm: {warm}")
    expect(is_warm(warm[3]) and warm[3]["modules_woken"] > 2 and warm[3]["modules_refused"] == 0, f"warm: {warm[3]}")


def a_start_with_nothing_new_translates_nothing(at):
    # The first warm start finds which slots the loader writes late, and leaves an image without them.
    for _ in range(3):
        at.run("/bin/true")
    files = {file: os.stat(file).st_mtime_ns for file in at.files()}
    settled = at.run("/bin/true")
    expect(settled[0] == 0 and settled[3]["fragments_resumed"] > 100, f"settled: {settled}")
    expect(settled[3]["superblocks"] == 0 and settled[3]["reclaimed"] == 0, f"settled: {settled[3]}")
    expect(files == {file: os.stat(file).st_mtime_ns for file in at.files()}, "an image was written again")


def the_first_thread_has_its_stack_at_one_place(at):
    """Which part of each table a thread has follows from that: elsewhere, each run would begin memory of its own."""
    def stacks():
        with subprocess.Popen([at.weft, "run", f"--persist={at.kept}", "--", "/bin/cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            process.stdin.write(b"runs\n")
            process.stdin.flush()
            process.stdout.readline()
            with open(f"/proc/{process.pid}/maps") as maps:
                return {line.split()[0] for line in maps if is_runtime_stack(*line.split()[:2])}
    first, second = stacks(), stacks()
    expect(first and first & second, f"{first}, {second}")


def is_runtime_stack(place, protection):
    start, end = (int(text, 16) for text in place.split("-"))
    return protection == "rw-p" and end - start == 8 << 20


def a_changed_program_is_noticed(at):
    path = at.program("one", 41)
    expect(at.run(path)[0] == 41 and at.run(path)[0] == 41, "unchanged")
    shutil.copy(at.program("other", 42), path)
    end, _, err, counts = at.run(path)
    expect((end, err) == (42, ""), f"{end} {err}")
    expect(counts["modules_refused"] == 1, f"{counts}")
    expect(is_warm(counts), f"nothing but the changed code should be built anew: {counts}")


def slots_that_lead_elsewhere_are_noticed(at):
    path = os.path.join(at.folder, "linked")
    subprocess.run([at.compiler, "-x", "c", "-O1", "-Wl,-z,now", "-o", path, "-"], text=True, check=True,
                   input="int getpagesize(void); int main(void) { return getpagesize() / 1024; }")
    other = os.path.join(at.folder, "other.so")
    subprocess.run([at.compiler, "-x", "c", "-shared", "-fPIC", "-o", other, "-"], text=True, check=True,
                   input="int getpagesize(void) { return 9 * 1024; }")
    end, _, _, counts = at.run(path)
    expect(end == 4 and counts["constants"] > 0, f"{end} {counts}")
    end, _, _, counts = at.run(path)
    expect(end == 4 and is_warm(counts), f"{end} {counts}")
    end, _, err, counts = at.run("/usr/bin/env", "LD_PRELOAD=" + other, path)
    expect((end, err) == (9, ""), f"{end} {err} {counts}")


def a_new_program_starts_with_what_others_have_of_its_libraries(at):
    at.run(at.program("one", 41))
    end, _, err, counts = at.run(at.program("other", 42))
    # Their build id and size are those of one program.
    shutil.rmtree(at.kept)
    at.run("/bin/echo", "first")
    end, out, err, counts = at.run("/bin/true")
    expect((end, out, err) == (0, "", "") and is_warm(counts), f"{end} {out} {err} {counts}")


def a_library_at_another_place_is_built_anew(at):
    library = os.path.join(at.folder, "lib.so")
    subprocess.run([at.compiler, "-x", "c", "-shared", "-fPIC", "-o", library, "-"], text=True, check=True,
                   input="int answer(void) { return 6; }")
    program = os.path.join(at.folder, "program")
    source = """#include <dlfcn.h>
        #include <sys/mman.h>
        int main(int count, char** words) {
          void* library = dlopen(words[1], RTLD_NOW);
          int sum = library ? ((int (*)(void))dlsym(library, "answer"))() : 99;
          /* Mapped again, it has to lie elsewhere. */
          void* again = count > 2 ? dlmopen(LM_ID_NEWLM, words[1], RTLD_NOW) : 0;
          return sum + (again ? ((int (*)(void))dlsym(again, "answer"))() : 0);
        }"""
    subprocess.run([at.compiler, "-x", "c", "-D_GNU_SOURCE", "-O1", "-o", program, "-"], text=True, check=True, input=source)
    for words, answer in (((), 6), (("again",), 12), ((), 6), (("again",), 12)):
        end, _, err, counts = at.run(program, library, *words)
        expect((end, err) == (answer, ""), f"{words} {end} {err} {counts}")


def code_that_lies_where_a_library_is_not_mapped_this_time_may_change(at):
    """Between the library's code and the slots of its calls, which belong to what sleeps until it is wanted."""
    library = os.path.join(at.folder, "lib.so")
    subprocess.run([at.compiler, "-x", "c", "-shared", "-fPIC", "-O1", "-Wl,-z,now", "-o", library, "-"], text=True, check=True,
                   input="""int getpagesize(void);
                            const char between[1 << 16] = {1};
                            int answer(void) { return getpagesize() / 1024 + between[1]; }""")
    program = os.path.join(at.folder, "program")
    source = """#include <dlfcn.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        static int loads(const char* name) {
          void* library = dlopen(name, RTLD_NOW);
          printf("%ld\\n", ((long)dlsym(library, "between") + 8192) & -4096L);
          return ((int (*)(void))dlsym(library, "answer"))();
        }
        int main(int count, char** words) {
          if (count == 2) return loads(words[1]);
          unsigned char* code = mmap((void*)strtol(words[2], 0, 10), 4096, 7, 0x100000 | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
          if (code == MAP_FAILED) return 99;
          for (int i = 0; i < 50; ++i) {
            memcpy(code, (unsigned char[]){0xb8, i, 0, 0, 0, 0xc3}, 6);
            if (((int (*)(void))code)() != i) return 50;
          }
          return 0;
        }"""
    subprocess.run([at.compiler, "-x", "c", "-D_GNU_SOURCE", "-O1", "-o", program, "-"], text=True, check=True, input=source)
    for _ in range(2):
        end, place, err, counts = at.run(program, library)
        expect((end, err) == (4, ""), f"{end} {err}")
    expect(counts["constants"] > 0 or is_warm(counts), f"{counts}")
    end, _, err, counts = at.run(program, library, place.strip())
    expect((end, err) == (0, ""), f"{end} {err} {counts}")


def processes_that_are_killed_leave_nothing_broken(at):
    at.run("/bin/echo", "once")
    choice = random.Random(7)
    for kill in range(at.kills):
        if kill % 100 == 99:
            # From nothing, too.
            shutil.rmtree(at.kept)
        process = subprocess.Popen([at.weft, "run", f"--persist={at.kept}", "--", *PYTHON], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True, text=True)
        time.sleep(choice.uniform(0, 0.3))
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
        expect(out in ("", "332833500\n"), f"kill {kill}: {out}")
    for _ in range(2):
        end, out, err, counts = at.run(*PYTHON)
        expect((end, out, err) == (0, "332833500\n", ""), f"{end} {out} {err}")
    expect(is_warm(counts), f"{counts}")


def other_options_have_files_of_their_own(at):
    at.run(*PYTHON)
    first = at.files()
    counts = at.run(*PYTHON, options=["--max-blocks=1"])[3]
    expect(counts["fragments_resumed"] == 0 and len(at.files()) == 2 * len(first), f"{counts} {at.files()}")
    counts = at.run(*PYTHON, options=["--max-blocks=1"])[3]
    expect(is_warm(counts), f"{counts}")


def processes_at_once_leave_whole_files(at):
    command = [at.weft, "run", f"--persist={at.kept}", "--", *PYTHON]
    for _ in range(2):
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(at.writers)]
        for process in processes:
            out, _ = process.communicate(timeout=120)
            expect((process.returncode, out) == (0, "332833500\n"), f"{process.returncode} {out}")
    counts = at.run(*PYTHON)[3]
    expect(is_warm(counts), f"{counts}")
    expect(not glob.glob(os.path.join(at.kept, ".*")), f"left behind: {os.listdir(at.kept)}")


def of_two_writers_the_one_with_more_counts(at):
    large = ["/usr/bin/python3", "-c", "import json, re, decimal; print(json.dumps([str(decimal.Decimal(2).sqrt())[:4]]))"]
    small = subprocess.Popen([at.weft, "run", f"--persist={at.kept}", "--", "/usr/bin/python3", "-S", "-c", "input()"],
                             stdin=subprocess.PIPE, text=True)
    for _ in range(100):
        # It has looked for an image, and found none.
        if "python" in open(f"/proc/{small.pid}/maps").read():
            break
        time.sleep(0.05)
    end, out, err, counts = at.run(*large)
    expect((end, out, err) == (0, '["1.41"]\n', "") and counts["fragments_resumed"] == 0, f"{end} {out} {err} {counts}")
    small.communicate("\n", timeout=60)
    counts = at.run(*large)[3]
    expect(is_warm(counts), f"{counts}")


def children_start_warm_wherever_they_are(at):
    command = ["/bin/sh", "-c", "cd / && /usr/bin/python3 -S -c 'print(6 * 7)' && cd /tmp && exec /bin/echo done"]
    for _ in range(2):
        end, out, err, counts = at.run(*command, persist="kept", cwd=at.folder)
        expect((end, out, err) == (0, "42\ndone\n", ""), f"{end} {out} {err}")
    expect(is_warm(counts), f"{counts}")
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
    expect((end, out) == (0, "332833500\n") and counts["fragments_resumed"] == 0, f"{end} {out} {counts}")
    expect("can be written to by others: not used" in err, err)


def damaged_files_are_replaced(at):
    at.run(*PYTHON)
    for name in at.files():
        os.truncate(name, os.path.getsize(name) // 2)
    end, out, err, counts = at.run(*PYTHON)
    expect((end, out) == (0, "332833500\n") and counts["fragments_resumed"] == 0, f"{end} {out} {counts}")
    expect("was changed since it was written" in err, err)
    end, out, err, counts = at.run(*PYTHON)
    expect((end, out, err) == (0, "332833500\n", "") and is_warm(counts), f"{end} {out} {err} {counts}")


def files_that_were_written_to_are_not_used(at):
    at.run(*PYTHON)
    choice = random.Random(5)
    for _ in range(6):
        for name in at.files():
            with open(name, "r+b") as file:
                file.seek(choice.randrange(os.path.getsize(name)))
                file.write(bytes([choice.randrange(256)]))
        end, out, err, counts = at.run(*PYTHON)
        expect((end, out) == (0, "332833500\n") and "was changed" in err, f"{end} {out} {err}")
        expect(counts["fragments_resumed"] == 0, f"{counts}")


def the_cache_is_looked_after(at):
    def cache(*words):
        done = subprocess.run([at.weft, "cache", f"--persist={at.kept}", *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr
    expect(cache("list")[0] != 0, "no directory yet")
    at.run(*PYTHON)
    end, out, err = cache("list")
    expect((end, err) == (0, "") and "python3" in out and f"in {len(at.files())} images" in out, f"{end} {out} {err}")
    expect(cache("trim", "1GB") == (0, "", "") and len(at.files()) == 2, f"{at.files()}")
    largest = max(at.files(), key=os.path.getsize)
    expect(cache("trim", f"{os.stat(largest).st_blocks * 512}") == (0, "", "") and len(at.files()) == 1, f"{at.files()}")
    expect(cache("clear") == (0, "", "") and not at.files(), f"{at.files()}")
    for words in ((), ("trim",), ("trim", "much"), ("list", "all"), ("burn",)):
        end, out, err = cache(*words)
        expect(end == 125 and out == "" and err.count("\n") == 1 and "weft cache --help" in err, f"{words} {end} {out} {err}")


def without_images_none_are_used_or_left(at):
    home = os.path.join(at.folder, "home")
    os.mkdir(home)
    environment = {"PATH": os.environ["PATH"], "HOME": home}
    for options, left in ((["--no-persist"], False), ([], True)):
        subprocess.run([at.weft, "run", *options, "--", "/bin/true"], env=environment, check=True)
        expect(os.path.exists(os.path.join(home, ".cache", "weft")) == left, f"{options}")
    elsewhere = environment | {"HOME": "/proc"}
    done = subprocess.run([at.weft, "run", "--", "/bin/true"], env=elsewhere, capture_output=True, check=True)
    expect(done.stderr == b"", f"{done}")


def links_are_not_followed(at):
    at.run(*PYTHON)
    for name in at.files():
        os.rename(name, name + ".elsewhere")
        os.symlink(name + ".elsewhere", name)
    end, out, err, counts = at.run(*PYTHON)
    expect((end, out) == (0, "332833500\n") and counts["fragments_resumed"] == 0, f"{end} {out} {counts}")


def programs_that_may_write_no_files_end_as_they_do(at):
    limit = (0, resource.RLIM_INFINITY)
    for command in (PYTHON, ["/bin/sh", "-c", "exec /bin/true"]):
        # No statistics, which would be a file, too.
        done = subprocess.run([at.weft, "run", f"--persist={at.kept}", "--", *command], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        expect((done.returncode, done.stderr) == (0, b""), f"{done}")
    expect(not at.files(), f"{at.files()}")


def tools_that_are_not_kept_and_missing_names_are_refused(at):
    for options in (["--tool", "memtrace"], ["--tool", "inscount", "--tool", "blocks"], ["--persist="]):
        end, out, err, _ = at.run(*PYTHON, options=options)
        expect(end == 125 and out == "" and err.startswith("weft: --persist: ") and err.count("\n") == 1, f"{end} {out} {err}")


def what_tools_count_is_the_same_warm(at):
    counts = []
    for spec in ("inscount:threads=off", "inscount:threads=off,blocks") * 2:
        end, out, err, stats = at.run("/bin/echo", "word", options=["--tool", spec])
        expect((end, out) == (0, "word\n"), f"{end} {out} {err}")
        counts.append([int(number) for number in re.findall(r"(\d+) (?:instructions|blocks)", err)])
    expect(is_warm(stats), f"{stats}")
    expect([len(each) for each in counts] == [1, 2, 1, 2], f"{counts}")
    # Where the stack happens to lie makes a difference of some.
    for cold, warm in zip(counts[:2], counts[2:]):
        for one, other in zip(cold, warm):
            expect(abs(one - other) < 0.02 * one, f"{counts}")


def covered(at, *command, name="cov"):
    """The blocks that coverage writes, and the run's statistics."""
    path = os.path.join(at.folder, name)
    end, _, err, stats = at.run(*command, options=["--tool", f"coverage:output={path}"])
    expect((end, err) == (0, ""), f"{end} {err}")
    with open(path, "rb") as file:
        text = file.read()
    records = text[text.index(b"\n", text.index(b"BB Table")) + 1:]
    return {records[i:i + 8] for i in range(0, len(records), 8)}, stats


def nearly_alike(one, other):
    """Where the stack and the heap happen to lie makes a difference of some blocks in ld.so and libc."""
    return len(one) > 1000 and len(one ^ other) < 0.01 * len(one)


def coverage_is_the_same_warm(at):
    one, other = ["/bin/sh", "-c", "echo $((6 * 7))"], ["/bin/sh", "-c", "for i in a b; do echo $i; done"]
    cold, _ = covered(at, *one)
    warm, stats = covered(at, *one)
    expect(is_warm(stats), f"{stats}")
    expect(nearly_alike(cold, warm), f"blocks are missing, or there are too many: {len(cold)} {len(warm)} {len(cold ^ warm)}")
    # What the image has, and what it has not, beside each other.
    mixed, _ = covered(at, *other)
    shutil.rmtree(at.kept)
    cold, _ = covered(at, *other)
    expect(nearly_alike(cold, mixed), f"after another run: {len(cold)} {len(mixed)} {len(cold ^ mixed)}")


def children_cover_what_they_run_themselves(at):
    path = os.path.join(at.folder, "cov.%p")
    script = "echo first; (echo second); (echo third $((1 + 1))); echo last"
    sizes = []
    for _ in range(2):
        end, out, err, _ = at.run("/bin/sh", "-c", script, options=["--tool", f"coverage:output={path}"])
        expect((end, out, err) == (0, "first\nsecond\nthird 2\nlast\n", ""), f"{end} {out} {err}")
        files = glob.glob(os.path.join(at.folder, "cov.*"))
        sizes.append(sorted(os.path.getsize(name) for name in files))
        for name in files:
            os.unlink(name)
    # Which way the shell waits for a child depends on who is faster: some blocks more or less.
    alike = len(sizes[0]) == len(sizes[1]) == 3 and all(abs(one - other) < 0.1 * one for one, other in zip(*sizes))
    expect(alike and sizes[0][0] > 2000, f"{sizes}")


def tools_delete_what_sleeps(at):
    for deletes in ("", "blocks", "modules", "all", "inside"):
        for run in range(3):
            end, out, err, _ = at.run(*PYTHON, options=["--tool", f"{at.tools}/kept.so:deletes={deletes}"])
            expect((end, out) == (0, "332833500\n") and "counts agree" in err, f"{deletes} {end} {out} {err}")
            expect(run == 0 or "resumed=program" in err, f"{deletes} {err}")
            expect(deletes in ("", "blocks") or "deleted=0" not in err, f"{deletes} {err}")
    # What slept when all was deleted does not come back.
    built = []
    for _ in range(2):
        _, _, err, _ = at.run(*PYTHON, options=["--tool", f"{at.tools}/kept.so:deletes=once"])
        built.append(int(re.search(r"built=(\d+)", err).group(1)))
    shutil.rmtree(at.kept)
    _, _, err, _ = at.run(*PYTHON, options=["--tool", f"{at.tools}/kept.so:deletes=once"])
    cold = int(re.search(r"built=(\d+)", err).group(1))
    expect(min(built) > 0.7 * cold, f"{built} {cold}")


def tools_that_break_their_word_start_cold(at):
    options = ["--tool", f"{at.tools}/kept.so"]
    at.run(*PYTHON, options=options)
    end, out, err, _ = at.run("/usr/bin/env", "KEPT_MORE=1", *PYTHON, options=options)
    expect((end, out) == (0, "332833500\n") and err.count("counts agree") == 1 and "resumed=nothing" in err, f"{end} {out} {err}")


CASES = (the_cache_is_looked_after, without_images_none_are_used_or_left,
         the_second_run_goes_on_with_what_the_first_one_left, a_start_with_nothing_new_translates_nothing,
         the_first_thread_has_its_stack_at_one_place, a_changed_program_is_noticed,
         slots_that_lead_elsewhere_are_noticed, a_new_program_starts_with_what_others_have_of_its_libraries,
         a_library_at_another_place_is_built_anew,
         code_that_lies_where_a_library_is_not_mapped_this_time_may_change, processes_that_are_killed_leave_nothing_broken,
         other_options_have_files_of_their_own, processes_at_once_leave_whole_files,
         of_two_writers_the_one_with_more_counts,
         children_start_warm_wherever_they_are, directories_that_others_can_write_to_are_refused,
         files_that_others_can_write_to_are_not_used, damaged_files_are_replaced,
         files_that_were_written_to_are_not_used, links_are_not_followed,
         programs_that_may_write_no_files_end_as_they_do, tools_that_are_not_kept_and_missing_names_are_refused,
         what_tools_count_is_the_same_warm, coverage_is_the_same_warm,
         children_cover_what_they_run_themselves, tools_delete_what_sleeps, tools_that_break_their_word_start_cold)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--tools", required=True, help="folder of the tests' tools")
    parser.add_argument("--kills", type=int, default=40, help="processes to kill at random moments")
    parser.add_argument("--writers", type=int, default=6, help="processes that write at once")
    parser.add_argument("--only", default="", help="cases whose names have this in them")
    options = parser.parse_args()
    failures = 0
    for case in (case for case in CASES if options.only in case.__name__):
        with tempfile.TemporaryDirectory(prefix="weft-persist-") as folder:
            try:
                case(Fixture(options, folder))
            except AssertionError as error:
                failures += 1
                print(f"{case.__name__}: {error}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

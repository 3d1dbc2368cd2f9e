"""The programs that are measured: what they run, on what input, and how much of it.

Inputs are made here from fixed seeds, once, in build/bench-data; a program that is not installed is left out.
"""
import dataclasses
import itertools
import os
import random
import shutil
import subprocess
from pathlib import Path

WORKLOADS = Path(__file__).resolve().parent / "workloads"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
TEXT_BYTES = {"full": 24_000_000, "quick": 6_000_000}
SCALES = ("full", "quick")


@dataclasses.dataclass(frozen=True)
class Program:
    """One line of the table: a command whose output and status are the same on every native run."""

    name: str
    argv: tuple
    stdin: str = os.devnull
    jit: bool = False  # makes code at run time; kept out of the geometric mean


class Data:
    """The folder of generated inputs for one scale. Each file is made when first asked for."""

    def __init__(self, root, scale):
        self.scale = scale
        self.folder = Path(root).resolve() / scale
        self.folder.mkdir(parents=True, exist_ok=True)

    def pick(self, full, quick):
        return full if self.scale == "full" else quick

    def file(self, name, make):
        """The path of input `name`; `make(path)` writes it if it is not there. A half-made file never stays."""
        path = self.folder / name
        if not path.exists():
            unfinished = path.with_name("new-" + name)
            make(unfinished)
            unfinished.rename(path)
        return str(path)

    def text(self, name="text", divisor=1):
        return self.file(name, lambda path: write_text(path, TEXT_BYTES[self.scale] // divisor))


def write_text(path, size):
    """Lines of made-up words whose frequencies fall as in a natural language."""
    chance = random.Random(20)
    syllables = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
    words = list(dict.fromkeys("".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4))))
                               for _ in range(30000)))
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
    written = 0
    with open(path, "w") as out:
        while written < size:
            line = " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(4, 16)))
            if chance.random() < 0.2:
                line += " %d." % chance.randrange(10000)
            out.write(line + "\n")
            written += len(line) + 1


def run_to_file(argv, path):
    with open(path, "wb") as out:
        subprocess.run(argv, stdout=out, env=ENVIRONMENT, check=True)


def found(name):
    return shutil.which(name, path=ENVIRONMENT["PATH"])


def compressors(data):
    text = data.text()
    times = data.pick(2, 1)
    if bzip2 := found("bzip2"):
        packed = data.file("text.bz2", lambda path: run_to_file([bzip2, "-c", text], path))
        yield Program("bzip2", (bzip2, "-c", text))
        yield Program("bunzip2", (bzip2, "-dc") + (packed,) * times)
    if gzip := found("gzip"):
        yield Program("gzip", (gzip, "-c", text))
    if zstd := found("zstd"):
        yield Program("zstd -9", (zstd, "-q", "-9", "--single-thread", "-c") + (text,) * data.pick(3, 2))
    if xz := found("xz"):
        yield Program("xz -3", (xz, "-3", "-T1", "-c", data.text("part", 4)))


def preprocessed(data):
    compiler = found("g++")
    return data.file("regex.ii", lambda path: run_to_file(
        [compiler, "-std=c++17", "-E", "-P", str(WORKLOADS / "regex.cc")], path))


def compiler_pass(name="cc1plus"):
    """The compiler proper of C++ or, as "cc1", of C, so that one process does the work; None without g++."""
    if not (compiler := found("g++")):
        return None
    path = subprocess.run([compiler, f"-print-prog-name={name}"], capture_output=True, text=True,
                          check=True).stdout.strip()
    return path if os.path.isabs(path) else None


def compiler(data):
    if cc1plus := compiler_pass():
        level = data.pick("-O2", "-O0")
        yield Program(f"cc1plus {level}", (cc1plus, "-quiet", level, "-fpreprocessed", preprocessed(data), "-o", "-"))


def interpreters(data):
    text = data.text()
    if perl := found("perl"):
        yield Program("perl", (perl, str(WORKLOADS / "words.pl"), "1", text))
    if python := found("python3"):
        yield Program("python3", (python, "-I", str(WORKLOADS / "objects.py"), str(data.pick(60, 12))))
    if sqlite := found("sqlite3"):
        rows = data.pick(400_000, 120_000)
        statements = (WORKLOADS / "tables.sql").read_text().replace(":n", str(rows))
        script = data.file(f"tables-{rows}.sql", lambda path: path.write_text(statements))
        yield Program("sqlite3", (sqlite, "-batch", ":memory:"), stdin=script)
    if luajit := found("luajit"):
        sort = str(WORKLOADS / "sort.lua")
        yield Program("luajit -joff", (luajit, "-joff", sort, str(data.pick(500, 120))))
        yield Program("luajit", (luajit, sort, str(data.pick(400, 100))), jit=True)
    if bash := found("bash"):
        yield Program("bash", (bash, str(WORKLOADS / "arithmetic.sh"), str(data.pick(500_000, 100_000))))
    if mawk := found("mawk"):
        yield Program("mawk", (mawk, "-f", str(WORKLOADS / "sums.awk")) + (text,) * data.pick(3, 2))


def others(data):
    if openssl := found("openssl"):
        # Key derivation by many short hashes, then one long encryption; fixed salt, so the same output.
        yield Program("openssl", (openssl, "enc", "-aes-256-cbc", "-pbkdf2",
                                  "-iter", str(data.pick(3_000_000, 700_000)),
                                  "-S", "0011223344556677", "-pass", "pass:weft", "-in", data.text()))
    if node := found("node"):
        yield Program("node", (node, str(WORKLOADS / "map.js"), str(data.pick(500, 80))), jit=True)
    java, javac = found("java"), found("javac")
    if java and javac:
        classes = data.file("classes", lambda path: subprocess.run(
            [javac, "-d", str(path), str(WORKLOADS / "Work.java")], check=True))
        yield Program("java", (java, "-XX:+UseSerialGC", "-Xshare:auto", "-cp", classes, "Work",
                               str(data.pick(800, 80))), jit=True)


JIT_KERNELS = {  # (full, quick) sizes: at least 2 s, and half a second
    "recursion": {"luajit": (4600, 1000), "node": (3400, 500), "java": (4300, 600), "mono": (4600, 800),
                  "pypy3": (12000, 2000), "php": (6000, 1000)},
    "maps": {"luajit": (2300, 500), "node": (1750, 300), "java": (3800, 500), "mono": (800, 150),
             "pypy3": (2000, 350), "php": (2800, 500)},
    "sorting": {"luajit": (1300, 220), "node": (1900, 250), "java": (2200, 300), "mono": (4000, 700),
                "pypy3": (1700, 300), "php": (950, 180)},
    "strings": {"luajit": (12000, 2700), "node": (19000, 3000), "java": (54000, 6000), "mono": (7500, 1300),
                "pypy3": (20000, 3500), "php": (43000, 7500)},
    "allocation": {"luajit": (6800, 1300), "node": (10500, 1500), "java": (16500, 2000), "mono": (2100, 350),
                   "pypy3": (3800, 650), "php": (3500, 600)},
}


def jit_programs(data):
    """Kernels of one kind of work each, for the runtimes that make code as they go."""
    commands = {}
    if luajit := found("luajit"):
        commands["luajit"] = (luajit, str(WORKLOADS / "kernels.lua"))
    if node := found("node"):
        commands["node"] = (node, str(WORKLOADS / "kernels.js"))
    java, javac = found("java"), found("javac")
    if java and javac:
        classes = data.file("kernels", lambda path: subprocess.run(
            [javac, "-d", str(path), str(WORKLOADS / "Kernels.java")], check=True))
        commands["java"] = (java, "-cp", classes, "Kernels")
    mono, mcs = found("mono"), found("mcs")
    if mono and mcs:
        commands["mono"] = (mono, data.file("kernels.exe", lambda path: subprocess.run(
            [mcs, f"-out:{path}", str(WORKLOADS / "Kernels.cs")], check=True)))
    if pypy := found("pypy3"):
        commands["pypy3"] = (pypy, str(WORKLOADS / "kernels.py"))
    if php := found("php"):
        commands["php"] = (php, "-d", "opcache.enable_cli=1", "-d", "opcache.jit=tracing", "-d",
                           "opcache.jit_buffer_size=64M", str(WORKLOADS / "kernels.php"))
    for runtime, command in commands.items():
        for kernel, sizes in JIT_KERNELS.items():
            yield Program(f"{runtime} {kernel}", (*command, kernel, str(data.pick(*sizes[runtime]))), jit=True)


def all_programs(data):
    """Every program of the list that is installed here, in the order of the table."""
    for group in (compressors, interpreters, compiler, others):
        yield from group(data)


def startup_programs(data):
    """Programs that do nothing: what is left is the cost of starting."""
    yield Program("true", ("/usr/bin/true",))
    yield Program("bash -c :", ("/usr/bin/bash", "-c", ":"))
    yield Program("python3 -c pass", ("/usr/bin/python3", "-c", "pass"))
    cc1plus = compiler_pass()
    if cc1plus:
        yield Program("cc1plus, empty file", (cc1plus, "-quiet", "-O2", "-fpreprocessed", empty_source(data), "-o", "-"))


def empty_source(data):
    """Nearly nothing to compile."""
    return data.file("empty.ii", lambda path: path.write_text("int main() {}\n"))

"""Where a short process's time goes: `bench startup --breakdown`.

Processor time by the engine's own clocks (--stats=json:FILE), page faults by the kernel's count, and forks by a
program that does nothing else.
"""
import json
import tempfile
from pathlib import Path

import measure
import programs
import report
from measure import Engine

FORKS = (("fork, exit", "fork"), ("vfork, exit", "vfork"), ("posix_spawn of true", "spawn"))
FORKS_PER_UNIT = 20  # of bench/micro/forks.c


def inputs(data):
    yield from programs.startup_programs(data)
    cc1 = programs.compiler_pass("cc1")
    if cc1:
        yield programs.Program("cc1, ten lines", (cc1, "-quiet", "-O2", "-fpreprocessed", ten_lines(data), "-o", "-"))


def ten_lines(data):
    functions = "".join(f"int f{i}(int a) {{ return a * {i} + (a > {i} ? 1 : 2); }}\n" for i in range(9))
    return data.file("ten.i", lambda path: path.write_text(functions + "int main(void) { return f1(2); }\n"))


def milliseconds(nanoseconds):
    return nanoseconds / 1e6


def parts(stats, weft, native):
    """(what, ms or a count), top to bottom, of one run with statistics, one without and a native one."""
    load, setup = milliseconds(stats["loading_ns"]), milliseconds(stats["setup_ns"])
    publish = milliseconds(stats["publish_ns"])
    translate = milliseconds(stats["translate_ns"]) - publish
    return [("native, all", native.cpu * 1000), ("weft, all", weft.cpu * 1000),
            ("exec and loading of weft", load), ("set-up, the program's ELF files", setup),
            ("translation", translate), ("publication", publish),
            ("cached code, dispatch, end", weft.cpu * 1000 - load - setup - translate - publish),
            ("in the kernel (of all)", weft.system * 1000),
            ("page faults, native", native.faults), ("page faults, weft", weft.faults),
            ("of these, of branches to empty shadow pages", stats["shadow_faults"]),
            ("shadow memory, kB", stats["shadow_bytes"] / 1024),
            ("superblocks", stats["superblocks"]), ("fragments of an image", stats["fragments_resumed"]),
            ("hot code, kB", stats["hot_bytes"] / 1024), ("metadata, kB", stats["metadata_bytes"] / 1024)]


def one_program(session, program, rounds, folder):
    """Rows of (what, median over the rounds); None if a run failed."""
    file = folder / "stats.json"
    engines = [Engine("native"), session.weft(), session.weft("counted", extra=(f"--stats=json:{file}",))]
    rounds_parts = []
    for _ in range(rounds):
        samples = measure.measure(session.launcher, engines, program, 1, lambda text: None)
        if any(one.failure for one in samples.values()) or not file.exists():
            return None
        rounds_parts.append(parts(json.loads(file.read_text()), samples["weft"].runs[0], samples["native"].runs[0]))
    return [(one[0][0], measure.median([value for _, value in one])) for one in zip(*rounds_parts)]


def per_fork(session, engine, path, how, rounds):
    """(processor time in us, page faults) of one fork: what more forks cost beyond a few."""
    few, many = 1, 11
    costs = []
    for _ in range(rounds):
        runs = [session.launcher.run(engine, programs.Program(how, (str(path), str(units), how)), 120)
                for units in (few, many)]
        forks = (many - few) * FORKS_PER_UNIT
        costs.append(((runs[1].cpu - runs[0].cpu) * 1e6 / forks, (runs[1].faults - runs[0].faults) / forks))
    return [measure.median(values) for values in zip(*costs)]


def fork_table(session, rounds):
    path = session.options.weft.resolve().parent.parent / "bench/micro/forks"
    rows, document = [], {}
    for label, how in FORKS:
        native, weft = (per_fork(session, engine, path, how, rounds) for engine in (Engine("native"), session.weft()))
        document[label] = {"native": native, "weft": weft}
        rows.append([label, f"{native[0]:.0f}", f"{weft[0]:.0f}", f"{weft[0] / native[0]:.2f}", f"{native[1]:.0f}",
                     f"{weft[1]:.0f}"])
    header = ["", "native, us", "weft, us", "ratio", "page faults, native", "weft"]
    return report.table(header, rows), document


def cell(value):
    return f"{value:.2f}" if value < 100 and value != int(value) else f"{value:.0f}"


def run(session):
    """True if every program did as natively."""
    rounds = session.options.rounds or 10
    listed = session.chosen(inputs(session.data))
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        for program in listed:
            columns[program.name] = one_program(session, program, rounds, Path(folder))
    good = {name: column for name, column in columns.items() if column}
    labels = [label for label, _ in next(iter(good.values()), [])]
    rows = [[label] + [cell(column[place][1]) for column in good.values()] for place, label in enumerate(labels)]
    forks, fork_document = fork_table(session, rounds)
    failed = [name for name in columns if name not in good]
    markdown = (f"# Where a start goes\n\nProcessor time in ms and counts, medians of {rounds} interleaved rounds. Page faults and "
                "time in the kernel are part of the lines above them.\n\n" + report.table(["", *good], rows) +
                "".join(f"\n**{name} failed.**\n" for name in failed) +
                "\nForks, each with the child's end, from a process of 1 MB; processor time of parent and child:\n\n" + forks)
    session.finish("startup-breakdown", {"rounds": rounds, "programs": columns, "forks": fork_document}, markdown)
    return not failed

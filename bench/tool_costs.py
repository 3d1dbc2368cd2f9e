"""What the bundled tools cost beyond weft without a tool."""
import re
import statistics
import subprocess

import measure
import programs
import report

# The tools whose cost is promised, and what must not be written where somebody waits for it.
TOOLS = {"inscount": "inscount:output=-", "coverage": "coverage:output=-", "blocks": "blocks:output=-",
         "burst": "burst:output=-"}
PROGRAMS = ("bunzip2", "perl", "python3", "sqlite3", "luajit -joff")


def build_of(session):
    return session.options.weft.resolve().parent.parent


def has_tool(session, name):
    return (build_of(session) / f"lib/weft/{name}.so").exists()


def installed(session):
    chosen = {name: spec for name, spec in TOOLS.items() if has_tool(session, name)}
    versions = build_of(session) / "bench/two_versions.so"
    if versions.exists():
        chosen["two versions"] = str(versions)
    return chosen


def engines_of(session):
    return [measure.Engine("native"), session.weft()] + [
        session.weft(name, extra=("--tool", spec)) for name, spec in installed(session).items()]


def listed_programs(session):
    return [program for program in programs.all_programs(session.data) if program.name in PROGRAMS]


def steady_programs(session):
    """The same work once and four times: the difference is free of what building code costs."""
    quick = programs.Data(session.options.data, "quick")
    for program in programs.all_programs(quick):
        if program.name in ("python3", "luajit -joff"):
            turns = int(program.argv[-1])
            yield tuple(programs.Program(f"{program.name} x{times}", program.argv[:-1] + (str(turns * times),))
                        for times in (1, 4))


def ratios(session, samples, tool, base):
    return measure.ratios(samples[tool], samples[base], session.time)


def cell(session, samples, tool):
    if samples[tool].failure or samples["weft"].failure:
        return f"**{samples[tool].failure or 'no run without a tool'}**"
    beyond = statistics.median(ratios(session, samples, tool, "weft"))
    native = statistics.median(ratios(session, samples, tool, "native"))
    return f"{beyond:.2f} ({native:.2f})"


def mean_row(means, digits):
    return ["**geometric mean**", ""] + [
        f"**{measure.geometric_mean(values):.{digits}f}**" if values else "none" for values in means.values()]


def overall(session, engines, rounds, progress):
    rows, means = [], {engine.name: [] for engine in engines[2:]}
    for program in session.chosen(listed_programs(session)):
        samples = measure.measure(session.launcher, engines, program, rounds, progress)
        base = statistics.median(ratios(session, samples, "weft", "native")) if not samples["weft"].failure else None
        rows.append([program.name, "none" if base is None else f"{base:.2f}"] +
                    [cell(session, samples, engine.name) for engine in engines[2:]])
        for engine in engines[2:]:
            if not samples[engine.name].failure and base:
                means[engine.name].append(statistics.median(ratios(session, samples, engine.name, "weft")))
    return rows + [mean_row(means, 2)], means


def steady(session, engines, rounds, progress):
    """Time of the added turns as a ratio to weft without a tool."""
    rows, means = [], {engine.name: [] for engine in engines[2:]}
    for short, long in steady_programs(session):
        added = {}
        both = [measure.measure(session.launcher, engines, program, rounds, progress) for program in (short, long)]
        for engine in engines[1:]:
            runs = [[session.time(run) for run in samples[engine.name].runs] for samples in both]
            failed = any(samples[engine.name].failure for samples in both)
            added[engine.name] = None if failed else min(runs[1]) - min(runs[0])
        base = added.pop("weft")
        row = [short.name.removesuffix(" x1"), f"{base:.2f}" if base else "none"]
        for name, seconds in added.items():
            row.append(f"{seconds / base:.3f}" if seconds and base else "**failed**")
            # On a busy machine more work can seem to take less time.
            if seconds and base and seconds / base > 0:
                means[name].append(seconds / base)
        rows.append(row)
    return rows + [mean_row(means, 3)]


def count_accesses(session, program):
    """How many accesses memtrace records of the program, and the bytes of the trace; None if it says nothing."""
    words = session.weft(extra=("--tool", "memtrace:output=/dev/null,stats")).prefix
    with open(program.stdin, "rb") as stdin:
        done = subprocess.run([*words, *program.argv], stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=programs.ENVIRONMENT, text=True, check=False)
    found = re.search(r"memtrace: (\d+) accesses, (\d+) bytes", done.stderr)
    return (int(found[1]), int(found[2])) if found else None


def memtrace_rates(session, rounds, progress):
    """What memtrace records in a second, its trace going nowhere: with inputs of half a second."""
    if not has_tool(session, "memtrace"):
        return []
    engines = [measure.Engine("native"), session.weft(),
               session.weft("memtrace", extra=("--tool", "memtrace:output=/dev/null"))]
    rows = []
    for program in session.chosen(p for p in programs.all_programs(programs.Data(session.options.data, "quick"))
                                  if p.name in PROGRAMS):
        counted = count_accesses(session, program)
        samples = measure.measure(session.launcher, engines, program, rounds, progress)
        failure = samples["memtrace"].failure or samples["weft"].failure
        if failure or counted is None:
            rows.append([program.name, f"**{failure or 'nothing counted'}**"] + [""] * 4)
            continue
        seconds = statistics.median(session.time(run) for run in samples["memtrace"].runs)
        beyond = statistics.median(ratios(session, samples, "memtrace", "weft"))
        rows.append([program.name, f"{counted[0] / 1e6:.0f}", f"{counted[1] / counted[0]:.1f}", f"{beyond:.1f}",
                     f"{counted[0] / seconds / 1e6:.0f}", f"{counted[1] / seconds / 1e9:.2f}"])
    return rows


def run(session, progress):
    engines = engines_of(session)
    rounds = session.options.rounds or 3
    names = [engine.name for engine in engines[2:]]
    rows, means = overall(session, engines, rounds, progress)
    steady_rows = steady(session, engines, rounds, progress)
    rates = memtrace_rates(session, rounds, progress)
    markdown = (f"# Tools\n\nTime as a ratio to weft without a tool (to native); medians of {rounds} interleaved rounds.\n\n"
                + report.table(["program", "weft / native"] + names, rows)
                + "\nIn steady state: the time of three times the work more, least of each, as a ratio to weft's.\n\n"
                + report.table(["program", "weft, s"] + names, steady_rows)
                + "\nmemtrace: what it records, of the whole run, inputs of half a second, the trace going nowhere.\n\n"
                + report.table(["program", "million accesses", "bytes each", "time as a ratio to weft's",
                                "million accesses a second", "GB of trace a second"], rates) + "\n")
    session.finish("tools", {"rounds": rounds, "ratios to weft": means, "rows": rows, "steady": steady_rows,
                             "memtrace": rates}, markdown)
    return all(len(values) == len(rows) - 1 for values in means.values())

"""The cost of translating: cc1plus, which runs much code once, with the engine's own counts of it."""
import json
import tempfile
from pathlib import Path

import measure
import programs
import report
from measure import Engine


def inputs(data):
    """Nearly nothing to compile, where all is start and cold code, and a file of templates."""
    cc1plus = programs.compiler_pass()
    if not cc1plus:
        return
    for name, path, level in (("empty file", programs.empty_source(data), "-O2"), ("regex", programs.preprocessed(data), "-O2")):
        yield programs.Program(f"cc1plus, {name}", (cc1plus, "-quiet", level, "-fpreprocessed", path, "-o", "-"))


def quotient(stats, above, below, factor=1.0):
    """factor * sum of `above` / `below`, or None where the engine did not report one of them."""
    if any(key not in stats for key in above) or not stats.get(below):
        return None
    return factor * sum(stats[key] for key in above) / stats[below]


def figures(stats, seconds):
    """(what, value) in the order of the table, from one run's statistics."""
    superblocks = "superblocks" if "superblocks" in stats else "fragments_made"
    return [
        ("superblocks made", stats.get(superblocks)),
        ("basic blocks in one superblock", quotient(stats, ["blocks"], superblocks)),
        ("instructions in one superblock", quotient(stats, ["instructions"], superblocks)),
        ("superblocks a second of translation", quotient(stats, [superblocks], "translate_ns", 1e9)),
        ("ns a superblock", quotient(stats, ["translate_ns"], superblocks)),
        ("ns a basic block", quotient(stats, ["translate_ns"], "blocks")),
        ("ns an instruction", quotient(stats, ["translate_ns"], "instructions")),
        ("translation's share of the run, %", stats.get("translate_ns", 0) / 1e7 / seconds or None),
        ("hot bytes of cache a byte of program code", quotient(stats, ["hot_bytes"], "app_bytes")),
        ("cold bytes of cache a byte of program code", quotient(stats, ["cold_bytes"], "app_bytes")),
        ("metadata bytes a byte of program code", quotient(stats, ["metadata_bytes"], "app_bytes")),
        ("shadow map, kB", quotient(dict(stats, one=1024), ["shadow_bytes"], "one")),
        ("exits to the dispatcher", stats.get("exits_to_dispatcher")),
        ("indirect misses", stats.get("indirect_misses")),
    ]


def one_program(session, program, rounds, folder):
    """Interleaved native and cold weft runs: (ratios, native seconds, weft seconds, stats by round, failure)."""
    samples = {"native": measure.Samples(), "weft": measure.Samples()}
    stats = []
    for turn in range(rounds):
        file = folder / f"{turn}.json"
        engines = [Engine("native"), session.weft(extra=(f"--stats=json:{file}",))]
        one = measure.measure(session.launcher, engines, program, 1, lambda text: None)
        for name, into in samples.items():
            into.runs += one[name].runs
            into.failure = into.failure or one[name].failure
        if file.exists():
            stats.append(json.loads(file.read_text()))
        if samples["weft"].failure or samples["native"].failure:
            break
    return samples, stats


def cell(values):
    """The median over the rounds; counts whole, quotients to two places."""
    values = [value for value in values if value is not None]
    middle = measure.median(values)
    if middle is None:
        return "not reported"
    return f"{middle:.0f}" if middle >= 100 or all(isinstance(value, int) for value in values) else f"{middle:.2f}"


def column(session, samples, stats):
    """One program's (labels, cells), top to bottom."""
    native, weft = samples["native"], samples["weft"]
    failure = native.failure or weft.failure
    seconds = [session.time(run) for run in weft.runs]
    ratios = [] if failure else measure.ratios(weft, native, session.time)
    labels, cells = ["native, s", "weft, s", "ratio"], [cell([session.time(run) for run in native.runs])]
    cells += [cell(seconds), f"**{failure}**" if failure else cell(ratios)]
    by_round = [figures(one, second) for one, second in zip(stats, seconds)] or [figures({}, 1.0)]
    for place, (label, _) in enumerate(by_round[0]):
        labels.append(label)
        cells.append(cell([one[place][1] for one in by_round]))
    return labels, cells


def run(session):
    """`bench translate`; true if the output was as native's."""
    rounds = session.options.rounds or 5
    columns, document, good = [], {}, True
    listed = session.chosen(inputs(session.data))
    for program in listed:
        with tempfile.TemporaryDirectory() as folder:
            samples, stats = one_program(session, program, rounds, Path(folder))
        columns.append(column(session, samples, stats))
        good = good and not samples["weft"].failure and not samples["native"].failure
        document[program.name] = {"stats": stats, "wall_s": {name: [one.wall for one in mine.runs]
                                                             for name, mine in samples.items()}}
    rows = [[label] + [cells[place] for _, cells in columns] for place, label in enumerate(columns[0][0])]
    markdown = (f"# Translation\n\nCold runs of the compiler, medians of {rounds} interleaved rounds; counts are from "
                "`--stats=json:FILE`.\n\n" + report.table([""] + [program.name for program in listed], rows))
    session.finish("translate", {"rounds": rounds, "programs": document}, markdown)
    return good

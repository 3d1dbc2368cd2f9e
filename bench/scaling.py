"""How threads share the cache: the speed of two beside that of one, and what builders wait for each other."""
import json
import subprocess
from pathlib import Path

import measure
import programs
import report

SOURCES = Path(__file__).resolve().parent / "scaling"
BUILDERS = 16


def compiled(session, name):
    path = session.options.data.resolve() / name
    subprocess.run(["cc", "-O2", "-pthread", "-o", str(path), str(SOURCES / f"{name}.c")], check=True)
    return str(path)


def speedups(session, program, work, threads):
    """By engine: the ratios of one thread's time to that of `threads`, for the same work, a round each."""
    engines = [measure.Engine("native"), session.weft()]
    found = {engine.name: [] for engine in engines}
    for _ in range(session.options.rounds or 5):
        for engine in engines:
            runs = [session.launcher.run(engine, programs.Program(program, (program, str(count), str(work))), 120)
                    for count in (1, threads)]
            if any(run.status for run in runs) or runs[0].digest != runs[1].digest:
                raise measure.Failed(f"{engine.name}: {program} failed")
            found[engine.name].append(runs[0].wall / runs[1].wall)
    return found


def contention(session, program, work):
    """What 16 building threads count: fragments made, and how often a lock was not free."""
    stats = session.options.data.resolve() / "builders.json"
    engine = session.weft(extra=(f"--stats=json:{stats}",))
    session.launcher.run(engine, programs.Program("builders", (program, str(BUILDERS), str(work))), 120)
    return json.loads(stats.read_text())


def cell(ratios):
    return f"{measure.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def run(session):
    quick = session.options.quick
    parallel, builders = compiled(session, "parallel"), compiled(session, "builders")
    rows, document = [], {}
    for label, program, work, threads in (("two threads compute", parallel, 60000 if quick else 400000, 2),
                                          ("two threads build", builders, 40000 if quick else 200000, 2),
                                          (f"{BUILDERS} threads build", builders, 40000 if quick else 200000, BUILDERS)):
        found = speedups(session, program, work, threads)
        document[label] = found
        rows.append([label, cell(found["native"]), cell(found["weft"])])
    counts = contention(session, builders, 40000 if quick else 200000)
    document["counts"] = counts
    waits, made = counts["lock_contention"], counts["fragments_made"]
    markdown = ("# Scaling\n\nThe speed of several threads as a ratio to that of one, at the same work (least-greatest).\n\n"
                + report.table(["", "native", "weft"], rows)
                + f"\n{BUILDERS} threads that build {made} fragments found a lock taken {waits} times: "
                  f"{1000 * waits / max(made, 1):.1f} in 1000 fragments.\n")
    session.finish("scaling", document, markdown)
    return True

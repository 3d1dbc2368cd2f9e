"""Dynamic cases: what 16 threads get done before, while and after all blocks get versions for a new value."""
import json
import statistics
import subprocess
from pathlib import Path

import measure
import programs
import report

SOURCE = Path(__file__).resolve().parent / "cases/appearing.c"
THREADS = 16
WINDOW = 4  # samples that make up a throughput: the threads of two processors take turns in about as many
ENOUGH = 0.9  # of the throughput that follows counts as recovered


def compiled(session):
    path = session.options.data.resolve() / "appearing"
    subprocess.run(["cc", "-O2", "-pthread", "-o", str(path), str(SOURCE)], check=True)
    return str(path)


def phases(text):
    """By value: (ms since the start, rounds done by then) of each sample, the last one of the phase before first."""
    found = {}
    last = (0.0, 0)
    for line in text.splitlines():
        nanoseconds, rounds, value = (int(word) for word in line.split())
        here = (nanoseconds / 1e6, rounds)
        found.setdefault(value, [last]).append(here)
        last = here
    return found


def throughput(samples, first, last):
    """Rounds a millisecond."""
    (start, done), (end, done_then) = samples[first], samples[last]
    return (done_then - done) / (end - start)


def settled(samples):
    """Of the second half of a phase."""
    return throughput(samples, len(samples) // 2, -1)


def recovery(samples):
    """Lowest throughput of a window; ms until it is back from there; ms of work that were lost by then."""
    after = settled(samples)
    start, done = samples[0]
    windows = [throughput(samples, at, at + WINDOW) for at in range(len(samples) - WINDOW)]
    # Not all threads have gone over in the first windows; what is low much later has other reasons.
    lowest = min(range(len(windows) // 3), key=lambda at: windows[at])
    back = next((at for at in range(lowest, len(windows)) if windows[at] >= ENOUGH * after), len(windows) - 1)
    milliseconds = samples[back][0] - start
    lost = milliseconds - (samples[back][1] - done) / after
    return windows[lowest], milliseconds, max(lost, 0.0)


def sampled(session, program, tool, length):
    engine = session.weft(extra=("--tool", tool) if tool else ())
    argv = [*engine.prefix, program, str(THREADS), str(length)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=programs.ENVIRONMENT)
    if done.returncode != 0:
        raise measure.Failed(f"status {done.returncode}: {done.stderr[-200:]}")
    return phases(done.stdout)


def rows_of(runs, known):
    """A row for each new value, medians over the rounds."""
    rows = []
    for value in sorted(runs[0])[1:]:
        recoveries = [recovery(run[value]) for run in runs]
        columns = [[settled(run[value - 1]) for run in runs], [each[0] for each in recoveries],
                   [each[1] for each in recoveries], [each[2] for each in recoveries],
                   [settled(run[value]) for run in runs], [settled(run[value]) for run in known]]
        rows.append([value] + [statistics.median(column) for column in columns])
    return rows


def run(session):
    tool = session.options.weft.resolve().parent.parent / "bench/dynamic_cases.so"
    program = compiled(session)
    length = 300 if session.options.quick else 1000
    rounds = session.options.rounds or 3
    counts = session.options.data.resolve() / "cases.json"
    known = [sampled(session, program, f"{tool}:known", length) for _ in range(rounds)]
    bare = [sampled(session, program, None, length) for _ in range(rounds)]
    markdown = f"# Dynamic cases\n\n{THREADS} threads; all go over to a value that is new every {length} ms. " \
               f"Rounds of the program a millisecond, medians of {rounds} runs.\n"
    document, good = {"rounds": rounds}, True
    for threshold in (1, 1000):
        runs, made = [], []
        for _ in range(rounds):
            runs.append(sampled(session, program, f"{tool}:threshold={threshold},output={counts}", length))
            made.append(json.loads(counts.read_text()))
        rows = rows_of(runs, known)
        good = good and all(each["repeated"] == 0 for each in made)
        document[f"threshold {threshold}"] = {"rows": rows, "made": made}
        markdown += f"\nAfter {threshold} runs of a block's default version ({made[0]['cases']} versions built for new " \
                    f"values, {max(each['repeated'] for each in made)} of them twice):\n\n" + report.table(
                        ["value", "before", "least", "recovered after, ms", "work lost, ms", "after",
                         "value known from the start"],
                        [[str(row[0])] + [f"{each:.0f}" for each in row[1:]] for row in rows])
    without = statistics.median(settled(run[0]) for run in bare)
    first = statistics.median(settled(run[0]) for run in known)
    document["without a tool"], document["first value"] = without, first
    markdown += f"\nWithout a tool: {without:.0f}; with the first value alone: {first:.0f}.\n"
    session.finish("cases", document, markdown)
    return good

#!/usr/bin/env python3
"""Measures weft against native runs and against other engines. See docs/performance.md."""
import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import breakdown
import client_costs
import deletion
import dynamic_cases
import measure
import processes
import programs
import report
import scaling
import servers
import tool_costs
import trace_costs
import translation
from measure import Engine

ROOT = Path(__file__).resolve().parent.parent


def parse():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, usage="%(prog)s [OPTIONS] NAME [-- ARGS...]",
                                     epilog="delete, decode: ARGS are for the Google Benchmark program")
    parser.add_argument("name", choices=list(COMMANDS), help="what to measure")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT",
                        help="only programs whose name contains TEXT (may be repeated; =NAME for an exact name)")
    parser.add_argument("--rounds", type=int, help="interleaved runs of each (default 5; startup 30)")
    parser.add_argument("--quick", action="store_true", help="inputs of about half a second")
    parser.add_argument("--weft", type=Path, default=ROOT / "build/release/bin/weft", metavar="PATH")
    parser.add_argument("--weft-args", default="", metavar="ARGS", help="options for `weft run`, in one word")
    parser.add_argument("--variant", action="append", default=[], metavar="NAME=ARGS",
                        help="one more column: weft with these options (may be repeated)")
    parser.add_argument("--breakdown", action="store_true", help="startup: what the time is spent on")
    parser.add_argument("--no-peers", action="store_true", help="leave out valgrind, qemu and DynamoRIO")
    parser.add_argument("--drrun", metavar="PATH", help="a DynamoRIO to compare with")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only these other engines (may be repeated)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="time to compare (default wall)")
    parser.add_argument("--cpu", type=int, metavar="N", help="run everything on this CPU")
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results", metavar="DIR")
    parser.add_argument("--data", type=Path, default=ROOT / "build/bench-data", metavar="DIR")
    words = sys.argv[1:]
    own = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:own])
    options.rest = words[own + 1:]
    return options


class Session:
    """One measurement: its options, engines, inputs and the place of its results."""

    def __init__(self, options):
        self.options = options
        self.load = os.getloadavg()[0]
        self.launcher = measure.Launcher(options.data)
        self.data = programs.Data(options.data, "quick" if options.quick else "full")
        if options.cpu is not None:
            os.sched_setaffinity(0, {options.cpu})
        if not os.access(options.weft, os.X_OK):
            sys.exit(f"bench: no weft at {options.weft}; ./dev build makes it")
        if self.load > 0.5:
            print(f"bench: the machine is busy (load {self.load:.2f}); figures are indications", file=sys.stderr)

    def weft(self, name="weft", arguments=None, extra=()):
        words = shlex.split(self.options.weft_args if arguments is None else arguments)
        # What one run leaves is not to change the next one's figures, unless that is what is measured.
        if not any(word.startswith("--persist") for word in (*words, *extra)):
            words.append("--no-persist")
        path = str(self.options.weft.resolve())
        return Engine(name, (path, "run", *words, *extra, "--"), measure.first_line([path, "--version"]))

    def engines(self):
        engines = [Engine("native"), self.weft()]
        for variant in self.options.variant:
            name, _, arguments = variant.partition("=")
            engines.append(self.weft(name, arguments))
        return engines + ([] if self.options.no_peers else self.peers())

    def peers(self):
        peers = measure.peer_engines(self.options.drrun)
        return [peer for peer in peers if not self.options.peer or peer.name in self.options.peer]

    def chosen(self, listed):
        listed = list(listed)
        only = self.options.only
        if only:
            listed = [program for program in listed if any(
                program.name == text[1:] if text.startswith("=") else text in program.name for text in only)]
        return listed or sys.exit("bench: no program of that name is installed")

    def measure(self, engines, listed, rounds):
        """(program, samples by engine) of each program; progress goes to standard error."""
        for program in listed:
            yield program, measure.measure(self.launcher, engines, program, rounds, progress)
        progress("")

    def time(self, run):
        return run.wall if self.options.clock == "wall" else run.cpu

    def foot(self, where=None):
        """Where and when, as the last lines of a Markdown file."""
        return "\n".join(f"{key}: {value}  " for key, value in (where or report.machine(self.load)).items())

    def finish(self, name, document, markdown, chart=None):
        """Writes the results; a quick run's lie beside, and never replace, a full one's."""
        if self.options.quick:
            name += "-quick"
        where = report.machine(self.load)
        foot = self.foot(where)
        document = {"machine": where, "options": vars_of(self.options), **document}
        report.write(self.options.out, name, document, f"{markdown}\n{foot}\n", chart)
        print(markdown, end="")
        print(f"\n{foot}\n\nwritten: {self.options.out}/{name}.*")


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def vars_of(options):
    return {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}


def samples_document(engine_samples):
    return {name: {"failure": samples.failure, "wall_s": [run.wall for run in samples.runs],
                   "cpu_s": [run.cpu for run in samples.runs], "peak_kb": [run.peak_kb for run in samples.runs]}
            for name, samples in engine_samples.items()}


def median_time(session, samples):
    return measure.median([session.time(run) for run in samples.runs])


def ratio_cell(ratios, failure):
    """The median and, with enough rounds, the least and greatest."""
    if failure or not ratios:
        return f"**{failure or 'no run'}**"
    middle = statistics.median(ratios)
    return f"{middle:.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if len(ratios) > 1 else f"{middle:.2f}"


def ratio_table(session, engines, results):
    """Rows of ratios to native, and those ratios by engine: {engine: {program: median or None}}."""
    rows, medians = [], {engine.name: {} for engine in engines[1:]}
    for program, samples in results:
        native = samples["native"]
        seconds = median_time(session, native)
        row = [program.name, native.failure or f"{seconds:.2f}"]
        for engine in engines[1:]:
            mine = samples[engine.name]
            failure = "no native run" if native.failure else mine.failure
            ratios = measure.ratios(mine, native, session.time)
            row.append(ratio_cell(ratios, failure))
            medians[engine.name][program.name] = None if failure else measure.median(ratios)
        rows.append(row)
    return rows, medians


def mean_row(label, listed, engines, medians):
    """Geometric means over `listed`; how many of them ran is said where it is not all."""
    row = [f"**{label}**", ""]
    for engine in engines[1:]:
        good = [medians[engine.name][name] for name in listed if medians[engine.name][name]]
        mean = measure.geometric_mean(good)
        missing = f" ({len(good)} of {len(listed)})" if len(good) != len(listed) else ""
        row.append(f"**{mean:.2f}**{missing}" if mean else "none")
    return row


def run_ratios(session, name, title, listed, rounds):
    """Any list of programs as ratios to native; true if weft ran them all as natively."""
    engines = session.engines()
    results = list(session.measure(engines, session.chosen(listed), rounds))
    rows, medians = ratio_table(session, engines, results)
    plain = [program.name for program, _ in results if not program.jit]
    jits = [program.name for program, _ in results if program.jit]
    means = {}
    for label, group in (("geometric mean", plain), ("geometric mean, JIT", jits)):
        if group:
            rows.append(mean_row(label, group, engines, medians))
            means[label] = {engine: measure.geometric_mean([ratio[name] for name in group if ratio[name]])
                            for engine, ratio in medians.items()}
    header = ["program", "native, s"] + [engine.name for engine in engines[1:]]
    markdown = (f"# {title}\n\nRatio to native of {session.options.clock} time, median of {rounds} interleaved rounds "
                "(least-greatest).\n\n" + report.table(header, rows) + "\n" + versions(engines))
    chart = report.bar_chart(f"{title}: time as a ratio to native", [engine.name for engine in engines[1:]],
                             [(program.name, [medians[engine.name][program.name] for engine in engines[1:]])
                              for program, _ in results])
    session.finish(name, {"rounds": rounds, "engines": {engine.name: engine.version for engine in engines},
                          "medians": medians, "means": means,
                          "samples": {program.name: samples_document(samples) for program, samples in results}},
                   markdown, chart)
    return all(ratio is not None for ratio in medians["weft"].values())


def versions(engines):
    return "".join(f"{engine.name}: {engine.version or 'unknown'}: `{shlex.join(engine.prefix)}`  \n"
                   for engine in engines[1:])


def run_programs(session):
    return run_ratios(session, "programs", "Programs", programs.all_programs(session.data), session.options.rounds or 5)


JIT_STATISTICS = ("superblocks", "translate_ns", "code_writes", "stores_emulated", "pages_opened", "pages_calmed",
                  "stale_checks", "deletions", "reclaimed")


def jit_statistics(session, listed):
    """What stood behind the times: one more run of each, with statistics."""
    rows = []
    for program in listed:
        progress(f"{program.name}: statistics")
        path = session.launcher.folder / "statistics.json"
        path.unlink(missing_ok=True)
        engine = session.weft(extra=(f"--stats=json:{path}",))
        session.launcher.run(engine, program, timeout=600)
        counted = json.loads(path.read_text()) if path.exists() else {}
        rows.append([program.name] + [str(counted.get(name, "none")) for name in JIT_STATISTICS])
    progress("")
    return rows


def run_jit(session):
    listed = session.chosen(programs.jit_programs(session.data))
    good = run_ratios(session, "jit", "Code made at run time", listed, session.options.rounds or 5)
    rows = jit_statistics(session, listed)
    markdown = ("# Code made at run time: what changed\n\nOne run under weft with `--stats`.\n\n" +
                report.table(["program", *JIT_STATISTICS], rows))
    session.finish("jit-statistics", {"statistics": [dict(zip(("program", *JIT_STATISTICS), row)) for row in rows]},
                   markdown)
    return good


def run_micro(session):
    folder = session.options.weft.resolve().parent.parent / "bench/micro"
    if not folder.is_dir():
        sys.exit(f"bench: no {folder}; ./dev build makes it")
    scale = "4" if session.options.quick else "20"
    listed = [programs.Program(path.name, (str(path), scale)) for path in sorted(folder.iterdir())
              if path.is_file() and os.access(path, os.X_OK)]
    return run_ratios(session, "micro", "Single costs", listed, session.options.rounds or 5)


def run_beyond(session, name, title, listed, rounds, unit, value):
    """What each engine adds to `value(run)` of a native run, as a difference of medians."""
    engines = session.engines()
    results = list(session.measure(engines, session.chosen(listed), rounds))
    rows, chart = [], []
    for program, samples in results:
        native = measure.median([value(run) for run in samples["native"].runs])
        failures = [samples[engine.name].failure or samples["native"].failure for engine in engines[1:]]
        beyond = [None if failure else measure.median([value(run) for run in samples[engine.name].runs]) - native
                  for engine, failure in zip(engines[1:], failures)]
        rows.append([program.name, "none" if native is None else f"{native:.2f}"] +
                    [f"**{failure}**" if failure else f"{more:.2f}" for failure, more in zip(failures, beyond)])
        chart.append((program.name, beyond))
    header = ["program", f"native, {unit}"] + [f"{engine.name}: {unit} more" for engine in engines[1:]]
    markdown = (f"# {title}\n\nMedians of {rounds} interleaved runs; the engines' columns are what they add to "
                "native.\n\n" + report.table(header, rows) + "\n" + versions(engines))
    session.finish(name, {"rounds": rounds,
                          "samples": {program.name: samples_document(samples) for program, samples in results}},
                   markdown, report.bar_chart(f"{title}: {unit} beyond native",
                                              [engine.name for engine in engines[1:]], chart, f" {unit}"))
    return all(bars[0] is not None for _, bars in chart)


def run_startup(session):
    if session.options.breakdown:
        return breakdown.run(session)
    kept = session.data.folder / "translations"
    shutil.rmtree(kept, ignore_errors=True)
    # Of its many rounds the first one finds nothing there.
    session.options.variant.append(f"warm=--persist={shlex.quote(str(kept.resolve()))}")
    return run_beyond(session, "startup", "Start", programs.startup_programs(session.data), session.options.rounds or 30, "ms",
                      lambda run: session.time(run) * 1000)


def run_memory(session):
    return run_beyond(session, "memory", "Peak resident memory", programs.all_programs(session.data),
                      session.options.rounds or 3, "MB", lambda run: run.peak_kb / 1024)


def run_translate(session):
    return translation.run(session)


def run_tools(session):
    return tool_costs.run(session, progress)


def run_google_benchmark(session):
    """delete, decode: Google Benchmark programs of their own; their JSON goes to the results."""
    name = {"delete": "cache_delete_bench", "decode": "decode_bench"}[session.options.name]
    path = session.options.weft.resolve().parent / name
    if not path.exists():
        sys.exit(f"bench: no {path}; ./dev build makes it")
    session.options.out.mkdir(parents=True, exist_ok=True)
    out = session.options.out / f"{session.options.name}.json"
    done = subprocess.run([str(path), f"--benchmark_out={out}", "--benchmark_out_format=json", *session.options.rest],
                          check=False)
    if out.exists():
        out.write_text(report.without_root(out.read_text()))
        if name == "cache_delete_bench":
            table = deletion.single_markdown(json.loads(out.read_text()))
            (session.options.out / "delete.md").write_text(f"{table}\n{session.foot()}\n")
            print(f"\n{table}")
    return done.returncode == 0


def run_delete(session):
    """The call by itself, then what it costs a program."""
    return run_google_benchmark(session) and deletion.run_hot(session)


COMMANDS = {"programs": run_programs, "startup": run_startup, "translate": run_translate, "memory": run_memory,
            "micro": run_micro, "jit": run_jit, "tools": run_tools, "cases": dynamic_cases.run,
            "servers": servers.run, "clients": lambda session: client_costs.run(session, ratio_table, mean_row),
            "trace": trace_costs.run,
            "processes": lambda session: processes.run(session, ratio_table), "scaling": scaling.run, "delete": run_delete,
            "stress": deletion.run_stress, "decode": run_google_benchmark}


def main():
    options = parse()
    return 0 if COMMANDS[options.name](Session(options)) else 1


if __name__ == "__main__":
    sys.exit(main())

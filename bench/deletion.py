"""What deletion costs a program, and whether programs stand it for long.

hot: ten functions called in loops by some threads, while a thread asks for the deletion of their blocks at a set rate.
stress: programs under as many deletions of random fragments as possible; their output compared, memory over time.
"""
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape

import deletion_peers
import measure
import programs
import report

HERE = Path(__file__).resolve().parent
RATES = (100, 1_000, 10_000, 100_000, "max")
THREADS = (1, 4, 16)
NO_CODE = "0x1000"  # never mapped: a deleter that asks for this only takes its own share of the machine
# A line of --stress-log, see src/engine/stress.cc. Times in ns, memory in bytes but for rss_kb.
FIELDS = ("seconds", "asked", "died", "p50", "p99", "max", "code", "limbo", "metadata", "rss_kb", "nudges")


def read_log(folder):
    """The samples of every process that kept a log, the longest first."""
    logs = []
    for path in Path(folder).glob("log.*"):
        lines = [line.split() for line in path.read_text().splitlines()]
        logs.append([dict(zip(FIELDS, map(float, words))) for words in lines if len(words) == len(FIELDS)])
    return sorted((log for log in logs if log), key=len, reverse=True)


def hot_program(session):
    path = session.data.folder / "hot_functions"
    subprocess.run(["cc", "-O2", "-no-pie", "-pthread", "-o", str(path), str(HERE / "hot_functions.c")], check=True)
    listed = subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in listed.splitlines()]
    tags = [word[0] for word in words if len(word) == 3 and word[2].startswith("hot") and word[2][3:].isdigit()]
    return str(path), ",".join(f"0x{tag}" for tag in tags)


def hot_run(session, program, threads, rate, tags):
    """One run: what it did a second of its CPU time, and the deleter's last sample (none without a rate)."""
    seconds = "0.5" if session.options.quick else "2"
    with tempfile.TemporaryDirectory() as folder:
        deleter = [] if rate is None else [f"--stress-delete={rate}", f"--stress-tags={tags}",
                                          f"--stress-log={folder}/log"]
        argv = [*session.weft("weft", None, [*deleter, f"--stats=json:{folder}/stats"]).prefix, program, str(threads),
                seconds]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
        calls, wall, cpu = map(float, done.stdout.split())
        stats = json.loads(Path(folder, "stats").read_text())
        logs = read_log(folder)
    return {"calls_per_cpu_s": calls / cpu, "wall_s": wall, "cpu_s": cpu, "stats": stats,
            "deleter": logs[0][-1] if logs else None}


def single_markdown(document):
    """The Google Benchmark program's figures as a table: one line for each set of arguments."""
    rows = []
    for made in document["benchmarks"]:
        if not made["name"].startswith("delete_fragment/"):
            continue
        arguments = dict(part.split(":") for part in made["name"].split("/") if ":" in part)
        seconds = made["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}[made["time_unit"]]
        rows.append([*(f"{int(arguments[key]):,}" for key in ("links", "traces", "threads", "others")),
                     *(f"{made[key]:,.2f}" for key in ("median_us", "p99_us", "max_us")), f"{1 / seconds:,.0f}",
                     f"{made['collateral']:.0f}"])
    return (
        "# One deletion\n\nThe call in the cache layer, by links to the block, traces that contain it, threads at work "
        "in the cache meanwhile and fragments that have nothing to do with it. Microseconds, a look at the clock "
        "included; more threads than processors take turns, which is what the greatest times, and the rate from the mean "
        "time, show. Collateral: fragments that died and were not asked for.\n\n" +
        report.table(["links", "traces", "threads", "other fragments", "median", "p99", "max", "deletions/s",
                      "collateral"], rows))


def speed(runs):
    return statistics.median(run["calls_per_cpu_s"] for run in runs)


def hot_row(undisturbed, beside, runs, threads, rate):
    middle = statistics.median
    slowdown, company = speed(undisturbed) / speed(runs), speed(undisturbed) / speed(beside)
    # Beyond what the program's start takes. On the wall clock: an upper bound where more threads run than there are
    # processors.
    start = middle(run["stats"]["translate_ns"] for run in undisturbed)
    building = middle(max(run["stats"]["translate_ns"] - start, 0) / 1e9 / run["cpu_s"] for run in runs)
    last = [run["deleter"] for run in runs]
    times = [f"{middle(sample[key] for sample in last) / 1000:.1f}" for key in ("p50", "p99", "max")]
    return [f"{threads} threads, {rate}/s", f"{middle(s['asked'] / s['seconds'] for s in last):,.0f}",
            f"{middle(s['died'] / s['seconds'] for s in last):,.0f}", *times, f"{slowdown:.3f}", f"{company:.3f}",
            f"{building:.3f}", f"{slowdown / company - building:.3f}", *deletion_peers.slowdowns(threads, rate)]


def hot_peer_rows(document):
    """The calls side by side: latency at 100 requests a second, and the highest rate."""
    middle = statistics.median
    rows = []
    for threads in THREADS:
        made = {row["rate"]: [run["deleter"] for run in row["runs"]] for row in document
                if row["threads"] == threads and row["rate"] is not None and row["tags"] != NO_CODE}
        latency = [f"{middle(last[key] for last in made[100]) / 1000:.1f}" for key in ("p50", "p99", "max")]
        most = max(middle(last["died"] / last["seconds"] for last in samples) for samples in made.values())
        rows.append([f"{threads}", "**weft delete_fragment**", *latency, f"**{most:,.0f}**"])
        rows += [row for row in deletion_peers.rows() if row[0] == f"{threads}"]
    return rows


def hot_markdown(rows, document):
    return (
        "# Deletion of hot code while a program runs\n\nTen functions called in loops; one more thread deletes their "
        "blocks in turn. Latency of the call in microseconds, two looks at the clock included. Slowdown: work per "
        "second of the program's own CPU time, without a deleter against with one. Company: the same with a deleter "
        "that asks as often for an address without code, and only shares the machine. Re-translation: share of the CPU "
        "time in which blocks were built anew. Beyond: what the deletions cost beyond both (1: nothing). Last columns: "
        "slowdown by DynamoRIO's calls at the rate asked for.\n\n" +
        report.table(["", "asked/s", "hit/s", "median", "p99", "max", "slowdown", "company", "re-translation",
                      "beyond", *deletion_peers.CALLS], rows) +
        "\n## The calls side by side\n\nLatency in microseconds at 100 requests a second, and the most deletions a "
        "second.\n\n" +
        report.table(["threads", "call", "median", "p99", "max", "deletions/s"], hot_peer_rows(document)) +
        f"\n{deletion_peers.NOTE}")


def run_hot(session):
    program, tags = hot_program(session)
    rows, document = [], []
    for threads in THREADS:
        kinds = [(None, tags), *((rate, where) for rate in RATES for where in (NO_CODE, tags))]
        runs = {kind: [] for kind in kinds}
        for _ in range(session.options.rounds or 3):
            for rate, where in kinds:
                runs[rate, where].append(hot_run(session, program, threads, rate, where))
        undisturbed = runs[None, tags]
        rows += [hot_row(undisturbed, runs[rate, NO_CODE], runs[rate, tags], threads, rate) for rate in RATES]
        document += [{"threads": threads, "rate": rate, "tags": where, "runs": made}
                     for (rate, where), made in runs.items()]
    markdown = hot_markdown(rows, document)
    session.finish("delete-hot", {"rows": document}, markdown)
    return True


def stress_programs(data):
    wanted = ("bzip2", "python3", "sqlite3", "perl", "luajit -joff")
    chosen = [program for program in programs.all_programs(data) if program.name in wanted]
    xz = programs.found("xz")
    if xz:
        chosen.append(programs.Program("xz -T2", (xz, "-1", "-T2", "--block-size=1MiB", "-c", data.text())))
    return chosen


def one_stress_run(session, program, folder):
    """Its output's digest and status."""
    engine = session.weft("weft", None, ("--stress-delete=max", f"--stress-log={folder}/log"))
    run = session.launcher.run(engine, program, 600)
    return run.digest, run.status


def stress_program(session, program, seconds):
    native = session.launcher.run(measure.Engine("native"), program, 600)
    start, wrong, runs, samples = time.monotonic(), 0, 0, []
    while time.monotonic() - start < seconds:
        with tempfile.TemporaryDirectory() as folder:
            wrong += one_stress_run(session, program, folder) != (native.digest, native.status)
            logs = read_log(folder)
        runs += 1
        if logs and len(logs[0]) > len(samples):
            samples = logs[0]
    return {"program": program.name, "runs": runs, "wrong": wrong, "samples": samples, "native_peak_kb": native.peak_kb}


def redis_answers(argv, folder, data):
    """What a redis server that is started by `argv` answers to a fixed list of commands, while its own benchmark
    keeps it busy; None if it does not come up or does not end."""
    socket = str(Path(folder) / "socket")
    cli = ("redis-cli", "-s", socket)
    with subprocess.Popen([*argv, "redis-server", "--port", "0", "--unixsocket", socket, "--save", ""], cwd=folder,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                if subprocess.run([*cli, "ping"], capture_output=True, check=False).stdout == b"PONG\n":
                    break
                time.sleep(0.1)
            with subprocess.Popen(["redis-benchmark", "-s", socket, "-q", "-n", str(data.pick(200_000, 10_000)), "-t",
                                   "set,get,lpush,lpop,sadd,zadd"], stdout=subprocess.DEVNULL) as load:
                answers = subprocess.run(cli, input=redis_commands(), capture_output=True, timeout=300,
                                         check=True).stdout
                busy = load.wait(timeout=600)
            subprocess.run([*cli, "shutdown", "nosave"], capture_output=True, check=False)
            return answers if server.wait(timeout=60) == 0 and busy == 0 else None
        except (subprocess.SubprocessError, OSError):
            return None
        finally:
            server.kill()


def redis_commands():
    lines = [f"set own:{i} {i * i}\nlpush own:list {i}\nzadd own:sorted {i % 17} m{i}\nget own:{i // 2}"
             for i in range(500)]
    return "\n".join(lines + ["lrange own:list 0 -1", "zrange own:sorted 0 -1", "sort own:list limit 0 50"]).encode()


def stress_redis(session, seconds):
    start, wrong, runs, samples = time.monotonic(), 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        expected = redis_answers([], folder, session.data)
    while runs == 0 or time.monotonic() - start < seconds:
        with tempfile.TemporaryDirectory() as folder:
            argv = session.weft("weft", None, ("--stress-delete=max", f"--stress-log={folder}/log")).prefix
            wrong += expected is None or redis_answers(argv, folder, session.data) != expected
            logs = read_log(folder)
        runs += 1
        if logs and len(logs[0]) > len(samples):
            samples = logs[0]
    return {"program": "redis", "runs": runs, "wrong": wrong, "samples": samples}


def peak(samples, key):
    return max((sample[key] for sample in samples), default=0)


def stress_row(result):
    samples = result["samples"]
    half = samples[len(samples) // 2:] or samples
    last = samples[-1] if samples else dict.fromkeys(FIELDS, 0)
    rate = last["died"] / last["seconds"] if last["seconds"] else 0
    return [result["program"], str(result["runs"]), str(result["wrong"]), f"{rate:,.0f}",
            f"{peak(samples, 'code') / 1024:,.0f}", f"{peak(half, 'limbo') / 1024:,.0f}",
            f"{peak(samples[:len(samples) // 2] or samples, 'rss_kb') / 1024:.1f}",
            f"{peak(half, 'rss_kb') / 1024:.1f}",
            f"{result['native_peak_kb'] / 1024:.1f}" if "native_peak_kb" in result else ""]


def run_stress(session):
    redis = all(programs.found(name) for name in ("redis-server", "redis-benchmark", "redis-cli"))
    listed = stress_programs(session.data) + ([programs.Program("redis", ())] if redis else [])
    chosen = session.chosen(listed)
    seconds = (12 if session.options.quick else 600) / max(len(chosen), 1)
    results = [stress_redis(session, seconds) if program.name == "redis" else stress_program(session, program, seconds)
               for program in chosen]
    markdown = (
        "# Programs under as many deletions of random fragments as possible\n\nMemory of each program's longest run; "
        "the whole process's resident memory includes the program's own, whose peak natively is the last column.\n\n" +
        report.table(["", "runs", "wrong", "deleted/s", "code, peak kB", "dead, peak kB", "RSS MB, first half",
                      "RSS MB, second half", "RSS MB, native"], [stress_row(result) for result in results]))
    session.finish("stress-delete", {"programs": results}, markdown, chart(results))
    return all(result["wrong"] == 0 for result in results)


def chart(results):
    """Code memory and what is dead and not yet free, over each program's longest run, one below the other."""
    left, width, height, gap = 90, 600, 90, 46
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 20} '
             f'{(height + gap) * len(results) + 50}" font-family="sans-serif" font-size="12">',
             "<style>text{fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>",
             '<text x="8" y="20" font-size="15">Code memory (blue) and dead code (orange) under deletion, kB</text>']
    for index, result in enumerate(results):
        top = 46 + index * (height + gap)
        samples = result["samples"]
        longest, most = peak(samples, "seconds") or 1, max(peak(samples, "code"), peak(samples, "limbo"), 1)
        parts.append(f'<text x="8" y="{top + 12}">{escape(result["program"])}</text>'
                     f'<text x="{left - 6}" y="{top + 30}" text-anchor="end">{most / 1024:,.0f}</text>'
                     f'<text x="{left + width}" y="{top + height + 16}" text-anchor="end">{longest:.1f} s</text>')
        for key, colour in (("code", "#2a6fbb"), ("limbo", "#d9822b")):
            points = " ".join(f"{left + width * sample['seconds'] / longest:.1f},"
                              f"{top + height - (height - 16) * sample[key] / most:.1f}" for sample in samples)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return "\n".join(parts) + "\n</svg>\n"

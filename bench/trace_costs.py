"""What probes of weft trace cost a call of a function that does next to nothing."""
import resource
import subprocess
import sys

import measure
import report

PROBES = (("count", "called:probed { @ = count(); }"), ("count of some", "called:probed / arg0 > 1000 / { @ = count(); }"),
          ("sum", "called:probed { @ = sum(arg0); }"), ("max", "called:probed { @ = max(arg0); }"),
          ("hist", "called:probed { @ = hist(arg0); }"), ("hist by argument", "called:probed { @[arg0 & 1] = hist(arg0); }"),
          ("return", "called:probed:return { @ = count(); }"))
CALLS = 100_000_000
FEWER = 1_000_000  # where a probe needs a call


def seconds(command):
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(session):
    weft = str(session.options.weft.resolve())
    program = str(session.options.weft.resolve().parent.parent / "bench/micro/called")
    rounds = session.options.rounds or 5
    needs_call = ("hist by argument", "return")
    times = {name: [] for name, _ in PROBES}
    for _ in range(rounds):
        for name, script in PROBES:
            calls = FEWER if name in needs_call else CALLS // (10 if session.options.quick else 1)
            without = seconds([weft, "run", "--no-persist", "--", program, str(calls)])
            with_probe = seconds([weft, "trace", "--no-persist", "-o", "/dev/null", script, "--", program, str(calls)])
            times[name].append((with_probe - without) / calls * 1e9)
    rows = [[name, f"`{script}`", f"{measure.median(times[name]):.2f} ({min(times[name]):.2f}-{max(times[name]):.2f})"]
            for name, script in PROBES]
    markdown = ("# weft trace: what a probe costs\n\nNanoseconds of processor time a call, beyond the same run without a probe, median of "
                f"{rounds} rounds (least-greatest). The last two need a clean call.\n\n" + report.table(["probe", "script", "ns a call"], rows))
    session.finish("trace", {"rounds": rounds, "calls": CALLS, "ns": times}, markdown)
    return True

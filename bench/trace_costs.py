"""What probes of weft trace cost a call of a function that does next to nothing."""
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


FUNCTIONS = 1000
SWITCHED = """#include <pthread.h>
#include <unistd.h>
{functions}
static void* work(void* stops) {{
  while (access(stops, F_OK) != 0) for (int i = 0; i < 100; ++i) {{ {calls} }}
  return 0;
}}
int main(int argc, char** argv) {{
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], 0, work, argv[argc - 1]);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], 0);
  return 0;
}}
"""


def switching(session, rounds):
    """Microseconds that orders take which switch probes in all functions of a program off and on, while four threads call them."""
    weft = str(session.options.weft.resolve())
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "switched.c"
        source.write_text(SWITCHED.format(
            functions="\n".join(f"__attribute__((noinline)) void f{i}(void) {{ __asm__ volatile(\"\"); }}" for i in range(FUNCTIONS)),
            calls=" ".join(f"f{i}();" for i in range(FUNCTIONS))))
        subprocess.run(["cc", "-O1", "-pthread", "-o", f"{folder}/switched", str(source)], check=True)
        control, stop = f"{folder}/control", Path(folder) / "stop"
        with subprocess.Popen([weft, "trace", "--no-persist", "-o", "/dev/null", "--control", control, "switched:f* { @[func] = count(); }", "--",
                               f"{folder}/switched", str(stop)]) as running:
            while not Path(control).exists():
                time.sleep(0.01)
            time.sleep(1)
            times = []
            for _ in range(rounds):
                for word in ("off", "on"):
                    said = subprocess.run([weft, "trace", "--control", control, f"{word} 1"], capture_output=True, text=True, check=True).stdout
                    times.append(int(re.search(r"(\d+) us", said)[1]))
                    places = int(re.search(r"(\d+) places", said)[1])
                    time.sleep(0.2)  # what was deleted is built again
            stop.touch()
            running.wait()
    return places, times


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
    places, switched = switching(session, 2 * rounds)
    markdown += (f"\n## Switching\n\nAn order that switches the probes of {places} functions off or on while four threads call them: median "
                 f"{measure.median(switched):,.0f} us (least {min(switched):,}, greatest {max(switched):,}); no thread is stopped.\n")
    session.finish("trace", {"rounds": rounds, "calls": CALLS, "ns": times, "switching_us": switched}, markdown)
    return True

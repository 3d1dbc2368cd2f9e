"""Shells, builds, version control and test suites: work that many short processes do. `bench processes`."""
import os
import shlex
import shutil
import stat
import subprocess
import sys

import measure
import programs
import report

CHECK = """
printf %s "checking for {name}... "
cat > conftest.c <<END
int {name}(void); int main(void) {{ return {name}(); }}
END
case `expr {number} % 10` in
0) if gcc -c conftest.c -o conftest.o 2>/dev/null; then result=yes; else result=no; fi ;;
*) if grep "{name}" conftest.c >/dev/null 2>&1; then result=`echo x{name} | sed 's/^x//'`; else result=no; fi ;;
esac
echo "$result"; rm -f conftest.c conftest.o
echo "#define HAVE_{number} 1" >> confdefs.h
"""

TEST = "import json\nassert json.loads(json.dumps([{number}] * 50)) == [{number}] * 50\nprint('ok {number}')\n"


def folder(data, name, make):
    """A folder of input that `make(path)` fills once; a half-made one never stays."""
    path = data.folder / name
    if not path.exists():
        unfinished = path.with_name("new-" + name)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        make(unfinished)
        unfinished.rename(path)
    return path


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def make_loop(count):
    return lambda path: script(path / "loop", f"i=0\nwhile [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done\necho $i\n")


def make_configure(checks):
    def make(path):
        text = 'work=`mktemp -d`; cd "$work" || exit 1\n' + "".join(
            CHECK.format(name=f"function_{number}", number=number) for number in range(checks))
        script(path / "configure", text + 'wc -l < confdefs.h; cd /; rm -rf "$work"\n')
    return make


def make_sources(count):
    def make(path):
        for number in range(count):
            body = "".join(f"int f{number}_{i}(int a) {{ return a > {i} ? a * {i} : a - {number}; }}\n" for i in range(30))
            (path / f"part{number}.c").write_text(body)
        objects = " ".join(f"part{number}.o" for number in range(count))
        (path / "Makefile").write_text(f"all: {objects}\n\t@cat {objects} | wc -c\n%.o: %.c\n\t@gcc -O1 -c -o $@ $<\n")
        script(path / "build", f"cd {shlex.quote(str(path))} && rm -f *.o && exec make -s -j2\n".replace("new-", "", 1))
    return make


def commits(count):
    """A history for git fast-import: each commit changes one file of 40."""
    for number in range(count):
        text = f"line {number}\n" * 20
        yield (f"commit refs/heads/main\ncommitter A B <a@b> {1_600_000_000 + 60 * number} +0000\n"
               f"data <<END\nchange {number}\nEND\nM 644 inline file{number % 40}\ndata {len(text)}\n{text}\n")


def make_repository(count):
    def make(path):
        git = ["git", "-C", str(path)]
        subprocess.run(git + ["init", "-q", "-b", "main"], check=True)
        subprocess.run(git + ["fast-import", "--quiet"], input="".join(commits(count)).encode(), check=True)
        subprocess.run(git + ["reset", "-q", "--hard", "main"], check=True)
    return make


def make_suite(count):
    def make(path):
        for number in range(count):
            (path / f"test_{number}.py").write_text(TEST.format(number=number))
        script(path / "suite", f"cd {shlex.quote(str(path))}\nfor t in test_*.py; do /usr/bin/python3 -S $t || exit 1; done\n"
               .replace("new-", "", 1))
    return make


def all_programs(data):
    loop = folder(data, "processes-loop", make_loop(data.pick(1000, 100)))
    yield programs.Program("shell loop of true", (str(loop / "loop"),))
    if programs.found("gcc"):
        configure = folder(data, "processes-configure", make_configure(data.pick(300, 30)))
        yield programs.Program("configure", (str(configure / "configure"),))
        if programs.found("make"):
            sources = folder(data, "processes-make", make_sources(data.pick(100, 10)))
            yield programs.Program("make -j2", (str(sources / "build"),))
    if programs.found("git"):
        repository = str(folder(data, "processes-git", make_repository(data.pick(5000, 500))))
        yield programs.Program("git log", ("/usr/bin/git", "-C", repository, "log", "--stat", "--no-color", "-n",
                                           str(data.pick(1000, 100))))
        yield programs.Program("git status", ("/usr/bin/git", "-C", repository, "status"))
    suite = folder(data, "processes-suite", make_suite(data.pick(200, 20)))
    yield programs.Program("Python test suite", (str(suite / "suite"),))


def engines(session):
    """Native; weft with nothing kept, with what runs before kept, and both with coverage; the others, following children."""
    kept = session.data.folder / "processes-translations"
    shutil.rmtree(kept, ignore_errors=True)
    listed = [measure.Engine("native"), session.weft(),
              session.weft("warm", extra=(f"--persist={kept.resolve()}",)),
              session.weft("coverage", extra=(f"--tool=coverage:output={os.devnull}",)),
              session.weft("coverage, warm", extra=(f"--persist={kept.resolve()}", f"--tool=coverage:output={os.devnull}"))]
    for peer in [] if session.options.no_peers else session.peers():
        if peer.name == "valgrind":
            peer = measure.Engine(peer.name, (*peer.prefix, "--trace-children=yes"), peer.version)
        if peer.name != "qemu":  # runs what it starts natively
            listed.append(peer)
    return listed


def run(session, table):
    """`table(engines, results)` makes the rows, as of the other programs; true if weft did all as natively."""
    rounds = session.options.rounds or 5
    chosen = engines(session)
    listed = session.chosen(all_programs(session.data))
    warm_up(session, chosen, listed)
    results = list(session.measure(chosen, listed, rounds))
    rows, medians = table(session, chosen, results)
    row = ["**geometric mean**", ""]
    for engine in chosen[1:]:
        good = [value for value in medians[engine.name].values() if value]
        row.append(f"**{measure.geometric_mean(good):.2f}**" if good else "none")
    header = ["work", "native, s"] + [engine.name for engine in chosen[1:]]
    markdown = (f"# Many short processes\n\nRatio to native of {session.options.clock} time, all processes, median of {rounds} "
                "interleaved rounds (least-greatest). Warm: with the code images of runs before.\n\n" +
                report.table(header, rows + [row]))
    session.finish("processes", {"rounds": rounds, "medians": medians}, markdown)
    return all(value is not None for value in medians["weft"].values())


def warm_up(session, chosen, listed):
    """What is kept is there when the first round begins."""
    for warm in (engine for engine in chosen if engine.name.endswith("warm")):
        for program in listed:
            try:
                session.launcher.run(warm, program, 600)
            except measure.Failed as failed:
                print(f"bench: {program.name}, first run {warm.name}: {failed}", file=sys.stderr)

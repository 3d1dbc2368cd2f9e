"""Clients of the DynamoRIO API: the same sources on weft and, with --drrun, on the engine that they are written for."""
import shutil
import subprocess
import sys
from pathlib import Path

import measure
import programs
import report

SOURCES = Path(__file__).resolve().parent / "clients"
CLIENTS = ("bbcount", "inscount", "memtrace", "cbr")
PROGRAMS = ("bunzip2", "perl", "python3", "sqlite3")


def build(package, folder):
    """The clients built against the package in that folder."""
    for command in (["cmake", "-S", str(SOURCES), "-B", str(folder), f"-DDynamoRIO_DIR={package}"], ["cmake", "--build", str(folder)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"bench: the clients do not build against {package}:\n{done.stdout}{done.stderr}")
    return folder


def package_of_weft(session):
    place = session.options.weft.resolve().parent.parent
    for folder in (place / "dynamorio/package", place / "lib/cmake/DynamoRIO"):
        if (folder / "DynamoRIOConfig.cmake").exists():
            return folder
    sys.exit(f"bench: {place} has no package for clients; ./dev build makes it")


def engines_of(session):
    """Native, weft without a client, and a pair for each client: {client: its engines}."""
    built = build(package_of_weft(session), session.options.data.resolve() / "clients-weft")
    # weft run ends with its options: --client comes last.
    by_client = {name: [session.weft(f"{name} on weft", extra=("--client", str(built / f"lib{name}.so")))] for name in CLIENTS}
    files = session.options.data.resolve() / "coverage-files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    drcov = ("-t", "drcov", "-logdir", str(files), "--")
    weft = str(session.options.weft.resolve())
    by_client["drcov"] = [measure.Engine("drcov on weft", (weft, "drrun", *drcov), measure.first_line([weft, "--version"]))]
    if session.options.drrun:
        drrun = Path(session.options.drrun).resolve()
        built = build(drrun.parent.parent / "cmake", session.options.data.resolve() / "clients-peer")
        version = measure.first_line([str(drrun), "-version"])
        for name, engines in by_client.items():
            options = drcov if name == "drcov" else ("-c", str(built / f"lib{name}.so"), "--")
            engines.append(measure.Engine(f"{name} on DynamoRIO", (str(drrun), *options), version))
    return by_client


def against_peer(names, by_client, medians):
    """What weft takes of the peer's time: rows by client, and the geometric mean of all; none without a peer."""
    rows, everything = [], []
    for client, pair in by_client.items():
        if len(pair) < 2:
            return ""
        mine, peer = (medians[engine.name] for engine in pair)
        parts = [mine[name] / peer[name] if mine[name] and peer[name] else None for name in names]
        good = [part for part in parts if part]
        everything += good
        rows.append([client] + [f"{part:.2f}" if part else "none" for part in parts] + [f"{measure.geometric_mean(good):.2f}" if good else "none"])
    total = f"{measure.geometric_mean(everything):.2f}" if everything else "none"
    return ("\n## weft's time as a part of the peer's\n\n" + report.table(["client", *names, "geometric mean"], rows) +
            f"\nGeometric mean of all: **{total}**.\n")


def run(session, ratio_table, mean_row):
    by_client = engines_of(session)
    engines = [measure.Engine("native"), session.weft(), *(engine for pair in by_client.values() for engine in pair)]
    listed = session.chosen(p for p in programs.all_programs(session.data) if p.name in PROGRAMS)
    rounds = session.options.rounds or 3
    results = list(session.measure(engines, listed, rounds))
    rows, medians = ratio_table(session, engines, results)
    names = [program.name for program, _ in results]
    rows.append(mean_row("geometric mean", names, engines, medians))
    header = ["program", "native, s"] + [engine.name for engine in engines[1:]]
    markdown = (f"# Clients of the DynamoRIO API\n\nRatio to native of {session.options.clock} time, median of {rounds} interleaved "
                "rounds (least-greatest). The sources are in bench/clients.\n\n" + report.table(header, rows) + against_peer(names, by_client, medians))
    session.finish("clients", {"rounds": rounds, "medians": medians}, markdown)
    return all(ratio is not None for engine in by_client.values() for ratio in medians[engine[0].name].values())

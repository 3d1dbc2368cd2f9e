#!/usr/bin/python3
"""Makes the table of docs/dynamorio-functions.md out of the headers and of dynamorio/functions.txt.

usage: function_table.py [--check] [--library LIBDYNAMORIO.so]

functions.txt has a line for each function that is not done as the original has it: its name, "differs" or "no", and
how. Everything else that a header declares is done. --check: nothing is written; exit status 1 if the page is another,
a line names no function, or the library lacks one.
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOM = pathlib.Path(__file__).resolve().parent
PAGE = ROOM.parent / "docs/dynamorio-functions.md"
# A client defines these.
CLIENTS = {"dr_client_main", "dr_init"}
HEADERS = sorted((ROOM / "include").glob("*.h"))
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
FUNCTION = re.compile(r"^(?!typedef|static|#|struct|enum|extern|return|\s)[\w\s*]*?\**\b(\w+)\(", re.M)
INLINE = re.compile(r"\{")


def declared():
    """By header: the names of the functions that it declares, in order."""
    result = {}
    for header in HEADERS:
        text = COMMENT.sub("", header.read_text())
        text = re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.M | re.S)
        names = []
        for statement in text.split(";"):
            match = FUNCTION.search(statement.strip("\n "))
            if match and match[1] not in CLIENTS and "{" not in statement.split(match[1])[0].split("\n")[-1] and match[1].startswith(("dr", "instr", "opnd", "reg", "decode", "disass", "proc", "hash", "get_", "set_", "__wrap")):
                names.append(match[1])
        if names:
            result[header.name] = list(dict.fromkeys(names))
    return result


def states():
    result = {}
    for line in (ROOM / "functions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, state, note = line.split(" ", 2)
            result[name] = (state, note)
    return result


def page(functions, known):
    lines = ["# Functions of the DynamoRIO API", "",
             "Made by `dynamorio/function_table.py` from the headers and `dynamorio/functions.txt`; do not edit. How clients are run: [dynamorio.md](dynamorio.md).", ""]
    count = {"done": 0, "differs": 0, "no": 0}
    rows = []
    for header, names in functions.items():
        rows += ["", f"## {header}", "", "| function | | |", "| --- | --- | --- |"]
        for name in names:
            state, note = known.get(name, ("done", ""))
            count[state] += 1
            rows.append(f"| `{name}` | {state} | {note} |")
    lines.append(f"{count['done']} are done, {count['differs']} differ, {count['no']} are not there.")
    return "\n".join(lines + rows) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--library")
    options = parser.parse_args()
    functions, known = declared(), states()
    everything = {name for names in functions.values() for name in names}
    wrong = [f"functions.txt: no header declares {name}" for name in known if name not in everything]
    if options.library:
        symbols = subprocess.run(["nm", "-D", "--defined-only", options.library], capture_output=True, text=True, check=True).stdout
        exported = {line.split()[-1] for line in symbols.splitlines()}
        wrong += [f"{options.library} lacks {name}" for name in sorted(everything) if name not in exported]
    text = page(functions, known)
    if options.check and text != PAGE.read_text():
        wrong.append("docs/dynamorio-functions.md is another: run dynamorio/function_table.py")
    if not options.check:
        PAGE.write_text(text)
    print("\n".join(wrong) if wrong else f"{len(everything)} functions")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

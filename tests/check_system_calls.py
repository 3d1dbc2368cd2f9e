#!/usr/bin/python3
"""Holds what else names system calls against the one table of them (src/linux/call/table.cc).

usage: check_system_calls.py ROOT            a line for each difference; exit status 1 if there is one
       check_system_calls.py ROOT --update   write the list in docs/system-calls.md anew
"""
import pathlib
import re
import sys

ROW = re.compile(r't\[(\d+)\] =\s*(\w+)\(\s*"(\w+)"(.*?)\);', re.S)
NAME = re.compile(r'^    \{"(\w*)", "', re.M)
KINDS = {"passed": "kKernel", "descriptor": "kFiles", "writes": "kFiles", "path": "kFiles", "opens": "kFiles"}
TITLES = {"kFiles": "the kernel, after a look at a path or a descriptor", "kProcess": "of the process: the kernel, unless "
          "it asks for what the runtime keeps", "kMemory": "memory", "kSignals": "signals", "kClone": "new processes and threads",
          "kExec": "new programs", "kBases": "fs and gs", "kEnd": "the end", "kRefused": "refused"}
BEGIN, END = "<!-- from src/linux/call/table.cc -->\n", "<!-- end -->\n"


def rows(root):
    text = (root / "src/linux/call/table.cc").read_text()
    found = {}
    for number, kind, name, rest in ROW.findall(text):
        handler = re.search(r"Handler::(\w+)", rest)
        found[int(number)] = (name, handler[1] if handler else KINDS[kind])
    return found


def listing(table):
    lines = ["| who | calls |", "| --- | --- |"]
    for handler, title in TITLES.items():
        names = sorted(name for name, who in table.values() if who == handler)
        lines.append(f"| {title} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


def main():
    root = pathlib.Path(sys.argv[1])
    table = rows(root)
    page = root / "docs/system-calls.md"
    text = page.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[-1]
    wanted = before + BEGIN + "\n" + listing(table) + "\n" + END + after
    if "--update" in sys.argv:
        page.write_text(wanted)
        return 0
    wrong = []
    if len(table) < 300:
        wrong.append(f"only {len(table)} rows were found in the table")
    if text != wanted:
        wrong.append("docs/system-calls.md is not what the table says; write it anew with --update")
    names = NAME.findall((root / "tools/syscalls/names_table.cc").read_text())
    for number, name in enumerate(names):
        row = table.get(number, ("", ""))[0]
        if name and name != row:
            wrong.append(f"call {number} is '{name}' for the tool syscalls and '{row}' in the table")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

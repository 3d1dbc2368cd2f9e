#!/usr/bin/python3
"""Writes a C file that makes an instruction with every INSTR_CREATE_* macro.

usage: use_macros.py HEADER.. OUTPUT
"""
import pathlib
import re
import sys

MACRO = re.compile(r"#define INSTR_CREATE_(\w+)\(dc((?:, \w+)*)\) instr_create_")


def macros(headers):
    for header in headers:
        text = pathlib.Path(header).read_text().replace("\\\n", " ")
        for name, parameters in MACRO.findall(re.sub(" +", " ", text)):
            yield name, [p for p in parameters.split(", ") if p]


def main():
    *headers, output = sys.argv[1:]
    # Groups of conditions take the opcode itself.
    groups = {"jcc": "OP_jo", "jcc_short": "OP_jo_short", "setcc": "OP_seto", "cmovcc": "OP_cmovo", "fcmovcc": "OP_fcmovb"}
    uses = []
    for name, parameters in macros(headers):
        given = [groups[name] if p == "op" else "o" for p in parameters]
        uses.append(f'  use("{name}", INSTR_CREATE_{name}({", ".join(["dc", *given])}), context);')
    text = """/* Generated: every macro once. */
#include "dr_api.h"
void use_all_macros(void *dc, opnd_t o, void (*use)(const char *, instr_t *, void *), void *context);
void use_all_macros(void *dc, opnd_t o, void (*use)(const char *, instr_t *, void *), void *context) {
"""
    pathlib.Path(output).write_text(text + "\n".join(uses) + "\n}\n")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Checks that instructions are known by their bytes in src/x86 alone: elsewhere they have names.

usage: check_encodings.py ROOT          check the tree; exit status 1 and a line for each violation
       check_encodings.py --self-test   check that violations are found
"""
import pathlib
import re
import sys
import tempfile

import source_check

LAYERS = ["base", "linux", "cache", "translate", "engine", "tool", "cli"]
# A list of bytes with a number in hexadecimal, however many lines it takes.
BYTE = r"0x[0-9A-Fa-f]{1,2}\b"
BYTES = re.compile(r"\b(?:std::)?u?int8_t\b[^;{}()]*\{[^;{}]*" + BYTE + r"|\bappend\(\{[^;{}]*" + BYTE
                   + r"|\bbytes\(\s*\{[^;{}]*" + BYTE)
PART = re.compile(r"[.>](?:u8|u32|patch_u8)\(")
OPCODE = re.compile(r"[.>]opcode\b")
MODRM = re.compile(r"[.>](?:modrm|rex)\b")


def without_comments(text):
    """The same text, with as many lines."""
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def violations_in(path, name):
    text = without_comments(path.read_text())
    for pattern, complaint in ((BYTES, "bytes of instructions"), (PART, "a part of an instruction"),
                               (OPCODE, "an opcode"), (MODRM, "the modrm or REX byte")):
        for match in pattern.finditer(text):
            number = text.count("\n", 0, match.end()) + 1
            yield f"{name}:{number}: {complaint} outside src/x86: name it there (x86/names.h, x86/assembler.h)"


def violations(root):
    for layer in LAYERS:
        for path in sorted((root / "src" / layer).rglob("*")):
            name = str(path.relative_to(root / "src"))
            if path.suffix in (".h", ".cc"):
                yield from violations_in(path, name)


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "src/engine").mkdir(parents=True)
        (root / "src/x86").mkdir(parents=True)
        wrong = {"array.cc": "const uint8_t code[] = {0x48,\n 0x8D};", "std.cc": "constexpr std::array<uint8_t, 2> kJump{0xEB, 0};",
                 "part.cc": "out.u8(kReturn);", "opcode.cc": "return insn.opcode == kLea;", "modrm.cc": "if (insn.modrm < 0xC0) return;",
                 "call.cc": "append({rex, 0x8B});"}
        for name, text in wrong.items():
            (root / "src/engine" / name).write_text(text)
            (root / "src/x86" / name).write_text(text)
        (root / "src/engine/good.cc").write_text("// bytes {0x90}\nout.ret();\nconst uint8_t one[] = {1, 2};\n")
        found = list(violations(root))
        assert sorted(line.split("/")[1].split(":")[0] for line in found) == sorted(wrong), found


if __name__ == "__main__":
    sys.exit(source_check.main("encodings", violations, self_test))

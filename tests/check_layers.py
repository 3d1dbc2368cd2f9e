#!/usr/bin/python3
"""Checks that a file includes only from its own layer or from those below it, and a few rules like it.

usage: check_layers.py ROOT          check the tree; exit status 1 and a line for each violation
       check_layers.py --self-test   check that violations are found
"""
import pathlib
import re
import sys
import tempfile

LAYERS = ["base", "x86", "linux", "cache", "translate", "engine", "tool", "cli"]
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
LINUX_HEADERS = re.compile(r"(sys/(mman|syscall|prctl|ptrace|auxv|ucontext|wait)\.h|asm/.*|linux/[a-z_]+\.h)$")
# Where a header of the system is needed outside src/linux, and why.
LINUX_ALLOWED = {
    "cache/code_barrier.cc": "names of membarrier's commands",
    "cache/code_space.cc": "names of protections",
    "cache/hash_targets.cc": "names of protections",
    "cache/record_memory.cc": "names of protections and advices",
    "engine/run.cc": "maps the stack that it runs on, reads the auxiliary vector",
    "engine/xsave.cc": "reads the auxiliary vector",
    "engine/thread.cc": "names of arch_prctl's codes",
    "engine/fault_handler.cc": "names of arch_prctl's codes",
}
LONGEST = 450
# Tables, by another name.
LONG_ALLOWED = {"x86/register_use.cc"}


def violations_in(path, layer, name):
    lines = path.read_text().splitlines()
    if len(lines) > LONGEST and "table" not in path.stem and name not in LONG_ALLOWED:
        yield f"{name}: {len(lines)} lines, more than {LONGEST}: split it"
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, header = match.groups()
        target = header.split("/")[0]
        if bracket == '"' and target in LAYERS and LAYERS.index(target) > LAYERS.index(layer):
            yield f"{name}:{number}: {layer} includes {header} from a layer above it"
        if bracket == "<" and LINUX_HEADERS.match(header) and layer != "linux" and name not in LINUX_ALLOWED:
            yield f"{name}:{number}: {header} belongs into src/linux"
        if header.startswith("Zydis/") and layer != "x86":
            yield f"{name}:{number}: Zydis belongs into src/x86"


def violations(root):
    src = root / "src"
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cc", ".S"):
            name = str(path.relative_to(src))
            layer = name.split("/")[0]
            if layer not in LAYERS:
                yield f"{name}: no such layer"
                continue
            yield from violations_in(path, layer, name)
    for path in sorted((root / "tools").rglob("*.cc")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match[1] == '"' and match[2].split("/")[0] in LAYERS:
                yield f"{path.name}:{number}: a tool includes {match[2]}; only include/weft is for tools"


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for layer in ("cache", "engine"):
            (root / "src" / layer).mkdir(parents=True)
        (root / "tools").mkdir()
        (root / "src/cache/good.cc").write_text('#include "base/check.h"\n#include <vector>\n')
        assert list(violations(root)) == []
        (root / "src/cache/up.cc").write_text('#include "engine/engine.h"\n')
        (root / "src/engine/map.cc").write_text("#include <sys/mman.h>\n#include <Zydis/Zydis.h>\n")
        (root / "src/engine/long.cc").write_text("\n" * (LONGEST + 1))
        (root / "tools/tool.cc").write_text('#include "cache/code_cache.h"\n')
        found = "\n".join(violations(root))
        for expected in ("above it", "into src/linux", "into src/x86", "split it", "only include/weft"):
            assert expected in found, (expected, found)


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    found = list(violations(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "layers: nothing to complain of")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

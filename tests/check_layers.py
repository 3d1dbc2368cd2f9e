#!/usr/bin/python3
"""Checks that a file includes only from its own layer or from those below it, and a few rules like it.

usage: check_layers.py ROOT          check the tree; exit status 1 and a line for each violation
       check_layers.py --self-test   check that violations are found
"""
import pathlib
import re
import sys
import tempfile

import source_check

LAYERS = ["base", "x86", "linux", "cache", "translate", "engine", "tool", "cli"]
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
LINUX_HEADERS = re.compile(r"(sys/(mman|syscall|prctl|ptrace|auxv|ucontext|wait)\.h|asm/.*|linux/[a-z_]+\.h)$")
# Where a header of the system is needed outside src/linux, and why.
LINUX_ALLOWED = {
    "base/lock_order.cc": "the number of gettid, called with any fs",
    "cache/code_barrier.cc": "names of membarrier's commands",
    "cache/code_space.cc": "names of protections",
    "cache/hash_targets.cc": "names of protections",
    "cache/record_memory.cc": "names of protections and advices",
    "engine/run.cc": "maps the stack that it runs on, reads the auxiliary vector",
    "engine/thread.cc": "names of arch_prctl's codes",
    "engine/fault_handler.cc": "names of arch_prctl's codes",
}
# Rooms of src/linux, from below: a room includes what stands before it. Signals know no calls, calls know signals.
LINUX_ROOMS = ["kernel", "memory", "image", "signal", "call"]
LONGEST = 400
# Files of which each includes the next: what changes at the end is compiled again at the beginning.
LONGEST_CHAIN = 20


def room_violation(name, number, header):
    """What a file of src/linux includes from a room above its own."""
    room, target = name.split("/")[1], header.split("/")[1]
    if room not in LINUX_ROOMS:
        return f"{name}: no such room; src/linux has {', '.join(LINUX_ROOMS)}"
    if target in LINUX_ROOMS and LINUX_ROOMS.index(target) > LINUX_ROOMS.index(room):
        return f"{name}:{number}: {room} includes {header} from a room above it"
    return None


def violations_in(path, layer, name):
    lines = path.read_text().splitlines()
    if len(lines) > LONGEST and "table" not in path.stem:
        yield f"{name}: {len(lines)} lines, more than {LONGEST}: split it"
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, header = match.groups()
        target = header.split("/")[0]
        if bracket == '"' and target in LAYERS and LAYERS.index(target) > LAYERS.index(layer):
            yield f"{name}:{number}: {layer} includes {header} from a layer above it"
        if bracket == '"' and layer == target == "linux" and (complaint := room_violation(name, number, header)):
            yield complaint
        if bracket == "<" and LINUX_HEADERS.match(header) and layer != "linux" and name not in LINUX_ALLOWED:
            yield f"{name}:{number}: {header} belongs into src/linux"
        if header.startswith("Zydis/") and layer != "x86":
            yield f"{name}:{number}: Zydis belongs into src/x86"


def room_of_clients(room):
    """The room for DynamoRIO's clients is above src: it includes public headers only, and Zydis where it decodes."""
    for path in sorted(room.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        name = str(path.relative_to(room.parent))
        lines = path.read_text().splitlines()
        if path.suffix == ".cc" and len(lines) > LONGEST:
            yield f"{name}: {len(lines)} lines, more than {LONGEST}: split it"
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match and match[1] == '"' and match[2].split("/")[0] in LAYERS:
                yield f"{name}:{number}: a client's room includes {match[2]}; only include/weft is for it"
            if match and match[2].startswith("Zydis/") and path.parent.name not in ("ir", "generate"):
                yield f"{name}:{number}: Zydis belongs into dynamorio/ir"


def include_chains(src):
    """Of each file, the longest chain of files of ours that begins with it, each including the next."""
    includes = {}
    for path in src.rglob("*"):
        if path.suffix in (".h", ".cc"):
            found = (INCLUDE.match(line) for line in path.read_text().splitlines())
            includes[str(path.relative_to(src))] = [each[2] for each in found if each and (src / each[2]).exists()]
    chains = {}

    def chain(name, above=()):
        if name in above:
            return (name,)  # a ring, which the compiler complains of
        if name not in chains:
            chains[name] = (name,) + max((chain(each, (*above, name)) for each in includes[name]), key=len, default=())
        return chains[name]

    return [chain(name) for name in sorted(includes)]


def violations(root):
    src = root / "src"
    for chain in include_chains(src):
        if len(chain) > LONGEST_CHAIN:
            yield f"{chain[0]}: a chain of {len(chain)} includes, more than {LONGEST_CHAIN}: {' > '.join(chain)}"
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cc", ".S"):
            name = str(path.relative_to(src))
            layer = name.split("/")[0]
            if layer not in LAYERS:
                yield f"{name}: no such layer"
                continue
            yield from violations_in(path, layer, name)
    yield from room_of_clients(root / "dynamorio")
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
        for i in range(LONGEST_CHAIN):
            (root / f"src/cache/{i}.h").write_text(f'#include "cache/{i + 1}.h"\n')
        (root / f"src/cache/{LONGEST_CHAIN}.h").write_text("")
        (root / "src/linux/kernel").mkdir(parents=True)
        (root / "src/linux/kernel/gate.cc").write_text('#include "linux/call/emulator.h"\n')
        (root / "tools/tool.cc").write_text('#include "cache/code_cache.h"\n')
        (root / "dynamorio/core").mkdir(parents=True)
        (root / "dynamorio/core/event.cc").write_text('#include "tool/host.h"\n#include <Zydis/Zydis.h>\n')
        found = "\n".join(violations(root))
        for expected in ("a layer above it", "a room above it", "into src/linux", "into src/x86", "split it", "a chain of", "only include/weft is for tools",
                         "only include/weft is for it", "Zydis belongs into dynamorio/ir"):
            assert expected in found, (expected, found)


if __name__ == "__main__":
    sys.exit(source_check.main("layers", violations, self_test))

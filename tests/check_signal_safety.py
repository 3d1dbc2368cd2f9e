#!/usr/bin/env python3
"""What is marked SIGNAL_SAFE calls nothing that allocates or waits: tests/check_signal_safety.py WEFT SOURCE

The calls are those of the built program: from each marked function the direct calls and jumps are followed through
its disassembly. A call through a pointer is not followed; of a marked virtual function every override is a start.
With --self-test in place of both: a marked function that allocates is found.
"""

import collections
import fnmatch
import pathlib
import re
import subprocess
import sys
import tempfile
import typing

FORBIDDEN = re.compile(
    r"(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|_Zn[wa]\w*|_Zd[la]\w*|pthread_(mutex|rwlock|cond)_\w+|f?printf|"
    r"fwrite|fopen|fclose|dlopen|dlsym|exit|__cxa_guard_acquire|_ZN4weft8LockWord9lock_slowEv)$")

# Where the search ends, and why. A star stands for anything.
ENDS = {
    "weft::check_failed": "the process dies there",
    "fmt::v*::detail::assert_fail": "the process dies there",
    "fmt::v*::detail::throw_format_error*": "formats are constants that the compiler has checked",
    "fmt::v*::vformat_to_n*": "writes into memory that it is given; allocates for floating-point numbers only",
    "weft::linux::AddressSpace::find": "its lock is held in the runtime only, and the fault was in the cache",
    "std::__throw_*": "thrown of misuse, which is a bug of ours; nothing catches it",
    "_Unwind_Resume": "runs after something was thrown",
    "weft::engine::Engine::code_stale": "its locks and the allocator's are held in the runtime only",
    "weft::engine::Engine::code_written": "its locks and the allocator's are held in the runtime only",
    "weft::engine::Engine::hash_site": "its locks are held in the runtime only, and the fault was in the cache",
    "weft::cache::ShadowMap::fill": "its lock is held in the runtime only, and the fault was in the cache",
}


def ends(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, end) for end in ENDS)


class Scope(typing.NamedTuple):
    begin: int
    name: str  # in full
    head: str  # what stands ahead of a class's body: its bases among it


def scopes(text: str) -> list[Scope]:
    """Where each namespace and class of a header begins."""
    found, namespace = [Scope(0, "", "")], ""
    start = re.compile(r"^(?:namespace (weft[\w:]*) \{|(?:class|struct) (?:alignas\(\w+\) )?(\w+)([^;{]*)\{|\})", re.M)
    for match in start.finditer(text):
        namespace = match[1] or namespace
        name = "::".join(part for part in (namespace, match[2]) if part)
        found.append(Scope(match.start(), name, match[3] or ""))
    return found


def scope_at(found: list[Scope], position: int) -> Scope:
    return [scope for scope in found if scope.begin <= position][-1]


def marked(source: pathlib.Path) -> set[str]:
    """The full names of the marked functions, and of the overrides of the virtual ones."""
    names: set[str] = set()
    virtual: set[tuple[str, str]] = set()  # the class's own name, the function's
    headers = [header.read_text() for header in sorted((source / "src").rglob("*.h"))]
    for text in headers:
        found = scopes(text)
        for match in re.finditer(r"^(?! *//)(?:.* )?SIGNAL_SAFE (.*?)(\w+)\(", text, re.M):
            scope = scope_at(found, match.start())
            names.add(f"{scope.name}::{match[2]}")
            if "virtual" in match[1]:
                virtual.add((scope.name.split("::")[-1], match[2]))
    for text in headers:
        found = scopes(text)
        for match in re.finditer(r"(\w+)\([^;{}]*\boverride\b", text):
            scope = scope_at(found, match.start())
            if any((base, match[1]) in virtual for base in re.findall(r"\w+", scope.head)):
                names.add(f"{scope.name}::{match[1]}")
    return names


def symbols(program: str) -> dict[str, str]:
    """Mangled names of the program's functions with what they stand for, without parameters."""
    mangled = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    lines = [line.split()[-1] for line in mangled.splitlines() if re.match(r"\w+ [tTwWi] ", line)]
    plain = subprocess.run(["c++filt", "-p"], input="\n".join(lines), capture_output=True, text=True, check=True).stdout
    return dict(zip(lines, plain.splitlines()))


def calls(program: str) -> dict[str, set[str]]:
    """Which functions each function calls or jumps to."""
    graph: dict[str, set[str]] = collections.defaultdict(set)
    disassembly = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", "--section=.text", program],
                                   stdout=subprocess.PIPE, text=True)
    assert disassembly.stdout is not None
    current = ""
    for line in disassembly.stdout:
        if line.endswith(">:\n"):
            current = line[line.index("<") + 1 : -3]
        elif line.endswith(">\n") and "\t" in line and ("call " in line or "\tj" in line):
            if found := re.search(r"<([^>+]+)(?:\+0x[0-9a-f]+)?>$", line.rstrip()):
                graph[current].add(found[1].split("@")[0])
    if disassembly.wait() != 0:
        sys.exit("objdump failed")
    return graph


def way_to_forbidden(start: str, graph: dict[str, set[str]], plain: dict[str, str]) -> list[str]:
    """The shortest way from `start` to what is forbidden, or nothing."""
    came_from = {start: ""}
    queue = collections.deque([start])
    while queue:
        at = queue.popleft()
        if FORBIDDEN.match(at) and at != start:
            way = [at]
            while came_from[way[-1]]:
                way.append(came_from[way[-1]])
            return way[::-1]
        if ends(plain.get(at, at)):
            continue
        for callee in sorted(graph.get(at, ())):
            if callee not in came_from:
                came_from[callee] = at
                queue.append(callee)
    return []


def complaints(program: str, source: pathlib.Path) -> tuple[int, list[str]]:
    """How many functions were looked at, and the forbidden ways."""
    names = marked(source)
    plain = symbols(program)
    graph = calls(program)
    starts = sorted(symbol for symbol, name in plain.items() if name in names)
    ways = [way_to_forbidden(start, graph, plain) for start in starts]
    return len(starts), [" -> ".join(plain.get(step, step) for step in way) for way in ways if way]


SELF_TEST = """
#include <cstdlib>
#define SIGNAL_SAFE
namespace weft::room {
class Base {
 public:
  SIGNAL_SAFE virtual void* answer() = 0;
};
SIGNAL_SAFE void* safe(void* given);
SIGNAL_SAFE void* unsafe();
class Derived : public Base {
 public:
  void* answer() override;
  void* other();
};
}  // namespace weft::room
void* between() { return std::malloc(1); }
void* weft::room::safe(void* given) { return given; }
void* weft::room::unsafe() { return between(); }
void* weft::room::Derived::answer() { return between(); }
void* weft::room::Derived::other() { return between(); }
int main() { return weft::room::Derived().other() == nullptr; }
"""


def self_test() -> int:
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "src"
        source.mkdir()
        (source / "a.h").write_text(SELF_TEST)
        program = f"{folder}/a"
        subprocess.run(["c++", "-x", "c++", "-O0", str(source / "a.h"), "-o", program], check=True)
        found = complaints(program, pathlib.Path(folder))
    expected = (3, [f"weft::room::{name} -> between -> malloc" for name in ("Derived::answer", "unsafe")])
    if (found[0], sorted(found[1])) != expected:
        print(f"found {found}, expected {expected}")
        return 1
    return 0


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    count, ways = complaints(sys.argv[1], pathlib.Path(sys.argv[2]))
    for way in ways:
        print(f"SIGNAL_SAFE, but: {way}")
    print(f"{count} functions that are marked or override a marked one; {len(ways)} complaints")
    return 1 if ways or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())

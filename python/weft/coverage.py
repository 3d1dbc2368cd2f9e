"""Basic-block coverage: what the tool coverage, and others that write drcov's format, leave."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from weft.errors import FormatError

Path = Union[str, "os.PathLike[str]"]

#: A block: its offset from its module's start, its bytes, and the module's number.
BLOCK = np.dtype([("offset", "<u4"), ("size", "<u2"), ("module", "<u2")])


@dataclass(frozen=True)
class Module:
    """A file that lay in memory at [start, end)."""

    number: int
    start: int
    end: int
    path: str


@dataclass(frozen=True)
class Coverage:
    """Blocks that ran, in no order, as an array of the type BLOCK."""

    modules: list[Module]
    blocks: npt.NDArray[Any]

    def addresses(self) -> npt.NDArray[np.uint64]:
        """Where each block lay in memory."""
        starts = np.array([module.start for module in self.modules], np.uint64)
        return starts[self.blocks["module"]] + self.blocks["offset"]

    def blocks_of(self, path_end: str) -> npt.NDArray[Any]:
        """The blocks of modules whose path ends so."""
        wanted = [module.number for module in self.modules if module.path.endswith(path_end)]
        return self.blocks[np.isin(self.blocks["module"], wanted)]


def read_coverage(path: Path) -> Coverage:
    """Reads version 2 of drcov's format, with a table of modules of version 2 or later."""
    with open(path, "rb") as file:
        data = file.read()
    lines, rest = _header(data)
    modules = _modules(lines)
    table = re.fullmatch(r"BB Table: (\d+) bbs", lines[-1])
    if table is None:
        raise FormatError("the table of blocks has no length")
    count = int(table[1])
    if len(rest) < count * BLOCK.itemsize:
        raise FormatError(f"the file ends in the table of {count} blocks")
    blocks = np.frombuffer(rest, BLOCK, count)
    if count != 0 and int(blocks["module"].max()) >= len(modules):
        raise FormatError("a block is of a module that is not in the table")
    return Coverage(modules, blocks)


def _header(data: bytes) -> tuple[list[str], bytes]:
    """The lines up to the table of blocks, and what comes behind them."""
    lines = []
    rest = data
    while rest:
        line, _, rest = rest.partition(b"\n")
        lines.append(line.decode(errors="surrogateescape"))
        if not lines[0].startswith("DRCOV VERSION: "):
            break
        if lines[-1].startswith("BB Table:"):
            return lines, rest
    raise FormatError("this is no coverage in drcov's format")


def _modules(lines: list[str]) -> list[Module]:
    if lines[0] != "DRCOV VERSION: 2":
        raise FormatError(f"{lines[0]}: only 2 can be read")
    table = next((number for number, line in enumerate(lines) if line.startswith("Module Table:")), None)
    known = None if table is None else re.fullmatch(r"Module Table: version (\d+), count (\d+)", lines[table])
    if table is None or known is None or not lines[table + 1].startswith("Columns: "):
        raise FormatError("the table of modules has no columns")
    columns = [name.strip() for name in lines[table + 1].removeprefix("Columns: ").split(",")]
    # From version 3 on, the start of a module is called so.
    start = "start" if "start" in columns else "base"
    modules = []
    for row in lines[table + 2:table + 2 + int(known[2])]:
        fields = dict(zip(columns, (field.strip() for field in row.split(",", len(columns) - 1))))
        try:
            modules.append(Module(int(fields["id"]), int(fields[start], 16), int(fields["end"], 16), fields["path"]))
        except (KeyError, ValueError) as error:
            raise FormatError(f"a module cannot be read: {row}") from error
    if [module.number for module in modules] != list(range(int(known[2]))):
        raise FormatError("modules are missing")
    return modules

"""Statistics of a process: what `weft run --stats=json:FILE` writes."""

from __future__ import annotations

import json
import os
from typing import Union

from weft.errors import FormatError

Path = Union[str, "os.PathLike[str]"]


def read_statistics(path: Path) -> dict[str, int]:
    """Numbers by the names of docs/statistics.md."""
    with open(path, encoding="utf-8") as file:
        try:
            known = json.load(file)
        except ValueError as error:
            raise FormatError(f"these are no statistics: {error}") from error
    if not isinstance(known, dict) or not all(isinstance(value, int) for value in known.values()):
        raise FormatError("these are no statistics: names with numbers are missing")
    return known

"""Traces of memory accesses: what the tools memtrace and burst write."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from weft.errors import FormatError

Path = Union[str, "os.PathLike[str]"]

#: An access: addresses of the instruction and of what it accesses, bytes, whether it is a store, and the thread's number.
ACCESS = np.dtype([("pc", "<u8"), ("address", "<u8"), ("size", "<u4"), ("store", "?"), ("thread", "<u8")])

_HEADER = struct.Struct("<8sII")
_MAGIC = b"WEFTMEM\x01"
_CHUNK = struct.Struct("<IIQ")
# In a record's head: the size follows.
_SIZE_FOLLOWS = 7
_MOST_VARINT_BYTES = 10


@dataclass(frozen=True)
class MemoryTrace:
    """A whole trace. `accesses` has the type ACCESS; those of one thread are in the order in which they were made."""

    process: int
    accesses: npt.NDArray[Any]

    def threads(self) -> list[int]:
        """The numbers of the threads that have accesses."""
        return [int(number) for number in np.unique(self.accesses["thread"])]


def read_memory_trace(path: Path) -> MemoryTrace:
    """The whole trace. It takes 29 bytes an access; memory_trace_chunks() takes a piece at a time."""
    with open(path, "rb") as file:
        process = _read_header(file)
        chunks = list(_chunks(file))
    return MemoryTrace(process, np.concatenate(chunks) if chunks else np.empty(0, ACCESS))


def memory_trace_chunks(path: Path) -> Iterator[npt.NDArray[Any]]:
    """Arrays of the type ACCESS, each of one thread, in the order in which they were written."""
    with open(path, "rb") as file:
        _read_header(file)
        yield from _chunks(file)


def _read_header(file: Any) -> int:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_MAGIC[:-1]):
        raise FormatError("this is no memory trace")
    magic, process, _ = _HEADER.unpack(header)
    if magic != _MAGIC:
        raise FormatError(f"a memory trace of version {magic[-1]}, not 1")
    return int(process)


def _chunks(file: Any) -> Iterator[npt.NDArray[Any]]:
    while header := file.read(_CHUNK.size):
        if len(header) < _CHUNK.size:
            raise FormatError("the trace ends in a chunk")
        length, records, thread = _CHUNK.unpack(header)
        payload = file.read(length)
        if len(payload) < length:
            raise FormatError("the trace ends in a chunk")
        yield _decode(payload, records, thread)


def _varints(payload: bytes) -> npt.NDArray[np.uint64]:
    """All numbers of a chunk: 7 bits a byte, the lowest first, the last byte without its highest bit."""
    data = np.frombuffer(payload, np.uint8)
    ends = np.flatnonzero(data < 0x80)
    if (len(data) != 0 and len(ends) == 0) or (len(ends) != 0 and ends[-1] != len(data) - 1):
        raise FormatError("a chunk ends in a record")
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)[:len(ends)]
    lengths = ends - starts + 1
    longest = int(lengths.max(initial=0))
    if longest > _MOST_VARINT_BYTES:
        raise FormatError("a number of a record is too long")
    values = np.zeros(len(ends), np.uint64)
    for byte in range(longest):
        has = lengths > byte
        values[has] |= (data[starts[has] + byte] & np.uint8(0x7f)).astype(np.uint64) << np.uint64(7 * byte)
    return values


def _heads(numbers: npt.NDArray[np.uint64], records: int) -> npt.NDArray[np.int64]:
    """Where each record's head is among the numbers."""
    if len(numbers) == 3 * records and not np.any((numbers[::3] >> np.uint64(1)) & np.uint64(7) == _SIZE_FOLLOWS):
        return np.arange(0, len(numbers), 3)
    heads = np.empty(records, np.int64)
    at = 0
    for record in range(records):
        if at >= len(numbers):
            raise FormatError("a chunk has fewer records than it says")
        heads[record] = at
        at += 4 if (int(numbers[at]) >> 1) & 7 == _SIZE_FOLLOWS else 3
    if at != len(numbers):
        raise FormatError("a chunk has other records than it says")
    return heads


def _sums(differences: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Zigzag-coded differences added up, modulo 2 to the 64th as addresses are."""
    signs = np.uint64(0) - (differences & np.uint64(1))
    return np.cumsum((differences >> np.uint64(1)) ^ signs, dtype=np.uint64)


def _decode(payload: bytes, records: int, thread: int) -> npt.NDArray[Any]:
    with np.errstate(over="ignore"):
        numbers = _varints(payload)
        heads = _heads(numbers, records)
        kinds = numbers[heads]
        logs = (kinds >> np.uint64(1)) & np.uint64(7)
        explicit = logs == _SIZE_FOLLOWS
        behind = heads + 1 + explicit
        accesses = np.empty(records, ACCESS)
        accesses["store"] = (kinds & np.uint64(1)) != 0
        accesses["size"] = np.uint64(1) << logs
        accesses["size"][explicit] = numbers[heads[explicit] + 1]
        accesses["pc"] = _sums(numbers[behind])
        accesses["address"] = _sums(numbers[behind + 1])
        accesses["thread"] = thread
    return accesses

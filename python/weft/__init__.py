"""Reads what weft's tools write into NumPy arrays.

    import weft
    trace = weft.read_memory_trace("memtrace.1234.trace")
    stores = trace.accesses[trace.accesses["store"]]
    coverage = weft.read_coverage("coverage.1234.drcov")
    statistics = weft.read_statistics("stats.json")

A file that is damaged or of another kind is a FormatError, whose text says what is wrong.
"""

from weft.coverage import BLOCK, Coverage, Module, read_coverage
from weft.errors import FormatError
from weft.memory_trace import ACCESS, MemoryTrace, memory_trace_chunks, read_memory_trace
from weft.statistics import read_statistics

__all__ = ["ACCESS", "BLOCK", "Coverage", "FormatError", "MemoryTrace", "Module", "memory_trace_chunks", "read_coverage", "read_memory_trace",
           "read_statistics"]

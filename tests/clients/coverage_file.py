"""Reads coverage files of versions 2 and 3: the blocks of one module, by address in its file's own numbering."""
import re
import struct


def blocks(data, name):
    """{(address, size)} of the module whose path ends so; addresses count from the module's start."""
    head, _, rest = data.partition(b"BB Table: ")
    count, _, records = rest.partition(b"\n")
    lines = head.decode().split("\n")
    columns = next(line for line in lines if line.startswith("Columns: ")).removeprefix("Columns: ").split(", ")
    rows = [dict(zip(columns, re.split(r",\s*", line.strip(), maxsplit=len(columns) - 1))) for line in lines if re.match(r"\s*\d+,", line)]
    start = {int(row["id"]): int(row.get("start") or row["base"], 16) for row in rows}
    base = {int(row["id"]): start[int(row.get("containing_id", row["id"]))] for row in rows}
    wanted = {int(row["id"]) for row in rows if row["path"].endswith(name)}
    found = list(struct.iter_unpack("<IHH", records))
    assert len(found) == int(count.split()[0]), (len(found), count)
    return {(start[number] - base[number] + offset, size) for offset, size, number in found if number in wanted}


def covered(found):
    """The addresses of all bytes in the blocks."""
    return {address + byte for address, size in found for byte in range(size)}

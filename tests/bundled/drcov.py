"""Reads a drcov file, from the format's public description alone (as its readers do)."""
import re
import struct


class Module:
    def __init__(self, fields):
        self.number = int(fields["id"])
        self.start = int(fields["base"], 16)
        self.end = int(fields["end"], 16)
        self.path = fields["path"]


def parse(data):
    """(modules, [(module number, offset, size)])"""
    header, rest = [], data
    while True:
        line, _, rest = rest.partition(b"\n")
        header.append(line.decode())
        if header[-1].startswith("BB Table:"):
            break
    assert header[0] == "DRCOV VERSION: 2", header[0]
    assert header[1].startswith("DRCOV FLAVOR: "), header[1]
    version, count = re.fullmatch(r"Module Table: version (\d+), count (\d+)", header[2]).groups()
    assert version == "2"
    columns = [name.strip() for name in header[3].removeprefix("Columns: ").split(",")]
    rows = header[4:4 + int(count)]
    modules = [Module(dict(zip(columns, [field.strip() for field in row.split(",", len(columns) - 1)])))
               for row in rows]
    assert [module.number for module in modules] == list(range(int(count)))
    blocks = int(re.fullmatch(r"BB Table: (\d+) bbs", header[4 + int(count)]).group(1))
    assert len(rest) == 8 * blocks, (len(rest), blocks)
    records = [(number, start, size) for start, size, number in struct.iter_unpack("<IHH", rest)]
    for number, start, size in records:
        module = modules[number]
        assert size > 0 and module.start + start + size <= module.end, (number, start, size)
    return modules, records

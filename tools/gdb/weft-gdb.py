"""gdb commands for programs under weft: gdb -x weft-gdb.py -p PID, or with weft and a core file.

weft-where            where each thread is in the program, and what weft is doing for it
weft-fragment ADDRESS the fragment at an address of the code cache, or those that hold a program address
weft-symbols          reads the symbols of the program's modules and of weft, which lie where gdb does not look

While `weft-frames` is on (it is), `backtrace` goes from a thread in the code cache or in weft straight to the
program's frames: run weft-symbols before.
"""

import re
import struct

import gdb
import gdb.unwinder

NAMES = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
RIP, FLAGS = 16, 17  # behind the general registers in a context
KINDS = ["superblock", "trace", "probe"]
STATES = ["building", "live", "dead", "reclaimed"]
NO_REGISTER = 0xFF


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def u64(address):
    return struct.unpack("<Q", memory(address, 8))[0]


def u32(address):
    return struct.unpack("<I", memory(address, 4))[0]


def value(register):
    return int(gdb.selected_frame().read_register(register)) & (1 << 64) - 1


def layout_place(known):
    """Where gdb takes the table of the layout to be, and whether that is right.

    The auxiliary vector is the program's, so gdb may not know where weft lies.
    """
    place = int(gdb.parse_and_eval("(unsigned long)&weft_debug_layout"))
    return place, any(each.start <= place < each.end for each in known)


class Layout:
    """src/engine/debug_layout.cc, in its order."""

    FIELDS = ("version self context view spill_rcx spill record_size hot_start cold_start hot_size cold_size head "
              "constituents entries state_map_size kind state constituent_size tag granule chunk records").split()

    def __init__(self):
        known = mappings()
        place, is_right = layout_place(known)
        if not is_right:
            place += min(each.start for each in known if each.path == gdb.current_progspace().filename)
        words = struct.unpack(f"<{len(self.FIELDS)}I", memory(place, 4 * len(self.FIELDS)))
        for name, word in zip(self.FIELDS, words):
            setattr(self, name, word)
        if self.version != 1:
            raise gdb.GdbError("this weft-gdb.py is of another weft")


_layout = None


def layout():
    """Read once: the program space's weft does not change. gdb.error if it has none."""
    global _layout
    if _layout is None:
        _layout = Layout()
    return _layout


class Zone:
    def __init__(self, data):
        self.offset, spilled_0, spilled_1, bits, self.rsp_delta = struct.unpack("<BBBBh", data)
        self.spilled = [spilled_0, spilled_1]
        self.rcx_spilled, self.complete, self.flags_spilled = bits & 1, bits & 2, bits & 16


def instructions(state_map):
    """Of a state map (src/translate/state_map.cc): program pc, its length, hot offset, length there, zones."""
    pc = hot = at = 0
    while at < len(state_map):
        first = state_map[at]
        at += 1
        zones = []
        if first & 0x80:
            length = there = first & 0x7F
        else:
            tag, length = state_map[at] >> 4, state_map[at] & 15
            at += 1
            if tag == 2:
                pc, hot = struct.unpack_from("<QI", state_map, at)
                at += 12
                continue
            if tag == 3:
                continue
            there = first
            if first == 0x7F:
                there, = struct.unpack_from("<H", state_map, at)
                at += 2
            if tag == 1:
                count = state_map[at]
                zones = [Zone(state_map[at + 1 + 6 * i:at + 7 + 6 * i]) for i in range(count)]
                at += 1 + 6 * count
        yield pc, length, hot, there, zones
        pc, hot = pc + length, hot + there


class Fragment:
    def __init__(self, record):
        self.record, at = record, layout()
        data = memory(record, at.record_size)

        def field(kind, offset):
            return struct.unpack_from("<" + kind, data, offset)[0]

        self.hot, self.hot_size = field("Q", at.hot_start), field("I", at.hot_size)
        self.cold, self.cold_size = field("Q", at.cold_start), field("I", at.cold_size)
        self.tag = u64(field("Q", at.head) + at.tag)
        self.kind, self.state = KINDS[field("B", at.kind)], STATES[field("B", at.state)]
        self.count, entries = field("H", at.constituents), field("H", at.entries)
        place = record + at.record_size
        self.blocks = [self._block(place + i * at.constituent_size) for i in range(self.count)]
        place += self.count * at.constituent_size + entries * 8
        self.state_map = memory(place, field("I", at.state_map_size))

    @staticmethod
    def _block(place):
        entry, start, size = struct.unpack("<QiI", memory(place, 16))
        tag = u64(entry + layout().tag)
        return tag + start, size

    def holds(self, pc):
        return any(start <= pc < start + size for start, size in self.blocks)

    def point(self, cache_pc):
        """The program pc and the zone at a place of the hot code; None where there is none."""
        inside = cache_pc - self.hot
        for pc, length, hot, there, zones in instructions(self.state_map):
            if hot <= inside < hot + there:
                zone = None
                for each in zones:
                    if each.offset <= inside - hot:
                        zone = each
                return pc + (length if zone is not None and zone.complete else 0), zone
        return None


class Block:
    """The thread block that gs points to, of the selected thread."""

    @staticmethod
    def of_selected():
        try:
            base = value("gs_base")
            if base != 0 and u64(base + layout().self) == base and u64(base + layout().view) != 0:
                return Block(base)
        except (gdb.error, gdb.MemoryError, ValueError):
            pass
        return None  # a thread of a tool, or a core with the program's registers

    def __init__(self, base):
        self.base = base
        self.code, self.code_size, self.owners, self.chunks = struct.unpack(
            "<4Q", memory(u64(base + layout().view), 32))

    def is_code(self, pc):
        return self.code <= pc < self.code + self.code_size

    def by_id(self, number):
        at = layout()
        chunk = u64(self.chunks + number // at.chunk * 8)
        record = u64(chunk + at.records + number % at.chunk * 8) if chunk and number else 0
        return Fragment(record) if record else None

    def fragment_at(self, pc):
        return self.by_id(u32(self.owners + (pc - self.code) // layout().granule * 4)) if self.is_code(pc) else None

    def fragments(self):
        at, number = layout(), 0
        while True:
            chunk = u64(self.chunks + number * 8)
            if chunk == 0:
                return
            for record in struct.unpack(f"<{at.chunk}Q", memory(chunk + at.records, at.chunk * 8)):
                if record:
                    yield Fragment(record)
            number += 1

    def saved(self):
        """The program's registers as the thread came out of the cache with them."""
        return list(struct.unpack("<18Q", memory(self.base + layout().context, 18 * 8)))


def machine(read):
    return [int(read(name)) & (1 << 64) - 1 for name in NAMES + ["rip", "eflags"]]


def program_registers(block, registers):
    """The program's registers, and in words where the thread is; registers are None where it is between two states."""
    fragment = block.fragment_at(registers[RIP])
    if fragment is None:
        return block.saved(), "in weft" if not block.is_code(registers[RIP]) else "entering or leaving the cache"
    place = f"in fragment {fragment.tag:#x} at {registers[RIP]:#x}"
    point = fragment.point(registers[RIP])
    if point is None:
        return None, place + ", in code of weft's"
    registers[RIP], zone = point
    if zone is not None:
        spill = block.base + layout().spill
        for i, number in enumerate(zone.spilled):
            if number != NO_REGISTER:
                registers[number] = u64(spill + 8 * i)
        if zone.rcx_spilled:
            registers[1] = u64(block.base + layout().spill_rcx)
        if zone.flags_spilled:
            saved = u64(spill + 16)
            registers[FLAGS] = registers[FLAGS] & ~0x8D5 | saved >> 8 & 0xD5 | (saved & 1) << 11
        registers[4] = registers[4] + zone.rsp_delta & (1 << 64) - 1
    return registers, place


class Mapping:
    def __init__(self, start, end, offset, path):
        self.start, self.end, self.offset, self.path = start, end, offset, path


def mappings():
    """Those of files, of a live process or a core."""
    text = gdb.execute("info proc mappings", to_string=True)
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+0x[0-9a-f]+\s+(0x[0-9a-f]+)\s.*?(/.*)$", line)
        if match:
            found.append(Mapping(*(int(match[i], 16) for i in (1, 2, 3)), match[4]))
    return found


def name_of(pc, known):
    text = gdb.execute(f"info symbol {pc:#x}", to_string=True).split("\n")[0]
    if not text.startswith("No symbol"):
        return re.sub(r" in section .*? of (\S*/)?", r" of ", re.sub(r" in section \S+$", "", text))
    for each in known:
        if each.start <= pc < each.end:
            return f"{each.path.rsplit('/', 1)[-1]}+{pc - each.start + each.offset:#x}"
    return "?"


class Where(gdb.Command):
    """weft-where [-r]: where each thread is in the program, and what weft is doing for it; -r with its registers."""

    def __init__(self):
        super().__init__("weft-where", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        selected = gdb.selected_thread()
        known = mappings()
        try:
            for thread in sorted(gdb.selected_inferior().threads(), key=lambda each: each.num):
                thread.switch()
                self.show(thread, known, argument == "-r")
        finally:
            if selected is not None:
                selected.switch()

    @staticmethod
    def show(thread, known, with_registers):
        frame = gdb.newest_frame()
        registers = machine(frame.read_register)
        block = Block.of_selected()
        where = "as the program left it"
        if block is not None:
            registers, where = program_registers(block, registers)
        head = f"thread {thread.num} ({thread.ptid[1] or thread.ptid[0]}): "
        if registers is None:
            print(head + where)
            return
        print(f"{head}{registers[RIP]:#x} {name_of(registers[RIP], known)}, {where}")
        if with_registers:
            for i, name in enumerate(NAMES):
                print(f"  {name:<4}{registers[i]:#018x}", end="\n" if i % 4 == 3 else "")


class ShowFragment(gdb.Command):
    """weft-fragment ADDRESS: the fragment at an address of the code cache, or those that hold a program address."""

    def __init__(self):
        super().__init__("weft-fragment", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("weft-fragment ADDRESS")
        address = int(gdb.parse_and_eval(f"(unsigned long)({argument})"))
        block = self.any_block()
        if block.is_code(address):
            found = [block.fragment_at(address)]
        else:
            found = [each for each in block.fragments() if each.holds(address)]
        if not found or found[0] is None:
            print(f"no fragment at {address:#x}")
            return
        for fragment in found:
            self.show(fragment, mappings())

    @staticmethod
    def any_block():
        selected = gdb.selected_thread()
        try:
            for thread in [selected, *gdb.selected_inferior().threads()]:
                thread.switch()
                block = Block.of_selected()
                if block is not None:
                    return block
        finally:
            selected.switch()
        raise gdb.GdbError("no thread of the program is here, or its core has no memory of weft's")

    @staticmethod
    def show(fragment, known):
        print(f"fragment {fragment.tag:#x} {name_of(fragment.tag, known)}: {fragment.kind}, {fragment.state}, "
              f"hot {fragment.hot:#x}+{fragment.hot_size:#x}, cold {fragment.cold:#x}+{fragment.cold_size:#x}")
        for start, size in fragment.blocks:
            print(f"  block {start:#x}, {size} bytes")
        for pc, length, hot, there, _ in instructions(fragment.state_map):
            text = "(of weft's)"
            if length:
                try:
                    text = gdb.execute(f"x/i {pc:#x}", to_string=True).split(":", 1)[1].strip()
                except gdb.MemoryError:
                    text = "(not mapped)"
            print(f"  {pc:#14x} {fragment.hot + hot:#x}+{there:<3} {text}")


def bias_of(mapping):
    """What is added to the addresses in the ELF file of a mapping of its start; None if it is no ELF file."""
    try:
        with open(mapping.path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return None
    if head[:4] != b"\x7fELF" or head[4] != 2:
        return None
    table, size, count = (struct.unpack_from(kind, head, at)[0] for kind, at in (("<Q", 32), ("<H", 54), ("<H", 56)))
    for i in range(count):
        kind, _, offset, address = struct.unpack_from("<IIQQ", head, table + i * size)
        if kind == 1 and offset == 0:
            return mapping.start - address
    return None


class Symbols(gdb.Command):
    """weft-symbols: reads the symbols of the program's modules and of weft."""

    def __init__(self):
        super().__init__("weft-symbols", gdb.COMMAND_FILES)
        self.read = set()

    def invoke(self, argument, from_tty):
        space = gdb.current_progspace()
        object_at = getattr(space, "objfile_for_address", lambda address: None)  # older gdbs have none
        known = mappings()
        _, knows_weft = layout_place(known)
        for mapping in known:
            own = mapping.path == space.filename and knows_weft or space.solib_name(mapping.start) is not None
            if mapping.offset != 0 or own or (mapping.start, mapping.path) in self.read:
                continue
            bias = bias_of(mapping)
            if bias is None or object_at(mapping.start) is not None:
                continue
            self.read.add((mapping.start, mapping.path))
            gdb.execute(f"add-symbol-file {mapping.path} -o {bias:#x}", to_string=True)
            print(f"{mapping.start:#x} {mapping.path}")


class ProgramFrames(gdb.Parameter):
    """Whether backtraces go from weft's innermost frame to the program's."""

    set_doc = show_doc = __doc__

    def __init__(self):
        super().__init__("weft-frames", gdb.COMMAND_STACK, gdb.PARAM_BOOLEAN)
        self.value = True

    def get_set_string(self):
        gdb.invalidate_cached_frames()
        return ""

    def get_show_string(self, text):
        return f"Backtraces of program frames alone: {text}"


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class Unwinder(gdb.unwinder.Unwinder):
    """From the innermost frame of a thread that runs from the cache, or is in weft, to the program's."""

    def __init__(self, shown):
        super().__init__("weft")
        self.shown = shown

    def __call__(self, frame):
        # The innermost frame alone: other threads' and outer ones are the program's, or weft's own.
        if not self.shown.value or frame.level() != 0:
            return None
        try:
            base = int(frame.read_register("gs_base")) & (1 << 64) - 1
            at = layout()
            if base == 0 or u64(base + at.self) != base or u64(base + at.view) == 0:
                return None
            registers, _ = program_registers(Block(base), machine(frame.read_register))
        except (gdb.error, gdb.MemoryError, ValueError):
            return None
        if registers is None or registers[RIP] == 0:
            return None
        # Inner to all frames of the program.
        sp, pc = gdb.Value(registers[4] - 8), frame.read_register("rip")
        info = frame.create_unwind_info(FrameId(sp.cast(pc.type), pc))
        for name, number in zip(NAMES + ["rip"], registers):
            info.add_saved_register(name, gdb.Value(number).cast(frame.read_register(name).type))
        return info


Where()
ShowFragment()
Symbols()
gdb.unwinder.register_unwinder(None, Unwinder(ProgramFrames()), replace=True)

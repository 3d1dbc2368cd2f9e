#include "taintlite/propagate.h"

namespace weft::tools {
namespace {

using Kind = Operation::Kind;

constexpr uint64_t kDirectionFlag = 0x400;
constexpr unsigned kMaskBit = 32;  // of ThreadTaint::vectors

/// An operation on its way: where its memory operands are.
struct Run {
  ThreadTaint& thread;
  uint64_t address[2];
};

LIGHT bool any_label(const Label* labels, unsigned count) {
  Label all = 0;
  for (unsigned i = 0; i < count; ++i) all |= labels[i];
  return all != 0;
}

/// Says which register of the row is tainted, after a change.
LIGHT void note_register(ThreadTaint& thread, unsigned offset) {
  if (offset < kVectors) {
    const unsigned number = offset / kGeneralBytes;
    const bool any = any_label(thread.registers + number * kGeneralBytes, kGeneralBytes);
    thread.general = (thread.general & ~(1u << number)) | static_cast<uint32_t>(any) << number;
    return;
  }
  const bool mask = offset >= kMasks;
  const unsigned number =
      mask ? (offset - kMasks) / kGeneralBytes : (offset - kVectors) / kVectorBytes;
  const unsigned start = mask ? kMasks + number * kGeneralBytes : kVectors + number * kVectorBytes;
  const bool any = any_label(thread.registers + start, mask ? kGeneralBytes : kVectorBytes);
  const unsigned bit = number + (mask ? kMaskBit : 0);
  thread.vectors = (thread.vectors & ~(uint64_t{1} << bit)) | static_cast<uint64_t>(any) << bit;
}

LIGHT Label label_of(const Run& run, const Part& part, unsigned byte) {
  if (part.kind == Part::Kind::kRegister) return run.thread.registers[part.offset + byte];
  return run.thread.all->memory.get(run.address[part.argument & 1] + byte);
}

LIGHT void set_label(const Run& run, const Part& part, unsigned byte, Label label) {
  if (part.kind == Part::Kind::kRegister) {
    run.thread.registers[part.offset + byte] = label;
  } else {
    run.thread.all->memory.set(run.address[part.argument & 1] + byte, label);
  }
}

LIGHT void finish_part(const Run& run, const Part& part) {
  for (unsigned byte = part.size; byte < part.extent; ++byte) set_label(run, part, byte, 0);
  if (part.kind == Part::Kind::kRegister) note_register(run.thread, part.offset);
}

LIGHT Label label_of_whole(const Run& run, const Part& part) {
  Label label = 0;
  for (unsigned byte = 0; byte < part.size; ++byte) {
    label = run.thread.all->labels.join(label, label_of(run, part, byte));
  }
  return label;
}

LIGHT Label mixed(const Run& run, const Operation& operation) {
  Label label = 0;
  for (unsigned i = 0; i < operation.sources; ++i) {
    label = run.thread.all->labels.join(label, label_of_whole(run, operation.source[i]));
  }
  return label;
}

LIGHT void write_byte(const Run& run, const Operation& operation, const Part& to, unsigned byte,
                      Label label) {
  if (operation.keeps) label = run.thread.all->labels.join(label, label_of(run, to, byte));
  set_label(run, to, byte, label);
}

LIGHT void mix(const Run& run, const Operation& operation) {
  const Label label = mixed(run, operation);
  for (unsigned i = 0; i < operation.destinations; ++i) {
    const Part& to = operation.destination[i];
    for (unsigned byte = 0; byte < to.size; ++byte) write_byte(run, operation, to, byte, label);
    finish_part(run, to);
  }
}

LIGHT void copy(const Run& run, const Operation& operation) {
  const Part& to = operation.destination[0];
  const Part& from = operation.source[0];
  const unsigned available = operation.sources == 0 ? 0 : from.size;
  // Source and destination may overlap, but then they are the same.
  Label last = 0;
  for (unsigned byte = 0; byte < to.size; ++byte) {
    Label label = byte < available ? label_of(run, from, byte) : 0;
    if (byte < available) last = label;
    if (byte >= available && operation.sign) label = last;
    write_byte(run, operation, to, byte, label);
  }
  finish_part(run, to);
}

LIGHT void each(const Run& run, const Operation& operation) {
  const Part& to = operation.destination[0];
  for (unsigned byte = 0; byte < to.size; ++byte) {
    Label label = 0;
    const bool constant = byte < 8 && (operation.constant_bytes >> byte & 1) != 0;
    for (unsigned i = 0; i < operation.sources && !constant; ++i) {
      const Part& from = operation.source[i];
      if (byte < from.size) label = run.thread.all->labels.join(label, label_of(run, from, byte));
    }
    write_byte(run, operation, to, byte, label);
  }
  finish_part(run, to);
}

LIGHT void swap(const Run& run, const Operation& operation) {
  const Part& first = operation.destination[0];
  const Part& second = operation.destination[1];
  for (unsigned byte = 0; byte < first.size; ++byte) {
    const Label label = label_of(run, first, byte);
    set_label(run, first, byte, label_of(run, second, byte));
    set_label(run, second, byte, label);
  }
  finish_part(run, first);
  finish_part(run, second);
}

LIGHT void clear_vectors(ThreadTaint& thread, unsigned from_byte) {
  constexpr unsigned kWithLegacyNames = 16;
  for (unsigned number = 0; number < kWithLegacyNames; ++number) {
    if ((thread.vectors >> number & 1) == 0) continue;
    const unsigned start = kVectors + number * kVectorBytes;
    for (unsigned byte = from_byte; byte < kVectorBytes; ++byte) thread.registers[start + byte] = 0;
    note_register(thread, start);
  }
}

/// Addresses made of tainted registers, and targets.
LIGHT void look(const Run& run, const Operation& operation) {
  const ThreadTaint& thread = run.thread;
  unsigned tainted = thread.general & operation.address_registers;
  if (tainted != 0) {
    Label label = 0;
    for (unsigned number = 0; tainted != 0; ++number, tainted >>= 1) {
      if ((tainted & 1) == 0) continue;
      const Part part{Part::Kind::kRegister, 0, static_cast<uint16_t>(number * kGeneralBytes),
                      kGeneralBytes, 0};
      label = thread.all->labels.join(label, label_of_whole(run, part));
    }
    thread.all->findings.add(Finding::Kind::kAddress, operation.pc, label);
  }
  if (!operation.is_branch || operation.sources == 0) return;
  const Label label = label_of_whole(run, operation.source[0]);
  if (label != 0) thread.all->findings.add(Finding::Kind::kBranch, operation.pc, label);
}

LIGHT void carry_out(const Run& run, const Operation& operation) {
  const Kind kind = operation.kind;
  // A call's source is where it goes; what it writes is a constant.
  if (operation.is_branch && kind == Kind::kMix) {
    const Part& to = operation.destination[0];
    for (unsigned byte = 0; byte < to.size; ++byte) set_label(run, to, byte, 0);
  } else if (kind == Kind::kCopy) {
    copy(run, operation);
  } else if (kind == Kind::kEach) {
    each(run, operation);
  } else if (kind == Kind::kMix) {
    mix(run, operation);
  } else if (kind == Kind::kSwap) {
    swap(run, operation);
  } else if (kind == Kind::kClearUpper) {
    clear_vectors(run.thread, 16);
  } else if (kind == Kind::kClearAll) {
    clear_vectors(run.thread, 0);
  }
}

/// The lowest address of what a string operation goes through from `at` on.
LIGHT uint64_t lowest(uint64_t at, uint64_t count, uint64_t size, uint64_t flags) {
  return (flags & kDirectionFlag) != 0 && count != 0 ? at - (count - 1) * size : at;
}

LIGHT void move_string(const Run& run, const Operation& operation, uint64_t count, uint64_t flags) {
  Shadow& memory = run.thread.all->memory;
  const uint64_t size = operation.destination[0].size;
  const uint64_t from = lowest(run.address[0], count, size, flags);
  const uint64_t to = lowest(run.address[1], count, size, flags);
  if (!memory.any(from, count * size)) return memory.clear(to, count * size);
  // Element by element, as the CPU does it: what overlaps repeats itself.
  const uint64_t step = (flags & kDirectionFlag) != 0 ? 0 - size : size;
  for (uint64_t i = 0; i < count; ++i) {
    for (uint64_t byte = 0; byte < size; ++byte) {
      memory.set(run.address[1] + i * step + byte, memory.get(run.address[0] + i * step + byte));
    }
  }
}

LIGHT void store_string(const Run& run, const Operation& operation, uint64_t count,
                        uint64_t flags) {
  Shadow& memory = run.thread.all->memory;
  const uint64_t size = operation.destination[0].size;
  const uint64_t to = lowest(run.address[1], count, size, flags);
  if ((run.thread.general & 1) == 0) return memory.clear(to, count * size);
  for (uint64_t i = 0; i < count * size; ++i) memory.set(to + i, run.thread.registers[i % size]);
}

LIGHT void load_string(const Run& run, const Operation& operation, uint64_t count, uint64_t flags) {
  const uint64_t size = operation.destination[0].size;
  if (count == 0) return;
  const bool down = (flags & kDirectionFlag) != 0;
  const uint64_t last =
      down ? run.address[0] - (count - 1) * size : run.address[0] + (count - 1) * size;
  for (uint64_t byte = 0; byte < size; ++byte) {
    run.thread.registers[byte] = run.thread.all->memory.get(last + byte);
  }
  for (uint64_t byte = 4; size == 4 && byte < kGeneralBytes; ++byte) run.thread.registers[byte] = 0;
  note_register(run.thread, 0);
}

}  // namespace

LIGHT void propagate(ThreadTaint* thread, const Operation* operation, uint64_t first,
                     uint64_t second) {
  const Run run{*thread, {first, second}};
  look(run, *operation);
  carry_out(run, *operation);
  thread->settle();
}

LIGHT void propagate_vectors(ThreadTaint* thread, const Operation* operation, uint64_t first,
                             uint64_t second) {
  const Run run{*thread, {first, second}};
  carry_out(run, *operation);
  thread->settle();
  if (thread->general != 0) *thread->met = 1;
}

LIGHT void propagate_string(ThreadTaint* thread, const Operation* operation, uint64_t rsi,
                            uint64_t rdi, uint64_t rcx, uint64_t flags) {
  const Run run{*thread, {rsi, rdi}};
  const uint64_t count = operation->repeated ? rcx : 1;
  look(run, *operation);
  if (operation->kind == Kind::kMoveString) move_string(run, *operation, count, flags);
  if (operation->kind == Kind::kStoreString) store_string(run, *operation, count, flags);
  if (operation->kind == Kind::kLoadString) load_string(run, *operation, count, flags);
  thread->settle();
}

LIGHT void check_string(ThreadTaint* thread, const Operation* operation, uint64_t rsi, uint64_t rdi,
                        uint64_t rcx, uint64_t flags) {
  const Shadow& memory = thread->all->memory;
  const uint64_t count = operation->repeated ? rcx : 1;
  const uint64_t size = operation->destination[0].size;
  const uint64_t bytes = count * size;
  const bool reads = operation->kind != Kind::kStoreString;
  const bool writes = operation->kind != Kind::kLoadString;
  const bool met = (reads && memory.any(lowest(rsi, count, size, flags), bytes)) ||
                   (writes && memory.any(lowest(rdi, count, size, flags), bytes));
  if (met) *thread->met = 1;
}

LIGHT void check(ThreadTaint* thread, const CheckGroup* group, uint64_t first, uint64_t second,
                 uint64_t third, uint64_t fourth) {
  *thread->met = 0;
  const uint64_t values[CheckGroup::kMostRegisters] = {first, second, third, fourth};
  for (uint64_t i = 0; i < group->count; ++i) {
    const CheckGroup::Operand& operand = group->operands[i];
    auto address = static_cast<uint64_t>(operand.displacement);
    if (operand.base != CheckGroup::kNone) address += values[operand.base];
    if (operand.index != CheckGroup::kNone) address += values[operand.index] * operand.scale;
    if (thread->all->memory.any(address, operand.size)) {
      *thread->met = 1;
      return;
    }
  }
}

}  // namespace weft::tools

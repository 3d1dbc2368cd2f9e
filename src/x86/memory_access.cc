#include "x86/memory_access.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "x86/xsave_layout.h"

namespace weft::x86 {
namespace {

using Form = AccessForm::Kind;

constexpr uint32_t kXmm = 160;  // offsets in the XSAVE area
constexpr uint32_t kMm = 32;
constexpr uint32_t kLegacyEnd = 416;
constexpr uint32_t kMxcsr = 24;
constexpr unsigned kXmmBytes = 16;
constexpr unsigned kYmmBytes = 32;
constexpr unsigned kZmmBytes = 64;

/// A piece of the state that lies in one component.
struct Piece {
  unsigned component;
  uint32_t offset;
};

/// Zero where the component is in its initial state: then what is in the area is older.
uint64_t state_bytes(const uint8_t* xsave, Piece piece, size_t bytes) {
  uint64_t in_use = 0;
  std::memcpy(&in_use, xsave + xsave::kHeader, sizeof in_use);
  uint64_t value = 0;
  if ((in_use >> piece.component & 1) != 0) std::memcpy(&value, xsave + piece.offset, bytes);
  return value;
}

/// Where byte `byte` of vector register `reg` is.
Piece vector_byte(unsigned reg, unsigned byte) {
  constexpr unsigned kLegacyRegisters = 16;
  const XsaveLayout& layout = xsave_layout();
  const auto piece = [&](unsigned component, unsigned offset) {
    return Piece{component, layout[component].offset + offset};
  };
  if (reg >= kLegacyRegisters) {
    return piece(xsave::kUpperRegisters, kZmmBytes * (reg - kLegacyRegisters) + byte);
  }
  if (byte < kXmmBytes) return {xsave::kSse, kXmm + kXmmBytes * reg + byte};
  if (byte < kYmmBytes) return piece(xsave::kAvx, kXmmBytes * reg + byte - kXmmBytes);
  return piece(xsave::kUpperHalves, kYmmBytes * reg + byte - kYmmBytes);
}

/// The area has the x87 registers in the order of the stack, whose top may be any of them.
Piece mmx_byte(const uint8_t* xsave, unsigned reg, unsigned byte) {
  constexpr uint32_t kStatus = 2;
  constexpr unsigned kTopShift = 11;
  const uint64_t top = state_bytes(xsave, {xsave::kX87, kStatus}, sizeof(uint16_t)) >> kTopShift;
  return {xsave::kX87, kMm + kXmmBytes * ((reg - static_cast<unsigned>(top)) & 7) + byte};
}

uint64_t mask_bits(const AccessForm& form, const uint8_t* xsave) {
  if (form.mask == AccessForm::Mask::kAll) return ~uint64_t{0};
  if (form.mask == AccessForm::Mask::kOpmask) {
    const uint32_t opmasks = xsave_layout()[xsave::kOpmask].offset;
    const auto offset = static_cast<uint32_t>(sizeof(uint64_t)) * form.mask_register;
    return state_bytes(xsave, {xsave::kOpmask, opmasks + offset}, sizeof(uint64_t));
  }
  uint64_t bits = 0;
  for (unsigned i = 0; i < form.mask_count; ++i) {
    const unsigned last = i * form.mask_bytes + form.mask_bytes - 1u;
    const Piece piece = form.mask == AccessForm::Mask::kSigns
                            ? vector_byte(form.mask_register, last)
                            : mmx_byte(xsave, form.mask_register, last);
    bits |= (state_bytes(xsave, piece, 1) >> 7) << i;
  }
  return bits;
}

/// Bit i: element i is accessed.
uint64_t selected(const AccessForm& form, const uint8_t* xsave) {
  const uint64_t bits = mask_bits(form, xsave);
  uint64_t elements = 0;
  for (unsigned i = 0; i < std::max(form.mask_count, form.count); ++i) {
    elements |= (bits >> i & 1) << i % form.count;
  }
  return elements;
}

/// State components of an area at `address`.
class Area {
 public:
  Area(const OperandInfo& operand, uint64_t address, const MachineState& state,
       MemoryAccessList& list)
      : kind_(operand.access.kind), address_(address), state_(state), list_(list) {
    const uint64_t wanted =
        state.registers[kRdx] << 32 | static_cast<uint32_t>(state.registers[kRax]);
    requested_ = wanted & xsave_enabled();
  }

  void save() {
    const bool compacted = kind_ == Form::kSaveCompacted;
    const uint64_t stored = kind_ == Form::kSave ? requested_ : requested_ & in_use();
    add_legacy(stored, true);
    const uint64_t mxcsr = compacted ? stored & bit(xsave::kSse) : requested_ & kUsesMxcsr;
    if (mxcsr != 0) add(kMxcsr, 8, false, true);
    // xsavec says which components are there, and does not look.
    add(xsave::kHeader, compacted ? 16 : 8, !compacted, true);
    add_extended(stored, compacted ? requested_ : 0, true);
  }

  void restore() {
    uint64_t header[2] = {};
    if (!state_.read(header, address_ + xsave::kHeader, sizeof header)) header[0] = header[1] = 0;
    constexpr uint64_t kCompacted = uint64_t{1} << 63;
    const bool compacted = (header[1] & kCompacted) != 0;
    add(xsave::kHeader, compacted ? 64 : 24, true, false);
    const uint64_t loaded = requested_ & header[0];
    add_legacy(loaded, false);
    const uint64_t mxcsr = compacted ? loaded & bit(xsave::kSse) : requested_ & kUsesMxcsr;
    if (mxcsr != 0) add(kMxcsr, 4, true, false);
    add_extended(loaded, compacted ? header[1] : 0, false);
  }

 private:
  static uint64_t bit(unsigned component) { return uint64_t{1} << component; }
  static constexpr uint64_t kUsesMxcsr = 1u << xsave::kSse | 1u << xsave::kAvx;

  void add(uint32_t offset, uint32_t size, bool read, bool written) {
    list_.add({address_ + offset, size, read, written});
  }

  void add_legacy(uint64_t components, bool written) {
    if ((components & bit(xsave::kX87)) != 0) {
      add(0, kMxcsr, !written, written);
      add(kMm, kXmm - kMm, !written, written);
    }
    if ((components & bit(xsave::kSse)) != 0) add(kXmm, kLegacyEnd - kXmm, !written, written);
  }

  /// `compacted`: the components that there is room for, one behind the other; 0: each at its
  /// place.
  void add_extended(uint64_t components, uint64_t compacted, bool written) {
    constexpr uint32_t kAlignment = 64;
    const XsaveLayout& layout = xsave_layout();
    uint32_t next = xsave::kExtended;
    for (unsigned number = xsave::kAvx; number < kXsaveComponents; ++number) {
      const XsaveComponent& component = layout[number];
      if (compacted != 0 && (compacted & bit(number)) == 0) continue;
      if (component.aligned) next = (next + kAlignment - 1) & ~(kAlignment - 1);
      const uint32_t offset = compacted != 0 ? next : component.offset;
      if ((components & bit(number)) != 0) add(offset, component.size, !written, written);
      next += component.size;
    }
  }

  /// Of what the area holds its header tells; the CPU holds the rest.
  uint64_t in_use() const {
    constexpr uint64_t kKept = 0xFF;
    uint64_t header = 0;
    uint32_t mxcsr = 0;
    std::memcpy(&header, state_.xsave + xsave::kHeader, sizeof header);
    std::memcpy(&mxcsr, state_.xsave + kMxcsr, sizeof mxcsr);
    constexpr uint32_t kInitial = 0x1F80;
    if (kind_ == Form::kSaveCompacted && mxcsr != kInitial) header |= bit(xsave::kSse);
    return (header & kKept) | (xsave_in_use() & ~kKept);
  }

  Form kind_;
  uint64_t address_;
  const MachineState& state_;
  MemoryAccessList& list_;
  uint64_t requested_ = 0;
};

void list_elements(const OperandInfo& operand, uint64_t address, uint64_t elements,
                   MemoryAccessList& list) {
  const AccessForm& form = operand.access;
  for (unsigned i = 0; i < form.count;) {
    unsigned end = i;
    while (end < form.count && (elements >> end & 1) != 0) ++end;
    if (end > i) {
      list.add({address + uint64_t{i} * form.element, (end - i) * form.element, operand.read,
                operand.written});
    }
    i = end + 1;
  }
}

void list_indexed(const OperandInfo& operand, const OperandPlace& place, const uint8_t* xsave,
                  uint64_t elements, MemoryAccessList& list) {
  const AccessForm& form = operand.access;
  for (unsigned i = 0; i < form.count; ++i) {
    if ((elements >> i & 1) == 0) continue;
    const Piece piece = vector_byte(form.index_register, i * form.index_bytes);
    auto index = static_cast<int64_t>(state_bytes(xsave, piece, form.index_bytes));
    if (form.index_bytes == sizeof(int32_t)) index = static_cast<int32_t>(index);
    uint64_t offset = place.offset + static_cast<uint64_t>(index) * operand.memory.scale;
    if (operand.memory.narrow) offset = static_cast<uint32_t>(offset);
    list.add({place.segment + offset, form.element, operand.read, operand.written});
  }
}

}  // namespace

void MemoryAccessList::add(const MemoryAccess& access) {
  CHECK(count_ < kMost);
  accesses_[count_++] = access;
}

void list_accesses(const OperandInfo& operand, const OperandPlace& place, const MachineState& state,
                   MemoryAccessList& list) {
  const AccessForm& form = operand.access;
  const uint64_t address = place.segment + place.offset;
  switch (form.kind) {
    case Form::kOne:
    case Form::kRepeated:
      return list.add({address, operand.size, operand.read, operand.written});
    case Form::kLine:
      return list.add(
          {address & (0 - uint64_t{operand.size}), operand.size, operand.read, operand.written});
    case Form::kMasked:
      return list_elements(operand, address, selected(form, state.xsave), list);
    case Form::kPacked: {
      const auto count = static_cast<uint32_t>(__builtin_popcountll(selected(form, state.xsave)));
      if (count != 0) {
        list.add({address, count * form.element, operand.read, operand.written});
      }
      return;
    }
    case Form::kIndexed:
      return list_indexed(operand, place, state.xsave, selected(form, state.xsave), list);
    case Form::kSave:
    case Form::kSaveUsed:
    case Form::kSaveCompacted:
      return Area(operand, address, state, list).save();
    case Form::kRestore:
      return Area(operand, address, state, list).restore();
    case Form::kTiles:
      return;
  }
}

}  // namespace weft::x86

#include "ext/drreg/state.h"
#include "ir/general_use.h"

namespace weft::dynamorio::drreg {
namespace {

constexpr uint16_t kFar = 0xFFFF;

/// Control may come from, or go, elsewhere: all is alive there.
bool ends_scan(instr_t* instruction) {
  return instr_is_cti(instruction) || instr_is_syscall(instruction) ||
         instr_is_interrupt(instruction) || instr_is_undefined(instruction);
}

}  // namespace

bool is_barrier(instr_t* instruction) {
  if (!instr_is_label(instruction)) return false;
  const auto note = reinterpret_cast<ptr_uint_t>(instr_get_note(instruction));
  return note == DR_NOTE_ANNOTATION || note == DR_NOTE_REG_BARRIER;
}

Liveness liveness_at(instr_t* where) {
  Liveness result;
  result.distance.fill(kFar);
  if (is_conservative()) return result;
  uint16_t known = uint16_t{1} << index_of(DR_REG_XSP);
  uint known_flags = 0;
  uint16_t at = 0;
  for (instr_t* each = where; each != nullptr; each = instr_get_next(each), ++at) {
    if (is_barrier(each)) break;
    if (instr_is_label(each)) continue;
    if (!instr_is_app(each)) {
      // What goes elsewhere may come to anything.
      if (instr_is_cti(each)) break;
      continue;
    }
    // The kernel, or whoever handles a trap, sees all.
    if (instr_is_syscall(each) || instr_is_interrupt(each)) break;
    const uint flags = instr_get_arith_flags(each, DR_QUERY_INCLUDE_ALL);
    known_flags |= flags & kArithmetic;
    const uint written = EFLAGS_WRITE_TO_READ(instr_get_arith_flags(each, DR_QUERY_DEFAULT)) &
                         kArithmetic & ~known_flags;
    if (!instr_is_predicated(each)) result.dead_flags |= written;
    known_flags |= written;
    const GeneralUse use = general_use(each);
    const auto touched = static_cast<uint16_t>((use.reads | use.writes) & ~known);
    result.dead |= use.replaces & ~use.reads & touched;
    known |= touched;
    for (unsigned left = touched; left != 0; left &= left - 1) {
      result.distance[static_cast<size_t>(__builtin_ctz(left))] = at;
    }
    if (ends_scan(each) || (known == 0xFFFF && known_flags == kArithmetic)) break;
  }
  return result;
}

}  // namespace weft::dynamorio::drreg

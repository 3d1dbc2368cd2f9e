#include "translate/edited_list.h"

#include "x86/names.h"

namespace weft::translate {

namespace {

/// As it stands, without anything around it.
bool is_copied(const x86::Insn& insn) {
  return insn.kind == x86::Kind::kPlain && !insn.rip_relative && !x86::is_pop_flags(insn);
}

}  // namespace

uint32_t ListItem::hot_bound() const {
  constexpr uint32_t kInstruction = 64;
  constexpr uint32_t kInserted = 96;  // a call of the runtime's code, with what follows it
  constexpr uint32_t kCall = 256;
  switch (kind) {
    case Kind::kKept:
    case Kind::kLabel:
      return 0;
    case Kind::kApplication:
    case Kind::kLoadAddress:
      return kInstruction;
    case Kind::kInserted:
      return is_copied(insn) ? insn.length : kInserted;
    case Kind::kCall:
      return kCall;
  }
  return 0;
}

uint32_t ListItem::cold_bound() const {
  constexpr uint32_t kExits = 128;
  constexpr uint32_t kLiteral = 16;
  switch (kind) {
    case Kind::kKept:
    case Kind::kApplication:
      return insn.ends_block() ? kExits : kLiteral;
    case Kind::kInserted:
      return kLiteral;
    default:
      return 0;
  }
}

}  // namespace weft::translate

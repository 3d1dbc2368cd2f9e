// The part of decode() for instructions with VEX, XOP and EVEX prefixes: their opcode, from behind
// the first byte of the prefix on. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "x86/decode.h"
#include "x86/isa.h"

namespace weft::x86 {

/// Reads within the first 15 bytes; running out is remembered and yields zeros.
class Cursor {
 public:
  Cursor(const uint8_t* bytes, size_t limit) : bytes_(bytes), limit_(limit) {}

  uint8_t take() {
    if (position_ < limit_) return bytes_[position_++];
    exhausted_ = true;
    return 0;
  }
  void skip(size_t count) {
    position_ += count;
    if (position_ > limit_) exhausted_ = true;
  }
  uint8_t position() const { return static_cast<uint8_t>(position_); }
  bool exhausted() const { return exhausted_; }

 private:
  const uint8_t* bytes_;
  size_t limit_;
  size_t position_ = 0;
  bool exhausted_ = false;
};

/// After a C4 or C5 byte, which is `lead`.
isa::Opcode take_vex(Cursor& in, Insn& out, uint8_t lead);
/// After an 8F byte that `next` shows to be an XOP lead rather than pop r/m.
isa::Opcode take_xop(Cursor& in, Insn& out, uint8_t next);
/// After a 62 byte.
isa::Opcode take_evex(Cursor& in, Insn& out);

}  // namespace weft::x86

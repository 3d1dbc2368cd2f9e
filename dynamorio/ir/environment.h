// What the instruction library cannot know by itself. Set once, before clients run; read by any
// thread.
#pragma once

#include <cstdint>
#include <span>

#include "dr_ir_opnd.h"

namespace weft::dynamorio {

inline std::span<const uint8_t> no_code(instr_t*) { return {}; }

struct Environment {
  /// The base of the calling thread's fs or gs, as the program has it.
  uint64_t (*segment_base)(reg_id_t segment);
  /// Writes to a file_t; returns the bytes written, below 0 on errors.
  long (*write)(file_t file, const void* text, size_t size);
  /// What stands for the label in a list that a client encodes itself: nothing, but for a call.
  std::span<const uint8_t> (*label_code)(instr_t* label) = &no_code;
};

/// Without it, segments start at 0 and text goes to the file by write(2).
void set_environment(const Environment& environment);
const Environment& environment();

}  // namespace weft::dynamorio

// What the fields of opnd_t mean.
#pragma once

#include <cstdint>

#include "dr_ir_opnd.h"

namespace weft::dynamorio {

enum class Kind : uint8_t {
  kNull,
  kInteger,
  kFloat,
  kDouble,
  kPc,
  kFarPc,
  kInstr,
  kFarInstr,
  kReg,
  kMemory,    // base_disp, far if it has a segment
  kRelative,  // rel_addr
  kAbsolute,  // abs_addr
  kMemInstr,
};

// opnd_t::disp_form
constexpr uint8_t kEncodeZeroDisp = 1;
constexpr uint8_t kForceFullDisp = 2;
constexpr uint8_t kShortAddress = 4;

inline Kind kind_of(const opnd_t& opnd) { return static_cast<Kind>(opnd.kind); }
bool is_memory(const opnd_t& opnd);

}  // namespace weft::dynamorio

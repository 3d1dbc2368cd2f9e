// A piece of code memory, by its place in the reservation. A value; whoever took it gives it back.
#pragma once

#include <cstdint>

namespace weft::cache {

/// Code memory is handed out in multiples of this, and so aligned.
inline constexpr uint32_t kGranule = 16;

struct Slot {
  uint32_t offset = 0;  ///< from the start of the reservation, in bytes
  uint32_t size = 0;    ///< in bytes, a multiple of kGranule; 0: no slot
  uint32_t end() const { return offset + size; }
};

}  // namespace weft::cache

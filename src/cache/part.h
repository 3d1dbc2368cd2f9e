// Names for what of a block is not in the fragment of its tag: its parts. A part has an entry and
// exits that lead there, as a tag has, but no thread's program counter is ever there. Values only.
#pragma once

#include <cstdint>

#include "base/address.h"

namespace weft::cache {

/// Parts are numbered from 1 on; 0 is the block itself.
inline constexpr uint32_t kMostParts = 0x7FFF;
inline constexpr int kPartShift = 48;  ///< no program's address is above that, but the kernel's

constexpr AppPc part_of_block(AppPc tag, uint32_t part) {
  return tag + (uint64_t{part} << kPartShift);
}
/// 0 of addresses, the kernel's included.
constexpr uint32_t part_number(AppPc name) {
  const auto number = static_cast<uint32_t>(name.value >> kPartShift);
  return number <= kMostParts ? number : 0;
}
constexpr AppPc block_of_part(AppPc name) {
  return {name.value - (uint64_t{part_number(name)} << kPartShift)};
}

}  // namespace weft::cache

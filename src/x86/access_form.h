// Which accesses a memory operand makes, where that is more than one at its address. Plain data.
#pragma once

#include <cstdint>

namespace weft::x86 {

/// How the accesses of a memory operand follow from its address and the machine's state.
struct AccessForm {
  enum class Kind : uint8_t {
    kOne,            ///< the operand's size at its address
    kRepeated,       ///< the same as often as rcx says: rep
    kLine,           ///< the operand's size at its address rounded down to that size
    kMasked,         ///< those of `count` elements that the mask selects
    kPacked,         ///< as many elements, one behind the other, as the mask selects
    kIndexed,        ///< the elements at address + index * scale for each selected index
    kSave,           ///< state components as xsave stores them
    kSaveUsed,       ///< the same, without those in their initial state: xsaveopt
    kSaveCompacted,  ///< the same, one behind the other: xsavec
    kRestore,        ///< state components: xrstor
    kTiles,          ///< rows of a tile, by the tile configuration
  };
  enum class Mask : uint8_t {
    kAll,
    kOpmask,    ///< bits of mask register `mask_register`
    kSigns,     ///< sign bits of the elements, of `mask_bytes` each, of a vector register
    kMmxSigns,  ///< of an MMX register
  };

  Kind kind = Kind::kOne;
  Mask mask = Mask::kAll;
  uint8_t mask_register = 0;
  uint8_t mask_bytes = 0;
  uint8_t mask_count = 0;  ///< bits or signs that count; more than `count`: element i is of all
                           ///< those that are i modulo `count`
  uint8_t count = 0;       ///< elements
  uint8_t element = 0;     ///< bytes of one
  uint8_t index_register = 0;
  uint8_t index_bytes = 0;  ///< of one index, which is signed

  /// Whether it takes the machine's state to list the accesses.
  bool is_listed() const { return kind != Kind::kOne && kind != Kind::kRepeated; }
};

}  // namespace weft::x86

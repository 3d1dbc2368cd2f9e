// What an instruction does to taint. Values; operations are constant once they are made.
#pragma once

#include <cstdint>

#include "weft/tool.h"

namespace weft::tools {

/// The registers as one row of bytes: the general ones, the vector ones, the mask ones.
inline constexpr uint16_t kGeneralBytes = 8;
inline constexpr uint16_t kVectorBytes = 64;
inline constexpr uint16_t kVectors = 16 * kGeneralBytes;
inline constexpr uint16_t kMasks = kVectors + 32 * kVectorBytes;
inline constexpr uint16_t kRegisterBytes = kMasks + 8 * kGeneralBytes;

/// Bytes of the row, or of memory.
struct Part {
  enum class Kind : uint8_t { kRegister, kMemory };
  Kind kind = Kind::kRegister;
  uint8_t argument = 0;  ///< kMemory: which of the two addresses it is at
  uint16_t offset = 0;   ///< kRegister: in the row
  uint16_t size = 0;
  uint16_t extent = 0;  ///< of destinations: bytes beyond `size`, up to this, become untainted
};

struct Operation {
  enum class Kind : uint8_t {
    kNothing,
    kCopy,  ///< byte by byte; what the source has not is clean, or its last byte's with `sign`
    kEach,  ///< byte by byte the union
    kMix,   ///< each byte is the union of all sources' bytes
    kSwap,
    kClearUpper,  ///< vzeroupper
    kClearAll,    ///< vzeroall
    kMoveString,
    kStoreString,
    kLoadString,
  };
  static constexpr size_t kMostDestinations = 3;
  static constexpr size_t kMostSources = 6;

  Kind kind = Kind::kNothing;
  uint8_t destinations = 0;
  uint8_t sources = 0;
  bool keeps = false;      ///< the destination's own taint stays, too
  bool sign = false;       ///< kCopy
  bool repeated = false;   ///< strings: rcx times
  bool is_branch = false;  ///< the first source is where it goes
  bool touches_vectors = false;
  uint8_t memories = 0;
  int8_t memory[2] = {};           ///< the operands that the addresses are of
  bool listed = false;             ///< the first of them has accesses of its own kind each time
  uint16_t address_registers = 0;  ///< of memory operands that are accessed, bit r
  uint16_t written = 0;            ///< general registers, bit r
  uint8_t constant_bytes = 0;      ///< kEach: bytes that are the same whatever the sources
  Part destination[kMostDestinations];
  Part source[kMostSources];
  Address pc = 0;

  bool writes_general() const;
  bool writes_memory() const;
  bool is_string() const { return kind >= Kind::kMoveString; }
};

Operation operation_of(const Instruction& instruction);

}  // namespace weft::tools

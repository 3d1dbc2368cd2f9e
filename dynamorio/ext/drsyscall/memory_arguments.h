// What arguments of system calls point to, for the calls that programs make most.
#pragma once

#include <cstdint>
#include <span>

namespace weft::dynamorio {

/// One range of memory that a call reads or writes.
struct MemoryArgument {
  enum class Size : uint8_t {
    kConstant,  ///< `number` bytes
    kArgument,  ///< as many elements of `number` bytes as the argument `count` says
    kString,    ///< up to and with its zero
    kAtCount,   ///< as many bytes as the 4-byte word that the argument `count` points to says
  };
  int64_t call;
  int argument;
  bool written;
  Size size;
  uint32_t number;
  int count = -1;
  bool result_counts = false;  ///< of what is written, the call's result says how much it is
};

/// Those of the call: empty if nothing is known of it, or it takes no memory.
std::span<const MemoryArgument> memory_arguments(int64_t call);
/// Whether the call takes addresses without looking at what is there.
bool takes_addresses_alone(int64_t call);

}  // namespace weft::dynamorio

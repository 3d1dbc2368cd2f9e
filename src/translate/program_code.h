// What the translator asks about the program's code, and how a thread came to it. Implemented by
// the engine; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"

namespace weft::translate {

/// A run of executable memory.
struct CodeRange {
  AppRange range;
  /// Nobody will tell when the bytes change: fragments have to compare them on entry.
  bool checked = false;
};

/// Where the program's code may be read.
class ProgramCode {
 public:
  virtual ~ProgramCode() = default;
  /// The longest known run of executable memory of one kind that holds `pc`; empty if `pc` is not
  /// executable. Bytes are read after the call, and a deletion tells of each that changes later.
  virtual CodeRange executable_range(AppPc pc) = 0;
  /// The address of executable memory in the 8 bytes at `slot`, if they are not executable
  /// themselves and do not change without a deletion that tells of it.
  virtual std::optional<AppPc> constant_at(AppPc slot) = 0;
};

/// How a thread came to code that is not there.
enum class Arrival : uint8_t { kDirect, kIndirect, kCall };

}  // namespace weft::translate

// Which of a thread's calls of allocation functions is the outermost one: that counts, and not what
// it calls to do its work. Of one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "heap/ledger.h"
#include "weft/tool.h"

namespace weft::tools {

enum class AllocatorKind : uint8_t {
  kMalloc,        ///< (size), and valloc and pvalloc
  kCalloc,        ///< (number, size)
  kRealloc,       ///< (old, size)
  kReallocArray,  ///< (old, number, size)
  kAligned,       ///< (alignment, size): memalign, aligned_alloc
  kPosixAligned,  ///< (result, alignment, size)
  kFree,          ///< (old)
};

/// The outermost call that is under way.
struct OuterCall {
  bool active = false;
  AllocatorKind kind = AllocatorKind::kFree;
  Address function = 0;
  Address stack = 0;  ///< where its return address lies
  uint64_t size = 0;
  Address old = 0;  ///< of realloc
  std::optional<Ledger::Block> old_block;
  Stack trace;

  /// Whether a call that starts now is part of it. One that longjmp left has no end: a call that
  /// starts further up the stack shows that it is over.
  bool contains(AllocatorKind other, Address other_function, Address other_stack) const {
    constexpr uint64_t kDeepest = 64 << 10;
    if (!active || other_stack > stack || stack - other_stack > kDeepest) return false;
    if (other_stack < stack) return true;
    // A tail call, or the same function by another of its names.
    return other_function != function || other != kind;
  }
};

}  // namespace weft::tools

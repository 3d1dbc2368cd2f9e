// Sets of source bytes, named by numbers. Owned by the tool; any thread. What is marked LIGHT is
// called from clean calls that save little: general registers only, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/block.h"

#define LIGHT WEFT_GENERAL_REGISTERS_ONLY

namespace weft::tools {

/// 0 is the empty set: not tainted.
using Label = uint32_t;

/// For a few instructions, from light functions too; made anew in the child of a fork.
class LightLock {
 public:
  LIGHT void lock() {
    while (__atomic_exchange_n(&held_, 1, __ATOMIC_ACQUIRE) != 0) asm volatile("pause");
  }
  LIGHT void unlock() { __atomic_store_n(&held_, 0, __ATOMIC_RELEASE); }

 private:
  uint32_t held_ = 0;
};

/// Memory that the kernel provides as it is touched, zero at first; lives as long as the process.
void* reserve_memory(size_t bytes);

struct SourceByte {
  uint32_t input = 0;
  uint32_t offset = 0;
  auto operator<=>(const SourceByte&) const = default;
};

/// Label 1 stands for sets that there was no room for: sources unknown.
class Labels {
 public:
  static constexpr Label kMany = 1;

  Labels();
  Label of_source(SourceByte source);
  LIGHT Label join(Label a, Label b) {
    if (a == b || b == 0) return a;
    return a == 0 ? b : join_different(a, b);
  }
  /// Sorted; at most `most` of them. Empty for kMany.
  std::vector<SourceByte> sources(Label label, size_t most) const;
  void unlock_in_child() { lock_ = {}; }

 private:
  /// A source byte, or the union of two sets.
  struct Node {
    uint32_t left = 0;  ///< kSource | number of the input; or a label
    uint32_t right = 0;
  };
  static constexpr uint32_t kSource = 1u << 31;
  static constexpr uint32_t kNodes = 1u << 22;
  static constexpr uint32_t kSlots = 1u << 23;

  LIGHT Label join_different(Label a, Label b);
  LIGHT Label find_or_add(Label a, Label b);

  Node* nodes_;
  Label* unions_;  ///< a hash table of the nodes that are unions
  uint32_t next_ = kMany + 1;
  LightLock lock_;
};

}  // namespace weft::tools

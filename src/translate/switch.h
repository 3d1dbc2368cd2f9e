// The code at the entry of a block with several versions. Works on one Draft, on the thread that
// owns it.
#pragma once

#include <cstdint>
#include <span>

#include "translate/draft.h"
#include "translate/instrument.h"

namespace weft::translate {

/// The first half of an entry: it goes on behind itself if the version is the first one, and leaves
/// by a jump for the second half if not. No flag and no register is changed but what is free.
class SwitchHead {
 public:
  /// Emits it. `free` is what is dead in front of the block.
  SwitchHead(Draft& draft, const PlannedBlock& block, const FreeState& free);
  /// For an entry that the first version does not follow.
  static void go_to_first(Draft& draft, uint32_t body);
  /// Emits the second half, wherever in the fragment. `bodies`: where the versions start, offsets
  /// in hot code.
  void emit_rest(Draft& draft, const PlannedBlock& block, std::span<const uint32_t> bodies) const;

 private:
  /// By comparisons of the word itself, or of its copy in rcx.
  enum class Form : uint8_t { kCompare, kCount };

  void emit_rest_by_comparing(Draft& draft, const PlannedBlock& block,
                              std::span<const uint32_t> bodies) const;
  void emit_rest_by_counting(Draft& draft, const PlannedBlock& block,
                             std::span<const uint32_t> bodies) const;
  void save(Draft& draft, const FreeState& free);
  void restore(Draft& draft) const;

  Form form_;
  bool saved_rcx_ = false;
  x86::Reg keeper_ = x86::kRcx;  ///< a dead register that has rcx meanwhile; rcx: memory has it
  uint32_t rest_field_ = 0;      ///< rel32, in hot code
};

}  // namespace weft::translate

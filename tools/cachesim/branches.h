// The branch predictor of the model, which is cachegrind's: no processor's, but of the kind of
// many. One thread at a time.
#pragma once

#include <array>
#include <cstdint>

#include "weft/instruction.h"

namespace weft::tools {

class BranchPredictor {
 public:
  /// Whether the conditional branch was predicted wrongly.
  bool mispredicts(Address pc, bool taken) {
    uint8_t& counter = counters_[(pc ^ (history_ << kHistoryShift)) % counters_.size()];
    const bool missed = (counter >= 2) != taken;
    history_ = (history_ << 1) | (taken ? 1 : 0);
    if (taken && counter < 3) ++counter;
    if (!taken && counter > 0) --counter;
    return missed;
  }

  /// The same of an indirect jump or call.
  bool mispredicts_target(Address pc, Address target) {
    Address& predicted = targets_[pc % targets_.size()];
    const bool missed = predicted != target;
    predicted = target;
    return missed;
  }

 private:
  static constexpr uint32_t kHistoryShift = 7;

  uint64_t history_ = 0;
  std::array<uint8_t, 16384> counters_{};
  std::array<Address, 512> targets_{};
};

}  // namespace weft::tools

// One thread's calls under way, and what the finished ones cost. For that thread alone.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "weft/instruction.h"

namespace weft::tools {

/// From the call instruction at `site` to the code at `callee`.
struct CallEdge {
  Address site = 0;
  Address callee = 0;
  bool operator==(const CallEdge&) const = default;
};

struct CallEdgeHash {
  size_t operator()(const CallEdge& edge) const {
    return edge.site * 0x9e3779b97f4a7c15 ^ edge.callee;
  }
};

struct CallCost {
  uint64_t calls = 0;
  uint64_t inclusive = 0;  ///< instructions from the call to the return
};

using CallCosts = std::unordered_map<CallEdge, CallCost, CallEdgeHash>;

class CallStack {
 public:
  /// `stack` is rsp in front of the call; `count` the instructions that the thread has executed so
  /// far.
  void call(CallEdge edge, Address stack, uint64_t count) {
    // Frames that were left without a return (longjmp, exceptions) lie below the caller's stack
    // pointer.
    unwind_to(stack, count);
    frames_.push_back({edge, stack, count});
  }

  /// `stack` is rsp in front of the return: the call pushed there, so its rsp is 8 above.
  void returned(Address stack, uint64_t count) { unwind_to(stack + 8, count); }

  /// The callee went on to `callee` by a jump before it did anything: a linkage stub.
  void forwarded(Address callee) {
    if (!frames_.empty()) frames_.back().edge.callee = callee;
  }

  /// Ends all calls, as at the end of the thread.
  void finish(uint64_t count) { unwind_to(~Address{0}, count); }
  void clear() {
    frames_.clear();
    costs_.clear();
  }
  const CallCosts& costs() const { return costs_; }

 private:
  struct Frame {
    CallEdge edge;
    Address stack = 0;
    uint64_t count = 0;
  };

  void unwind_to(Address stack, uint64_t count) {
    while (!frames_.empty() && frames_.back().stack <= stack) {
      const Frame& frame = frames_.back();
      CallCost& cost = costs_[frame.edge];
      ++cost.calls;
      cost.inclusive += count - frame.count;
      frames_.pop_back();
    }
  }

  std::vector<Frame> frames_;
  CallCosts costs_;
};

}  // namespace weft::tools

// One thread's calls under way, and what the finished ones cost. For that thread alone.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "calls/call_tree.h"

namespace weft::tools {

struct CallCost {
  uint64_t calls = 0;
  uint64_t inclusive = 0;  ///< instructions from the call to the return
};

using CallCosts = std::unordered_map<CallEdge, CallCost, CallEdgeHash>;

class CallStack {
 public:
  /// From here on what is executed counts for its chain of calls, and not for its edge.
  void keep_tree() { tree_.emplace(); }

  /// `stack` is rsp in front of the call; `count` the instructions that the thread has executed so
  /// far.
  void call(CallEdge edge, Address stack, uint64_t count) {
    // Frames that were left without a return (longjmp, exceptions) lie below the caller's stack
    // pointer.
    unwind_to(stack, count);
    uint32_t node = CallTree::kRoot;
    if (tree_) {
      spend(count);
      node = tree_->child(current_, edge);
    }
    frames_.push_back({edge, stack, count, current_});
    current_ = node;
  }

  /// `stack` is rsp in front of the return: the call pushed there, so its rsp is 8 above.
  void returned(Address stack, uint64_t count) { unwind_to(stack + 8, count); }

  /// The callee went on to `callee` by a jump before it did anything: a linkage stub.
  void forwarded(Address callee) {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    frame.edge.callee = callee;
    if (tree_) current_ = tree_->child(frame.caller, frame.edge);
  }

  /// Ends all calls, as at the end of the thread.
  void finish(uint64_t count) {
    unwind_to(~Address{0}, count);
    if (tree_) spend(count);
  }
  /// As new, at the start of a thread that has executed nothing.
  void clear() {
    frames_.clear();
    costs_.clear();
    current_ = CallTree::kRoot;
    spent_ = 0;
    if (tree_) tree_.emplace();
  }
  const CallCosts& costs() const { return costs_; }
  const std::optional<CallTree>& tree() const { return tree_; }

 private:
  struct Frame {
    CallEdge edge;
    Address stack = 0;
    uint64_t count = 0;
    uint32_t caller = CallTree::kRoot;  ///< its node
  };

  void unwind_to(Address stack, uint64_t count) {
    while (!frames_.empty() && frames_.back().stack <= stack) {
      const Frame& frame = frames_.back();
      if (tree_) {
        spend(count);
      } else {
        CallCost& cost = costs_[frame.edge];
        ++cost.calls;
        cost.inclusive += count - frame.count;
      }
      current_ = frame.caller;
      frames_.pop_back();
    }
  }

  /// What was executed since the last time was executed in the call under way.
  void spend(uint64_t count) {
    tree_->add(current_, count - spent_);
    spent_ = count;
  }

  std::vector<Frame> frames_;
  CallCosts costs_;
  std::optional<CallTree> tree_;
  uint32_t current_ = CallTree::kRoot;
  uint64_t spent_ = 0;
};

}  // namespace weft::tools

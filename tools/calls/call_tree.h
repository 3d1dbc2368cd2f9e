// What was executed in each chain of calls: a tree, whose nodes are calls of one site by one
// caller. A value; one thread.
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

class CallTree {
 public:
  /// What a thread executes outside of all calls.
  static constexpr uint32_t kRoot = 0;
  /// Recursion of every depth is a chain of its own: of more nodes than this, the calls count for
  /// their callers.
  static constexpr size_t kMostNodes = size_t{1} << 21;

  struct Node {
    uint32_t parent = kRoot;
    CallEdge edge;
    uint64_t self = 0;  ///< instructions
  };

  CallTree() : nodes_(1) {}

  uint32_t child(uint32_t parent, const CallEdge& edge) {
    const auto found = children_.find({parent, edge});
    if (found != children_.end()) return found->second;
    if (nodes_.size() >= kMostNodes) {
      ++left_out_;
      return parent;
    }
    const auto made = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({parent, edge, 0});
    children_.emplace(Key{parent, edge}, made);
    return made;
  }
  void add(uint32_t node, uint64_t instructions) { nodes_[node].self += instructions; }

  void add(const CallTree& other) {
    // A node's parent comes before it.
    std::vector<uint32_t> here(other.nodes_.size(), kRoot);
    for (uint32_t i = 0; i < other.nodes_.size(); ++i) {
      const Node& node = other.nodes_[i];
      if (i != kRoot) here[i] = child(here[node.parent], node.edge);
      add(here[i], node.self);
    }
    left_out_ += other.left_out_;
  }

  const std::vector<Node>& nodes() const { return nodes_; }
  /// Calls that had no node.
  uint64_t left_out() const { return left_out_; }

 private:
  struct Key {
    uint32_t parent;
    CallEdge edge;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return CallEdgeHash()(key.edge) + key.parent * 0xff51afd7ed558ccd;
    }
  };

  std::vector<Node> nodes_;
  std::unordered_map<Key, uint32_t, KeyHash> children_;
  uint64_t left_out_ = 0;
};

}  // namespace weft::tools

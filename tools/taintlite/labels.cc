#include "taintlite/labels.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>

namespace weft::tools {

void* reserve_memory(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "weft: tool 'taintlite': no memory\n");
    std::abort();
  }
  return memory;
}

Labels::Labels()
    : nodes_(static_cast<Node*>(reserve_memory(kNodes * sizeof(Node)))),
      unions_(static_cast<Label*>(reserve_memory(kSlots * sizeof(Label)))) {}

Label Labels::of_source(SourceByte source) {
  const std::lock_guard guard(lock_);
  if (next_ == kNodes) return kMany;
  nodes_[next_] = {kSource | source.input, source.offset};
  return next_++;
}

LIGHT Label Labels::find_or_add(Label a, Label b) {
  constexpr uint64_t kFactor = 0x9E3779B97F4A7C15;
  constexpr int kShift = 64 - 23;
  uint64_t at = ((static_cast<uint64_t>(a) << 32 | b) * kFactor) >> kShift;
  for (;; at = (at + 1) % kSlots) {
    const Label known = unions_[at];
    if (known == 0) break;
    if (nodes_[known].left == a && nodes_[known].right == b) return known;
  }
  if (next_ == kNodes) return kMany;
  nodes_[next_] = {a, b};
  unions_[at] = next_;
  return next_++;
}

LIGHT Label Labels::join_different(Label a, Label b) {
  if (a > b) {
    const Label larger = a;
    a = b;
    b = larger;
  }
  if (a == kMany) return kMany;
  // The larger one is the younger one, and may contain the other.
  const Node& younger = nodes_[b];
  if ((younger.left & kSource) == 0 && (younger.left == a || younger.right == a)) return b;
  lock_.lock();
  const Label result = find_or_add(a, b);
  lock_.unlock();
  return result;
}

std::vector<SourceByte> Labels::sources(Label label, size_t most) const {
  std::set<SourceByte> found;
  std::set<Label> seen;
  std::vector<Label> waiting{label};
  while (!waiting.empty() && found.size() < most) {
    const Label at = waiting.back();
    waiting.pop_back();
    if (at <= kMany || !seen.insert(at).second) continue;
    const Node& node = nodes_[at];
    if ((node.left & kSource) != 0) {
      found.insert({node.left & ~kSource, node.right});
    } else {
      waiting.push_back(node.left);
      waiting.push_back(node.right);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace weft::tools

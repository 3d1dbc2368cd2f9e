// What callers of a code cache agree with it on: options, answers, and who hears of deaths.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "cache/fragment.h"
#include "weft/deletion.h"

namespace weft::cache {

// What is deleted and what that did is said in the terms of tools: their calls end here.
using weft::Deleted;
using weft::Scope;

/// Hears of each fragment's death exactly once after it is unreachable, and of its reclamation.
/// Called without any lock held, on the thread that caused it; may itself delete fragments.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_deleted(const Fragment& fragment) = 0;
  virtual void on_reclaimed(const Fragment& fragment) = 0;
};

struct CacheOptions {
  uint64_t base = 0;                ///< where to reserve code memory (fixed); 0: anywhere
  uint64_t reserve = 1ull << 29;    ///< bytes of address space, and the limit of its growth
  uint64_t limbo_bound = 8u << 20;  ///< bytes of dead code after which slow threads are nudged
  uint64_t first_sequence = 1;      ///< number of the first fragment
  AppRange records{};   ///< where to have the cache's records, if that is free; empty: anywhere
  bool poison = false;  ///< fill code memory that is reclaimed with traps, to find bugs
  /// Called between the steps of publication and deletion, where other threads may come in; for
  /// tests that want them to. No lock is held.
  std::function<void()> between_steps;
};

/// The answer to CodeCache::publish(). kStale: a constituent was deleted since its generation was
/// read; decode again. kExists: the tag has a live fragment of this kind already (another thread
/// was faster): use find(). kFull: no room up to the limit.
enum class PublishError : uint8_t { kNone, kStale, kExists, kFull };
struct Published {
  Fragment* fragment = nullptr;
  CachePc entry;
  PublishError error = PublishError::kNone;
};

/// A cache as it is, for a later process to go on with: memory, and what is to be known of it.
struct Image {
  std::vector<AppRange> memory;  ///< whole pages
  std::vector<uint8_t> state;
};

}  // namespace weft::cache

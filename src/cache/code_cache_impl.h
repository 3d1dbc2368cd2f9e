// What a code cache is made of, for the files that implement its members.
#pragma once

#include <atomic>
#include <cstdint>

#include "cache/code_cache.h"
#include "cache/fragment_store.h"
#include "cache/lifecycle.h"
#include "cache/limbo.h"
#include "cache/links.h"
#include "cache/operation_gate.h"
#include "cache/parts.h"

namespace weft::cache {

class CodeCache::Impl {
 public:
  Impl(const CacheOptions& options, IndirectTargets& targets, Epochs& epochs)
      : parts(options, targets, epochs) {}

  /// Around whatever looks at or changes the structures: no fork meanwhile, nothing reclaimed.
  struct Operation {
    explicit Operation(Impl& impl) : pass(impl.gate), guard(impl.parts.epochs) {}
    OperationGate::Pass pass;
    EpochGuard guard;
  };

  /// Tells of the deaths, outside any operation, and hands the dead on.
  void bury(const Lifecycle::Dead& dead) {
    if (dead.empty()) return;
    if (listener != nullptr) {
      for (const Fragment* fragment : dead) listener->on_deleted(*fragment);
    }
    {
      OperationGate::Pass pass(gate);
      limbo.retire(dead, true);
    }
    // Else it is left to the threads that pass through the dispatcher.
    if (limbo.over_bound()) limbo.reclaim();
  }

  /// Kills every live fragment among `ids`; returns how many.
  uint32_t kill_all(const IntervalIndex::Ids& ids, Lifecycle::Dead& dead) {
    uint32_t killed = 0;
    for (const uint32_t id : ids) {
      Fragment* fragment = parts.fragment(id);
      const bool counts = fragment != nullptr && fragment->kind() != FragmentKind::kProbe;
      if (fragment != nullptr && lifecycle.kill(*fragment, dead) && counts) ++killed;
    }
    return killed;
  }

  Parts parts;
  OperationGate gate;
  FragmentStore store{parts};
  Links links{parts};
  Lifecycle lifecycle{parts, store, links};
  Limbo limbo{parts, store, gate};
  Listener* listener = nullptr;
  std::atomic<uint64_t> evict_hand{0};
};

}  // namespace weft::cache

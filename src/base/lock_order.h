// The runtime's locks, in the one order in which a thread takes those that it holds together. Fork
// takes its locks in this order, too (base/fork_locks.h). docs/locks.md has the same list; a test
// compares.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace weft {

/// How a fork sees to it that no other thread holds the lock meanwhile.
enum class AtFork : uint8_t {
  kTaken,
  kIfThere,   ///< taken if the run has the part that it belongs to
  kByGate,    ///< held inside operations of a cache only, which the gate keeps out
  kNotTaken,  ///< the child does without: docs/locks.md says why
};

/// Each with the name that messages and docs give it. A new lock gets a line where it belongs;
/// `--check-locks` finds a wrong place.
// clang-format off
#define WEFT_LOCKS(X) \
  X(kSharedSegments, "shared segments", kTaken)               \
  X(kBreak, "program break", kTaken)                          \
  X(kLimits, "limits", kTaken)                                \
  X(kHostThreads, "host threads", kTaken)                     \
  X(kSharedBodies, "shared bodies", kTaken)                   \
  X(kSeccomp, "seccomp", kTaken)                              \
  X(kBuffers, "buffers", kNotTaken)                           \
  X(kImages, "code images", kIfThere)                         \
  X(kHost, "host", kIfThere)                                  \
  X(kModules, "modules", kIfThere)                            \
  X(kCases, "cases", kIfThere)                                \
  X(kParts, "parts", kIfThere)                                \
  X(kCallees, "callees", kIfThere)                            \
  X(kFunctions, "functions", kIfThere)                        \
  X(kLists, "lists", kIfThere)                                \
  X(kThreads, "threads", kTaken)                              \
  X(kSignals, "signals", kTaken)                              \
  X(kReservations, "shadow reservations", kTaken)             \
  X(kHashedSites, "hashed sites", kTaken)                     \
  X(kCodePages, "code pages", kTaken)                         \
  X(kProtectedStore, "protected store", kTaken)               \
  X(kCaches, "caches", kTaken)                                \
  X(kGate, "gate", kTaken)                                    \
  X(kEpochs, "epochs", kTaken)                                \
  X(kAddressSpace, "address space", kTaken)                   \
  X(kIntervals, "intervals", kByGate)                         \
  X(kLimbo, "limbo", kByGate)                                 \
  X(kTag, "tag", kByGate)                                     \
  X(kFragment, "fragment", kByGate)                           \
  X(kHashSlots, "hash slots", kByGate)                        \
  X(kShadowPages, "shadow pages", kTaken)                     \
  X(kTagShard, "tag shard", kByGate)                          \
  X(kTagMaker, "tag maker", kByGate)                          \
  X(kIds, "ids", kByGate)                                     \
  X(kIdChunks, "id chunks", kByGate)                          \
  X(kRegions, "regions", kByGate)                             \
  X(kArena, "arena", kByGate)                                 \
  X(kCodeSpace, "code space", kByGate)                        \
  X(kRecords, "records", kByGate)                             \
  X(kLargeRecords, "large records", kByGate)                  \
  X(kRecordMemory, "record memory", kByGate)                  \
  X(kPerfMap, "perf map", kIfThere)                           \
  X(kHeldSignals, "held signals", kNotTaken)
// clang-format on

enum class LockRank : uint8_t {
#define WEFT_LOCK(rank, name, at_fork) rank,
  WEFT_LOCKS(WEFT_LOCK)
#undef WEFT_LOCK
      kCount,
};

const char* name_of(LockRank rank);
AtFork at_fork(LockRank rank);

/// From now on the order is checked: a thread that takes a lock while it holds one that stands
/// later in the list, or another of the same place, is stopped with both names. Costs a system call
/// each time; for tests.
void check_lock_order();

namespace lock_order {

/// Plain: constant but for its start.
extern bool g_checked;

/// SIGNAL_SAFE, both: a thread's locks are noted by the number of the thread.
SIGNAL_SAFE void note_wanted(LockRank rank);
SIGNAL_SAFE void note_released(LockRank rank);
/// As raw_syscall(), which is of a layer above: no errno, so that any fs will do.
SIGNAL_SAFE int current_thread();
/// In the child of a fork: what `parent` held is held by the caller, and no other thread is there.
void note_forked(int parent);

}  // namespace lock_order
}  // namespace weft

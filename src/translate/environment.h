// What emitted code refers to: shared routines, the reach of the code cache, the way of indirect
// branches. Filled by the engine before the first translation and constant from then on; any thread
// may read it.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "linux/memory/shadowed_code.h"
#include "translate/hashed_sites.h"

namespace weft::translate {

/// Why a thread came back to the dispatcher (ThreadBlock::exit_reason); enter.S knows the numbers.
enum class ExitReason : uint64_t {
  kLink = 1,          ///< an unlinked exit: exit_id
  kIndirectMiss = 2,  ///< an indirect branch to context.rip that found nothing
  kSyscall = 3,       ///< a system call instruction; context.rip is the next one
  kEmulate = 4,       ///< the instruction at context.rip has to be carried out by the runtime
  kAborted = 5,       ///< a signal came before the cache was entered; context is untouched
  kSignal = 6,        ///< the signal handler took the thread out; it has filled context itself
  kStale = 7,         ///< the bytes at context.rip are not those that the fragment was made from
  kHead = 8,          ///< as kLink, by an exit that is counted
};

/// The code that exits and misses jump to; each saves the program's state and enters the
/// dispatcher.
struct Routines {
  CachePc link_exit;
  CachePc head_exit;      ///< the same, for counted exits
  CachePc indirect_miss;  ///< target in rcx, the program's rcx in spill_rcx
  CachePc syscall;        ///< rcx is the next program address
  CachePc emulate;        ///< ThreadBlock::next_pc is the instruction
  CachePc hash_mismatch;  ///< a checking entry was reached by another address
  CachePc stale;          ///< ThreadBlock::next_pc is the tag of a fragment whose bytes changed
  CachePc clean_call;     ///< CallSite in rcx, the program's rcx in context, call_resume set
  CachePc light_call;     ///< the same for a site with CallSite::make_arguments
  CachePc settle_x87;     ///< the program's rcx in context, call_resume set
};

/// kDispatch: all indirect branches go to the dispatcher, to see where they lead.
enum class IndirectMode : uint8_t { kShadow, kHash, kDispatch };
enum class ReturnMode : uint8_t { kJump, kPaired };

struct Environment {
  Routines routines;
  uint64_t code_low = 0;  ///< all code memory lies in [code_low, code_high)
  uint64_t code_high = 0;
  IndirectMode indirect = IndirectMode::kShadow;
  ReturnMode returns = ReturnMode::kJump;
  /// Not null: returns are paired in what is built from when it is true on.
  const std::atomic<bool>* pairs_returns = nullptr;
  /// Not null, and not 0 there (IndirectMode::kShadow): the name of the choice that indirect
  /// branches go past if they know its outcome. They enter where the shadow word says, and all
  /// others kByChoice bytes ahead of it. Constant while anything is translated.
  const std::atomic<uint8_t>* branch_choice = nullptr;
  uint32_t shadow_displacement = 0;
  /// IndirectMode::kShadow: which code has shadow words, and which branches look for other code in
  /// the hash table before they read a word. Null: all of it; none.
  const linux::ShadowedCode* shadowed = nullptr;
  const HashedSites* hashed_sites = nullptr;
  uint32_t max_blocks = 16;  ///< constituents of a superblock
  /// Fragments that a thread builds before it makes calls prefetch for their returns: in small
  /// programs the words are in the cache anyway.
  uint32_t prefetch_after = 10'000;
  bool traces = false;               ///< count the exits that may lead to the head of a trace
  bool single_instructions = false;  ///< each fragment is one instruction
  bool entries_anywhere = true;  ///< any instruction may become an entry, not only block boundaries

  static constexpr uint32_t kByChoice = 5;
  uint8_t choice_of_branches() const {
    return branch_choice == nullptr ? uint8_t{0} : branch_choice->load(std::memory_order_relaxed);
  }
  /// Whether indirect branches find `tag` in the hash table, so that its entry has to look which
  /// address was wanted. Where branches go past a choice there is no table for code without shadow.
  bool is_hashed(AppPc tag) const {
    if (indirect != IndirectMode::kShadow) return indirect == IndirectMode::kHash;
    return shadowed != nullptr && choice_of_branches() == 0 && !shadowed->contains(tag);
  }
  /// Whether the branch at `site` looks there.
  bool looks_up(AppPc site) const {
    if (indirect != IndirectMode::kShadow) return indirect == IndirectMode::kHash;
    return hashed_sites != nullptr && choice_of_branches() == 0 && hashed_sites->has(site);
  }
};

}  // namespace weft::translate

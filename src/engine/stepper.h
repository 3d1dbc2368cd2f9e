// Runs a thread whose program set the trap flag by single instructions, each followed by SIGTRAP.
// The flag itself is kept from the CPU. Belongs to one dispatcher, whose thread alone calls it,
// inside an epoch.
#pragma once

#include "cache/code_cache.h"
#include "translate/environment.h"
#include "translate/superblock.h"

namespace weft::engine {

class Stepper {
 public:
  static constexpr uint64_t kTrapFlag = 0x100;  ///< in rflags

  enum class Result : uint8_t {
    kReady,
    kNoCode,  ///< the instruction cannot be fetched: see fault_address()
    kFull,    ///< the cache needs room first
    kAgain,   ///< the code changed meanwhile
  };

  Stepper(const translate::Environment& environment, cache::CodeCache& cache,
          translate::ProgramCode& code);

  /// Makes the instruction at `pc` ready, to be entered at entry(). No tool is shown it.
  Result prepare(AppPc pc);
  CachePc entry() const { return entry_; }
  AppPc fault_address() const { return builder_.fault_address(); }
  /// The thread has run it, or will not.
  void leave();

 private:
  translate::Environment environment_;
  cache::CodeCache& cache_;
  translate::SuperblockBuilder builder_;
  cache::Fragment* step_ = nullptr;
  CachePc entry_;
};

}  // namespace weft::engine

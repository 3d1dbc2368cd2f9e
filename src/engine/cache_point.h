// From a place in the code cache, where a signal found a thread, back to the program's state.
// SIGNAL_SAFE throughout: runs in the handler of the thread concerned.
#pragma once

#include <optional>

#include "base/address.h"
#include "cache/code_cache.h"
#include "engine/hooks.h"
#include "engine/thread.h"
#include "x86/context.h"

namespace weft::engine {

/// Why a thread is taken out of the cache, or its state shown.
enum class Interruption : uint8_t {
  kFault,   ///< of this very place
  kSignal,  ///< may wait for the end of a block with inserted code
  kChange,  ///< what follows this instruction is no longer what was translated
};

/// Makes `context`, holding the machine's registers at the cache address context.rip, the program's
/// own. False if that cannot be done right there (between two parts of a mangled instruction, in a
/// stub; but for a fault, also where inserted code has run for an instruction that has not): the
/// thread has to go on a little.
SIGNAL_SAFE bool to_program_state(const cache::CodeCache& cache, const Thread& thread,
                                  x86::CpuContext& context, Interruption why);

/// Whether `changed` has bytes of the block that a thread at `pc` runs.
SIGNAL_SAFE bool is_in_block_at(const cache::Fragment& fragment, CachePc pc, AppRange changed);

/// The program instruction whose code has the cache address `pc`.
SIGNAL_SAFE std::optional<AppPc> program_pc(const cache::CodeCache& cache, CachePc pc);

/// A fragment's code that is not the program's.
enum class OurCode : uint8_t {
  kNone,
  kCheck,      ///< compares the program's bytes, before the block
  kInsertion,  ///< of tools, before or behind an instruction
};
SIGNAL_SAFE OurCode our_code_at(const cache::CodeCache& cache, CachePc pc);

/// The item of an edited list whose code holds `pc`.
SIGNAL_SAFE std::optional<ListItem> list_item_at(const cache::CodeCache& cache, CachePc pc);

/// An indirect branch on its way when it faulted: where it goes, with the program's state as if it
/// had just gone there.
struct InterruptedBranch {
  AppPc target;
  x86::CpuContext context;
  /// The branch itself, where the fault says it.
  std::optional<AppPc> site;
};

/// Takes the branch back: `branch.context` is then as it was before the instruction at
/// `branch.site`. What a call wrote below its stack pointer stays written.
SIGNAL_SAFE void take_back(InterruptedBranch& branch);

/// Where an indirect branch comes by a shadow word that nobody has written: 0, or ahead of it on
/// the way to a choice.
SIGNAL_SAFE bool is_nowhere(uint64_t rip);

/// What faulted at context.rip, if it is an indirect branch: either its shadow word was 0 (rip is
/// nowhere), or the target can have no shadow word and reading it faulted.
SIGNAL_SAFE std::optional<InterruptedBranch> interrupted_branch(const cache::CodeCache& cache,
                                                                const Thread& thread,
                                                                const x86::CpuContext& context);

}  // namespace weft::engine

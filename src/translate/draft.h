// A fragment on the way: its code, and all that publish() wants to know of it. One per translating
// thread, reused; it allocates only while its vectors grow to their working size.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cache/fragment_spec.h"
#include "translate/environment.h"
#include "translate/state_map.h"
#include "x86/assembler.h"

namespace weft::translate {

/// The way from an indirect paired call to the callee, whose address is in rcx: laid out behind the
/// superblock's own code.
struct CallThunk {
  uint32_t call_field = 0;  ///< rel32 of the call, in hot code
  AppPc pc;
  uint8_t length = 0;  ///< of the program's call
  bool hold = false;   ///< as Draft::hold was
};

/// Program memory that an indirect transfer was translated by: its 8 bytes at `slot` are `target`.
struct ConstantSlot {
  AppPc slot;
  AppPc target;
  uint64_t generation;  ///< of the slot, older than what was read there

  AppRange bytes() const { return {slot, slot + sizeof(uint64_t)}; }
};

/// An item of an edited list in hot code, where it begins the last one's end.
struct ListPlace {
  uint32_t end;
  uint32_t note : 30;
  uint32_t inserted : 1;    ///< it is no instruction of the program's
  uint32_t translated : 1;  ///< a fault there is the program's, at the address that the map says
};

/// The code of one block's edited list, for faults.
struct ListSpan {
  AppPc tag;
  std::shared_ptr<void> data;  ///< the tool's
  uint32_t start = 0;
  std::vector<ListPlace> places;
};

/// What a tool's additions to a fragment own. Lives as long as the fragment can be executed;
/// constant once it can.
class FragmentData {
 public:
  virtual ~FragmentData() = default;

  std::vector<ListSpan> lists;  ///< in the order of their code
};

class Draft {
 public:
  static constexpr size_t kHotCapacity = 32u << 10;
  static constexpr size_t kColdCapacity = 32u << 10;
  /// No instruction and its exits take more than this; a builder stops when less is left.
  static constexpr size_t kReserve = 512;

  explicit Draft(const Environment& environment);
  void clear();
  bool nearly_full() const;

  /// Exits that are made from here on and lead to `pc` or back before it are counted.
  void set_branch(AppPc pc) { branch_ = pc; }
  /// A direct exit to `target` by `jmp`, with its stub.
  void exit_jump(AppPc target);
  /// A direct exit to `target` by `call`, which pushes an address of the cache that is taken off
  /// the stack on the way, with its stub.
  void exit_call(AppPc target);
  /// A direct exit to `target` if `condition` holds, with its stub.
  void exit_condition(uint8_t condition, AppPc target);
  /// jmp/jcc/call rel32 field at `offset` of the hot code goes to a shared routine.
  void to_routine(uint32_t offset, CachePc routine);
  /// The RIP-relative field at `offset` of the hot code names `address`; `trailing` bytes follow
  /// it.
  void to_address(uint32_t offset, uint64_t address, uint8_t trailing);
  /// What is emitted next belongs to the instruction at `pc`.
  void go_to(AppPc pc) {
    if (pc != map_pc) map.go_to(pc, hot.position());
  }
  /// The rel32 field at `offset` of the hot code names a place in hot or in cold code.
  void to_hot(uint32_t offset, uint32_t place);
  void to_cold(uint32_t offset, uint32_t place);
  /// The same of fields in cold code.
  void cold_to_routine(uint32_t offset, CachePc routine);
  void cold_to_address(uint32_t offset, uint64_t address, uint8_t trailing);
  void cold_to_hot(uint32_t offset, uint32_t place, uint8_t trailing);
  void cold_to_cold(uint32_t offset, uint32_t place);
  /// An 8-byte constant in cold code, a program address, for the RIP-relative field at `offset` of
  /// the hot code.
  void to_literal(uint32_t offset, AppPc value);
  /// Whether a rel32 field anywhere in code memory reaches `address`.
  bool reaches(uint64_t address) const;

  cache::FragmentSpec spec(cache::FragmentKind kind) const;

  const Environment& environment;
  x86::Assembler hot;
  x86::Assembler cold;
  StateMapWriter map;
  AppPc map_pc;  ///< where the state map's last record ends, if it is the program's
  std::vector<cache::Fixup> fixups;
  std::vector<cache::ExitSpec> exits;
  std::vector<cache::EntrySpec> entries;
  std::vector<cache::PastChoiceSpec> past_choices;
  std::vector<cache::LandingSpec> landings;
  std::vector<cache::Constituent> constituents;
  std::vector<ConstantSlot> constants;  ///< the last constituents, when all is built
  std::vector<CallThunk> thunks;
  /// The instruction that is being emitted has inserted code in front (see UndoZone::hold).
  bool hold = false;
  /// It is held for what precedes it alone (see UndoZone::fresh).
  bool fresh = false;
  /// What is emitted is an edited list's: it is left at its end, whatever has changed meanwhile.
  bool in_list = false;
  /// Calls and returns are the host's own; see mangle_paired_call().
  bool pairs_returns = false;
  /// Calls fetch the shadow word that their return will read.
  bool prefetch_returns = false;
  /// Of exits that are made from here on to addresses above `choice_floor`; see ExitSpec::choice.
  uint8_t choice = 0;
  AppPc choice_floor;
  uint8_t entry_choice = 0;  ///< FragmentSpec::choice
  /// Counts additions to words with several parts, through all drafts.
  uint32_t next_part = 0;
  /// What inserted code refers to; goes to the fragment with its publication.
  std::unique_ptr<FragmentData> tool_data;
  std::vector<AppPc> return_addresses;  ///< of the calls in the fragment, not paired ones

 private:
  void add_exit(uint32_t site, AppPc target);
  /// The rest of its stub, which leads to the dispatcher.
  void end_exit(uint32_t site, uint32_t stub, AppPc target, bool calls);

  AppPc branch_;
  std::array<uint8_t, kHotCapacity> hot_bytes_;
  std::array<uint8_t, kColdCapacity> cold_bytes_;
};

}  // namespace weft::translate

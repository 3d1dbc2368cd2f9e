// Where each program instruction lies in a fragment, and how to get back to a state of the program
// from any point of it. Written by the mangler, kept as bytes with the fragment; reading is
// signal-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "translate/thread_block.h"
#include "x86/context.h"

namespace weft::translate {

inline constexpr uint8_t kNoReg = 0xFF;

/// From `offset` (in bytes from the start of the instruction's cached form) until the next zone,
/// these things are undone to have the program's state at the start of the instruction, or, where
/// `complete` is set, at the start of the next.
struct UndoZone {
  uint8_t offset = 0;
  uint8_t spilled_0 = kNoReg;  ///< register whose value is in ThreadBlock::spill[0]
  uint8_t spilled_1 = kNoReg;  ///< register whose value is in ThreadBlock::spill[1]
  bool rcx_spilled = false;    ///< rcx's value is in ThreadBlock::spill_rcx
  /// The arithmetic flags are in ThreadBlock::spill[kFlagsSpill], as lahf and seto al leave them.
  bool flags_spilled = false;
  bool complete = false;
  bool uncuttable = false;  ///< no way back or forward from here: the thread has to go on a little
  /// What tools inserted for the instruction has run: a fault shows the program's state here, but
  /// an asynchronous signal waits for the instruction's end.
  bool hold = false;
  /// With `hold`, at the start of a record: nothing that was inserted for the instruction has run,
  /// and all that was inserted for those before it has.
  bool fresh = false;
  int16_t rsp_delta = 0;  ///< added to rsp
};

inline constexpr size_t kFlagsSpill = 2;

class StateMapWriter {
 public:
  void clear();
  /// The next record starts at `pc`, not where the last one ended.
  void go_to(AppPc pc, uint32_t hot_offset);
  /// The only boundary to enter at is the first: what follows relies on what was checked there.
  void seal();
  /// An instruction of `app_length` bytes (0: code that comes before the next one) takes
  /// `cache_length` bytes of hot code.
  void add(uint32_t app_length, uint32_t cache_length, std::span<const UndoZone> zones = {});
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

/// What a point of the cache means for the program.
struct ProgramPoint {
  AppPc pc;
  UndoZone undo;          ///< all-empty for an instruction that was copied
  bool at_start = false;  ///< the cache pc is the first byte of the instruction's cached form
  bool before = false;    ///< in code of ours that comes before the instruction
};

/// The program's position at `hot_offset` of the fragment with this map; nothing for bytes that
/// belong to no instruction (an entry's prologue, padding at the end).
SIGNAL_SAFE std::optional<ProgramPoint> find_point(std::span<const uint8_t> map,
                                                   uint32_t hot_offset);

/// The offset in hot code at which the instruction at `pc` can be entered, if it can in this
/// fragment.
SIGNAL_SAFE std::optional<uint32_t> find_boundary(std::span<const uint8_t> map, AppPc pc);

/// Makes `context`, as saved at that point, the program's own.
SIGNAL_SAFE void undo(const ProgramPoint& point, const ThreadBlock& block,
                      x86::CpuContext& context);

}  // namespace weft::translate

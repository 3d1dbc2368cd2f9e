// The code at the entry of a block with several versions. Works on one Draft, on the thread that
// owns it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "translate/draft.h"
#include "translate/instrument.h"

namespace weft::translate {

/// The first half of an entry: it goes on behind itself if the version is the first one, and leaves
/// by jumps for the second half if not. No flag and no register is changed but what is free.
class SwitchHead {
 public:
  /// Whether the entry of an indirect branch, which has the program's rcx in
  /// ThreadBlock::spill_rcx, may be indirect_entry(): the choice then restores rcx, or need not.
  static bool restores_rcx(const PlannedBlock& block, const FreeState& free);

  /// Emits it. `free` is what is dead in front of the block; `first`, if given, is where the first
  /// version starts, an offset in hot code, and the second half is then emitted next.
  SwitchHead(Draft& draft, const PlannedBlock& block, const FreeState& free,
             std::optional<uint32_t> first = std::nullopt);
  uint32_t indirect_entry() const { return indirect_entry_; }
  /// Emits the second half, wherever in the fragment. `bodies`: where the versions start, offsets
  /// in hot code.
  void emit_rest(Draft& draft, const PlannedBlock& block, std::span<const uint32_t> bodies) const;

 private:
  friend class SwitchRest;
  /// By comparisons of the words themselves, or of their copies in rcx.
  enum class Form : uint8_t { kCompare, kCount };

  void emit_missing_rest(Draft& draft, const PlannedBlock& block) const;
  void emit_comparison(Draft& draft, const PlannedBlock& block, std::optional<uint32_t> first);
  void emit_count(Draft& draft, const PlannedBlock& block, const FreeState& free);
  static Form form_of(const PlannedBlock& block, const FreeState& free);
  void save(Draft& draft, const FreeState& free);
  void restore(x86::Assembler& out) const;

  Form form_;
  bool saved_rcx_ = false;
  uint32_t indirect_entry_ = 0;
  x86::Reg keeper_ = x86::kRcx;  ///< a dead register that has rcx meanwhile; rcx: memory has it
  /// By selection: rel32, in hot code, of what leaves if its word does not hold the first value; 0:
  /// the second half comes next.
  std::vector<uint32_t> rest_fields_;
};

}  // namespace weft::translate

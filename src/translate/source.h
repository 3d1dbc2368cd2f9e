// First stage: the program's bytes, as instructions. Knows where they may be read, copies them, and
// reads each block's generation before them. One builder's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "cache/code_cache.h"
#include "translate/draft.h"
#include "translate/instruction.h"
#include "translate/program_code.h"
#include "translate/source_window.h"

namespace weft::translate {

class Source {
 public:
  Source(const cache::CodeCache& cache, ProgramCode& code) : cache_(cache), code_(code) {}

  /// A fragment whose first block is at `start`.
  void begin(AppPc start);
  /// The generation of the block at `tag`, older than any of its bytes that fetch() gives from here
  /// on: publish() then notices a deletion that came in between.
  uint64_t begin_block(AppPc tag);

  /// Decodes the instruction at `pc`: the block's first, or one next to those before it. Its bytes
  /// are a copy that is good until the next block begins. False if it cannot be fetched.
  bool fetch(AppPc pc, Instruction& out) {
    out.pc = pc;
    // What the window has was in the run.
    const std::span<const uint8_t> bytes = window_.at(pc);
    return (!bytes.empty() && decode(bytes, out)) || fetch_slowly(pc, out);
  }
  /// Whether what was fetched last may change without notice.
  bool is_checked() const { return readable_.checked; }
  /// Of the last instruction that could not be fetched: the address at which fetching it faults.
  AppPc fault_address() const { return fault_address_; }
  void fault_at(AppPc pc) { fault_address_ = pc; }

  /// Where bytes may change without notice: the ones from `tag` on, read at once, of which a block
  /// may consist. Good until the next call.
  std::span<const uint8_t> copy(AppPc tag);

  /// Where a jump or call through the slot of memory goes, if that does not change: as the linker
  /// makes them, once it has protected its table. What is built depends on the slot then.
  std::optional<ConstantSlot> constant_at(AppPc slot);

 private:
  static constexpr size_t kCopied = 64;

  static bool decode(std::span<const uint8_t> bytes, Instruction& out) {
    out.bytes = bytes.data();
    return x86::decode(bytes.data(), bytes.size(), out.insn);
  }
  bool decode_in_run(AppPc pc, Instruction& out);
  bool fetch_slowly(AppPc pc, Instruction& out);

  const cache::CodeCache& cache_;
  ProgramCode& code_;
  CodeRange readable_;
  uint64_t head_generation_ = 0;
  bool at_head_ = false;  ///< no block has begun
  bool gone_ = false;     ///< the last bytes asked for could not be read
  AppPc fault_address_;
  std::array<uint8_t, kCopied> copied_{};
  SourceWindow window_;
};

}  // namespace weft::translate

// A basic block as tools see it: additions go into the translator's plan. Lives for one call of the
// instrumenter, on its thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/call_site.h"
#include "tool/callee.h"
#include "tool/choice.h"
#include "tool/first_runs.h"
#include "translate/instrument.h"
#include "translate/thread_block.h"
#include "weft/block.h"

namespace weft::tool {

/// Where a buffer's records go: words of the thread's block.
struct BufferLayout {
  uint32_t record_bytes = 0;
  uint32_t position = 0;  ///< index of the word with the next record's address
  uint32_t limit = 0;     ///< index of the word with minus the address of the end
};

/// The words of a thread's block: thread counters, then two for each buffer, then tallies.
inline constexpr uint32_t kMostBuffers = 16;
inline constexpr uint32_t kTallyParts = 8;
inline constexpr uint32_t kFirstTallyWord = kThreadCounters + 2 * kMostBuffers;
inline uint32_t tally_word(Tally tally, uint32_t part) {
  return kFirstTallyWord + kTallyParts * tally.slot() + part;
}
/// Then, for each set of versions: what a thread has read of a shared word on its way to a part of
/// a block.
inline constexpr size_t kMostVersionSets = 16;
inline constexpr uint32_t kFirstReadingWord = kFirstTallyWord + kTallies * kTallyParts;
static_assert(kFirstReadingWord + kMostVersionSets <= translate::ThreadBlock::kToolWords);

/// Of jcc, setcc, cmovcc, loop and jrcxz.
ConditionCode condition_of(const x86::Insn& insn);

class InstructionView final : public Instruction {
 public:
  explicit InstructionView(const translate::Instruction& at) : at_(at) {}

  Address pc() const override { return at_.pc.value; }
  std::span<const uint8_t> bytes() const override { return {at_.bytes, at_.insn.length}; }
  InstructionKind kind() const override;
  Address target() const override;
  const InstructionDetails& details() const override;
  std::string text() const override;

  const translate::Instruction& at() const { return at_; }
  const x86::InstructionInfo& info() const;

 private:
  const translate::Instruction& at_;
  mutable std::unique_ptr<x86::InstructionInfo> info_;
  mutable std::vector<Operand> operands_;
  mutable std::unique_ptr<InstructionDetails> details_;
};

class BlockView final : public Block {
 public:
  /// What the views of one process share.
  struct Shared {
    const std::vector<BufferLayout>& buffers;  ///< by number
    AppRange words;                            ///< where counters lie
    std::function<BlockCases(Versions, AppPc)> cases_of;
    size_t version_sets = 0;
    Callees& callees;
    FirstRuns& first_runs;
  };
  BlockView(translate::BlockPlan& plan, std::unique_ptr<translate::FragmentData>& data,
            const Shared& shared, Choice& choice);

  /// Whom a mistake is blamed on.
  void set_tool(std::string_view name) { tool_ = name; }

  Address tag() const override { return plan_.tag.value; }
  Range range() const override;
  size_t size() const override { return plan_.instructions.size(); }
  const Instruction& operator[](size_t index) const override;
  void remove(size_t index) override;
  void replace(size_t index, std::span<const uint8_t> code) override;
  void add_to_counter(Place place, Condition condition, Counter counter, int32_t amount,
                      bool atomic) override;
  void add_to_thread_counter(Place place, Condition condition, ThreadCounter counter,
                             int32_t amount) override;
  void set_counter_once(Place place, Condition condition, Counter counter, int32_t value,
                        Removal removal) override;
  void add_to_tally(Place place, Condition condition, Tally tally, int32_t amount) override;
  void set_thread_counter(Place place, Condition condition, ThreadCounter counter,
                          int32_t value) override;
  void add_call(Place place, Condition condition, void (*function)(),
                std::span<const Value> arguments) override;
  void add_record(Place place, Condition condition, Buffer buffer,
                  std::span<const Field> fields) override;
  void add_code(Place place, Condition condition, std::span<const uint8_t> code,
                uint16_t scratch) override;
  void add_snippet(Place place, Condition condition, const Snippet& snippet) override;
  Case choose(Versions versions) override;
  Register dead_register(Place place) const override;
  bool flags_dead(Place place) const override;

 private:
  [[noreturn]] void mistake(std::string_view message) const;
  void check(size_t index) const;
  const InstructionView& view(size_t index) const;
  /// The list that an addition at `place` goes to.
  std::vector<translate::Insertion>& list(Place place);
  translate::FreeState free_at(Place place) const;
  translate::Guard guard(const Condition& condition) const;
  translate::Word word(Counter counter) const;
  translate::Word word(ThreadCounter counter) const;
  void insert_word(Place place, const Condition& condition, translate::Insertion::Kind kind,
                   translate::Word word, int32_t amount);
  CallSite& new_site(Place place);
  Argument argument(Place place, const Value& value) const;
  translate::RecordField field(Place place, const Field& field) const;
  translate::SnippetStep snippet_step(Place place, const weft::SnippetStep& given) const;
  translate::SnippetStep snippet_value(Place place, const Value& value) const;
  translate::SnippetStep snippet_compute(const weft::SnippetStep& given) const;
  void check_labels(const Snippet& snippet) const;
  const x86::OperandInfo& memory_operand(Place place, uint64_t number) const;
  /// Of an operand that has one address.
  const x86::MemoryOperand& memory_address(Place place, uint64_t number) const;

  translate::BlockPlan& plan_;
  std::unique_ptr<translate::FragmentData>& data_;
  const Shared& shared_;
  Choice& choice_;
  std::string_view tool_;
  mutable std::optional<std::deque<InstructionView>> instructions_;  ///< once one is asked for
};

}  // namespace weft::tool

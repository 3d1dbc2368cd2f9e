// Foretells where each conditional jump goes, by the edges of its block, and compares with the
// block that follows.
#include <cstdio>

#include "weft/tool.h"

namespace {

using weft::Address;
using weft::ConditionCode;

struct State {
  Address expected = 0;
  uint64_t jumps = 0;
  uint64_t taken = 0;
  uint64_t wrong = 0;
};

class Directions final : public weft::Tool {
 public:
  std::string_view summary() const override { return "foretells conditional jumps"; }

  void on_block(weft::Block& block) override {
    block.before(0).call(arrive, &state_, block.tag());
    const weft::Instruction& last = block[block.size() - 1];
    if (last.kind() != weft::InstructionKind::kConditionalJump) return;
    const weft::InstructionDetails& details = last.details();
    if (details.group != weft::Category::kConditionalJump ||
        details.condition == ConditionCode::kNone) {
      ++state_.wrong;
    }
    const size_t at = block.size() - 1;
    block.before(at).call(foretell, &state_, weft::branch_taken(), last.target(), last.next());
    // The same with the whole state.
    block.before(at).call(compare, &state_, weft::branch_taken(), last.target(),
                          weft::call_context());
  }

  void on_exit(weft::Process& /*process*/, int status) override {
    std::fprintf(stderr, "directions: status=%d jumps=%lu taken=%lu wrong=%lu\n", status,
                 state_.jumps, state_.taken, state_.wrong);
  }

 private:
  WEFT_GENERAL_REGISTERS_ONLY static void arrive(State* state, Address tag) {
    if (state->expected != 0 && state->expected != tag) ++state->wrong;
    state->expected = 0;
  }
  WEFT_GENERAL_REGISTERS_ONLY static void foretell(State* state, uint64_t taken, Address target,
                                                   Address next) {
    ++state->jumps;
    state->taken += taken;
    state->expected = taken != 0 ? target : next;
  }
  static void compare(State* state, uint64_t taken, Address target,
                      weft::CallContext& /*context*/) {
    if ((state->expected == target) != (taken != 0)) ++state->wrong;
  }

  State state_;
};

}  // namespace

WEFT_TOOL(Directions);

#include "translate/block_planner.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weft::translate {

BlockPlanner::BlockPlanner(Instrumenter& instrumenter, Draft& draft, const PathPolicy& policy)
    : instrumenter_(instrumenter), draft_(draft), policy_(policy) {}

void BlockPlanner::instrument(const DecodedBlock& block, PlannedBlock& planned) {
  planned.versions.resize(1);
  planned.by = {};
  planned.part = policy_.part();
  const bool is_probe = draft_.environment.indirect == IndirectMode::kDispatch;
  const PlanUse use = is_probe ? PlanUse::kProbe : PlanUse::kBlock;
  planned.use = policy_.is_trace() ? PlanUse::kTrace : use;
  BlockPlan& plan = planned.versions.front();
  plan.tag = block.tag;
  plan.instructions.clear();
  plan.list.reset();
  plan.anywhere.clear();
  // Further versions are emitted when the source has gone on to other blocks.
  planned.source.resize(block.size() * x86::kLongestInstruction);
  uint8_t* kept = planned.source.data();
  for (const Instruction& at : block.instructions) {
    Instruction& copy = plan.instructions.emplace_back().at;
    copy = at;
    copy.bytes = kept;
    std::memcpy(kept, at.bytes, at.insn.code_length());
    kept += at.insn.code_length();
  }
  instrumenter_.instrument(planned, draft_.tool_data);
  planned.settle();
}

bool BlockPlanner::fits(const PlannedBlock& planned, SizeBound pending) {
  constexpr auto kFollow = 192u;  // how a trace goes on by an indirect branch
  const auto versions = static_cast<uint32_t>(planned.versions.size());
  SizeBound first = planned.versions.front().size_bound();
  const SizeBound all = planned.size_bound(first);
  const uint32_t hot = all.hot + (policy_.is_trace() ? kFollow * versions : 0);
  further_ = {hot - first.hot, all.cold - first.cold};
  return draft_.hot.position() + pending.hot + hot + Draft::kReserve <= Draft::kHotCapacity &&
         draft_.cold.position() + pending.cold + all.cold + Draft::kReserve <= Draft::kColdCapacity;
}

void BlockPlanner::plan_first(DecodedBlock& block, PlannedBlock& planned) {
  planned.most_versions = PlannedBlock::kMostVersions;
  for (;;) {
    instrument(block, planned);
    if (fits(planned, {})) return;
    if (block.size() == 1) return plan_in_parts(block, planned);
    block.instructions.resize(std::bit_floor(block.size() - 1));
  }
}

void BlockPlanner::plan_whole(const DecodedBlock& block, PlannedBlock& planned) {
  planned.most_versions = PlannedBlock::kMostVersions;
  instrument(block, planned);
  plan_in_parts(block, planned);
}

bool BlockPlanner::plan_next(const DecodedBlock& block, const Switch& by, SizeBound pending,
                             PlannedBlock& planned) {
  planned.most_versions = PlannedBlock::kMostVersions;
  instrument(block, planned);
  return fits(planned, pending) && planned.by == by;
}

void BlockPlanner::plan_in_parts(const DecodedBlock& block, PlannedBlock& planned) {
  while (!fits(planned, {})) {
    CHECK(planned.is_switched());
    uint32_t& most = planned.most_versions;
    if (planned.by.is_whole()) {
      most = std::min(most, static_cast<uint32_t>(planned.versions.size()));
    }
    most = std::max(most / 2, 1u);
    instrument(block, planned);
  }
}

}  // namespace weft::translate

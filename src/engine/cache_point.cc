#include "engine/cache_point.h"

#include <algorithm>

#include "linux/memory/layout.h"
#include "translate/environment.h"
#include "translate/state_map.h"
#include "x86/decode.h"
#include "x86/shadow_branch.h"

namespace weft::engine {
namespace {

using x86::CpuContext;

const uint8_t* code_at(uint64_t rip) { return reinterpret_cast<const uint8_t*>(rip); }

/// A paired return, behind the push of the address that it takes.
bool stands_at_paired_ret(const cache::CodeCache& cache, uint64_t rip) {
  const uint64_t push = rip - x86::kShadowReadLength;
  return x86::stands_at_return(code_at(rip)) && cache.contains({push}) &&
         x86::stands_at_shadow_push(code_at(push));
}

constexpr uint64_t kNowhereByChoice = 0 - uint64_t{translate::Environment::kByChoice};

InterruptedBranch branch_to(const Thread& thread, const CpuContext& machine) {
  // On the way to a choice rcx has the cache's address.
  const uint64_t target = machine.rip == kNowhereByChoice
                              ? const_cast<Thread&>(thread).block().branch_target
                              : machine[x86::kRcx];
  InterruptedBranch branch{{target}, machine, std::nullopt};
  branch.context.rip = target;
  branch.context[x86::kRcx] = const_cast<Thread&>(thread).block().spill_rcx;
  return branch;
}

}  // namespace

std::optional<AppPc> program_pc(const cache::CodeCache& cache, CachePc pc) {
  const cache::Fragment* fragment = cache.fragment_at(pc);
  if (fragment == nullptr || pc - fragment->hot_start() >= fragment->hot_size())
    return std::nullopt;
  const auto offset = static_cast<uint32_t>(pc - fragment->hot_start());
  const auto point = translate::find_point(fragment->state_map(), offset);
  return point ? std::optional(point->pc) : std::nullopt;
}

bool to_program_state(const cache::CodeCache& cache, const Thread& thread, CpuContext& context,
                      Interruption why) {
  const CachePc pc{context.rip};
  const cache::Fragment* fragment = cache.fragment_at(pc);
  if (fragment == nullptr) return false;
  const uint64_t offset = pc - fragment->hot_start();
  if (offset >= fragment->hot_size()) return false;
  const auto point = translate::find_point(fragment->state_map(), static_cast<uint32_t>(offset));
  if (!point || point->undo.uncuttable) return false;
  const bool whole = why == Interruption::kChange && point->undo.fresh && point->at_start;
  if (why != Interruption::kFault && point->undo.hold && !whole) return false;
  translate::undo(*point, const_cast<Thread&>(thread).block(), context);
  return true;
}

bool is_in_block_at(const cache::Fragment& fragment, CachePc pc, AppRange changed) {
  const uint64_t offset = pc - fragment.hot_start();
  if (offset >= fragment.hot_size()) return false;
  const auto point = translate::find_point(fragment.state_map(), static_cast<uint32_t>(offset));
  const auto block = point ? fragment.constituent_at(point->pc) : std::nullopt;
  return block && block->overlaps(changed);
}

OurCode our_code_at(const cache::CodeCache& cache, CachePc pc) {
  const cache::Fragment* fragment = cache.fragment_at(pc);
  if (fragment == nullptr || pc - fragment->hot_start() >= fragment->hot_size()) {
    return OurCode::kNone;
  }
  const auto offset = static_cast<uint32_t>(pc - fragment->hot_start());
  const auto point = translate::find_point(fragment->state_map(), offset);
  if (!point || !point->before) return OurCode::kNone;
  const bool inserted =
      point->undo.uncuttable || point->undo.hold || list_item_at(cache, pc).has_value();
  return inserted ? OurCode::kInsertion : OurCode::kCheck;
}

std::optional<ListItem> list_item_at(const cache::CodeCache& cache, CachePc pc) {
  const cache::Fragment* fragment = cache.fragment_at(pc);
  if (fragment == nullptr || pc - fragment->hot_start() >= fragment->hot_size()) {
    return std::nullopt;
  }
  const auto offset = static_cast<uint32_t>(pc - fragment->hot_start());
  const auto* data = static_cast<const translate::FragmentData*>(fragment->tool_data());
  if (data == nullptr) return std::nullopt;
  for (const translate::ListSpan& list : data->lists) {
    if (offset < list.start || list.places.empty() || offset >= list.places.back().end) continue;
    const auto found = std::upper_bound(
        list.places.begin(), list.places.end(), offset,
        [](uint32_t at, const translate::ListPlace& place) { return at < place.end; });
    return ListItem{list.tag, list.data.get(), found->note, found->inserted != 0,
                    found->translated != 0};
  }
  return std::nullopt;
}

bool is_nowhere(uint64_t rip) { return rip == 0 || rip == kNowhereByChoice; }

std::optional<InterruptedBranch> interrupted_branch(const cache::CodeCache& cache,
                                                    const Thread& thread,
                                                    const CpuContext& context) {
  if (is_nowhere(context.rip)) return branch_to(thread, context);
  if (!cache.contains({context.rip})) return std::nullopt;
  const uint8_t* const code = code_at(context.rip);
  constexpr auto kDisplacement = static_cast<uint32_t>(linux::kShadowDisplacement);
  if (x86::stands_at_shadow_jump(code) || x86::stands_at_shadow_load(code, kDisplacement)) {
    InterruptedBranch branch = branch_to(thread, context);
    branch.site = program_pc(cache, {context.rip});
    return branch;
  }
  const bool pushed = stands_at_paired_ret(cache, context.rip);
  if (!pushed && !x86::stands_at_shadow_push(code)) return std::nullopt;
  InterruptedBranch branch = branch_to(thread, context);
  branch.site = program_pc(cache, {context.rip});
  if (pushed) branch.context[x86::kRsp] += sizeof(uint64_t);
  return branch;
}

void take_back(InterruptedBranch& branch) {
  x86::Insn insn;
  if (!branch.site || !x86::decode(branch.site->bytes(), x86::kLongestInstruction, insn)) return;
  uint64_t& rsp = branch.context[x86::kRsp];
  if (insn.kind == x86::Kind::kIndirectCall) rsp += sizeof(uint64_t);
  if (insn.kind == x86::Kind::kReturn) {
    const uint8_t* immediate = branch.site->bytes() + insn.length - insn.imm_size;
    const unsigned popped =
        insn.imm_size == 0 ? 0u : unsigned{immediate[0]} | unsigned{immediate[1]} << 8;
    rsp -= sizeof(uint64_t) + popped;
  }
  branch.context.rip = branch.site->value;
}

}  // namespace weft::engine

#include "translate/superblock.h"

#include <algorithm>

#include "cache/part.h"
#include "cache/stripe.h"

namespace weft::translate {

using x86::Kind;

SuperblockBuilder::SuperblockBuilder(const Environment& environment, const cache::CodeCache& cache,
                                     ProgramCode& code, Instrumenter* instrumenter)
    : environment_(environment),
      cache_(cache),
      code_(code),
      instrumenter_(instrumenter),
      draft_(environment) {}

void SuperblockBuilder::begin(AppPc tag, Arrival arrival) {
  draft_.clear();
  draft_.prefetch_returns = ++built_ > environment_.prefetch_after;
  marks_.clear();
  part_ = cache::part_number(tag);
  const AppPc start = cache::block_of_part(tag);
  covered_ = {start, start};
  readable_ = {};
  // Before it is asked whether the bytes may be read, and they are: see ProgramCode.
  head_generation_ = cache_.generation(start);
  window_.forget();
  map_pc_ = {};
  by_ = {};
  head_.reset();
  door_field_ = 0;
  for (SwitchedBlock& block : chain_) spare_.push_back(std::move(block.planned));
  chain_.clear();
  flushes_ = false;
  first_changes_choice_ = false;
  pending_ = {};
  // A part is of one block, whichever way its choice comes to it.
  continue_ = part_ != 0 ? Continue::kNo : Continue::kWhereItFits;
  cache::EntrySpec head{tag, 0, cache::EntrySpec::kNone};
  if (arrival == Arrival::kIndirect) {
    emit_choice_door(draft_.hot, environment_);
    head.indirect = draft_.hot.position();
    emit_indirect_entry(draft_.hot, environment_, tag);
  } else if (arrival == Arrival::kCall && draft_.pairs_returns && instrumenter_ == nullptr) {
    draft_.hot.lea_rsp(8);
    head.called = true;
  }
  head.direct = draft_.hot.position();
  draft_.entries.push_back(head);
}

bool SuperblockBuilder::build(AppPc tag, Arrival arrival) {
  begin(tag, arrival);
  Instruction first;
  AppPc pc = cache::block_of_part(tag);
  if (!fetch(pc, first)) return false;
  if (readable_.checked) return build_checked(pc);
  while (instrumenter_ == nullptr ? add_block(pc) : add_planned_block(pc)) {
  }
  if (marks_.empty()) return false;
  if (is_switched()) {
    if (part_ == 0) name_entry_choice();
    emit_further_versions(false);
  }
  emit_thunks(draft_);
  if (part_ == 0) add_entries();
  add_constants();
  instruction_count_ = static_cast<uint32_t>(marks_.size());
  CHECK(!draft_.hot.overflowed() && !draft_.cold.overflowed());
  return true;
}

bool SuperblockBuilder::build_trace(std::span<const AppPc> path) {
  begin(path[0], Arrival::kIndirect);
  path_ = path;
  AppPc pc = path[0];
  while (instrumenter_ == nullptr ? add_block(pc) : add_planned_block(pc)) {
  }
  if (is_switched()) {
    name_entry_choice();
    emit_further_versions(false);
  }
  path_ = {};
  const bool several = draft_.constituents.size() > 1;
  add_constants();
  instruction_count_ = static_cast<uint32_t>(marks_.size());
  CHECK(!draft_.hot.overflowed() && !draft_.cold.overflowed());
  return several;
}

bool SuperblockBuilder::follow_path(const Instruction& at, AppPc& pc) {
  if (continue_ == Continue::kNo || path_at_ + 1 >= path_.size()) return false;
  if (continue_ == Continue::kWhereItFits && draft_.nearly_full()) return false;
  const AppPc next = path_[path_at_ + 1];
  if (!mangle_towards(draft_, at, next)) return false;
  if (at.insn.kind == Kind::kCall || at.insn.kind == Kind::kIndirectCall) {
    draft_.return_addresses.push_back(at.next());
  }
  pc = next;
  return true;
}

bool SuperblockBuilder::decode_at(AppPc pc, Instruction& out) {
  const std::span<const uint8_t> bytes = window_.at(pc, readable_.range.end - pc);
  out.bytes = bytes.data();
  gone_ = bytes.empty();
  return !gone_ && x86::decode(bytes.data(), bytes.size(), out.insn);
}

bool SuperblockBuilder::fetch(AppPc pc, Instruction& out) {
  if (!readable_.range.contains(pc)) readable_ = code_.executable_range(pc);
  if (!readable_.range.contains(pc)) {
    fault_address_ = pc;
    return false;
  }
  out.pc = pc;
  if (decode_at(pc, out)) return true;
  fault_address_ = pc;
  if (gone_) return false;
  // It may go on in the next run, which may be of another kind.
  const CodeRange next = code_.executable_range(readable_.range.end);
  fault_address_ = readable_.range.end;
  if (next.range.empty()) return false;
  readable_ = {{readable_.range.start, next.range.end}, readable_.checked || next.checked};
  if (decode_at(pc, out)) return true;
  fault_address_ = readable_.range.end;
  return false;
}

const SuperblockBuilder::Mark* SuperblockBuilder::mark_of(AppPc pc) const {
  if (!covered_.contains(pc)) return nullptr;
  const auto found =
      std::find_if(marks_.begin(), marks_.end(), [pc](const Mark& mark) { return mark.pc == pc; });
  return found == marks_.end() ? nullptr : &*found;
}

uint64_t SuperblockBuilder::generation_before(AppPc tag) {
  if (marks_.empty()) return head_generation_;
  window_.forget();
  return cache_.generation(tag);
}

bool SuperblockBuilder::add_block(AppPc& pc) {
  const AppPc tag = pc;
  cache_.prefetch(tag + cache::kCacheLine);
  // Read before the bytes are: publish() then notices a deletion that came in between.
  const uint64_t generation = generation_before(tag);
  const auto index = static_cast<uint32_t>(draft_.constituents.size());
  path_at_ = index;
  if (pc != map_pc_) draft_.map.go_to(pc, draft_.hot.position());
  Instruction at;
  bool goes_on = false;
  for (;;) {
    if (!fetch(pc, at) || readable_.checked) {
      // The fault comes when the program gets here, not before; and checked code is entered by its
      // check.
      if (!marks_.empty()) draft_.exit_jump(pc);
      break;
    }
    marks_.push_back({pc, draft_.hot.position(), index});
    covered_ = {std::min(covered_.start, pc), std::max(covered_.end, at.next())};
    map_pc_ = at.next();
    if (at.insn.ends_block() || needs_emulation(at)) {
      const AppPc end = at.next();
      if (is_laid_out_elsewhere(at)) {
        marks_.pop_back();
        draft_.exit_jump(at.pc);
        if (at.pc > tag) draft_.constituents.push_back({tag, {tag, at.pc}, generation});
        return false;
      }
      goes_on = end_block(at, pc);
      draft_.constituents.push_back({tag, {tag, end}, generation});
      return goes_on;
    }
    mangle_plain(draft_, at);
    pc = at.next();
    const bool meets_itself = path_.empty() && mark_of(pc) != nullptr;
    if (draft_.nearly_full() || meets_itself || environment_.single_instructions) {
      draft_.exit_jump(pc);
      break;
    }
  }
  if (pc > tag) draft_.constituents.push_back({tag, {tag, pc}, generation});
  return false;
}

bool SuperblockBuilder::may_continue_at(AppPc pc) {
  if (continue_ != Continue::kWhereItFits) return continue_ == Continue::kYes;
  return path_.empty() && draft_.constituents.size() + 1 < environment_.max_blocks &&
         !draft_.nearly_full() && mark_of(pc) == nullptr && cache_.find(pc).value == 0;
}

bool SuperblockBuilder::go_on_or_leave(AppPc next, AppPc& pc) {
  if (may_continue_at(next)) {
    pc = next;
    return true;
  }
  draft_.exit_jump(next);
  return false;
}

bool SuperblockBuilder::pairs_returns() const {
  // A trace goes on only where its path does, not at a landing place.
  // And a landing place would have to be one for all versions of what follows.
  return path_.empty() && !is_switched() && part_ == 0 && draft_.pairs_returns;
}

bool SuperblockBuilder::is_laid_out_elsewhere(const Instruction& at) const {
  const bool calls = at.insn.kind == Kind::kCall || at.insn.kind == Kind::kIndirectCall;
  // One return address has one landing place: of two calls, the CPU would predict one wrongly.
  // Without entries anywhere, the other fragment's call cannot be gone to.
  return calls && pairs_returns() && environment_.entries_anywhere && marks_.size() > 1 &&
         cache_.find(at.next()).value != 0;
}

bool SuperblockBuilder::end_with_call(const Instruction& at, AppPc& pc) {
  const bool direct = at.insn.kind == Kind::kCall;
  const std::optional<AppPc> target = direct ? at.target() : constant_target(at);
  const bool paired = pairs_returns() && at.insn.segment != x86::Segment::kGs;
  if (!paired) {
    draft_.return_addresses.push_back(at.next());
    if (target) {
      mangle_call(draft_, at, *target);
    } else {
      mangle_indirect(draft_, at);
    }
    return false;
  }
  mangle_paired_call(draft_, at, target);
  const AppPc next = at.next();
  // A landing place of its own is a jump more: so calls may go farther.
  constexpr uint32_t kCallFactor = 4;
  const bool goes_on = !draft_.nearly_full() &&
                       draft_.constituents.size() + 1 < kCallFactor * environment_.max_blocks &&
                       mark_of(next) == nullptr && cache_.find(next).value == 0;
  if (!goes_on) {
    // From where the CPU expects the return, on to the fragment that `next` has elsewhere.
    draft_.landings.push_back({next, draft_.hot.position()});
    emit_indirect_entry(draft_.hot, environment_, next);
    draft_.exit_jump(next);
    return false;
  }
  const uint32_t landing = draft_.hot.position();
  emit_indirect_entry(draft_.hot, environment_, next);
  draft_.entries.push_back({next, draft_.hot.position(), landing});
  map_pc_ = {};  // the landing's code belongs to no instruction
  pc = next;
  return true;
}

bool SuperblockBuilder::end_with_jump(const Instruction& at, AppPc target, AppPc& pc) {
  const uint32_t start = draft_.hot.position();
  const bool goes_on = go_on_or_leave(target, pc);
  UndoZone zone;
  zone.hold = true;
  zone.fresh = draft_.fresh;
  draft_.map.add(at.insn.length, draft_.hot.position() - start,
                 std::span(&zone, draft_.hold ? 1 : 0));
  return goes_on;
}

std::optional<AppPc> SuperblockBuilder::constant_target(const Instruction& at) {
  // Tools know of no constituents but blocks; and checked code is there to change.
  if (!environment_.entries_anywhere || readable_.checked) return std::nullopt;
  const x86::Insn& insn = at.insn;
  const bool plain = insn.rip_relative && insn.segment == x86::Segment::kNone &&
                     !insn.address_size_prefix && !insn.operand_size_prefix;
  const AppPc slot = at.target();
  if (!plain || slot.value % sizeof slot.value != 0) return std::nullopt;
  for (const ConstantSlot& known : draft_.constants) {
    if (known.slot == slot) return known.target;
  }
  const uint64_t generation = cache_.generation(slot);
  const std::optional<AppPc> target = code_.constant_at(slot);
  if (!target) return std::nullopt;
  draft_.constants.push_back({slot, *target, generation});
  cache_.prefetch(*target);
  return target;
}

void SuperblockBuilder::add_constants() {
  // None of them is in a block, too: they are not executable.
  for (const ConstantSlot& constant : draft_.constants) {
    draft_.constituents.push_back({constant.slot, constant.bytes(), constant.generation});
  }
}

void SuperblockBuilder::set_counted_exits(const Instruction& at) {
  const Kind kind = at.insn.kind;
  const bool loops = kind == Kind::kCondJump || kind == Kind::kJump || kind == Kind::kLoop;
  constexpr AppPc kAll{~uint64_t{0}};
  // What leaves a trace is a way that is taken, too, if it comes back to the dispatcher often.
  draft_.set_branch(path_.empty() ? (loops ? at.pc : AppPc{}) : kAll);
}

void SuperblockBuilder::emit_undefined(const Instruction& at) {
  // What is too long is a general protection fault, as is hlt; all else is undefined, as is ud2.
  const uint8_t undefined[] = {0x0F, 0x0B};
  const uint8_t halt[] = {0xF4};
  const bool too_long = at.insn.length > x86::kLongestInstruction;
  const std::span<const uint8_t> code = too_long ? std::span<const uint8_t>(halt) : undefined;
  draft_.hot.bytes(code.data(), code.size());
  draft_.map.add(at.insn.code_length(), static_cast<uint32_t>(code.size()));
}

bool SuperblockBuilder::end_block(const Instruction& at, AppPc& pc) {
  set_counted_exits(at);
  if (at.insn.kind == Kind::kCondJump || at.insn.kind == Kind::kCall) {
    cache_.prefetch(at.target());
  }
  if (!path_.empty() && follow_path(at, pc)) return true;
  switch (at.insn.kind) {
    case Kind::kCondJump:
    case Kind::kLoop:
    case Kind::kXbegin:
      mangle_conditional(draft_, at);
      return go_on_or_leave(at.next(), pc);
    case Kind::kJump:
      return end_with_jump(at, at.target(), pc);
    case Kind::kCall:
    case Kind::kIndirectCall:
      return end_with_call(at, pc);
    case Kind::kIndirectJump:
      if (const auto target = constant_target(at)) return end_with_jump(at, *target, pc);
      mangle_indirect(draft_, at);
      return false;
    case Kind::kReturn:
      mangle_indirect(draft_, at);
      return false;
    case Kind::kSyscall:
      mangle_syscall(draft_, at);
      return false;
    case Kind::kInterrupt:
      copy_verbatim(draft_, at);
      draft_.exit_jump(at.next());
      return false;
    case Kind::kStop:
      copy_verbatim(draft_, at);
      return false;
    case Kind::kInvalid:
      emit_undefined(at);
      return false;
    case Kind::kPlain:
    case Kind::kFarTransfer:
      mangle_emulated(draft_, at);
      return false;
  }
  return false;
}

void SuperblockBuilder::add_entries() {
  // Branches to places inside: each is an entry, so that no code is laid out twice for a loop.
  const size_t block_count = draft_.constituents.size();
  for (const cache::ExitSpec& exit : draft_.exits) {
    const Mark* mark = mark_of(exit.target);
    if (mark == nullptr) continue;
    const auto same_tag = [&](const auto& item) { return item.tag == exit.target; };
    if (std::any_of(draft_.entries.begin(), draft_.entries.end(), same_tag)) continue;
    const auto block =
        std::find_if(draft_.constituents.begin(),
                     draft_.constituents.begin() + static_cast<long>(block_count), same_tag);
    const bool is_block = block != draft_.constituents.begin() + static_cast<long>(block_count);
    if (!is_block) {
      if (!environment_.entries_anywhere || mark->constituent >= block_count) continue;
      const AppPc end = draft_.constituents[mark->constituent].bytes.end;
      draft_.constituents.push_back(
          {exit.target, {exit.target, end}, cache_.generation(exit.target)});
    }
    cache::EntrySpec entry{exit.target, mark->hot_offset};
    if (is_switched()) {
      SwitchedBlock& switched = chain_[mark->constituent];
      entry.direct = emit_switched_entry(switched);
      entry.past_choice = switched.bodies.front();
      note_past_choices(draft_.entries.size(), switched);
    }
    draft_.entries.push_back(entry);
  }
}

}  // namespace weft::translate

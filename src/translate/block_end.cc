#include "translate/block_end.h"

#include <span>

namespace weft::translate {

using x86::Kind;

BlockEnd::BlockEnd(const cache::CodeCache& cache, Draft& draft, Source& source,
                   const PathPolicy& policy)
    : cache_(cache), draft_(draft), source_(source), policy_(policy) {}

std::optional<AppPc> BlockEnd::emit(const Instruction& at) {
  draft_.set_branch(policy_.counted_from(at));
  if (at.insn.kind == Kind::kCondJump || at.insn.kind == Kind::kCall) {
    cache_.prefetch(at.target());
  }
  if (const auto next = follow_path(at)) return next;
  switch (at.insn.kind) {
    case Kind::kCondJump:
    case Kind::kLoop:
    case Kind::kXbegin:
      mangle_conditional(draft_, at);
      return go_on_or_leave(at.next());
    case Kind::kJump:
      return emit_jump(at, at.target());
    case Kind::kCall:
    case Kind::kIndirectCall:
      return emit_call(at);
    case Kind::kIndirectJump:
      if (const auto target = constant_target(at)) return emit_jump(at, *target);
      mangle_indirect(draft_, at);
      return std::nullopt;
    case Kind::kReturn:
      mangle_indirect(draft_, at);
      return std::nullopt;
    case Kind::kSyscall:
      mangle_syscall(draft_, at);
      return std::nullopt;
    case Kind::kInterrupt:
      copy_verbatim(draft_, at);
      draft_.exit_jump(at.next());
      return std::nullopt;
    case Kind::kStop:
      copy_verbatim(draft_, at);
      return std::nullopt;
    case Kind::kInvalid:
      emit_undefined(at);
      return std::nullopt;
    case Kind::kPlain:
    case Kind::kFarTransfer:
      mangle_emulated(draft_, at);
      return std::nullopt;
  }
  return std::nullopt;
}

void BlockEnd::emit_in_list(const Instruction& at, AppPc named) {
  Instruction counted = at;
  counted.pc = named;
  draft_.set_branch(policy_.counted_from(counted));
  switch (at.insn.kind) {
    case Kind::kCondJump:
    case Kind::kLoop:
    case Kind::kXbegin:
      return mangle_conditional(draft_, at);
    case Kind::kJump: {
      const uint32_t start = draft_.hot.position();
      draft_.exit_jump(at.target());
      return map_jump(at, start, false);
    }
    case Kind::kCall:
      return emit_unpaired_call(at, at.target());
    case Kind::kIndirectCall:
      return emit_unpaired_call(at, std::nullopt);
    case Kind::kIndirectJump:
    case Kind::kReturn:
      return mangle_indirect(draft_, at);
    case Kind::kSyscall:
      return mangle_syscall(draft_, at);
    case Kind::kInterrupt:
    case Kind::kStop:
      return copy_verbatim(draft_, at);
    case Kind::kInvalid:
      return emit_undefined(at);
    case Kind::kPlain:
    case Kind::kFarTransfer:
      return mangle_emulated(draft_, at);
  }
}

std::optional<AppPc> BlockEnd::go_on_or_leave(AppPc next) {
  if (policy_.goes_on_at(next)) return next;
  draft_.exit_jump(next);
  return std::nullopt;
}

std::optional<AppPc> BlockEnd::follow_path(const Instruction& at) {
  if (!policy_.is_trace()) return std::nullopt;
  const std::optional<AppPc> next = policy_.next_of_path();
  if (!next || !mangle_towards(draft_, at, *next)) return std::nullopt;
  if (at.insn.kind == Kind::kCall || at.insn.kind == Kind::kIndirectCall) {
    draft_.return_addresses.push_back(at.next());
  }
  return next;
}

void BlockEnd::emit_unpaired_call(const Instruction& at, std::optional<AppPc> target) {
  draft_.return_addresses.push_back(at.next());
  if (target) {
    mangle_call(draft_, at, *target);
  } else {
    mangle_indirect(draft_, at);
  }
}

std::optional<AppPc> BlockEnd::emit_call(const Instruction& at) {
  const bool direct = at.insn.kind == Kind::kCall;
  const std::optional<AppPc> target = direct ? at.target() : constant_target(at);
  if (!policy_.pairs_returns() || at.insn.segment == x86::Segment::kGs) {
    emit_unpaired_call(at, target);
    return std::nullopt;
  }
  mangle_paired_call(draft_, at, target);
  const AppPc next = at.next();
  const bool goes_on = policy_.lands_at(next);
  const uint32_t landing = draft_.hot.position();
  emit_indirect_entry(draft_.hot, draft_.environment, next);
  if (!goes_on) {
    // From where the CPU expects the return, on to the fragment that `next` has elsewhere.
    draft_.landings.push_back({next, landing});
    draft_.exit_jump(next);
    return std::nullopt;
  }
  draft_.entries.push_back({next, draft_.hot.position(), landing});
  draft_.map_pc = {};  // the landing's code belongs to no instruction
  return next;
}

void BlockEnd::map_jump(const Instruction& at, uint32_t start, bool fresh) {
  UndoZone zone;
  zone.hold = true;
  zone.fresh = fresh;
  draft_.map.add(at.insn.length, draft_.hot.position() - start,
                 std::span(&zone, draft_.hold ? 1 : 0));
}

std::optional<AppPc> BlockEnd::emit_jump(const Instruction& at, AppPc target) {
  const uint32_t start = draft_.hot.position();
  const std::optional<AppPc> next = go_on_or_leave(target);
  map_jump(at, start, draft_.fresh);
  return next;
}

std::optional<AppPc> BlockEnd::constant_target(const Instruction& at) {
  if (!policy_.uses_constants()) return std::nullopt;
  const x86::Insn& insn = at.insn;
  const bool plain = insn.rip_relative && insn.segment == x86::Segment::kNone &&
                     !insn.address_size_prefix && !insn.operand_size_prefix;
  const AppPc slot = at.target();
  if (!plain || slot.value % sizeof slot.value != 0) return std::nullopt;
  for (const ConstantSlot& known : draft_.constants) {
    if (known.slot == slot) return known.target;
  }
  const std::optional<ConstantSlot> constant = source_.constant_at(slot);
  if (!constant) return std::nullopt;
  draft_.constants.push_back(*constant);
  cache_.prefetch(constant->target);
  return constant->target;
}

void BlockEnd::emit_undefined(const Instruction& at) {
  // What is too long is a general protection fault, as is hlt; all else is undefined, as is ud2.
  const uint32_t start = draft_.hot.position();
  if (at.insn.length > x86::kLongestInstruction) {
    draft_.hot.halt();
  } else {
    draft_.hot.undefined();
  }
  draft_.map.add(at.insn.code_length(), draft_.hot.position() - start);
}

}  // namespace weft::translate

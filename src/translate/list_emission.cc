#include "translate/list_emission.h"

#include <array>
#include <cstddef>
#include <utility>

#include "translate/instrument.h"
#include "translate/thread_block.h"
#include "x86/names.h"
#include "x86/rewrite.h"
#include "x86/scratch.h"

namespace weft::translate {

using x86::Kind;
using x86::Reg;
using ItemKind = ListItem::Kind;

namespace {

constexpr uint32_t kUnplaced = ~uint32_t{0};
constexpr uint32_t kSpill0 = offsetof(ThreadBlock, spill);
constexpr int32_t kTrapFlag = 0x100;  // in rflags

bool is_call(const x86::Insn& insn) {
  return insn.kind == Kind::kCall || insn.kind == Kind::kIndirectCall;
}

bool is_direct(const x86::Insn& insn) {
  return insn.kind == Kind::kJump || insn.kind == Kind::kCondJump || insn.kind == Kind::kLoop ||
         insn.kind == Kind::kCall || insn.kind == Kind::kXbegin;
}

}  // namespace

Instruction mangled_form(const ListItem& item) {
  Instruction at{item.translation, item.bytes.data(), item.insn};
  if (is_call(item.insn)) {
    at.pc = item.return_to + (0 - uint64_t{item.insn.length});
    at.insn.rel = static_cast<int32_t>(item.target - item.return_to.value);
  } else if (item.insn.rip_relative || is_direct(item.insn)) {
    at.pc = AppPc{item.target - item.insn.length};
    at.insn.rel = 0;
  }
  return at;
}

ListEmission::ListEmission(Draft& draft, const EditedList& list, AppPc tag)
    : draft_(draft),
      out_(draft.hot),
      tag_(tag),
      start_(draft.hot.position()),
      led_to_(list.labels, false),
      placed_(list.labels, kUnplaced) {
  for (const ListItem& item : list.items) {
    if (item.is_code() && item.label != ListItem::kNoLabel) led_to_[item.label] = true;
  }
  for (size_t i = 0; i < list.items.size(); ++i) {
    const ListItem& item = list.items[i];
    if (item.is_code() || is_led_to(item)) end_ = i + 1;
  }
  span_.tag = tag;
  span_.data = list.data;
  span_.start = start_;
  span_.places.reserve(list.items.size());
}

void ListEmission::emit(const ListItem& item) {
  switch (item.kind) {
    case ItemKind::kLabel:
      return place(item);
    case ItemKind::kLoadAddress:
      return load_address(item);
    case ItemKind::kInserted:
      return insert(item);
    case ItemKind::kCall: {
      Insertion call;
      call.kind = Insertion::Kind::kCall;
      call.site = item.site;
      return emit_insertions(draft_, {call}, {}, false);
    }
    case ItemKind::kKept:
    case ItemKind::kApplication:
      CHECK(false && "the builder's");
  }
}

void ListEmission::keep_start() {
  if (!at_start()) return;
  out_.nop(1);
  draft_.map.add(0, 1);
}

void ListEmission::place(const ListItem& label) {
  // A signal finds the program's state where the list is entered, not in each round of a loop.
  if (is_led_to(label)) keep_start();
  placed_[label.number] = out_.position();
}

void ListEmission::map_inserted(uint32_t start) {
  UndoZone zone;
  zone.offset = start == start_ ? 1 : 0;
  zone.hold = true;
  draft_.map.add(0, out_.position() - start, std::span(&zone, 1));
}

void ListEmission::load_address(const ListItem& item) {
  const uint32_t start = out_.position();
  refer(out_.lea_rip(item.reg), item.label);
  map_inserted(start);
}

/// Falls through if the loop instruction is taken, and goes on at `over` if it is not.
void ListEmission::branch_past(const x86::Insn& insn, x86::Label& over) {
  x86::Label taken;
  out_.loop(x86::loop_number(insn), insn.address_size_prefix, taken);
  out_.jmp(over);
  out_.bind(taken);
}

void ListEmission::jump_to_label(const ListItem& item) {
  const uint32_t start = out_.position();
  const x86::Insn& insn = item.insn;
  if (insn.kind == Kind::kCondJump) {
    refer(out_.jcc_rel32(insn.condition()), item.label);
  } else {
    x86::Label over;
    if (insn.kind == Kind::kLoop) branch_past(insn, over);
    refer(out_.jmp_rel32(), item.label);
    out_.bind(over);
  }
  map_inserted(start);
}

void ListEmission::insert(const ListItem& item) {
  const x86::Insn& insn = item.insn;
  if (is_direct(insn)) {
    if (item.label != ListItem::kNoLabel) return jump_to_label(item);
    return insn.kind == Kind::kCall ? call_runtime(item) : jump_to_runtime(item);
  }
  if (insn.rip_relative) return emit_rip_relative(item);
  const uint32_t start = out_.position();
  if (x86::is_pop_flags(insn)) keep_trap_flag();
  out_.bytes(item.bytes.data(), insn.length);
  map_inserted(start);
}

/// Whoever is stepped through the list for a signal steps on behind a popf, and nobody else does:
/// what was pushed may be of before or of meanwhile. The flags are overwritten in any case.
void ListEmission::keep_trap_flag() {
  x86::Label clear;
  x86::Label done;
  out_.pushf();
  out_.test_at_rsp(kTrapFlag);
  out_.lea_rsp(sizeof(uint64_t));
  out_.jcc(x86::kEqual, clear);
  out_.compute_at_rsp(x86::Alu::kOr, kTrapFlag);
  out_.jmp(done);
  out_.bind(clear);
  out_.compute_at_rsp(x86::Alu::kAnd, ~kTrapFlag);
  out_.bind(done);
}

void ListEmission::jump_to_runtime(const ListItem& item) {
  const uint32_t start = out_.position();
  const x86::Insn& insn = item.insn;
  x86::Label over;
  if (insn.kind == Kind::kCondJump) {
    out_.jcc(static_cast<x86::Condition>(insn.condition() ^ 1), over);
  } else if (insn.kind == Kind::kLoop) {
    branch_past(insn, over);
  }
  draft_.to_literal(out_.jmp_rip(), AppPc{item.target});
  out_.bind(over);
  map_inserted(start);
}

/// Behind the call, with nothing of the state left to be kept but rax, rdx and the vector
/// registers: a signal that came meanwhile is delivered as one that comes now would be.
void ListEmission::call_runtime(const ListItem& item) {
  const uint32_t start = out_.position();
  constexpr uint32_t kSavedRax = offsetof(ThreadBlock, tool_spill);
  x86::Label done;
  draft_.to_literal(out_.call_rip(), AppPc{item.target});
  out_.cmp_gs_imm32(offsetof(ThreadBlock, signal_pending), 0);
  out_.jcc(x86::kEqual, done);
  out_.mov_gs_reg(kSavedRax, x86::kRax);
  out_.mov_reg_gs(x86::kRax, offsetof(ThreadBlock, stepping));
  out_.store_byte_at(x86::kRax, 1);
  out_.mov_reg_gs(x86::kRax, kSavedRax);
  out_.pushf();
  out_.compute_at_rsp(x86::Alu::kOr, kTrapFlag);
  out_.popf();
  out_.bind(done);
  map_inserted(start);
}

void ListEmission::emit_rip_relative(const ListItem& item) {
  const uint32_t start = out_.position();
  const x86::Insn& insn = item.insn;
  const bool is_lea = x86::is_lea(insn);
  // What was stored by an absolute address many CPUs hand to the next load at once; by rip it takes
  // several cycles, which is what counters in hot code cost.
  if (!insn.address_size_prefix && !is_lea &&
      x86::emit_with_absolute(out_, item.bytes.data(), insn, item.target)) {
    return map_inserted(start);
  }
  if (!insn.address_size_prefix && draft_.reaches(item.target)) {
    out_.bytes(item.bytes.data(), insn.length);
    draft_.to_address(start + insn.disp_offset, item.target, insn.imm_size);
  } else if (is_lea && x86::is_wide(insn) && !insn.address_size_prefix) {
    out_.mov_reg_imm(x86::reg_operand(insn), item.target);
  } else {
    return emit_far_operand(item);
  }
  map_inserted(start);
}

void ListEmission::emit_far_operand(const ListItem& item) {
  const uint32_t start = out_.position();
  const uint8_t* bytes = item.bytes.data();
  const Reg scratch = x86::choose_short_register(x86::registers_used(bytes, item.insn));
  std::array<UndoZone, 3> zones{};
  const auto offset = [&] { return static_cast<uint8_t>(out_.position() - start); };
  zones[0].offset = start == start_ ? 1 : 0;
  zones[0].hold = true;
  out_.mov_gs_reg(kSpill0, scratch);
  zones[1] = zones[0];
  zones[1].offset = offset();
  zones[1].spilled_0 = scratch;
  out_.mov_reg_imm(scratch, item.target);
  x86::emit_with_base(out_, bytes, item.insn, scratch);
  zones[2].offset = offset();
  zones[2].uncuttable = true;
  out_.mov_reg_gs(scratch, kSpill0);
  draft_.map.add(0, offset(), zones);
}

void ListEmission::note(const ListItem& item) {
  if (!item.is_code()) return;
  ListPlace place{};
  place.end = out_.position();
  place.note = item.note & ((1u << 30) - 1);
  place.inserted = item.kind != ItemKind::kKept && item.kind != ItemKind::kApplication;
  place.translated = item.translated || item.kind == ItemKind::kKept;
  span_.places.push_back(place);
}

void ListEmission::finish() {
  for (const Reference& each : references_) {
    CHECK(placed_[each.label] != kUnplaced);
    draft_.to_hot(each.field, placed_[each.label]);
  }
  CHECK(draft_.tool_data != nullptr);
  draft_.tool_data->lists.push_back(std::move(span_));
}

}  // namespace weft::translate

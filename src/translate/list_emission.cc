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

using cache::Fixup;
using x86::Kind;
using x86::Reg;
using ItemKind = ListItem::Kind;

namespace {

constexpr uint32_t kUnplaced = ~uint32_t{0};
constexpr uint32_t kSpill0 = offsetof(ThreadBlock, spill);

bool is_call(const x86::Insn& insn) {
  return insn.kind == Kind::kCall || insn.kind == Kind::kIndirectCall;
}

bool is_direct(const x86::Insn& insn) {
  return insn.kind == Kind::kJump || insn.kind == Kind::kCondJump || insn.kind == Kind::kLoop ||
         insn.kind == Kind::kCall || insn.kind == Kind::kXbegin;
}

/// As the instruction, with an 8-bit displacement that leads over `over` bytes.
void emit_short_branch(x86::Assembler& out, const x86::Insn& insn, uint8_t over) {
  if (insn.address_size_prefix) out.u8(0x67);
  out.u8(insn.opcode);
  out.u8(over);
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

void ListEmission::jump_to_label(const ListItem& item) {
  const uint32_t start = out_.position();
  const x86::Insn& insn = item.insn;
  if (insn.kind == Kind::kCondJump) {
    refer(out_.jcc_rel32(insn.condition()), item.label);
  } else {
    if (insn.kind == Kind::kLoop) {
      constexpr uint8_t kJump = 5;
      emit_short_branch(out_, insn, 2);
      const uint8_t over[] = {0xEB, kJump};
      out_.bytes(over, sizeof over);
    }
    refer(out_.jmp_rel32(), item.label);
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
  const uint8_t code[] = {
      0x9C,                                      // pushf
      0xF7, 0x04, 0x24, 0x00, 0x01, 0x00, 0x00,  // test dword [rsp], 0x100
      0x48, 0x8D, 0x64, 0x24, 0x08,              // lea rsp, [rsp + 8]
      0x74, 0x09,                                // jz clear
      0x81, 0x0C, 0x24, 0x00, 0x01, 0x00, 0x00,  // or dword [rsp], 0x100
      0xEB, 0x07,                                // jmp done
      0x81, 0x24, 0x24, 0xFF, 0xFE, 0xFF, 0xFF,  // clear: and dword [rsp], ~0x100
  };
  out_.bytes(code, sizeof code);
}

void ListEmission::jump_to_runtime(const ListItem& item) {
  const uint32_t start = out_.position();
  const x86::Insn& insn = item.insn;
  constexpr uint8_t kThroughMemory = 6;
  if (insn.kind == Kind::kCondJump) {
    const auto opposite = static_cast<uint8_t>(0x70 | (insn.condition() ^ 1));
    out_.u8(opposite);
    out_.u8(kThroughMemory);
  } else if (insn.kind == Kind::kLoop) {
    emit_short_branch(out_, insn, 2);
    const uint8_t over[] = {0xEB, kThroughMemory};
    out_.bytes(over, sizeof over);
  }
  const uint8_t jump[] = {0xFF, 0x25, 0, 0, 0, 0};
  out_.bytes(jump, sizeof jump);
  draft_.to_literal(out_.position() - 4, AppPc{item.target});
  map_inserted(start);
}

/// Behind the call, with nothing of the state left to be kept but rax, rdx and the vector
/// registers: a signal that came meanwhile is delivered as one that comes now would be.
void ListEmission::call_runtime(const ListItem& item) {
  const uint32_t start = out_.position();
  constexpr uint32_t kSavedRax = offsetof(ThreadBlock, tool_spill);
  const uint8_t call[] = {0xFF, 0x15, 0, 0, 0, 0};
  out_.bytes(call, sizeof call);
  draft_.to_literal(out_.position() - 4, AppPc{item.target});
  out_.cmp_gs_imm32(offsetof(ThreadBlock, signal_pending), 0);
  const uint8_t over[] = {0x74, 0};  // je
  out_.bytes(over, sizeof over);
  const uint32_t pending = out_.position();
  out_.mov_gs_reg(kSavedRax, x86::kRax);
  out_.mov_reg_gs(x86::kRax, offsetof(ThreadBlock, stepping));
  const uint8_t set_stepping[] = {0xC6, 0x00, 0x01};  // mov byte [rax], 1
  out_.bytes(set_stepping, sizeof set_stepping);
  out_.mov_reg_gs(x86::kRax, kSavedRax);
  const uint8_t set_trap_flag[] = {0x9C, 0x81, 0x0C, 0x24, 0x00, 0x01, 0x00, 0x00, 0x9D};
  out_.bytes(set_trap_flag, sizeof set_trap_flag);  // pushf; or dword [rsp], 256; popf
  out_.patch_u8(pending - 1, static_cast<uint8_t>(out_.position() - pending));
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
    draft_.fixups.push_back(
        {Fixup::Where::kHot, Fixup::Kind::kHotRelative, 0, each.field, placed_[each.label]});
  }
  CHECK(draft_.tool_data != nullptr);
  draft_.tool_data->lists.push_back(std::move(span_));
}

}  // namespace weft::translate

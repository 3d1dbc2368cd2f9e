// Inserted code. It changes no flag and no register that the program may still read, and touches
// nothing below its stack pointer. It cannot be cut in two: the state map has the thread go on to
// its end, so that what it counts counts once.
#include <algorithm>
#include <array>
#include <cstddef>

#include "translate/instrument.h"
#include "translate/operand_address.h"
#include "translate/scratch.h"
#include "translate/set_once.h"
#include "translate/thread_block.h"

namespace weft::translate {
namespace {

using x86::Assembler;
using x86::Reg;

constexpr uint32_t kRecordLimit = UINT16_MAX;

void load_word(Draft& draft, const Word& word, Reg to) {
  if (word.per_thread) {
    draft.hot.mov_reg_gs(to, tool_word_offset(word.index));
  } else {
    draft.to_address(draft.hot.mov_reg_rip(to), word.address, 0);
  }
}

void store_word(Draft& draft, const Word& word, Reg from) {
  if (word.per_thread) {
    draft.hot.mov_gs_reg(tool_word_offset(word.index), from);
  } else {
    draft.to_address(draft.hot.mov_rip_reg(from), word.address, 0);
  }
}

void emit_plain_add(Draft& draft, const Insertion& insertion, const FreeState& free) {
  Assembler& out = draft.hot;
  Word word = insertion.word;
  // Blocks that follow one another add to different words: an addition to memory takes as long as
  // several short blocks, if it has to wait for the last one to the same word.
  if (word.parts > 1) word.index += draft.next_part++ % word.parts;
  if (free.flags) {
    if (word.per_thread) {
      out.add_gs_imm(tool_word_offset(word.index), insertion.amount);
    } else {
      draft.to_address(out.add_rip_imm32(insertion.amount, false), word.address, 4);
    }
    return;
  }
  Scratch scratch(out, free.registers);
  const Reg reg = scratch.take(0);
  load_word(draft, word, reg);
  out.lea_disp(reg, reg, insertion.amount);
  store_word(draft, word, reg);
  scratch.restore();
}

void emit_atomic_add(Draft& draft, const Insertion& insertion, const FreeState& free) {
  Assembler& out = draft.hot;
  CHECK(!insertion.word.per_thread);
  Scratch scratch(out, free.registers);
  if (!free.flags) {
    scratch.take_exactly(x86::kRax);
    out.flags_to_rax();
  }
  draft.to_address(out.add_rip_imm32(insertion.amount, true), insertion.word.address, 4);
  if (!free.flags) out.flags_from_rax();
  scratch.restore();
}

void emit_set(Draft& draft, const Insertion& insertion) {
  if (insertion.word.per_thread) {
    draft.hot.mov_gs_simm32(tool_word_offset(insertion.word.index), insertion.amount);
  } else {
    draft.to_address(draft.hot.mov_rip_imm32(insertion.amount), insertion.word.address, 4);
  }
}

/// All registers are the program's here. The routine saves them; it finds the way back in
/// call_resume.
void emit_call(Draft& draft, bool hot, const CallSite& site) {
  Assembler& out = hot ? draft.hot : draft.cold;
  constexpr uint32_t kRcx =
      offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, gpr) + 8 * x86::kRcx;
  out.mov_gs_reg(kRcx, x86::kRcx);
  const uint32_t resume = out.lea_rip(x86::kRcx);
  out.mov_gs_reg(offsetof(ThreadBlock, call_resume), x86::kRcx);
  out.mov_reg_imm(x86::kRcx, reinterpret_cast<uint64_t>(&site));
  const Routines& routines = draft.environment.routines;
  const CachePc routine =
      site.make_arguments != nullptr ? routines.light_call : routines.clean_call;
  const uint32_t field = out.jmp_rel32();
  if (hot) {
    draft.to_routine(field, routine);
    draft.to_hot(resume, out.position());
  } else {
    draft.cold_to_routine(field, routine);
    draft.cold_to_cold(resume, out.position());
  }
}

void emit_call(Draft& draft, const Insertion& insertion) {
  emit_call(draft, true, *insertion.site);
}

void emit_address_of(Draft& draft, const x86::MemoryOperand& memory, Reg to, Scratch& scratch,
                     uint16_t avoid) {
  Assembler& out = draft.hot;
  emit_offset_keeping_flags(out, memory, to);
  if (!memory.fs && !memory.gs) return;
  constexpr uint32_t kContext = offsetof(ThreadBlock, context);
  const Reg base = scratch.take(avoid);
  out.mov_reg_gs(base, kContext + (memory.fs ? offsetof(x86::CpuContext, fs_base)
                                             : offsetof(x86::CpuContext, gs_base)));
  out.lea_sum(to, to, base);
}

uint16_t registers_of(const RecordField& field) {
  if (field.source == RecordField::Source::kRegister) return register_bit(field.constant & 15);
  if (field.source != RecordField::Source::kAddress) return 0;
  return field.memory.registers();
}

bool is_short_constant(const RecordField& field) {
  const auto value = static_cast<int64_t>(field.constant);
  return field.width < 8 || value == static_cast<int32_t>(value);
}

void emit_field(Draft& draft, const RecordField& field, Reg pointer, Reg temporary,
                int32_t offset) {
  using Source = RecordField::Source;
  Assembler& out = draft.hot;
  switch (field.source) {
    case Source::kConstant:
      if (is_short_constant(field)) {
        out.store_imm(pointer, offset, static_cast<int32_t>(field.constant), field.width);
        return;
      }
      out.mov_reg_imm(temporary, field.constant);
      break;
    case Source::kRegister:
      out.store(pointer, offset, static_cast<Reg>(field.constant), field.width);
      return;
    case Source::kAddress:
      break;  // made by the caller
    case Source::kThreadId:
      out.mov_reg_gs(temporary, offsetof(ThreadBlock, thread_id));
      break;
    case Source::kWord:
      out.mov_reg_gs(temporary, tool_word_offset(static_cast<uint32_t>(field.constant)));
      break;
  }
  out.store(pointer, offset, temporary, field.width);
}

void emit_record(Draft& draft, const Insertion& insertion, const FreeState& free) {
  Assembler& out = draft.hot;
  uint16_t avoid = 0;
  for (const RecordField& field : insertion.fields) avoid |= registers_of(field);
  Scratch scratch(out, free.registers);
  const Reg pointer = scratch.take(avoid | register_bit(x86::kRcx));
  const bool rcx_used = (avoid & register_bit(x86::kRcx)) != 0;
  const Reg temporary = rcx_used ? scratch.take(avoid) : scratch.take_exactly(x86::kRcx);
  load_word(draft, insertion.word, pointer);
  int32_t offset = 0;
  bool has_base = false;
  for (const RecordField& field : insertion.fields) {
    if (field.source == RecordField::Source::kAddress) {
      // One record has one register for segment bases, however many it needs.
      CHECK(!has_base || (!field.memory.fs && !field.memory.gs));
      has_base |= field.memory.fs || field.memory.gs;
      emit_address_of(draft, field.memory, temporary, scratch, avoid | register_bit(x86::kRcx));
    }
    emit_field(draft, field, pointer, temporary, offset);
    offset += field.width;
  }
  out.lea_disp(pointer, pointer, offset);
  store_word(draft, insertion.word, pointer);
  if (!scratch.has(x86::kRcx)) scratch.take_exactly(x86::kRcx);
  out.mov_reg_gs(x86::kRcx, tool_word_offset(insertion.limit));
  out.lea_sum(x86::kRcx, x86::kRcx, pointer);
  x86::Label full;
  x86::Label has_room;
  x86::Label done;
  out.jrcxz(full);
  out.jmp(has_room);
  out.bind(full);
  scratch.restore();
  emit_call(draft, insertion);
  out.jmp(done);
  out.bind(has_room);
  scratch.restore();
  out.bind(done);
}

void emit_unguarded(Draft& draft, const Insertion& insertion, const FreeState& free) {
  switch (insertion.kind) {
    case Insertion::Kind::kAdd:
      return emit_plain_add(draft, insertion, free);
    case Insertion::Kind::kAddAtomic:
      return emit_atomic_add(draft, insertion, free);
    case Insertion::Kind::kSet:
      return emit_set(draft, insertion);
    case Insertion::Kind::kSetOnce:
      return emit_set_once(draft, insertion);
    case Insertion::Kind::kCall:
      return emit_call(draft, insertion);
    case Insertion::Kind::kRecord:
      return emit_record(draft, insertion, free);
    case Insertion::Kind::kCode:
    case Insertion::Kind::kSnippet:
      CHECK(false && "has a form of its own");
  }
}

/// Leaves rcx zero or not; true if the insertion runs where it is zero.
bool emit_test(Draft& draft, const Guard& guard) {
  Assembler& out = draft.hot;
  load_word(draft, guard.word, x86::kRcx);
  switch (guard.kind) {
    case Guard::Kind::kNone:
    case Guard::Kind::kNonZero:
      return false;
    case Guard::Kind::kZero:
      return true;
    case Guard::Kind::kEqual:
      out.lea_disp(x86::kRcx, x86::kRcx, -guard.bound);
      return true;
    case Guard::Kind::kLess:
      out.lea_disp(x86::kRcx, x86::kRcx, -guard.bound);
      // The uppermost byte is 0 if and only if the difference is not negative.
      out.top_byte_of_rcx();
      return false;
  }
  return false;
}

template <typename Body>
void emit_guarded(Draft& draft, const Guard& guard, const FreeState& free, Body body) {
  if (guard.kind == Guard::Kind::kNone) return body();
  Assembler& out = draft.hot;
  Scratch scratch(out, free.registers);
  scratch.take_exactly(x86::kRcx);
  const bool if_zero = emit_test(draft, guard);
  x86::Label run;
  x86::Label skip;
  if (if_zero) {
    out.jrcxz(run);
  } else {
    out.jrcxz(skip);
    out.jmp(run);
  }
  out.bind(skip);
  const uint32_t skip_field = out.jmp_rel32();
  out.bind(run);
  const auto lands_here = [&](uint32_t field) { draft.to_hot(field, out.position()); };
  scratch.restore();
  body();
  if (!scratch.saved_any()) return lands_here(skip_field);
  const uint32_t end_field = out.jmp_rel32();
  lands_here(skip_field);
  scratch.restore();
  lands_here(end_field);
}

/// Where a thread may leave inserted code, which is at its first byte if anywhere.
struct Cut {
  bool any = false;    ///< nothing has run that would have to go on
  bool fresh = false;  ///< see UndoZone::fresh

  /// The zones ahead of the code; their number.
  size_t zones(UndoZone (&out)[2]) const {
    UndoZone& inside = out[fresh ? 1 : 0];
    if (fresh) {
      out[0].hold = true;
      out[0].fresh = true;
    }
    inside.uncuttable = true;
    inside.offset = any || fresh ? 1 : 0;
    return fresh ? 2 : 1;
  }
};

/// The tool's own code may fault: the registers around it are then put back.
void emit_code(Draft& draft, const Insertion& insertion, const FreeState& free, Cut cut) {
  Assembler& out = draft.hot;
  const uint32_t start = out.position();
  std::array<Reg, 2> saved{};
  size_t count = 0;
  UndoZone ahead[2];
  const size_t aheads = cut.zones(ahead);
  std::array<UndoZone, 4> zones{};
  std::copy_n(ahead, aheads, zones.begin());
  UndoZone& own = zones[aheads];
  UndoZone& behind = zones[aheads + 1];
  const auto prologue = [&] {
    for (unsigned reg = 0; reg < x86::kGprCount; ++reg) {
      const bool kept = (insertion.scratch >> reg & 1) != 0 && (free.registers >> reg & 1) == 0;
      if (!kept) continue;
      CHECK(count < saved.size());
      out.mov_gs_reg(static_cast<uint32_t>(offsetof(ThreadBlock, spill) + 8 * count),
                     static_cast<Reg>(reg));
      saved[count++] = static_cast<Reg>(reg);
    }
  };
  emit_guarded(draft, insertion.guard, free, [&] {
    prologue();
    own.offset = static_cast<uint8_t>(out.position() - start);
    own.hold = true;
    own.fresh = cut.fresh;
    if (count > 0) own.spilled_0 = saved[0];
    if (count > 1) own.spilled_1 = saved[1];
    out.bytes(insertion.code.data(), insertion.code.size());
    behind.offset = static_cast<uint8_t>(out.position() - start);
    behind.uncuttable = true;
    for (size_t i = 0; i < count; ++i) {
      out.mov_reg_gs(saved[i], static_cast<uint32_t>(offsetof(ThreadBlock, spill) + 8 * i));
    }
  });
  draft.map.add(0, out.position() - start, std::span(zones).first(aheads + 2));
}

/// A fault in the snippet's own part shows the program's state at the place.
void emit_snippet(Draft& draft, const Insertion& insertion, const FreeState& free, Cut cut) {
  const uint32_t start = draft.hot.position();
  SnippetPlaces places;
  emit_guarded(draft, insertion.guard, free,
               [&] { places = emit_snippet(draft, insertion.steps, free.flags, free.registers); });
  UndoZone ahead[2];
  const size_t aheads = cut.zones(ahead);
  const uint32_t behind = draft.hot.position() - places.end;
  CHECK(draft.hot.position() - start <= kRecordLimit);
  if (places.start != start) {
    draft.map.add(0, places.start - start, std::span(ahead).first(aheads));
  } else {
    places.inside.fresh = cut.fresh;
  }
  draft.map.add(0, places.end - places.start, std::span(&places.inside, 1));
  UndoZone ours;
  ours.uncuttable = true;
  if (behind != 0) draft.map.add(0, behind, std::span(&ours, 1));
}

}  // namespace

void emit_insertions(Draft& draft, const std::vector<Insertion>& insertions, const FreeState& free,
                     bool after) {
  for (size_t i = 0; i < insertions.size(); ++i) {
    const Insertion& insertion = insertions[i];
    // What comes later at this place may look at what is dead for the program.
    FreeState usable = free;
    for (size_t later = i + 1; later < insertions.size(); ++later) {
      if (insertions[later].observes()) usable = {};
    }
    const bool first = i == 0 && !after;
    const Cut cut{first && !draft.hold, first && draft.hold && !draft.in_list};
    if (insertion.kind == Insertion::Kind::kCode) {
      emit_code(draft, insertion, usable, cut);
      continue;
    }
    if (insertion.kind == Insertion::Kind::kSnippet) {
      emit_snippet(draft, insertion, usable, cut);
      continue;
    }
    const uint32_t start = draft.hot.position();
    emit_guarded(draft, insertion.guard, usable, [&] { emit_unguarded(draft, insertion, usable); });
    UndoZone zones[2];
    const size_t count = cut.zones(zones);
    const uint32_t length = draft.hot.position() - start;
    CHECK(length <= kRecordLimit);
    draft.map.add(0, length, std::span(zones).first(count));
  }
}

void emit_missing(Draft& draft, const CallSite& site) {
  emit_call(draft, false, site);
  draft.cold.undefined();  // never reached
}

void emit_replacement(Draft& draft, const PlannedInstruction& instruction) {
  const std::vector<uint8_t>& code = instruction.replacement;
  UndoZone zone;
  zone.hold = true;
  zone.fresh = draft.fresh;
  draft.hot.bytes(code.data(), code.size());
  draft.map.add(instruction.at.insn.length, static_cast<uint32_t>(code.size()),
                std::span(&zone, draft.hold ? 1 : 0));
}

}  // namespace weft::translate

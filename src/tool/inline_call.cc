#include "tool/inline_call.h"

#include <algorithm>
#include <cstddef>

#include "translate/thread_block.h"
#include "x86/assembler.h"
#include "x86/instruction_info.h"
#include "x86/names.h"
#include "x86/scratch.h"

namespace weft::tool {
namespace {

using translate::FreeState;
using translate::ListItem;
using translate::ThreadBlock;
using x86::Assembler;
using x86::Kind;
using x86::Reg;
using ItemKind = ListItem::Kind;

constexpr std::array<Reg, 6> kParameters{x86::kRdi, x86::kRsi, x86::kRdx,
                                         x86::kRcx, x86::kR8,  x86::kR9};

constexpr uint16_t bit(unsigned reg) { return x86::register_bit(reg); }

/// Where a call keeps the program's registers and flags: nothing else uses that in the cache.
uint32_t slot_of(unsigned reg) {
  return static_cast<uint32_t>(offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, gpr) +
                               sizeof(uint64_t) * reg);
}
constexpr uint32_t kFlagsSlot = offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, rflags);

KnownRegisters constants_of(const CallSite& site) {
  KnownRegisters known;
  for (size_t i = 0; i < site.arguments.size(); ++i) {
    const Argument& each = site.arguments[i];
    if (each.kind == Value::Kind::kConstant) known.set(kParameters[i], each.number);
  }
  return known;
}

/// The registers whose program values the arguments are made of; nothing if one of them is made of
/// something else than registers.
std::optional<uint16_t> sources_of(const CallSite& site) {
  uint16_t sources = 0;
  if (site.arguments.size() > kParameters.size()) return std::nullopt;
  for (const Argument& each : site.arguments) {
    switch (each.kind) {
      case Value::Kind::kConstant:
      case Value::Kind::kThreadId:
        break;
      case Value::Kind::kRegister:
        if (each.shift != 0) return std::nullopt;
        sources = static_cast<uint16_t>(sources | bit(static_cast<unsigned>(each.number)));
        break;
      default:
        return std::nullopt;
    }
  }
  return sources;
}

/// Writes one call's code, item by item.
class Expansion {
 public:
  Expansion(const CallSite& site, const InlineBody& body, FreeState free,
            std::vector<ListItem>& items)
      : site_(site), body_(body), free_(free), items_(items) {}

  /// False, and nothing is written: an argument is none that it knows.
  bool run() {
    const std::optional<uint16_t> sources = sources_of(site_);
    if (!sources) return false;
    if (add_without_flags()) return true;
    const bool keeps_flags = body_.writes_flags && !free_.flags;
    used_ = static_cast<uint16_t>(body_.registers | (keeps_flags ? bit(x86::kRax) : 0));
    const auto saved = static_cast<uint16_t>(used_ & (~free_.registers | *sources));
    each_of(saved, [&](Reg reg) { emit([&](Assembler& a) { a.mov_gs_reg(slot_of(reg), reg); }); });
    if (keeps_flags) save_flags();
    load_arguments();
    for (const InlineInstruction& each : body_.code) append(each);
    if (keeps_flags) restore_flags();
    each_of(static_cast<uint16_t>(saved & ~free_.registers),
            [&](Reg reg) { emit([&](Assembler& a) { a.mov_reg_gs(reg, slot_of(reg)); }); });
    return true;
  }

 private:
  /// The instructions that `code` writes, each an item; `target` is what a field of theirs names.
  template <typename Code>
  void emit(Code code, uint64_t target = 0) {
    std::array<uint8_t, 2 * x86::kLongestInstruction> room{};
    Assembler out(room);
    code(out);
    x86::Insn insn;
    for (uint32_t at = 0; at < out.position(); at += insn.length) {
      CHECK(x86::decode(room.data() + at, out.position() - at, insn));
      append(inline_instruction(room.data() + at, insn.length, target));
    }
  }

  template <typename Action>
  static void each_of(uint16_t registers, Action action) {
    for (unsigned reg = 0; reg < x86::kGprCount; ++reg) {
      if ((registers >> reg & 1) != 0) action(static_cast<Reg>(reg));
    }
  }

  void append(const InlineInstruction& instruction) {
    ListItem item;
    item.kind = ItemKind::kInserted;
    item.insn = instruction.insn;
    item.bytes = instruction.bytes;
    item.target = instruction.target;
    items_.push_back(item);
  }

  bool body_uses(Reg reg) const { return (body_.registers & bit(reg)) != 0; }

  void save_flags() {
    emit([](Assembler& a) { a.flags_to_rax(); });
    if (body_uses(x86::kRax)) {
      emit([](Assembler& a) { a.mov_gs_reg(kFlagsSlot, x86::kRax); });
    }
  }

  void restore_flags() {
    if (body_uses(x86::kRax)) {
      emit([](Assembler& a) { a.mov_reg_gs(x86::kRax, kFlagsSlot); });
    }
    emit([](Assembler& a) { a.flags_from_rax(); });
  }

  /// Constants are in the body.
  void load_arguments() {
    for (size_t i = 0; i < site_.arguments.size(); ++i) {
      const Argument& each = site_.arguments[i];
      const Reg to = kParameters[i];
      if (!body_uses(to)) continue;
      if (each.kind == Value::Kind::kThreadId) {
        emit([&](Assembler& a) { a.mov_reg_gs(to, offsetof(ThreadBlock, thread_id)); });
      }
      if (each.kind == Value::Kind::kRegister) load_register(to, each);
    }
  }

  void load_register(Reg to, const Argument& argument) {
    auto from = static_cast<Reg>(argument.number);
    if ((used_ & bit(from)) != 0) {
      emit([&](Assembler& a) { a.mov_reg_gs(to, slot_of(from)); });
      from = to;
    }
    if (to == from && argument.size == sizeof(uint64_t)) return;
    emit([&](Assembler& a) { a.zero_extend(to, from, argument.size); });
  }

  /// A single addition of a number to memory at a fixed address needs no flags.
  bool add_without_flags() {
    if (body_.code.size() != 1 || free_.flags) return false;
    const InlineInstruction& only = body_.code.front();
    const x86::AddedNumber added = x86::added_number(only.bytes.data(), only.insn);
    if (!added.any || !only.insn.rip_relative) return false;
    const bool wide = x86::is_wide(only.insn);
    const auto free = static_cast<uint16_t>(free_.registers & ~bit(x86::kRsp));
    const Reg reg = x86::choose_register(free != 0 ? free : bit(x86::kRcx), free);
    if (free == 0) emit([&](Assembler& a) { a.mov_gs_reg(slot_of(reg), reg); });
    emit([&](Assembler& a) { a.mov_reg_rip(reg, wide); }, only.target);
    emit([&](Assembler& a) { a.add_number(reg, added.number, wide); });
    emit([&](Assembler& a) { a.mov_rip_reg(reg, wide); }, only.target);
    if (free == 0) emit([&](Assembler& a) { a.mov_reg_gs(reg, slot_of(reg)); });
    return true;
  }

  const CallSite& site_;
  const InlineBody& body_;
  FreeState free_;
  std::vector<ListItem>& items_;
  uint16_t used_ = 0;  ///< registers that the code changes
};

}  // namespace

std::optional<InlineBody> CallInlining::body_of(const ListItem& item) const {
  const auto& site = static_cast<const CallSite&>(*item.site);
  if (site.make_arguments == nullptr) return std::nullopt;
  const InlineBody* body = callees_.inline_body(reinterpret_cast<uint64_t>(site.function));
  if (body == nullptr || !sources_of(site)) return std::nullopt;
  return specialize(*body, constants_of(site));
}

FreeState CallInlining::free_at(const Items& items, size_t index) const {
  FreeState free;
  uint32_t live = x86::kArithmeticFlags;
  uint16_t seen = bit(x86::kRsp);
  for (size_t i = index; i < items.size(); ++i) {
    const ListItem& item = items[i];
    if (item.kind == ItemKind::kLabel) continue;
    if (item.kind == ItemKind::kCall && body_of(item)) {
      // It keeps what it uses, but for its arguments.
      seen |= sources_of(static_cast<const CallSite&>(*item.site)).value_or(0);
      continue;
    }
    if (item.kind == ItemKind::kCall || item.kind == ItemKind::kLoadAddress) break;
    const uint8_t* bytes = item.bytes.data();
    x86::Insn insn = item.insn;
    if (item.kind == ItemKind::kKept) {
      const translate::PlannedInstruction& kept = plan_.instructions[item.number];
      const bool alone = kept.before.empty() && kept.after.empty() && !kept.removed;
      if (!alone || !kept.replacement.empty()) break;
      bytes = kept.at.bytes;
      insn = kept.at.insn;
    }
    const x86::FlagUse flags = x86::flag_use(bytes, insn);
    if ((flags.read & live) != 0) live = ~uint32_t{0};  // from here on known to be alive
    if (live != ~uint32_t{0}) {
      live &= ~flags.overwritten;
      free.flags = live == 0;
    }
    if (insn.kind != Kind::kPlain) break;
    const x86::RegisterUse use = x86::register_use(bytes, insn);
    free.registers = static_cast<uint16_t>(free.registers | (use.overwrites & ~use.reads & ~seen));
    seen = static_cast<uint16_t>(seen | use.reads);
  }
  return free;
}

void CallInlining::run(translate::EditedList& list) {
  const bool any = std::any_of(list.items.begin(), list.items.end(), [&](const ListItem& item) {
    return item.kind == ItemKind::kCall && body_of(item);
  });
  if (!any) return;
  Items result;
  result.reserve(2 * list.items.size());
  for (size_t i = 0; i < list.items.size(); ++i) {
    const ListItem& item = list.items[i];
    const std::optional<InlineBody> body =
        item.kind == ItemKind::kCall ? body_of(item) : std::nullopt;
    if (body) {
      const auto& site = static_cast<const CallSite&>(*item.site);
      if (Expansion(site, *body, free_at(list.items, i + 1), result).run()) continue;
    }
    result.push_back(item);
  }
  list.items = std::move(result);
}

}  // namespace weft::tool

#include "tool/list_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "tool/inline_call.h"
#include "tool/list_argument.h"
#include "tool/mistake.h"
#include "translate/mangle.h"
#include "translate/mangle_record.h"

namespace weft::tool {

using translate::ListItem;
using x86::Kind;

namespace {

constexpr uint32_t kMostNote = (1u << 30) - 1;

bool is_direct(const x86::Insn& insn) {
  return insn.kind == Kind::kJump || insn.kind == Kind::kCondJump || insn.kind == Kind::kLoop ||
         insn.kind == Kind::kCall;
}

bool fits_int32(int64_t value) { return value == static_cast<int32_t>(value); }

}  // namespace

ListView::ListView(BlockView& block, translate::BlockPlan& plan, translate::PlanUse use,
                   std::unique_ptr<translate::FragmentData>& data, const Builder& builder)
    : block_(block), plan_(plan), use_(use), data_(data), builder_(builder) {
  list_.fall_through = plan.range().end;
  list_.items.reserve(4 * plan.instructions.size());
}

void ListView::mistake(std::string_view message) const {
  stop_for_tool(builder_.tool, fmt::format("{} (item {} of the list of block {:#x})", message,
                                           list_.items.size(), plan_.tag.value));
}

void ListView::finish() {
  for (const ListItem& item : list_.items) {
    const bool leads = item.is_code() && item.label != ListItem::kNoLabel;
    if (leads && !placed_[item.label]) mistake("a label was not placed");
  }
  list_.labels = static_cast<uint32_t>(placed_.size());
  if (!data_) data_ = std::make_unique<Additions>();
  CallInlining(plan_, builder_.callees).run(list_);
  plan_.list = std::move(list_);
  // Blocks of several instructions are cut until they fit.
  const translate::SizeBound bound = plan_.size_bound();
  constexpr uint32_t kMost = translate::Draft::kHotCapacity - 2 * translate::Draft::kReserve;
  if (plan_.instructions.size() == 1 && (bound.hot > kMost || bound.cold > kMost)) {
    stop_for_tool(builder_.tool, fmt::format("the list of block {:#x} of one instruction takes up "
                                             "to {} bytes, and {} are the most",
                                             plan_.tag.value, bound.hot, kMost));
  }
}

ListUse ListView::use() const {
  switch (use_) {
    case translate::PlanUse::kBlock:
      return ListUse::kBlock;
    case translate::PlanUse::kTrace:
      return ListUse::kTrace;
    case translate::PlanUse::kProbe:
      return ListUse::kOneRun;
  }
  return ListUse::kBlock;
}

uint32_t ListView::index_of(Address pc) const {
  const auto& instructions = plan_.instructions;
  const auto found = std::lower_bound(
      instructions.begin(), instructions.end(), pc,
      [](const translate::PlannedInstruction& each, Address at) { return each.at.pc.value < at; });
  if (found == instructions.end() || found->at.pc.value != pc) {
    return static_cast<uint32_t>(instructions.size());
  }
  return static_cast<uint32_t>(found - instructions.begin());
}

void ListView::keep(Address pc, uint32_t note) {
  const uint32_t index = index_of(pc);
  if (index == plan_.instructions.size()) {
    mistake(fmt::format("no instruction of the block is at {:#x}", pc));
  }
  if (note > kMostNote) mistake("a note of more than 30 bits");
  ListItem item;
  item.kind = ListItem::Kind::kKept;
  item.number = index;
  item.note = note;
  item.insn = plan_.instructions[index].at.insn;
  append(item);
}

uint32_t ListView::label(ListLabel label) const {
  if (label.number() >= placed_.size()) mistake("a label that new_label() did not make");
  return label.number();
}

ListLabel ListView::new_label() {
  placed_.push_back(false);
  return ListLabel(static_cast<uint32_t>(placed_.size() - 1));
}

void ListView::place(ListLabel given) {
  const uint32_t number = label(given);
  if (placed_[number]) mistake("a label is placed twice");
  placed_[number] = true;
  ListItem item;
  item.number = number;
  append(item);
}

void ListView::load_address(Register to, ListLabel given) {
  ListItem item;
  item.kind = ListItem::Kind::kLoadAddress;
  if (static_cast<uint8_t>(to) >= x86::kGprCount) mistake("no such register");
  item.reg = static_cast<x86::Reg>(to);
  item.label = label(given);
  append(item);
}

void ListView::refer(ListItem& item, const ListCode& code) {
  if (code.label.is_label()) {
    if (!is_direct(item.insn) || item.insn.kind == Kind::kCall) {
      mistake("a label that no jump leads to");
    }
    item.label = label(code.label);
  }
  item.target = code.target;
}

ListItem ListView::code(const ListCode& code) {
  ListItem item;
  const size_t size = code.bytes.size();
  if (size == 0 || size > item.bytes.size()) mistake("an instruction of 1 to 15 bytes is wanted");
  std::copy(code.bytes.begin(), code.bytes.end(), item.bytes.begin());
  const bool decoded = x86::decode(item.bytes.data(), size, item.insn);
  if (!decoded || item.insn.kind == Kind::kInvalid || item.insn.length != size) {
    std::string text;
    for (const uint8_t byte : code.bytes) text += fmt::format(" {:02x}", byte);
    mistake(fmt::format("not one instruction:{}", text));
  }
  if (code.note > kMostNote) mistake("a note of more than 30 bits");
  refer(item, code);
  item.note = code.note;
  item.translated = code.translation != 0;
  item.translation = {code.translation};
  return item;
}

AppPc ListView::return_address(const ListCode& code) const {
  if (code.return_to != 0) return {code.return_to};
  const uint32_t index = index_of(code.translation);
  if (index != plan_.instructions.size()) return plan_.instructions[index].at.next();
  return AppPc{code.translation + code.bytes.size()};
}

void ListView::check_application(const ListItem& item) const {
  const translate::Instruction at{item.translation, item.bytes.data(), item.insn};
  const Kind kind = item.insn.kind;
  if (!item.translated) mistake("an instruction of the program without a translation");
  const bool indirect = kind == Kind::kIndirectJump || kind == Kind::kIndirectCall;
  const bool carried_out = kind == Kind::kSyscall || kind == Kind::kFarTransfer ||
                           kind == Kind::kXbegin || translate::needs_emulation(at) ||
                           (indirect && translate::has_gs_operand(item.insn));
  if (carried_out) mistake("an instruction that can only be kept");
  const bool leads = is_direct(item.insn) && item.label == ListItem::kNoLabel;
  if (leads && item.target == 0) mistake("a direct transfer that leads nowhere");
  const auto distance = static_cast<int64_t>(item.target - item.return_to.value);
  if (kind == Kind::kIndirectCall && item.insn.rip_relative && !fits_int32(distance)) {
    mistake("a call through memory too far from where it returns to");
  }
}

void ListView::check_inserted(const ListItem& item) const {
  const Kind kind = item.insn.kind;
  const bool leads = is_direct(item.insn) && item.label == ListItem::kNoLabel;
  if (leads && item.target == 0) mistake("a direct transfer that leads nowhere");
  if (kind == Kind::kXbegin) mistake("xbegin cannot be inserted");
  const bool indirect = kind == Kind::kIndirectJump || kind == Kind::kIndirectCall;
  if (indirect && item.insn.rip_relative) {
    mistake("an inserted indirect transfer through memory at a fixed address: load it first");
  }
}

void ListView::application(const ListCode& given) {
  ListItem item = code(given);
  item.kind = ListItem::Kind::kApplication;
  item.return_to = return_address(given);
  check_application(item);
  append(item);
}

void ListView::insert(const ListCode& given) {
  ListItem item = code(given);
  item.kind = ListItem::Kind::kInserted;
  check_inserted(item);
  append(item);
}

Argument ListView::argument(const ListArgument& given) const {
  std::string_view wrong;
  const Argument argument = argument_of(given, wrong);
  if (!wrong.empty()) mistake(wrong);
  return argument;
}

CallSite& ListView::new_site() {
  if (!data_) data_ = std::make_unique<Additions>();
  return static_cast<Additions&>(*data_).new_site();
}

void ListView::call(const ListCall& given) {
  if (given.function == nullptr) mistake("a call of no function");
  if (given.arguments.size() > ListCall::kMostArguments) mistake("more than 16 arguments");
  CallSite& site = new_site();
  site.pc = given.translation == 0 ? plan_.tag : AppPc{given.translation};
  site.function = given.function;
  for (const ListArgument& each : given.arguments) site.arguments.push_back(argument(each));
  if (saves_little(site, builder_.callees)) site.make_arguments = &make_light_arguments;
  ListItem item;
  item.kind = ListItem::Kind::kCall;
  item.site = &site;
  append(item);
}

}  // namespace weft::tool

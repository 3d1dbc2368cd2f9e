#include "tool/block_view.h"

#include <fmt/format.h>

#include "tool/mistake.h"
#include "translate/thread_block.h"
#include "x86/decode.h"

namespace weft::tool {

using translate::Insertion;
using translate::RecordField;

BlockView::BlockView(translate::BlockPlan& plan, std::unique_ptr<translate::FragmentData>& data,
                     const Shared& shared, Choice& choice)
    : plan_(plan), data_(data), shared_(shared), choice_(choice) {}

void BlockView::mistake(std::string_view message) const {
  stop_for_tool(tool_, fmt::format("{} (block {:#x})", message, plan_.tag.value));
}

Range BlockView::range() const {
  const AppRange range = plan_.range();
  return {range.start.value, range.end.value};
}

void BlockView::check(size_t index) const {
  if (index >= size()) mistake(fmt::format("no instruction {}: the block has {}", index, size()));
}

const Instruction& BlockView::operator[](size_t index) const {
  check(index);
  return view(index);
}

const InstructionView& BlockView::view(size_t index) const {
  if (!instructions_) {
    instructions_.emplace();
    for (const translate::PlannedInstruction& each : plan_.instructions) {
      instructions_->emplace_back(each.at);
    }
  }
  return (*instructions_)[index];
}

std::vector<Insertion>& BlockView::list(Place place) {
  if (place.index == kAnywhere) return plan_.anywhere;
  check(place.index);
  translate::PlannedInstruction& instruction = plan_.instructions[place.index];
  if (!place.after) return instruction.before;
  if (!can_insert_after(place.index)) mistake("nothing runs behind a transfer of control");
  return instruction.after;
}

translate::FreeState BlockView::free_at(Place place) const {
  if (place.index == kAnywhere) return {};
  check(place.index);
  return plan_.free_before(place.index + (place.after ? 1u : 0u));
}

translate::Word BlockView::word(Counter counter) const {
  const auto address = reinterpret_cast<uint64_t>(counter.cell());
  if (!shared_.words.contains({address})) mistake("a counter that new_counter() did not make");
  return {false, 0, address};
}

translate::Word BlockView::word(ThreadCounter counter) const {
  if (counter.slot() >= kThreadCounters)
    mistake("a counter that new_thread_counter() did not make");
  return {true, counter.slot(), 0};
}

translate::Guard BlockView::guard(const Condition& condition) const {
  using Kind = translate::Guard::Kind;
  static constexpr Kind kKinds[] = {Kind::kNone, Kind::kNonZero, Kind::kZero, Kind::kLess,
                                    Kind::kEqual};
  translate::Guard guard;
  guard.kind = kKinds[static_cast<size_t>(condition.kind)];
  if (guard.kind == Kind::kNone) return guard;
  guard.word =
      condition.per_thread ? word(ThreadCounter(condition.slot)) : word(Counter(condition.cell));
  guard.bound = condition.bound;
  return guard;
}

CallSite& BlockView::new_site(Place place) {
  if (place.index != kAnywhere) check(place.index);
  if (!data_) data_ = std::make_unique<Additions>();
  CallSite& site = static_cast<Additions&>(*data_).new_site();
  site.pc = plan_.tag;
  if (place.index != kAnywhere) {
    const translate::Instruction& at = plan_.instructions[place.index].at;
    site.pc = place.after ? at.next() : at.pc;
  }
  return site;
}

const x86::OperandInfo& BlockView::memory_operand(Place place, uint64_t number) const {
  if (place.index == kAnywhere) mistake("an operand of no instruction");
  check(place.index);
  const auto& operands = view(place.index).info().operands;
  if (number >= operands.size() || operands[number].kind != x86::OperandInfo::Kind::kMemory) {
    mistake("no memory operand of that number");
  }
  return operands[number];
}

const x86::MemoryOperand& BlockView::memory_address(Place place, uint64_t number) const {
  const x86::OperandInfo& operand = memory_operand(place, number);
  if (operand.vector_index) {
    mistake("the address of a memory operand that has several (ask for memory_accesses())");
  }
  return operand.memory;
}

Argument BlockView::argument(Place place, const Value& value) const {
  Argument argument;
  argument.kind = value.kind;
  argument.number = value.number;
  switch (value.kind) {
    case Value::Kind::kRegister:
      if (value.number >= x86::kGprCount) mistake("no such register");
      break;
    case Value::Kind::kMemoryAddress:
    case Value::Kind::kMemoryValue: {
      argument.memory = memory_address(place, value.number);
      const uint16_t size = memory_operand(place, value.number).size;
      argument.size = static_cast<uint8_t>(size > 8 ? 8 : size);
      break;
    }
    case Value::Kind::kBranchTaken: {
      if (place.index == kAnywhere || view(place.index).kind() != InstructionKind::kConditionalJump)
        mistake("branch_taken() in front of no conditional jump");
      const x86::Insn& insn = plan_.instructions[place.index].at.insn;
      argument.number = static_cast<uint64_t>(condition_of(insn));
      argument.size = insn.address_size_prefix ? 4 : 8;
      break;
    }
    case Value::Kind::kAccesses:
      if (place.after) mistake("memory_accesses() behind the instruction");
      argument.memory = memory_operand(place, value.number).memory;
      break;
    default:
      break;
  }
  return argument;
}

RecordField BlockView::field(Place place, const Field& field) const {
  using Source = RecordField::Source;
  const uint8_t width = field.width;
  if (width != 1 && width != 2 && width != 4 && width != 8)
    mistake("a field of a width that is none");
  switch (field.value.kind) {
    case Value::Kind::kConstant:
      return {Source::kConstant, width, field.value.number, {}};
    case Value::Kind::kRegister:
      if (field.value.number >= x86::kGprCount) mistake("no such register");
      return {Source::kRegister, width, field.value.number, {}};
    case Value::Kind::kMemoryAddress:
      return {Source::kAddress, width, 0, memory_address(place, field.value.number)};
    case Value::Kind::kThreadId:
      return {Source::kThreadId, width, 0, {}};
    case Value::Kind::kThreadCounter:
      return {Source::kWord,
              width,
              word(ThreadCounter(static_cast<uint32_t>(field.value.number))).index,
              {}};
    default:
      mistake("a value that records cannot hold");
  }
}

void BlockView::remove(size_t index) {
  check(index);
  if (!can_insert_after(index)) mistake("a transfer of control cannot be removed");
  plan_.instructions[index].removed = true;
  plan_.instructions[index].replacement.clear();
}

void BlockView::replace(size_t index, std::span<const uint8_t> code) {
  remove(index);
  constexpr size_t kLongest = 64;
  if (code.empty() || code.size() > kLongest) mistake("a replacement of 1 to 64 bytes is wanted");
  plan_.instructions[index].removed = false;
  plan_.instructions[index].replacement.assign(code.begin(), code.end());
}

void BlockView::insert_word(Place place, const Condition& condition, Insertion::Kind kind,
                            translate::Word word, int32_t amount) {
  Insertion insertion;
  insertion.kind = kind;
  insertion.guard = guard(condition);
  insertion.word = word;
  insertion.amount = amount;
  list(place).push_back(std::move(insertion));
}

void BlockView::add_to_counter(Place place, Condition condition, Counter counter, int32_t amount,
                               bool atomic) {
  const auto kind = atomic ? Insertion::Kind::kAddAtomic : Insertion::Kind::kAdd;
  insert_word(place, condition, kind, word(counter), amount);
}

void BlockView::add_to_thread_counter(Place place, Condition condition, ThreadCounter counter,
                                      int32_t amount) {
  insert_word(place, condition, Insertion::Kind::kAdd, word(counter), amount);
}

void BlockView::set_counter_once(Place place, Condition condition, Counter counter, int32_t value,
                                 Removal removal) {
  insert_word(place, condition, Insertion::Kind::kSetOnce, word(counter), value);
  list(place).back().waits = shared_.first_runs.waits(removal == Removal::kSoon);
}

void BlockView::add_to_tally(Place place, Condition condition, Tally tally, int32_t amount) {
  if (tally.slot() >= kTallies) mistake("a tally that new_tally() did not make");
  Insertion insertion;
  insertion.guard = guard(condition);
  insertion.word = {true, tally_word(tally, 0), 0, kTallyParts};
  insertion.amount = amount;
  list(place).push_back(std::move(insertion));
}

void BlockView::set_thread_counter(Place place, Condition condition, ThreadCounter counter,
                                   int32_t value) {
  insert_word(place, condition, Insertion::Kind::kSet, word(counter), value);
}

void BlockView::add_call(Place place, Condition condition, void (*function)(),
                         std::span<const Value> arguments) {
  if (function == nullptr) mistake("a call of no function");
  CallSite& site = new_site(place);
  constexpr size_t kMostArguments = 6;
  if (arguments.size() > kMostArguments) mistake("more than six arguments");
  site.function = function;
  for (const Value& value : arguments) {
    site.arguments.push_back(argument(place, value));
    if (value.kind != Value::Kind::kAccesses) continue;
    site.arguments.back().operand =
        &static_cast<Additions&>(*data_).keep(memory_operand(place, value.number));
  }
  if (saves_little(site, shared_.callees)) site.make_arguments = &make_light_arguments;
  Insertion insertion;
  insertion.kind = Insertion::Kind::kCall;
  insertion.guard = guard(condition);
  insertion.site = &site;
  // A call sees the program's registers of a certain place.
  if (place.index == kAnywhere) place.index = 0;
  list(place).push_back(std::move(insertion));
}

void BlockView::add_record(Place place, Condition condition, Buffer buffer,
                           std::span<const Field> fields) {
  if (buffer.number() >= shared_.buffers.size()) mistake("a buffer that new_buffer() did not make");
  const BufferLayout& layout = shared_.buffers[buffer.number()];
  if (place.index == kAnywhere) place.index = 0;
  Insertion insertion;
  insertion.kind = Insertion::Kind::kRecord;
  insertion.guard = guard(condition);
  insertion.word = {true, layout.position, 0};
  insertion.limit = layout.limit;
  uint32_t size = 0;
  for (const Field& each : fields) {
    insertion.fields.push_back(field(place, each));
    size += each.width;
  }
  if (size != layout.record_bytes) mistake("fields that do not make up one record of the buffer");
  CallSite& site = new_site(place);
  site.buffer = buffer.number();
  insertion.site = &site;
  list(place).push_back(std::move(insertion));
}

void BlockView::add_code(Place place, Condition condition, std::span<const uint8_t> code,
                         uint16_t scratch) {
  constexpr size_t kLongest = 64;
  constexpr int kScratch = 2;
  if (code.empty() || code.size() > kLongest) mistake("code of 1 to 64 bytes is wanted");
  if ((scratch >> x86::kRsp & 1) != 0 || __builtin_popcount(scratch) > kScratch) {
    mistake("at most two scratch registers, and not rsp");
  }
  if (place.index == kAnywhere) place.index = 0;
  Insertion insertion;
  insertion.kind = Insertion::Kind::kCode;
  insertion.guard = guard(condition);
  insertion.code.assign(code.begin(), code.end());
  insertion.scratch = scratch;
  list(place).push_back(std::move(insertion));
}

Case BlockView::choose(Versions versions) {
  if (versions.number() >= shared_.version_sets)
    mistake("versions that new_versions() did not make");
  const ChosenSet* const known = choice_.find(versions);
  if (known != nullptr) return choice_.case_of(*known);
  return choice_.case_of(choice_.add(versions, shared_.cases_of(versions, plan_.tag)));
}

Register BlockView::dead_register(Place place) const {
  const uint16_t dead = free_at(place).registers;
  for (unsigned reg = 0; reg < x86::kGprCount; ++reg) {
    if (reg != x86::kRsp && (dead >> reg & 1) != 0) return static_cast<Register>(reg);
  }
  return Register::kNone;
}

bool BlockView::flags_dead(Place place) const { return free_at(place).flags; }

}  // namespace weft::tool

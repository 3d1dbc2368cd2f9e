#include "taintlite/plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace weft::tools {
namespace {

using Kind = Operation::Kind;

/// Goes on at `pc` in the version that follows everything.
void leave(ThreadTaint* thread, CallContext& context, Address pc) {
  *thread->met = 0;
  *thread->mode = kTaintAnywhere;
  context.redirect(pc);
}

/// How the stack pointer changes, where it is a constant.
std::optional<int64_t> stack_change(const Instruction& instruction) {
  const InstructionDetails& details = instruction.details();
  constexpr uint16_t kRsp = 1u << static_cast<unsigned>(Register::kRsp);
  if ((details.registers_written & kRsp) == 0) return 0;
  const auto operands = details.operands;
  const bool wide = !operands.empty() && operands[0].size == 8;
  if (details.mnemonic == "push" && wide && operands[0].reg != Register::kRsp) return -8;
  if (details.mnemonic == "pop" && wide && operands[0].reg != Register::kRsp) return 8;
  if (operands.size() < 2 || operands[1].kind != weft::Operand::Kind::kImmediate)
    return std::nullopt;
  if (details.mnemonic == "sub") return -operands[1].immediate;
  if (details.mnemonic == "add") return operands[1].immediate;
  return std::nullopt;
}

constexpr Scratch kAt = Scratch::kFirst;
constexpr Scratch kOther = Scratch::kSecond;

/// Sets a word to a number that is not 0 if the filter does not rule out that one of some accesses
/// meets taint. Without a call: it seldom does.
class Filtering {
 public:
  Filtering(const uint8_t* filter, ThreadCounter word) : filter_(filter), word_(word) {}

  /// The address is in kAt.
  void look_up() {
    code_.shift_right(kAt, Shadow::kLineBits).bit_and(kAt, int32_t{Shadow::kFilterBytes - 1});
    code_.set(kOther, filter_).add(kAt, kOther);
    look();
  }
  void look_up_constant(uint64_t address) {
    code_.set(kAt, filter_ + Shadow::filter_index(address));
    look();
  }
  void finish(Insertion at) {
    const Snippet::Label nothing = code_.skip_if(kAt, Comparison::kEqual, 0);
    for (const Snippet::Label hit : hits_) code_.here(hit);
    code_.store(word_, kAt).here(nothing);
    at.code(code_);
  }
  Snippet& code() { return code_; }

 private:
  void look() {
    code_.load(kAt, kAt, 0, 1);
    hits_.push_back(code_.skip_if(kAt, Comparison::kNotEqual, 0));
  }

  const uint8_t* filter_;
  ThreadCounter word_;
  Snippet code_;
  std::vector<Snippet::Label> hits_;
};

}  // namespace

/// Operands that can be looked at together: their addresses follow from registers as they are
/// before the first of the instructions.
class Planner::Group {
 public:
  Group(Planner& planner, Block& block) : planner_(planner), block_(block) {}

  /// Adds the memory operands of instruction `index`.
  void add(size_t index, const Operation& operation) {
    const auto operands = block_[index].details().operands;
    if (operation.listed) return add_listed(index, operation.memory[0]);
    for (uint8_t i = 0; i < operation.memories; ++i) {
      const auto number = static_cast<size_t>(operation.memory[i]);
      const Operand& operand = operands[number];
      if (operand.fs || operand.gs || operand.narrow || operand.moved_by != Register::kNone) {
        add_alone(index, operation.memory[i], operand.size);
        continue;
      }
      if (!try_add(index, operand)) {
        flush();
        try_add(index, operand);
      }
    }
  }

  /// Instruction `index` has run: what it wrote is not known any more.
  void pass(size_t index, uint16_t written) {
    constexpr uint16_t kRsp = 1u << static_cast<unsigned>(Register::kRsp);
    if (group_.count == 0) return;
    if (const std::optional<int64_t> change = stack_change(block_[index])) {
      stack_ += *change;
      written &= static_cast<uint16_t>(~kRsp);
    }
    changed_ |= written;
  }

  void flush() {
    if (group_.count != 0) {
      std::array<Value, CheckGroup::kMostRegisters> values{};
      for (size_t i = 0; i < count_; ++i) values[i] = register_value(registers_[i]);
      Insertion at = block_.before(start_);
      add_filter(at);
      at.if_nonzero(planner_.met_)
          .call(check, thread_counter(planner_.thread_), planner_.groups_.keep(group_), values[0],
                values[1], values[2], values[3]);
      planner_.add_leave(at, block_[start_].pc());
    }
    group_ = {};
    count_ = 0;
    changed_ = 0;
    stack_ = 0;
  }

 private:
  /// The number among the values handed over; nothing if it has changed, or there is no room.
  std::optional<uint8_t> value_of(Register reg) {
    if (reg == Register::kNone) return CheckGroup::kNone;
    if ((changed_ >> static_cast<unsigned>(reg) & 1) != 0) return std::nullopt;
    const auto end = registers_.begin() + static_cast<ptrdiff_t>(count_);
    const auto known = std::find(registers_.begin(), end, reg);
    if (known != end) return static_cast<uint8_t>(known - registers_.begin());
    if (count_ == registers_.size()) return std::nullopt;
    registers_[count_] = reg;
    return static_cast<uint8_t>(count_++);
  }

  bool try_add(size_t index, const Operand& operand) {
    if (group_.count == CheckGroup::kMostOperands) return false;
    if (group_.count == 0) start_ = index;
    const std::optional<uint8_t> base = value_of(operand.base);
    const std::optional<uint8_t> scaled = value_of(operand.index);
    if (!base || !scaled) return false;
    const int64_t moved = operand.base == Register::kRsp ? stack_ : 0;
    CheckGroup::Operand& entry = group_.operands[group_.count++];
    entry.base = *base;
    entry.index = *scaled;
    entry.scale = operand.scale;
    entry.size = static_cast<uint8_t>(operand.size);
    entry.displacement = operand.displacement + moved;
    return true;
  }

  void add_filter(Insertion at) const {
    constexpr size_t kInOne = 4;  // operands of a snippet
    for (size_t first = 0; first < group_.count; first += kInOne) {
      Filtering filtering(planner_.filter_, planner_.met_);
      for (size_t i = first; i < std::min<size_t>(group_.count, first + kInOne); ++i) {
        filter_operand(filtering, group_.operands[i]);
      }
      filtering.finish(at);
    }
  }

  void filter_operand(Filtering& filtering, const CheckGroup::Operand& operand) const {
    const auto displacement = static_cast<uint64_t>(operand.displacement);
    const bool has_base = operand.base != CheckGroup::kNone;
    const bool has_index = operand.index != CheckGroup::kNone;
    if (!has_base && !has_index) return filtering.look_up_constant(displacement);
    Snippet& code = filtering.code();
    code.set(kAt, displacement);
    if (has_base) code.set(kOther, register_value(registers_[operand.base])).add(kAt, kOther);
    if (has_index) {
      uint8_t shift = 0;
      while (1u << shift < operand.scale) ++shift;
      code.set(kOther, register_value(registers_[operand.index])).shift_left(kOther, shift);
      code.add(kAt, kOther);
    }
    filtering.look_up();
  }

  void add_listed(size_t index, int operand) {
    Insertion at = block_.before(index);
    at.call(check_list, thread_counter(planner_.thread_), memory_accesses(operand));
    planner_.add_leave(at, block_[index].pc());
  }

  void add_alone(size_t index, int operand, uint16_t size) {
    CheckGroup alone{};
    alone.count = 1;
    alone.operands[0].base = 0;
    alone.operands[0].size = static_cast<uint8_t>(size);
    Insertion at = block_.before(index);
    Filtering filtering(planner_.filter_, planner_.met_);
    filtering.code().set(kAt, memory_address(operand));
    filtering.look_up();
    filtering.finish(at);
    at.if_nonzero(planner_.met_)
        .call(check, thread_counter(planner_.thread_), planner_.groups_.keep(alone),
              memory_address(operand), 0, 0, 0);
    planner_.add_leave(at, block_[index].pc());
  }

  Planner& planner_;
  Block& block_;
  CheckGroup group_{};
  std::array<Register, CheckGroup::kMostRegisters> registers_{};
  size_t count_ = 0;  ///< of `registers_`
  size_t start_ = 0;
  uint16_t changed_ = 0;
  int64_t stack_ = 0;
};

void Planner::unlock_in_child() {
  operations_.unlock_in_child();
  groups_.unlock_in_child();
}

void Planner::add_leave(Insertion at, Address pc) {
  at.if_nonzero(met_).call(leave, thread_counter(thread_), call_context(), pc);
}

void Planner::add_operation(Block& block, size_t index, const Operation& operation, bool vectors) {
  const auto address = [&](uint8_t number) {
    return number < operation.memories ? memory_address(operation.memory[number]) : Value(0);
  };
  if (operation.listed) {
    block.before(index).call(vectors ? propagate_list_vectors : propagate_list,
                             thread_counter(thread_), operations_.keep(operation),
                             memory_accesses(operation.memory[0]));
  } else {
    block.before(index).call(vectors ? propagate_vectors : propagate, thread_counter(thread_),
                             operations_.keep(operation), address(0), address(1));
  }
  if (vectors && operation.writes_general() && block.can_insert_after(index)) {
    add_leave(block.after(index), block[index].next());
  }
}

void Planner::add_string(Block& block, size_t index, const Operation& operation, bool checks) {
  block.before(index).call(checks ? check_string : propagate_string, thread_counter(thread_),
                           operations_.keep(operation), register_value(Register::kRsi),
                           register_value(Register::kRdi), register_value(Register::kRcx),
                           flags_value());
  if (checks) add_leave(block.before(index), block[index].pc());
}

void Planner::add_checks(Block& block, bool vectors) {
  Group group(*this, block);
  for (size_t i = 0; i < block.size(); ++i) {
    const Operation operation = operation_of(block[i]);
    if (operation.is_string()) {
      group.flush();
      add_string(block, i, operation, true);
    } else if (vectors && operation.touches_vectors && operation.kind != Kind::kNothing) {
      add_operation(block, i, operation, true);
      // What it stored may be loaded by what follows.
      if (operation.writes_memory()) group.flush();
    } else if (operation.kind != Kind::kNothing || operation.is_branch) {
      group.add(i, operation);
    }
    group.pass(i, operation.written);
  }
  group.flush();
}

void Planner::add_everything(Block& block) {
  for (size_t i = 0; i < block.size(); ++i) {
    const Operation operation = operation_of(block[i]);
    if (operation.is_string()) {
      add_string(block, i, operation, false);
    } else if (operation.kind != Kind::kNothing || operation.is_branch ||
               operation.address_registers != 0) {
      add_operation(block, i, operation, false);
    }
  }
}

}  // namespace weft::tools

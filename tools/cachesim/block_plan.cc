#include "cachesim/block_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace weft::tools {
namespace {

constexpr size_t kStack = static_cast<size_t>(Register::kRsp);

const Operand& operand_of(const Instruction& instruction, int number) {
  return instruction.details().operands[static_cast<size_t>(number)];
}

/// Follows the registers through a block, as far as it has to be known which are still the same.
class Registers {
 public:
  /// What the address of an operand is made of, but for the displacement.
  using Parts = std::tuple<Register, uint32_t, Register, uint32_t, uint8_t, bool, bool>;

  Parts parts_of(const Operand& operand) const {
    return {operand.base,  version(operand.base),
            operand.index, version(operand.index),
            operand.scale, operand.fs,
            operand.gs};
  }
  /// The displacement from the same parts.
  uint64_t distance_of(const Operand& operand) const {
    const uint64_t moved = operand.base == Register::kRsp ? stack_ : 0;
    return static_cast<uint64_t>(operand.displacement) + moved;
  }

  /// Behind the instruction.
  void ran(const Instruction& instruction) {
    const InstructionDetails& details = instruction.details();
    for (size_t i = 0; i < versions_.size(); ++i) {
      if ((details.registers_written >> i & 1) == 0) continue;
      if (i == kStack && moves_stack(instruction)) continue;
      ++versions_[i];
    }
  }

 private:
  uint32_t version(Register reg) const {
    return reg == Register::kNone ? 0 : versions_[static_cast<size_t>(reg)];
  }

  /// Whether it moves rsp by a constant, which is then noted.
  bool moves_stack(const Instruction& instruction) {
    constexpr uint64_t kWord = 8;
    const auto operands = instruction.details().operands;
    const std::string_view name = instruction.details().mnemonic;
    if (operands.empty()) return false;
    const bool is_of_stack =
        operands[0].kind == Operand::Kind::kRegister && operands[0].reg == Register::kRsp;
    if (name == "push" || name == "pop") {
      if (operands[0].size != kWord || (is_of_stack && name == "pop")) return false;
      stack_ += name == "push" ? 0 - kWord : kWord;
      return true;
    }
    const bool is_constant = operands.size() > 1 && operands[1].kind == Operand::Kind::kImmediate &&
                             is_of_stack && operands[0].size == kWord;
    if (!is_constant || (name != "sub" && name != "add")) return false;
    const auto amount = static_cast<uint64_t>(operands[1].immediate);
    stack_ += name == "sub" ? 0 - amount : amount;
    return true;
  }

  std::array<uint32_t, 16> versions_{};
  uint64_t stack_ = 0;  ///< how far rsp has moved since its version is what it is
};

/// Whether the address is the sum of what Operand says, in 64 bits.
bool is_sum(const Operand& operand) {
  return !operand.narrow && !operand.vector && operand.moved_by == Register::kNone;
}

bool is_constant(const Operand& operand) {
  return operand.base == Register::kNone && operand.index == Register::kNone && !operand.fs &&
         !operand.gs;
}

class Planner {
 public:
  Planner(BlockCode& code, uint32_t longest) : code_(code), longest_(longest) {}

  void add(const Instruction& instruction, uint32_t index) {
    const bool is_repeated = repeats(instruction);
    for (int n = 0;; ++n) {
      const int at = instruction.memory_operand(n);
      if (at < 0) break;
      const Operand& operand = operand_of(instruction, at);
      BlockAccess access;
      access.instruction = index;
      access.size = is_repeated ? operand.size
                                : static_cast<uint16_t>(std::min<uint32_t>(operand.size, longest_));
      // What is read and written is read, as cachegrind counts it.
      access.is_store = !operand.read;
      if (is_repeated) {
        access.kind = n == 0 ? BlockAccess::Kind::kRepeatBegins : BlockAccess::Kind::kRepeatSecond;
        access.record = record();
      } else {
        place(access, operand, at);
      }
      code_.accesses.push_back(access);
    }
    if (is_repeated) {
      code_.is_plain = false;
      BlockAccess end;
      end.instruction = index;
      end.kind = BlockAccess::Kind::kRepeatEnds;
      end.record = record();
      code_.accesses.push_back(end);
    }
    registers_.ran(instruction);
  }

 private:
  uint32_t record() { return static_cast<uint32_t>(code_.records++); }

  void place(BlockAccess& access, const Operand& operand, int number) {
    if (!is_sum(operand)) {
      access.record = record();
    } else if (is_constant(operand)) {
      access.distance = static_cast<uint64_t>(operand.displacement);
      access.mask = 0;
      return;
    } else {
      const uint64_t distance = registers_.distance_of(operand);
      const auto [known, made] =
          known_.try_emplace(registers_.parts_of(operand), std::pair(uint32_t{0}, distance));
      if (made) known->second.first = record();
      access.record = known->second.first;
      access.distance = distance - known->second.second;
      if (!made) return;
    }
    code_.recorded.push_back({access.instruction, number});
  }

  BlockCode& code_;
  uint32_t longest_;
  Registers registers_;
  std::map<Registers::Parts, std::pair<uint32_t, uint64_t>> known_;
};

}  // namespace

bool repeats(const Instruction& instruction) {
  const int first = instruction.memory_operand();
  return first >= 0 && operand_of(instruction, first).accesses == Operand::Accesses::kRepeated;
}

void plan_block(BlockCode& code, const Block& block, uint64_t line, uint32_t longest) {
  code.range = block.range();
  Planner planner(code, longest);
  Address known = ~Address{0};
  for (uint32_t i = 0; i < block.size(); ++i) {
    const Instruction& each = block[i];
    code.pcs.push_back(each.pc());
    // What is in the line of the instruction before it hits, and changes nothing.
    const Address last = (each.next() - 1) / line;
    if (each.pc() / line != known || last != known)
      code.fetches.push_back({each.pc(), static_cast<uint32_t>(each.length()), i});
    known = last;
    planner.add(each, i);
  }
  // One at least, to tell that the block runs.
  code.has_addresses = code.records != 0;
  if (!code.has_addresses) code.records = 1;
  const Instruction& last = block[block.size() - 1];
  code.last = last.kind();
  code.target = last.target();
  code.costs.resize(block.size());
}

void add_records(Block& block, const BlockCode& code, Buffer buffer) {
  uint32_t number = code.number;
  const auto record = [&](Insertion place, Value address) {
    place.record(buffer, {{address, 8}, {Value(number), 4}});
    number = 0;
  };
  if (!code.has_addresses) record(block.before(0), 0);
  auto next = code.recorded.begin();
  for (uint32_t i = 0; i < block.size(); ++i) {
    for (; next != code.recorded.end() && next->instruction == i; ++next)
      record(block.before(i), memory_address(next->operand));
    if (!repeats(block[i])) continue;
    for (int n = 0; block[i].memory_operand(n) >= 0; ++n)
      record(block.before(i), memory_address(block[i].memory_operand(n)));
    record(block.after(i), memory_address(block[i].memory_operand()));
  }
}

}  // namespace weft::tools

#include <dwarf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "tool/elfutils.h"
#include "weft/stack.h"

namespace weft {
namespace {

Dwarf_CFI* open_table(const Module& module) {
  const int fd = open(module.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  Elfutils::get()->elf_version(EV_CURRENT);
  Elf* const elf = Elfutils::get()->elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  close(fd);
  return elf == nullptr ? nullptr : Elfutils::get()->dwarf_getcfi_elf(elf);
}

std::optional<uint64_t> load(Process& process, uint64_t address) {
  uint64_t value = 0;
  if (process.read_memory(address, &value, sizeof value) != sizeof value) return std::nullopt;
  return value;
}

/// The operations that compilers and assemblers use in such tables.
class Expression {
 public:
  Expression(Process& process, const FrameRegisters& frame, std::optional<uint64_t> cfa)
      : process_(process), frame_(frame), cfa_(cfa) {}

  std::optional<uint64_t> run(const Dwarf_Op* ops, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (!step(ops[i])) return std::nullopt;
    }
    if (stack_.empty()) return std::nullopt;
    return stack_.back();
  }
  /// What was computed is the value itself, not its address.
  bool is_value() const { return is_value_; }

 private:
  bool step(const Dwarf_Op& op) {
    if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31) {
      return push_register(op.atom - DW_OP_breg0, op.number);
    }
    if (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31) {
      is_value_ = true;
      return push_register(op.atom - DW_OP_reg0, 0);
    }
    if (op.atom >= DW_OP_lit0 && op.atom <= DW_OP_lit31) return push(op.atom - DW_OP_lit0);
    switch (op.atom) {
      case DW_OP_bregx:
        return push_register(op.number, op.number2);
      case DW_OP_call_frame_cfa:
        return cfa_ && push(*cfa_);
      case DW_OP_plus_uconst:
        return !stack_.empty() && (stack_.back() += op.number, true);
      case DW_OP_const1u:
      case DW_OP_const1s:
      case DW_OP_const2u:
      case DW_OP_const2s:
      case DW_OP_const4u:
      case DW_OP_const4s:
      case DW_OP_const8u:
      case DW_OP_constu:
      case DW_OP_consts:
        return push(op.number);
      case DW_OP_stack_value:
        return is_value_ = true;
      case DW_OP_deref:
        return dereference();
      default:
        return combine(op.atom);
    }
  }

  bool push(uint64_t value) { return stack_.push_back(value), true; }

  bool push_register(uint64_t number, uint64_t offset) {
    return number < frame_.size() && push(frame_[number] + offset);
  }

  bool dereference() {
    if (stack_.empty()) return false;
    const std::optional<uint64_t> value = load(process_, stack_.back());
    if (!value) return false;
    stack_.back() = *value;
    return true;
  }

  bool combine(unsigned atom) {
    if (stack_.size() < 2) return false;
    const uint64_t right = stack_.back();
    stack_.pop_back();
    uint64_t& left = stack_.back();
    switch (atom) {
      case DW_OP_plus:
        return left += right, true;
      case DW_OP_minus:
        return left -= right, true;
      case DW_OP_and:
        return left &= right, true;
      case DW_OP_shl:
        return left <<= right, true;
      case DW_OP_ge:
        return left = static_cast<int64_t>(left) >= static_cast<int64_t>(right) ? 1 : 0, true;
      default:
        return false;
    }
  }

  Process& process_;
  const FrameRegisters& frame_;
  std::optional<uint64_t> cfa_;
  std::vector<uint64_t> stack_;
  bool is_value_ = false;
};

/// One register of the caller; nothing if it is not known there.
std::optional<uint64_t> register_of(Process& process, Dwarf_Frame* frame,
                                    const FrameRegisters& registers, uint64_t cfa,
                                    unsigned number) {
  Dwarf_Op memory[3];
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  if (Elfutils::get()->dwarf_frame_register(frame, static_cast<int>(number), memory, &ops,
                                            &count) != 0) {
    return std::nullopt;
  }
  if (count == 0) {
    // Undefined, or as it was.
    return ops == memory ? std::nullopt : std::optional(registers[number]);
  }
  Expression expression(process, registers, cfa);
  const std::optional<uint64_t> result = expression.run(ops, count);
  return !result || expression.is_value() ? result : load(process, *result);
}

std::optional<FrameRegisters> apply(Process& process, Dwarf_Frame* table,
                                    const FrameRegisters& frame) {
  FrameRegisters caller = frame;
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  std::optional<uint64_t> cfa;
  if (Elfutils::get()->dwarf_frame_cfa(table, &ops, &count) == 0) {
    cfa = Expression(process, frame, std::nullopt).run(ops, count);
  }
  if (!cfa) return std::nullopt;
  bool has_pc = false;
  for (unsigned number = 0; number < caller.size(); ++number) {
    const std::optional<uint64_t> value = register_of(process, table, frame, *cfa, number);
    if (value) caller[number] = *value;
    if (number == kFramePc) has_pc = value.has_value();
  }
  if (!has_pc || caller[kFramePc] == 0) return std::nullopt;
  caller[kFrameStack] = *cfa;
  return caller;
}

/// Where there is no table: the frame may have been made by push rbp; mov rbp, rsp, as code is
/// that is built at run time.
std::optional<FrameRegisters> by_frame_pointer(Process& process, const FrameRegisters& frame) {
  constexpr uint64_t kLargestFrame = 1 << 20;
  constexpr uint64_t kWord = sizeof(uint64_t);
  const uint64_t at = frame[kFrameBase];
  const bool is_in_stack = at >= frame[kFrameStack] && at - frame[kFrameStack] < kLargestFrame;
  if (!is_in_stack || at % kWord != 0) return std::nullopt;
  const std::optional<uint64_t> base = load(process, at);
  const std::optional<uint64_t> pc = load(process, at + kWord);
  if (!base || !pc) return std::nullopt;
  const std::optional<MemoryArea> code = process.memory_at(*pc);
  if (!code || !code->executable) return std::nullopt;
  FrameRegisters caller = frame;
  caller[kFrameBase] = *base;
  caller[kFrameStack] = at + 2 * kWord;
  caller[kFramePc] = *pc;
  return caller;
}

}  // namespace

std::optional<FrameRegisters> FrameTables::caller_of(const FrameRegisters& frame, bool is_first) {
  // A call may be the last instruction of its function.
  const uint64_t pc = frame[kFramePc] - (is_first ? 0 : 1);
  const Module* const module = process_.module_at(pc);
  if (module == nullptr) return by_frame_pointer(process_, frame);
  if (Elfutils::get() == nullptr) return std::nullopt;
  const std::lock_guard held(mutex_);
  const auto [entry, is_new] = by_module_.emplace(module->number, nullptr);
  if (is_new) entry->second = open_table(*module);
  Dwarf_Frame* table = nullptr;
  if (entry->second == nullptr ||
      Elfutils::get()->dwarf_cfi_addrframe(entry->second, pc - module->bias, &table) != 0) {
    return std::nullopt;
  }
  const std::optional<FrameRegisters> caller = apply(process_, table, frame);
  free(table);
  return caller;
}

FrameRegisters FrameTables::registers_of(const CallContext& context) {
  // By DWARF's numbers.
  constexpr std::array kOrder{Register::kRax, Register::kRdx, Register::kRcx, Register::kRbx,
                              Register::kRsi, Register::kRdi, Register::kRbp, Register::kRsp,
                              Register::kR8,  Register::kR9,  Register::kR10, Register::kR11,
                              Register::kR12, Register::kR13, Register::kR14, Register::kR15};
  FrameRegisters registers{};
  for (size_t i = 0; i < kOrder.size(); ++i) registers[i] = context.get(kOrder[i]);
  registers[kFramePc] = context.pc();
  return registers;
}

std::vector<Address> FrameTables::trace(const CallContext& context, size_t most) {
  std::vector<Address> all;
  std::optional<FrameRegisters> frame = registers_of(context);
  while (frame && all.size() < most) {
    all.push_back((*frame)[kFramePc]);
    const uint64_t stack = (*frame)[kFrameStack];
    frame = caller_of(*frame, all.size() == 1);
    // Stacks grow down: what does not come nearer to the end is no caller.
    if (frame && (*frame)[kFrameStack] <= stack) break;
  }
  return all;
}

}  // namespace weft

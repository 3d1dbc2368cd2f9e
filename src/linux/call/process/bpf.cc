#include "linux/call/process/bpf.h"

#include <array>
#include <cstring>
#include <optional>

namespace weft::linux {
namespace {

constexpr uint32_t kWrong = SECCOMP_RET_KILL_PROCESS;

struct Machine {
  uint32_t a = 0;
  uint32_t x = 0;
  std::array<uint32_t, BPF_MEMWORDS> memory{};
};

/// The operand of an instruction that takes a constant or x.
uint32_t operand(const Machine& machine, const sock_filter& insn) {
  return BPF_SRC(insn.code) == BPF_X ? machine.x : insn.k;
}

/// What a load instruction loads; nullopt: nothing that may be loaded.
std::optional<uint32_t> load(const Machine& machine, const sock_filter& insn,
                             const seccomp_data& data) {
  switch (BPF_MODE(insn.code)) {
    case BPF_ABS: {
      uint32_t value = 0;
      if (insn.k > sizeof data - sizeof value || insn.k % sizeof value != 0) return std::nullopt;
      std::memcpy(&value, reinterpret_cast<const uint8_t*>(&data) + insn.k, sizeof value);
      return value;
    }
    case BPF_IMM:
      return insn.k;
    case BPF_MEM:
      if (insn.k >= machine.memory.size()) return std::nullopt;
      return machine.memory[insn.k];
    case BPF_LEN:
      return sizeof data;
    default:
      return std::nullopt;
  }
}

/// The new value of a; nullopt: the program ends with 0 (a division by 0).
std::optional<uint32_t> compute(const Machine& machine, const sock_filter& insn) {
  const uint32_t a = machine.a;
  const uint32_t b = operand(machine, insn);
  switch (BPF_OP(insn.code)) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_OR:
      return a | b;
    case BPF_AND:
      return a & b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << (b & 31);
    case BPF_RSH:
      return a >> (b & 31);
    case BPF_NEG:
      return 0 - a;
    case BPF_DIV:
      if (b == 0) return std::nullopt;
      return a / b;
    default:
      return std::nullopt;
  }
}

/// How many instructions a jump skips.
uint64_t jump_distance(const Machine& machine, const sock_filter& insn) {
  const uint32_t b = operand(machine, insn);
  switch (BPF_OP(insn.code)) {
    case BPF_JA:
      return insn.k;
    case BPF_JEQ:
      return machine.a == b ? insn.jt : insn.jf;
    case BPF_JGT:
      return machine.a > b ? insn.jt : insn.jf;
    case BPF_JGE:
      return machine.a >= b ? insn.jt : insn.jf;
    case BPF_JSET:
      return (machine.a & b) != 0 ? insn.jt : insn.jf;
    default:
      return 0;
  }
}

}  // namespace

uint32_t run_bpf(std::span<const sock_filter> program, const seccomp_data& data) {
  Machine machine;
  for (uint64_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& insn = program[pc];
    switch (BPF_CLASS(insn.code)) {
      case BPF_LD:
      case BPF_LDX: {
        const auto value = load(machine, insn, data);
        if (!value) return kWrong;
        (BPF_CLASS(insn.code) == BPF_LD ? machine.a : machine.x) = *value;
        break;
      }
      case BPF_ST:
      case BPF_STX:
        if (insn.k >= machine.memory.size()) return kWrong;
        machine.memory[insn.k] = BPF_CLASS(insn.code) == BPF_ST ? machine.a : machine.x;
        break;
      case BPF_ALU: {
        const auto value = compute(machine, insn);
        if (!value) return 0;
        machine.a = *value;
        break;
      }
      case BPF_JMP:
        pc += jump_distance(machine, insn);
        break;
      case BPF_RET:
        return BPF_RVAL(insn.code) == BPF_A ? machine.a : insn.k;
      default:  // BPF_MISC
        if (BPF_MISCOP(insn.code) == BPF_TAX) {
          machine.x = machine.a;
        } else {
          machine.a = machine.x;
        }
        break;
    }
  }
  return kWrong;
}

}  // namespace weft::linux

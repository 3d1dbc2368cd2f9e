#include "taintlite/operation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace weft::tools {
namespace {

using Kind = Operation::Kind;

template <size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 38> kCopies{
    "mov",       "movzx",     "movsx",    "movsxd",    "movaps",    "movups",    "movapd",
    "movupd",    "movdqa",    "movdqu",   "lddqu",     "movntdq",   "movnti",    "movntps",
    "movntpd",   "movntdqa",  "push",     "pop",       "movss",     "movsd",     "movd",
    "movq",      "vmovaps",   "vmovups",  "vmovapd",   "vmovupd",   "vmovdqa",   "vmovdqu",
    "vmovdqa32", "vmovdqa64", "vmovdqu8", "vmovdqu16", "vmovdqu32", "vmovdqu64", "vlddqu",
    "vmovntdq",  "vmovd",     "vmovq"};
constexpr std::array<std::string_view, 22> kBytewise{
    "and",    "or",    "xor",   "pand",   "por",    "pxor",  "andps", "orps",
    "xorps",  "andpd", "orpd",  "xorpd",  "vpand",  "vpor",  "vpxor", "vpandd",
    "vpandq", "vpord", "vporq", "vpxord", "vpxorq", "vxorps"};
/// The same whatever is in the two registers, if they are one.
constexpr std::array<std::string_view, 20> kClearedByThemselves{
    "xor",     "sub",     "pxor",     "xorps",    "xorpd",  "vpxor", "vpxord",
    "vpxorq",  "vxorps",  "vxorpd",   "psubb",    "psubw",  "psubd", "psubq",
    "pcmpeqb", "pcmpeqd", "vpcmpeqb", "vpcmpeqd", "vpsubb", "vpsubd"};

bool is_vector_name(std::string_view name) { return name.substr(1, 2) == "mm" && name.size() > 3; }

/// The number behind `prefix` letters.
uint16_t number_in(std::string_view name, size_t prefix) {
  uint16_t number = 0;
  std::from_chars(name.data() + prefix, name.data() + name.size(), number);
  return number;
}

/// The bytes of a register operand; none for those that are not followed (flags, x87, segments).
std::optional<Part> register_part(const Operand& operand) {
  Part part;
  const std::string_view name = operand.register_name;
  part.size = operand.size;
  if (operand.reg != Register::kNone) {
    const bool high = name.size() == 2 && name[1] == 'h';
    part.offset =
        static_cast<uint16_t>(static_cast<uint16_t>(operand.reg) * kGeneralBytes + (high ? 1 : 0));
    part.size = std::min<uint16_t>(part.size, kGeneralBytes);
  } else if (is_vector_name(name)) {
    constexpr size_t kLetters = 3;
    part.offset = static_cast<uint16_t>(kVectors + number_in(name, kLetters) * kVectorBytes);
    part.size = name[0] == 'x' ? 16 : name[0] == 'y' ? 32 : 64;
  } else if (name.size() == 2 && name[0] == 'k') {
    part.offset = static_cast<uint16_t>(kMasks + number_in(name, 1) * kGeneralBytes);
    part.size = kGeneralBytes;
  } else {
    return std::nullopt;
  }
  return part;
}

bool is_vector(const Part& part) {
  return part.kind == Part::Kind::kRegister && part.offset >= kVectors;
}

class Maker {
 public:
  explicit Maker(const Instruction& instruction)
      : instruction_(instruction), details_(instruction.details()), name_(details_.mnemonic) {
    operation_.pc = instruction.pc();
    if (name_.ends_with("_near") || name_.ends_with("_far"))
      name_ = name_.substr(0, name_.rfind('_'));
  }

  Operation make() {
    note_operands();
    if (details_.category == "STRINGOP") {
      make_string();
    } else if (name_ == "vzeroupper" || name_ == "vzeroall") {
      operation_.kind = name_ == "vzeroall" ? Kind::kClearAll : Kind::kClearUpper;
      operation_.touches_vectors = true;
    } else {
      make_plain();
    }
    for (uint8_t i = 0; i < operation_.destinations; ++i) {
      operation_.touches_vectors |= is_vector(operation_.destination[i]);
    }
    for (uint8_t i = 0; i < operation_.sources; ++i) {
      operation_.touches_vectors |= is_vector(operation_.source[i]);
    }
    operation_.written = details_.registers_written;
    return operation_;
  }

 private:
  void note_operands() {
    const bool stack = is_stack_instruction();
    for (size_t i = 0; i < details_.operands.size(); ++i) {
      const Operand& operand = details_.operands[i];
      std::optional<Part> part;
      if (operand.kind == Operand::Kind::kRegister) {
        if (operand.implicit && operand.reg == Register::kRsp && stack) continue;
        part = register_part(operand);
      } else if (operand.kind == Operand::Kind::kMemory) {
        part = memory_part(operand, i);
      }
      if (!part) continue;
      // The mask of a gather, which it clears.
      const bool mask = operation_.listed && i > 1 && operand.kind == Operand::Kind::kRegister;
      if (operand.written && !mask && operation_.destinations < Operation::kMostDestinations) {
        operation_.destination[operation_.destinations++] = extended(*part);
      }
      if (operand.read && operation_.sources < Operation::kMostSources) {
        operation_.source[operation_.sources++] = *part;
      }
    }
  }

  std::optional<Part> memory_part(const Operand& operand, size_t index) {
    if (!operand.read && !operand.written) return std::nullopt;
    for (const Register reg : {operand.base, operand.index, operand.moved_by}) {
      if (reg != Register::kNone && reg != Register::kRsp) {
        operation_.address_registers |= static_cast<uint16_t>(1u << static_cast<unsigned>(reg));
      }
    }
    if (operand.size > kVectorBytes || operation_.memories == 2) return std::nullopt;
    operation_.listed |= operand.accesses == Operand::Accesses::kListed;
    operation_.memory[operation_.memories] = static_cast<int8_t>(index);
    return Part{Part::Kind::kMemory, operation_.memories++, 0, operand.size, operand.size};
  }

  Part extended(Part part) const {
    part.extent = part.size;
    if (part.kind != Part::Kind::kRegister) return part;
    const bool doubleword = part.offset < kVectors && part.size == 4;
    if (doubleword) part.extent = kGeneralBytes;
    // All of the newer encodings clear what is above their result.
    if (is_vector(part) && part.offset < kMasks && name_.starts_with('v'))
      part.extent = kVectorBytes;
    return part;
  }

  bool is_stack_instruction() const {
    return name_ == "push" || name_ == "pop" || name_ == "call" || name_ == "ret" ||
           name_ == "leave";
  }

  void make_string() {
    for (const uint8_t byte :
         instruction_.bytes().first(std::min<size_t>(2, instruction_.length()))) {
      operation_.repeated |= byte == 0xF3 || byte == 0xF2;
    }
    operation_.destination[0].size = details_.operands[0].size;
    if (name_.starts_with("movs")) operation_.kind = Kind::kMoveString;
    if (name_.starts_with("stos")) operation_.kind = Kind::kStoreString;
    if (name_.starts_with("lods")) operation_.kind = Kind::kLoadString;
    operation_.destinations = operation_.sources = 0;
    for (const Operand& operand : details_.operands) {
      if (operand.kind == Operand::Kind::kMemory) operation_.destination[0].size = operand.size;
    }
  }

  void make_plain() {
    const InstructionKind kind = instruction_.kind();
    operation_.is_branch = kind == InstructionKind::kReturn ||
                           kind == InstructionKind::kIndirectJump ||
                           kind == InstructionKind::kIndirectCall;
    const bool indirect_call = kind == InstructionKind::kIndirectCall;
    if (operation_.is_branch && !indirect_call) return;
    if (operation_.destinations == 0) return;
    operation_.kind = Kind::kMix;
    if (operation_.listed) {
      // What is not selected stays as it is.
      operation_.keeps = operation_.destination[0].kind == Part::Kind::kRegister;
      return;
    }
    if (kind == InstructionKind::kCall || indirect_call) return make_call();
    if (is_cleared_by_itself()) {
      operation_.sources = 0;
    } else if (name_ == "lea") {
      make_lea();
    } else if (name_ == "xchg") {
      operation_.kind = Kind::kSwap;
    } else if (is_one_of(name_, kCopies) || name_.starts_with("cmov")) {
      make_copy();
    } else if (is_one_of(name_, kBytewise)) {
      make_bytewise();
    } else if (name_ == "leave") {
      make_leave();
    } else if (operation_.destinations > 0 && is_vector(operation_.destination[0])) {
      // Which of its bytes are written is not looked at.
      operation_.keeps = !name_.starts_with('v');
    }
  }

  /// What is pushed is a constant.
  void make_call() {
    Part* const end = operation_.destination + operation_.destinations;
    Part* const memory = std::find_if(operation_.destination, end, [](const Part& part) {
      return part.kind == Part::Kind::kMemory;
    });
    if (memory == end) {
      operation_.kind = Kind::kNothing;
      return;
    }
    operation_.destination[0] = *memory;
    operation_.destinations = 1;
    if (!operation_.is_branch) operation_.sources = 0;
  }

  bool is_cleared_by_itself() const {
    if (!is_one_of(name_, kClearedByThemselves)) return false;
    const auto operands = details_.operands;
    const size_t last = name_.starts_with('v') ? 2 : 1;
    if (operands.size() <= last || operands[last].kind != Operand::Kind::kRegister) return false;
    return operands[last - 1].kind == Operand::Kind::kRegister &&
           operands[last].register_name == operands[last - 1].register_name;
  }

  void make_lea() {
    for (const Operand& operand : details_.operands) {
      if (operand.kind != Operand::Kind::kMemory) continue;
      operation_.sources = 0;
      for (const Register reg : {operand.base, operand.index}) {
        if (reg == Register::kNone) continue;
        operation_.source[operation_.sources++] = {
            Part::Kind::kRegister, 0,
            static_cast<uint16_t>(static_cast<uint16_t>(reg) * kGeneralBytes), 8, 8};
      }
    }
  }

  /// Of a scalar move between vector registers and others: how many bytes.
  uint16_t scalar_size() const {
    if (name_ == "movss" || name_ == "movd" || name_ == "vmovd") return 4;
    return name_ == "movsd" || name_ == "movq" || name_ == "vmovq" ? 8 : 0;
  }

  void make_copy() {
    operation_.kind = Kind::kCopy;
    operation_.sign = name_.starts_with("movsx");
    Part& to = operation_.destination[0];
    // With a mask the source is not the last operand, nor all of the result.
    const bool masked =
        std::any_of(operation_.source, operation_.source + operation_.sources,
                    [](const Part& part) { return is_vector(part) && part.offset >= kMasks; });
    if (name_.starts_with("cmov") || masked) {
      operation_.keeps = true;
      if (operation_.sources > 1) operation_.source[0] = operation_.source[operation_.sources - 1];
    }
    if (operation_.sources > 1) operation_.sources = 1;
    if (const uint16_t scalar = scalar_size(); scalar != 0) {
      const bool between = name_ == "movss" || name_ == "movsd";
      const bool merges = between && operation_.sources > 0 && is_vector(operation_.source[0]);
      to.size = std::min(to.size, scalar);
      if (is_vector(to) && merges) to.extent = to.size;
      if (is_vector(to) && !merges && !name_.starts_with('v')) to.extent = 16;
      if (operation_.sources > 0)
        operation_.source[0].size = std::min(operation_.source[0].size, to.size);
    }
  }

  void make_bytewise() {
    operation_.kind = Kind::kEach;
    const auto operands = details_.operands;
    if (name_ != "and" || operands.size() < 2 || operands[1].kind != Operand::Kind::kImmediate)
      return;
    const auto value = static_cast<uint64_t>(operands[1].immediate);
    for (unsigned byte = 0; byte < 8; ++byte) {
      if ((value >> (8 * byte) & 0xFF) == 0)
        operation_.constant_bytes |= static_cast<uint8_t>(1u << byte);
    }
  }

  /// rbp from the stack; rsp gets an address.
  void make_leave() {
    operation_.kind = Kind::kCopy;
    constexpr uint16_t kRbp = 5 * kGeneralBytes;
    operation_.destination[0] = {Part::Kind::kRegister, 0, kRbp, 8, 8};
    operation_.destinations = 1;
    Part* const end = operation_.source + operation_.sources;
    Part* const memory = std::find_if(
        operation_.source, end, [](const Part& part) { return part.kind == Part::Kind::kMemory; });
    operation_.sources = memory == end ? 0 : 1;
    if (memory != end) operation_.source[0] = *memory;
  }

  const Instruction& instruction_;
  const InstructionDetails& details_;
  std::string_view name_;
  Operation operation_;
};

}  // namespace

bool Operation::writes_general() const {
  return std::any_of(destination, destination + destinations, [](const Part& part) {
    return part.kind == Part::Kind::kRegister && part.offset < kVectors;
  });
}

bool Operation::writes_memory() const {
  return std::any_of(destination, destination + destinations,
                     [](const Part& part) { return part.kind == Part::Kind::kMemory; });
}

Operation operation_of(const Instruction& instruction) { return Maker(instruction).make(); }

}  // namespace weft::tools

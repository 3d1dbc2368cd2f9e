// Instructions of the program, as tools see them. Owned by the Block that shows them and valid
// during its on_block() only; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft {

/// An address of the program.
using Address = uint64_t;

/// [start, end)
struct Range {
  Address start = 0;
  Address end = 0;

  uint64_t size() const { return end - start; }
  bool empty() const { return end <= start; }
  bool contains(Address at) const { return at >= start && at < end; }
};

/// General registers, numbered as instructions encode them.
enum class Register : uint8_t {
  kRax,
  kRcx,
  kRdx,
  kRbx,
  kRsp,
  kRbp,
  kRsi,
  kRdi,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15,
  kNone = 0xFF,
};

/// What an instruction does to control flow.
enum class InstructionKind : uint8_t {
  kPlain,            ///< goes on with the next
  kJump,             ///< direct
  kConditionalJump,  ///< jcc, loop, jrcxz
  kCall,             ///< direct
  kReturn,
  kIndirectJump,
  kIndirectCall,
  kSystemCall,
  kOther,  ///< far transfers, traps, xbegin, undefined instructions
};

/// The arithmetic flags, as bits of the flag masks below (and of rflags).
namespace flag {
inline constexpr uint32_t kCarry = 1u << 0;
inline constexpr uint32_t kParity = 1u << 2;
inline constexpr uint32_t kAuxiliary = 1u << 4;
inline constexpr uint32_t kZero = 1u << 6;
inline constexpr uint32_t kSign = 1u << 7;
inline constexpr uint32_t kDirection = 1u << 10;
inline constexpr uint32_t kOverflow = 1u << 11;
inline constexpr uint32_t kArithmetic = kCarry | kParity | kAuxiliary | kZero | kSign | kOverflow;
}  // namespace flag

/// What jcc, setcc and cmovcc look at, numbered as instructions encode it, and what loop and jrcxz
/// do.
enum class ConditionCode : uint8_t {
  kOverflow,
  kNotOverflow,
  kBelow,
  kNotBelow,
  kEqual,
  kNotEqual,
  kNotAbove,
  kAbove,
  kSign,
  kNotSign,
  kParity,
  kNotParity,
  kLess,
  kNotLess,
  kNotGreater,
  kGreater,
  kLoopWhileNotEqual,  ///< rcx - 1 is not 0 and the zero flag is clear
  kLoopWhileEqual,     ///< rcx - 1 is not 0 and the zero flag is set
  kLoop,               ///< rcx - 1 is not 0
  kCountZero,          ///< rcx is 0
  kNone = 0xFF,        ///< any other instruction
};

/// What kind of work an instruction does: groups of InstructionDetails::category.
enum class Category : uint8_t {
  kOther,
  kMove,
  kConditionalMove,
  kConditionalSet,
  kArithmetic,
  kLogic,
  kShift,  ///< and rotate
  kBits,   ///< tests, scans and fields of bits
  kAtomic,
  kStack,  ///< push and pop
  kJump,
  kConditionalJump,
  kCall,
  kReturn,
  kSystemCall,
  kInterrupt,
  kString,
  kInputOutput,
  kFlags,
  kX87,
  kVector,  ///< MMX, SSE, AVX and their kin, but for the next four
  kGather,
  kScatter,
  kMask,
  kCrypto,
  kHint,   ///< nop, prefetch, and what is about cache lines
  kState,  ///< xsave and its kin
  kSystem,
};

/// One operand. Explicit operands come first, in Intel order, then implicit ones.
struct Operand {
  enum class Kind : uint8_t { kRegister, kMemory, kImmediate, kOther };

  Kind kind = Kind::kOther;
  bool read = false;      ///< for kMemory: the memory is read; lea's operand is neither
  bool written = false;   ///< possibly only under a condition
  bool implicit = false;  ///< not part of the instruction's text (the stack slot of push, ...)
  uint16_t size = 0;      ///< bytes
  /// kRegister: the general register it is or is a part of; kNone for all others.
  Register reg = Register::kNone;
  std::string_view register_name;  ///< kRegister: "al", "xmm3", ...
  int64_t immediate = 0;           ///< kImmediate; relative targets are made absolute

  /// kMemory: segment base + base + index * scale + displacement. Where the base is rip,
  /// `displacement` is the absolute address and `base` is kNone.
  Register base = Register::kNone;
  Register index = Register::kNone;
  uint8_t scale = 0;
  int64_t displacement = 0;
  bool fs = false;      ///< relative to the program's fs base
  bool gs = false;      ///< relative to the program's gs base
  bool narrow = false;  ///< base, index and displacement are added in 32 bits
  bool vector =
      false;  ///< the index is a vector register (gather, scatter): there is no one address
  /// A register that moves the address, too, by `moved_unit`. 1 (xlat): its lowest byte, without
  /// sign, is added. 2, 4 or 8 (bt, btc, btr, bts with a register): so many of its bytes are the
  /// signed number of a bit, and the address is that of the unit of so many bytes with the bit.
  Register moved_by = Register::kNone;
  uint8_t moved_unit = 0;

  /// Of what is read or written.
  enum class Accesses : uint8_t {
    kOne,       ///< `size` bytes at the address
    kRepeated,  ///< rep, repe, repne: the same up to rcx times, upwards or downwards
    /// Elements that a mask or indices choose, or parts of the XSAVE state: see memory_accesses().
    /// `size` is that of all elements, or of one if `vector`, or of what is always there.
    kListed,
  };
  Accesses accesses = Accesses::kOne;
};

/// What a full decode says. Made once per instruction, when it is first asked for (about 0.3 us).
struct InstructionDetails {
  std::string_view mnemonic;  ///< "mov"
  std::string_view category;  ///< "DATAXFER", "BINARY", "COND_BR", ... (Zydis's names)
  std::string_view isa_set;   ///< "I86", "SSE2", "AVX512F_512", ...
  Category group = Category::kOther;
  ConditionCode condition = ConditionCode::kNone;
  uint32_t flags_read = 0;  ///< flag:: bits
  uint32_t flags_written = 0;
  uint16_t registers_read = 0;     ///< general registers, bit r for register r; parts count
  uint16_t registers_written = 0;  ///< those too of which only a part is
  std::span<const Operand> operands;
};

/// One instruction of a block.
class Instruction {
 public:
  Instruction(const Instruction&) = delete;
  Instruction& operator=(const Instruction&) = delete;

  virtual Address pc() const = 0;
  virtual std::span<const uint8_t> bytes() const = 0;
  virtual InstructionKind kind() const = 0;
  /// Of kJump, kConditionalJump and kCall; 0 for others.
  virtual Address target() const = 0;
  virtual const InstructionDetails& details() const = 0;
  /// Intel syntax. Costs about 1 us.
  virtual std::string text() const = 0;

  size_t length() const { return bytes().size(); }
  Address next() const { return pc() + length(); }
  bool transfers_control() const { return kind() != InstructionKind::kPlain; }

  /// The number (in details().operands) of the n-th operand that is memory which the instruction
  /// reads or writes, at one address or from there on (not Operand::Accesses::kListed); -1 if there
  /// are not that many.
  int memory_operand(int n = 0) const { return nth_memory(n, false); }
  /// The same of those that are kListed, see memory_accesses().
  int listed_operand(int n = 0) const { return nth_memory(n, true); }

 protected:
  Instruction() = default;
  ~Instruction() = default;

 private:
  int nth_memory(int n, bool listed) const {
    const auto operands = details().operands;
    for (size_t at = 0; at < operands.size(); ++at) {
      const Operand& operand = operands[at];
      const bool counts = operand.kind == Operand::Kind::kMemory &&
                          (operand.accesses == Operand::Accesses::kListed) == listed &&
                          (operand.read || operand.written);
      if (counts && n-- == 0) return static_cast<int>(at);
    }
    return -1;
  }
};

}  // namespace weft

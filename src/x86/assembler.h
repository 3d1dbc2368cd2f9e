// Writes the few instructions that mangled code and stubs are made of into a buffer of fixed size.
// Owned by its translator's thread; no allocation. Overflow is remembered, never written past the
// end. A branch within the code leads to a Label; what leads elsewhere has a field, whose offset is
// returned and whose value is left 0.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/check.h"
#include "x86/context.h"
#include "x86/label.h"
#include "x86/memory_operand.h"

namespace weft::x86 {

/// The operations of opcode group 1, by their numbers there.
enum class Alu : uint8_t { kAdd = 0, kOr = 1, kAnd = 4, kSub = 5, kXor = 6, kCmp = 7 };

/// As jcc encodes it; the lowest bit negates.
using Condition = uint8_t;
inline constexpr Condition kEqual = 4;
inline constexpr Condition kNotEqual = 5;

inline constexpr uint32_t kShortJumpSize = 2;  ///< of jmp() to a label

class Assembler {
 public:
  Assembler() = default;
  explicit Assembler(std::span<uint8_t> buffer) : buffer_(buffer) {}

  uint32_t position() const { return position_; }
  bool overflowed() const { return overflowed_; }
  std::span<const uint8_t> code() const { return buffer_.first(position_); }
  void clear() {
    position_ = 0;
    overflowed_ = false;
  }
  /// Takes back everything emitted since `mark` (a former position()).
  void rewind(uint32_t mark) {
    CHECK(mark <= position_);
    position_ = mark;
  }

  void bytes(const void* data, size_t size) {
    if (position_ + size > buffer_.size()) {
      overflowed_ = true;
      return;
    }
    std::memcpy(buffer_.data() + position_, data, size);
    position_ += static_cast<uint32_t>(size);
  }
  /// Parts of instructions: for src/x86 alone.
  void u8(uint8_t value) { bytes(&value, sizeof value); }
  void u32(uint32_t value) { bytes(&value, sizeof value); }
  void u64(uint64_t value) { bytes(&value, sizeof value); }  ///< data

  /// `label` is what is emitted next.
  void bind(Label& label);
  void jmp(Label& label);  ///< this and the next three: within 127 bytes
  void jcc(Condition condition, Label& label);
  void jrcxz(Label& label);
  /// loopne, loope, loop, jrcxz by number; `narrow`: with an address-size prefix.
  void loop(uint8_t number, bool narrow, Label& label);
  void xbegin(Label& label);
  void lea_rip(Reg to, Label& label);

  /// Begins a direct branch, by prefixes without a meaning, until (position + lead) % 8 <= 4: so
  /// a 4-byte field that starts `lead` bytes on lies within one aligned 8-byte word.
  void align_patch_field(uint32_t lead);
  void nop(uint32_t size);
  void traps(uint32_t count);                    ///< int3
  void align_with_traps(uint32_t alignment);     ///< the position, which is data's
  void align_with_prefixes(uint32_t alignment);  ///< without a meaning, of the next instruction
  void fs_prefix();                              ///< of the next instruction

  /// The arithmetic flags in ah, but for overflow, which is in al; changes rax alone.
  void flags_to_rax();
  void flags_from_rax();  ///< changes rax, too
  void pushf();
  void popf();
  void compute_at_rsp(Alu operation, int32_t value);  ///< dword [rsp]; changes the flags
  void test_at_rsp(int32_t value);                    ///< the same
  void test_byte(Reg reg, uint8_t bits);              ///< rax to rbx; changes the flags

  void ret();
  void undefined();  ///< ud2
  void halt();       ///< a general protection fault
  void syscall();

  void mov_gs_reg(uint32_t offset, Reg reg) { gs_access(0x89, offset, reg); }
  void mov_reg_gs(Reg reg, uint32_t offset) { gs_access(0x8B, offset, reg); }
  void mov_gs_imm32(uint32_t offset, uint32_t value);  ///< dword store
  void mov_reg_reg(Reg to, Reg from);
  void mov_reg_absolute(Reg to, uint32_t address);  ///< to = [address], which is below 2 GB
  void mov_reg_imm(Reg reg, uint64_t value);  ///< the shortest form that leaves the flags alone
  void lea_rsp(int32_t delta);                ///< rsp += delta without touching flags
  void lea_sum(Reg to, Reg base, Reg index);  ///< to = base + index without touching flags
  void add_small(Reg reg, int8_t delta);      ///< without touching flags
  void lea(Reg to, const MemoryOperand& operand);  ///< without its segment
  void lea_disp(Reg to, Reg base, int32_t displacement);
  /// Of rip-relative operands the field is left 0 and its offset returned.
  uint32_t mov_reg_rip(Reg reg, bool wide = true) { return rip_access(0x8B, reg, wide); }
  uint32_t mov_rip_reg(Reg reg, bool wide = true) { return rip_access(0x89, reg, wide); }
  uint32_t lea_rip(Reg reg) { return rip_access(0x8D, reg, true); }
  uint32_t add_rip_imm32(int32_t value, bool locked);  ///< 4 bytes follow the field
  uint32_t mov_rip_imm32(int32_t value);               ///< sign-extended; 4 bytes follow the field
  uint32_t mov_rip_dword(uint32_t value);              ///< dword; 4 bytes follow the field
  uint32_t mov_rip_imm8(uint8_t value);                ///< byte; 1 byte follows the field
  void add_gs_imm(uint32_t offset, int32_t value);     ///< qword
  uint32_t cmp_rip_imm32(int32_t value);  ///< qword, sign-extended; 4 bytes follow the field
  void cmp_gs_imm32(uint32_t offset, int32_t value);   ///< the same
  void mov_gs_simm32(uint32_t offset, int32_t value);  ///< qword store, sign-extended
  /// Stores the low `width` (1, 2, 4, 8) bytes at [base + displacement].
  void store(Reg base, int32_t displacement, Reg from, uint8_t width);
  void store_imm(Reg base, int32_t displacement, int32_t value, uint8_t width);
  /// to = the `width` (1, 2, 4, 8) bytes at [base + displacement], zero-extended.
  void load(Reg to, Reg base, int32_t displacement, uint8_t width);
  // Shorter, for registers that need no REX byte, neither rsp nor rbp:
  void load_at(Reg to, Reg base, uint8_t width);  ///< [base]
  uint32_t load_rip(Reg to, uint8_t width);
  void load_gs(Reg to, uint32_t offset, uint8_t width);
  void load_byte_indexed(Reg to, Reg base, Reg index);
  void load_byte_above_rsp(Reg to, int8_t offset);
  void store_byte_at(Reg base, uint8_t value);
  /// The byte at [base + displacement] + 1, where 255 is followed by 1; changes the flags.
  void count_byte(Reg base, int32_t displacement);
  void compute(Alu operation, Reg to, Reg from);  ///< 64 bits; changes the flags
  void compute_imm(Alu operation, Reg to, int32_t value);
  void shift_imm(Reg reg, bool left, uint8_t bits);  ///< logical; changes the flags
  void bit_scan_reverse(Reg to, Reg from);           ///< from: not 0; changes the flags
  void shift_signed(Reg reg, uint8_t bits);          ///< to the right; changes the flags
  void zero_extend_byte(Reg to, Reg from);
  void zero_extend(Reg to, Reg from, uint8_t width);        ///< the low 1, 2, 4, 8 bytes
  void zero_extend_short(Reg to, Reg from, uint8_t width);  ///< 1, 2; from rax to rbx
  void bswap(Reg reg);
  void double_in_place(Reg reg);  ///< without touching flags
  void top_byte_of_rcx();         ///< rcx = its uppermost byte, without touching flags
  void crc32_gs(Reg reg, uint32_t offset);
  void sign_extend(Reg to, Reg from, uint8_t width);  ///< the low `width` (2, 4, 8) bytes
  void add_reg_gs(Reg to, uint32_t offset) { gs_access(0x03, offset, to); }
  void lea_rcx(int32_t delta);                          ///< rcx += delta without touching flags
  void add_number(Reg reg, int32_t number, bool wide);  ///< without touching flags
  void prefetch_low(uint32_t address);                  ///< the cache line at an address below 4 GB
  void pop(Reg reg);
  void jmp_reg(Reg reg);                ///< below r8
  void jmp_table(Reg base, Reg index);  ///< jmp [base + index*8], below r8
  void jmp_table(Reg base, Reg index, uint32_t displacement);
  /// An instruction whose opcode takes a rel32; returns the field's offset. The field is left 0.
  uint32_t jmp_rel32();
  uint32_t call_rel32();
  uint32_t jcc_rel32(Condition condition);
  uint32_t jmp_rip();           ///< jmp qword [rip + field]
  uint32_t call_rip();          ///< call qword [rip + field]
  uint32_t push_rip_literal();  ///< push qword [rip + field]
  void push_imm32(int32_t value);
  /// jmp qword [rip] with `address` behind it, aligned in code that starts aligned: programs may
  /// run with alignment checks on.
  void jmp_far(uint64_t address);

 private:
  /// An instruction of opcode group 80 to 83 or C7: immediate to memory.
  struct Immediate {
    uint8_t opcode;
    uint8_t extension;  ///< the reg field of ModRM
  };
  static constexpr Immediate kAdd{0x81, 0};
  static constexpr Immediate kCmp{0x81, 7};
  static constexpr Immediate kMov{0xC7, 0};

  /// Four bytes at the end of an instruction; their offset.
  uint32_t field() {
    u32(0);
    return position_ - 4;
  }
  /// The displacement at the end of a branch, of `size` bytes.
  void lead_to(Label& label, uint8_t size);
  void note(Label& label, Label::Field field);
  void fill(Label::Field field, uint32_t place);

  uint32_t rip_imm32(Immediate operation, int32_t value);
  void gs_imm32(Immediate operation, uint32_t offset, int32_t value);
  void gs_access(uint8_t opcode, uint32_t offset, Reg reg);
  uint32_t rip_access(uint8_t opcode, Reg reg, bool wide);
  void load_opcode(uint8_t width);
  void base_operand(uint8_t reg_field, Reg base, int32_t displacement);

  std::span<uint8_t> buffer_;
  uint32_t position_ = 0;
  bool overflowed_ = false;
};

}  // namespace weft::x86

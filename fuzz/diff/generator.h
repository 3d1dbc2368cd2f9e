// Writes one random sequence: plain instructions between pieces of control flow, stack use, string
// operations, system calls and faults. The same (seed, index) gives the same bytes.
// Owned by its caller; one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "code_buffer.h"
#include "encoder.h"
#include "random.h"

namespace fuzz {

/// A seed for the sequence's registers and memory that differs from the one for its code.
Random code_random(uint64_t seed, uint64_t index);
Random state_random(uint64_t seed, uint64_t index);

class Generator {
 public:
  /// `exit` is the address of a jump to way_out() near `out`.
  Generator(const Layout& layout, Encoder& encoder, CodeBuffer& out, Random random, uint64_t exit,
            Coverage* coverage);

  void write();
  unsigned base_register() const { return rules_.base; }

 private:
  struct Piece {
    const char* name;
    unsigned weight;
    void (Generator::*write)();
  };
  /// How a leaf function returns.
  enum class Leaf : uint8_t {
    kPlain,
    kRepRet,
    kPopping,
    kSkipping,
    kJumping,
    kStackJump,
    kTwoWays,
    kTail
  };
  struct Call {
    uint32_t field;
    Leaf leaf;
    uint16_t popped;  ///< bytes of arguments that `ret imm16` takes
    uint8_t skipped;  ///< bytes of junk behind the call
  };

  // Small things, in generator.cc.
  void count(const char* name);
  void plain(unsigned most);
  unsigned scratch(uint16_t besides = 0);
  void junk(unsigned size);
  void load(unsigned reg, uint64_t value);
  uint32_t lea_rip(unsigned reg);
  /// op with a register and the memory at [base + displacement], both 64 bits wide.
  void reg_base(unsigned opcode, unsigned reg, int32_t displacement);
  void reg_stack(unsigned opcode, unsigned reg, int8_t displacement);
  void reg_reg(unsigned opcode, unsigned reg, unsigned rm);
  void group(unsigned opcode, unsigned extension, unsigned rm);  ///< 64-bit register form
  void push(unsigned reg);
  void pop(unsigned reg);
  uint32_t jump32(std::initializer_list<unsigned> opcode);
  void leave();

  // Control flow, in control.cc.
  void forward_branch();
  void forward_branch_near();
  void jump_over_junk();
  void loop();
  void counted_loop();
  void jump_if_rcx_zero();
  void call();
  void indirect();
  void through_memory(bool call, unsigned reg);
  void return_as_jump();
  void call_to_next();
  void into_the_middle();
  void write_leaf(const Call& call);
  uint32_t call_leaf_field(Call& call);

  // The rest, in special.cc.
  void red_zone();
  void stack_pointer();
  void stack_memory();
  void frame();
  void flags();
  void gs_base();
  void string_operation();
  void system_call();
  void fault();
  void wild_branch();
  void gather();
  void masked_store();
  void bit_string();
  void absolute_move();

  static const Piece kPieces[];

  Layout layout_;
  Encoder& encoder_;
  CodeBuffer& out_;
  Random random_;
  uint64_t exit_;
  Coverage* coverage_;
  Rules rules_;
  std::vector<Call> calls_;
};

}  // namespace fuzz

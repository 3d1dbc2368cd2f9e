#include "tool/callee.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tool/call_site.h"

// clang-format off
asm(R"(
  .text
callee_general:
  push %rbx
  mov $3, %ecx
1: add %rdi, (%rsi)
  lock xadd %rax, (%rsi)
  rep stosb
  cmovne %rax, %rbx
  popcnt %rax, %rbx
  nopw 0x0(%rax,%rax,1)
  loop 1b
  test %rax, %rax
  je 2f
  call callee_leaf
  jmp 3f
2: ud2
3: pop %rbx
  ret
callee_leaf:
  endbr64
  bswap %rax
  ret
callee_deep_vector:
  test %rdi, %rdi
  je 1f
  ret
1: jmp callee_calls_vector
callee_calls_vector:
  call callee_vector
  ret
callee_vector:
  movups (%rdi), %xmm0
  ret
callee_mask:
  kmovq %rax, %k1
  ret
callee_x87:
  fld1
  ret
callee_wait:
  fwait
  ret
callee_mxcsr:
  stmxcsr (%rdi)
  ret
callee_emms:
  emms
  ret
callee_fs:
  mov %fs:0x28, %rax
  ret
callee_indirect_call:
  call *%rdi
  ret
callee_indirect_jump:
  jmp *(%rdi)
callee_kernel:
  syscall
  ret
callee_leaves_its_image:
  jmp . - 0x40000000
callee_long:
  .rept 5000
  nop
  .endr
  ret
)");
// clang-format on

extern "C" {

void callee_general();
void callee_deep_vector();
void callee_vector();
void callee_mask();
void callee_x87();
void callee_wait();
void callee_mxcsr();
void callee_emms();
void callee_fs();
void callee_indirect_call();
void callee_indirect_jump();
void callee_kernel();
void callee_leaves_its_image();
void callee_long();
}

namespace weft::tool {
namespace {

bool is_general(void (*function)()) {
  return uses_general_registers_only(reinterpret_cast<uint64_t>(function));
}

TEST(Callee, general_registers_memory_and_direct_transfers_are_harmless) {
  EXPECT_TRUE(is_general(callee_general));
}

TEST(Callee, a_vector_register_anywhere_on_the_way_is_found) {
  EXPECT_FALSE(is_general(callee_vector));
  EXPECT_FALSE(is_general(callee_deep_vector));
}

TEST(Callee, other_state_that_is_not_saved_is_found) {
  for (void (*function)() :
       {callee_mask, callee_x87, callee_wait, callee_mxcsr, callee_emms, callee_fs}) {
    EXPECT_FALSE(is_general(function));
  }
}

TEST(Callee, what_cannot_be_followed_is_not_trusted) {
  for (void (*function)() : {callee_indirect_call, callee_indirect_jump, callee_kernel,
                             callee_leaves_its_image, callee_long}) {
    EXPECT_FALSE(is_general(function));
  }
}

std::string why_heavy(void (*function)()) {
  const std::optional<Heavy> heavy = find_heavy(reinterpret_cast<uint64_t>(function));
  return heavy ? heavy->why : "";
}

TEST(Callee, what_makes_a_call_heavy_is_told) {
  EXPECT_EQ(why_heavy(callee_general), "");
  EXPECT_EQ(why_heavy(callee_fs), "uses thread-local storage");
  EXPECT_EQ(why_heavy(callee_deep_vector), "uses a register that is not general");
  EXPECT_EQ(why_heavy(callee_kernel), "enters the kernel");
  EXPECT_EQ(why_heavy(callee_indirect_call), "calls or jumps by a pointer, perhaps the linker's");
  EXPECT_EQ(why_heavy(callee_leaves_its_image), "lies outside the tool's own library");
  EXPECT_EQ(why_heavy(callee_long), "comes after too much code to look at");
  EXPECT_EQ(find_heavy(reinterpret_cast<uint64_t>(callee_vector))->at,
            reinterpret_cast<uint64_t>(callee_vector));
}

TEST(Callee, an_address_that_is_no_code_is_not_trusted) {
  static const uint8_t data[] = {0xC3};
  EXPECT_FALSE(uses_general_registers_only(reinterpret_cast<uint64_t>(data)));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Callee, what_makes_the_arguments_is_harmless_itself) {
  Callees callees;
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_TRUE(
        callees.use_general_registers_only(reinterpret_cast<uint64_t>(&make_light_arguments)));
  }
}
#endif

}  // namespace
}  // namespace weft::tool

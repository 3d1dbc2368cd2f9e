#include "tool/inline_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "x86/context.h"
#include "x86/disassembler.h"

// clang-format off
asm(R"(
  .text
inline_counts:
  endbr64
  mov %edi, %edi
  add %rdi, inline_word(%rip)
  ret
inline_computes:
  mov inline_word(%rip), %rax
  lea (%rax, %rsi), %rdx
  imul %rdi, %rdx
  mov %rdx, inline_word(%rip)
  ret
inline_pushes:
  push %rbx
  pop %rbx
  ret
inline_branches:
  test %rdi, %rdi
  je 1f
  incq inline_word(%rip)
1: ret
inline_stores:
  mov %r9d, inline_word(%rip)
  sub %r10, inline_word(%rip)
  ret
inline_sets_direction:
  std
  cld
  ret
  .data
  .balign 8
inline_word:
  .quad 0
  .text
)");
extern "C" void inline_counts();
extern "C" void inline_computes();
extern "C" void inline_pushes();
extern "C" void inline_branches();
extern "C" void inline_stores();
extern "C" void inline_sets_direction();
extern "C" uint64_t inline_word;
// clang-format on

namespace weft::tool {
namespace {

std::optional<InlineBody> body_of(void (*function)()) {
  return inline_body_of(reinterpret_cast<uint64_t>(function));
}

/// As if the word lay at its address' end: what counts is what is done with it.
std::string text_of(const InlineBody& body) {
  std::string text;
  for (const InlineInstruction& each : body.code) {
    const uint64_t pc = each.target == 0 ? 0 : 0x1000 - each.insn.length;
    std::array<uint8_t, x86::kLongestInstruction> bytes = each.bytes;
    if (each.insn.rip_relative) {
      EXPECT_EQ(each.target, reinterpret_cast<uint64_t>(&inline_word));
      std::fill_n(bytes.begin() + each.insn.disp_offset, 4, uint8_t{0});
    }
    if (!text.empty()) text += "; ";
    text += x86::disassemble(bytes.data(), each.insn.length, {pc}).text;
  }
  return text;
}

constexpr uint16_t bit(x86::Reg reg) { return static_cast<uint16_t>(1u << reg); }

TEST(InlineBody, is_the_code_of_a_small_function) {
  const auto counts = body_of(inline_counts);
  ASSERT_TRUE(counts);
  EXPECT_EQ(text_of(*counts), "mov edi, edi; add [0x0000000000001000], rdi");
  EXPECT_EQ(counts->registers, bit(x86::kRdi));
  EXPECT_TRUE(counts->writes_flags);
  const auto computes = body_of(inline_computes);
  ASSERT_TRUE(computes);
  EXPECT_EQ(computes->code.size(), 4U);
  EXPECT_EQ(computes->registers, bit(x86::kRax) | bit(x86::kRsi) | bit(x86::kRdx) | bit(x86::kRdi));
}

TEST(InlineBody, is_none_of_a_function_with_a_stack_branches_or_other_flags) {
  EXPECT_FALSE(body_of(inline_pushes));
  EXPECT_FALSE(body_of(inline_branches));
  EXPECT_FALSE(body_of(inline_sets_direction));
}

TEST(InlineBody, has_known_registers_as_numbers) {
  KnownRegisters known;
  known.set(x86::kRdi, 7);
  const InlineBody counts = specialize(*body_of(inline_counts), known);
  EXPECT_EQ(text_of(counts), "add qword ptr [0x0000000000001000], 0x07");
  EXPECT_EQ(counts.registers, 0);
  known = {};
  known.set(x86::kR9, 0xFFFFFFFE);
  known.set(x86::kR10, 1000);
  EXPECT_EQ(text_of(specialize(*body_of(inline_stores), known)),
            "mov dword ptr [0x0000000000001000], 0xFFFFFFFE; "
            "sub qword ptr [0x0000000000001000], 0x3E8");
}

TEST(InlineBody, loads_a_known_register_that_has_to_be_one) {
  KnownRegisters known;
  known.set(x86::kRdi, 0x123456789A);
  EXPECT_EQ(text_of(specialize(*body_of(inline_counts), known)),
            "add qword ptr [0x0000000000001000], 0x3456789A");
  const InlineBody computes = specialize(*body_of(inline_computes), known);
  EXPECT_EQ(text_of(computes),
            "mov rax, [0x0000000000001000]; lea rdx, [rax+rsi*1]; mov rdi, 0x123456789A; "
            "imul rdx, rdi; mov [0x0000000000001000], rdx");
}

}  // namespace
}  // namespace weft::tool

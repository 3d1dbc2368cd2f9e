// What decode() promises beyond agreement with Zydis: limits, cut-off input, and precise answers
// about registers for the instructions that matter.
#include "x86/decode.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "x86/context.h"
#include "x86/disassembler.h"

namespace weft::x86 {
namespace {

using Bytes = std::vector<uint8_t>;

Insn decoded(const Bytes& bytes) {
  Insn insn;
  EXPECT_TRUE(decode(bytes.data(), bytes.size(), insn));
  return insn;
}

RcxUse rcx_of(const Bytes& bytes) {
  const Insn insn = decoded(bytes);
  EXPECT_EQ(insn.length, bytes.size());
  return rcx_use(bytes.data(), insn);
}

uint16_t used_by(const Bytes& bytes) { return registers_used(bytes.data(), decoded(bytes)); }

constexpr uint16_t mask(std::initializer_list<Reg> regs) {
  uint16_t result = 0;
  for (const Reg reg : regs) result = static_cast<uint16_t>(result | 1u << reg);
  return result;
}

TEST(Decode, AnInstructionCutOffAnywhereIsIncomplete) {
  const std::vector<Bytes> whole = {
      {0x48, 0x8B, 0x84, 0x24, 1, 2, 3, 4},           // mov rax, [rsp + disp32]
      {0x49, 0xBA, 1, 2, 3, 4, 5, 6, 7, 8},           // mov r10, imm64
      {0xC4, 0xE2, 0x79, 0x18, 0x05, 1, 2, 3, 4},     // vbroadcastss xmm0, [rip + disp32]
      {0x62, 0xF1, 0x7C, 0x48, 0x10, 0x44, 0x24, 1},  // vmovups zmm0, [rsp + 64]
      {0x66, 0x0F, 0x3A, 0x0F, 0xC1, 8},              // palignr xmm0, xmm1, 8
      {0xC8, 1, 2, 3},                                // enter
  };
  for (const Bytes& bytes : whole) {
    EXPECT_EQ(decoded(bytes).length, bytes.size());
    for (size_t available = 0; available < bytes.size(); ++available) {
      Insn insn;
      EXPECT_FALSE(decode(bytes.data(), available, insn)) << available;
    }
  }
}

TEST(Decode, FifteenBytesAreAnInstructionAndSixteenAreTooLong) {
  Bytes bytes(14, 0x66);
  bytes.push_back(0x90);
  EXPECT_EQ(decoded(bytes).length, 15);
  EXPECT_EQ(decoded(bytes).kind, Kind::kPlain);
  bytes.insert(bytes.begin(), 0x66);
  EXPECT_EQ(decoded(bytes).length, kTooLong);
  EXPECT_EQ(decoded(bytes).kind, Kind::kInvalid);
}

TEST(Decode, ALockedTransferOfControlIsInvalid) {
  for (const Bytes& bytes : std::vector<Bytes>{{0xF0, 0xEB, 0},
                                               {0xF0, 0xE8, 0, 0, 0, 0},
                                               {0xF0, 0xC3},
                                               {0xF0, 0xFF, 0xE0},
                                               {0xF0, 0x74, 0},
                                               {0xF0, 0x0F, 5}}) {
    EXPECT_EQ(decoded(bytes).kind, Kind::kInvalid);
  }
}

TEST(Decode, AnOverriddenRexByteIsIgnored) {
  const Insn insn = decoded({0x48, 0x66, 0xB8, 0x34, 0x12});
  EXPECT_EQ(insn.rex, 0);
  EXPECT_EQ(insn.length, 5);
}

TEST(Decode, GivesTheTargetOfATransferAndOfARipRelativeOperand) {
  EXPECT_EQ(target_of(decoded({0xEB, 0xFE}), {0x1000}).value, 0x1000u);
  EXPECT_EQ(target_of(decoded({0x0F, 0x84, 0xFA, 0xFF, 0xFF, 0xFF}), {0x1000}).value, 0x1000u);
  const Insn load = decoded({0x48, 0x8B, 0x05, 0x10, 0, 0, 0});
  EXPECT_TRUE(load.rip_relative);
  EXPECT_EQ(target_of(load, {0x1000}).value, 0x1017u);
}

TEST(RcxUse, InstructionsThatGiveRcxANewValueOverwriteIt) {
  const std::vector<Bytes> overwriting = {
      {0xB9, 1, 0, 0, 0},              // mov ecx, 1
      {0x48, 0xC7, 0xC1, 1, 0, 0, 0},  // mov rcx, 1
      {0x48, 0x89, 0xC1},              // mov rcx, rax
      {0x48, 0x8B, 0x4C, 0x24, 8},     // mov rcx, [rsp + 8]
      {0x48, 0x8D, 0x0D, 0, 0, 0, 0},  // lea rcx, [rip]
      {0x0F, 0xB6, 0x08},              // movzx ecx, byte [rax]
      {0x48, 0x63, 0xCA},              // movsxd rcx, edx
      {0x31, 0xC9},                    // xor ecx, ecx
      {0x59},                          // pop rcx
      {0x6B, 0xC8, 3},                 // imul ecx, eax, 3
      {0x66, 0x48, 0x0F, 0x7E, 0xC1},  // movq rcx, xmm0
      {0xF2, 0x48, 0x0F, 0x2C, 0xC8},  // cvttsd2si rcx, xmm0
      {0xF3, 0x0F, 0xB8, 0xC8},        // popcnt ecx, eax
      {0xC4, 0xE2, 0x79, 0xF7, 0xCB},  // shlx ecx, ebx, eax
  };
  for (const Bytes& bytes : overwriting) {
    EXPECT_TRUE(rcx_of(bytes).overwrites) << disassemble(bytes.data(), bytes.size(), {}).text;
    EXPECT_FALSE(rcx_of(bytes).reads) << disassemble(bytes.data(), bytes.size(), {}).text;
  }
}

TEST(RcxUse, PartialAndConditionalWritesDoNotOverwrite) {
  const std::vector<Bytes> partial = {
      {0xB1, 1},           // mov cl, 1
      {0x66, 0xB9, 1, 0},  // mov cx, 1
      {0x0F, 0x94, 0xC1},  // sete cl
      {0x0F, 0x44, 0xC8},  // cmove ecx, eax
      {0x0F, 0xBC, 0xC8},  // bsf ecx, eax
      {0xF3, 0xA4},        // rep movsb
      {0x66, 0x31, 0xC9},  // xor cx, cx
  };
  for (const Bytes& bytes : partial) {
    EXPECT_FALSE(rcx_of(bytes).overwrites) << disassemble(bytes.data(), bytes.size(), {}).text;
  }
}

TEST(RcxUse, CommonInstructionsWithoutRcxDoNotReadIt) {
  const std::vector<Bytes> without = {
      {0x90},                    // nop
      {0xF3, 0x0F, 0x1E, 0xFA},  // endbr64
      {0x48, 0x83, 0xEC, 8},     // sub rsp, 8
      {0x55},                    // push rbp
      {0x48, 0x89, 0x45, 0xF8},  // mov [rbp - 8], rax
      {0x48, 0x8B, 0x0A},        // mov rcx, [rdx]
      {0x85, 0xC0},              // test eax, eax
      {0x3C, 0x20},              // cmp al, 0x20
      {0x48, 0x39, 0xC2},        // cmp rdx, rax
      {0x48, 0xC1, 0xE0, 4},     // shl rax, 4
      {0x0F, 0x94, 0xC0},        // sete al
      {0x0F, 0x10, 0x0A},        // movups xmm1, [rdx]
      {0x66, 0x0F, 0xEF, 0xC9},  // pxor xmm1, xmm1
      {0xC5, 0xF1, 0xEF, 0xC9},  // vpxor xmm1, xmm1, xmm1
      {0xC5, 0xFE, 0x6F, 0x0E},  // vmovdqu ymm1, [rsi]
      {0xC5, 0xF8, 0x77},        // vzeroupper
      {0x48, 0xA5},              // movsq
      {0x48, 0x99},              // cqo
      {0x48, 0xF7, 0xFE},        // idiv rsi
      {0xC9},                    // leave
      {0xC3},                    // ret
      {0x74, 0},                 // je
      {0xE8, 0, 0, 0, 0},        // call
      {0xFF, 0xE0},              // jmp rax
      {0xD9, 0x06},              // fld dword [rsi]
  };
  for (const Bytes& bytes : without) {
    EXPECT_FALSE(rcx_of(bytes).reads) << disassemble(bytes.data(), bytes.size(), {}).text;
  }
}

TEST(RegistersUsed, AreExactForCommonInstructions) {
  EXPECT_EQ(used_by({0x48, 0x8B, 0x04, 0xD1}), mask({kRax, kRcx, kRdx}));  // mov rax, [rcx + rdx*8]
  EXPECT_EQ(used_by({0x88, 0xE1}), mask({kRax, kRcx}));                    // mov cl, ah
  EXPECT_EQ(used_by({0x40, 0x88, 0xE1}), mask({kRsp, kRcx}));              // mov cl, spl
  EXPECT_EQ(used_by({0x4D, 0x01, 0xCF}), mask({kR9, kR15}));               // add r15, r9
  EXPECT_EQ(used_by({0xD3, 0xE0}), mask({kRax, kRcx}));                    // shl eax, cl
  EXPECT_EQ(used_by({0xF3, 0x48, 0xAB}), mask({kRax, kRcx, kRdi}));        // rep stosq
  EXPECT_EQ(used_by({0x66, 0x0F, 0x6F, 0x0E}), mask({kRsi}));              // movdqa xmm1, [rsi]
  EXPECT_EQ(used_by({0x48, 0x8B, 0x05, 0, 0, 0, 0}), mask({kRax}));        // mov rax, [rip]
  EXPECT_EQ(used_by({0xC5, 0xFC, 0x58, 0x0D, 0, 0, 0, 0}), mask({}));  // vaddps ymm1, ymm0, [rip]
  EXPECT_EQ(used_by({0x41, 0x57}), mask({kR15, kRsp}));                // push r15
}

TEST(RegistersUsed, OfAMoveFromAControlRegisterAreReadFromItsOwnBytesAlone) {
  // mod = 0, rm = 4 would call for a SIB byte anywhere else: mov rsp, dr4 ends here.
  const Bytes bytes = {0x0F, 0x21, 0x24};
  EXPECT_EQ(decoded(bytes).length, 3);
  EXPECT_NE(used_by(bytes) & mask({kRsp}), 0);
}

TEST(Disassembler, PrintsAnInstructionAndItsLength) {
  const Bytes jump = {0xEB, 0xFE};
  EXPECT_EQ(disassemble(jump.data(), jump.size(), {0x1000}).text, "jmp 0x0000000000001000");
  EXPECT_EQ(disassemble(jump.data(), jump.size(), {0x1000}).length, 2);
  const Bytes bad = {0x06};
  EXPECT_EQ(disassemble(bad.data(), bad.size(), {}).text, "(bad)");
}

}  // namespace
}  // namespace weft::x86

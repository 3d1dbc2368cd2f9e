// What the assembler's names and labels become: each as the disassembler reads it back.
#include "x86/assembler.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "x86/disassembler.h"
#include "x86/scratch.h"
#include "x86/shadow_branch.h"

namespace weft::x86 {
namespace {

constexpr AppPc kBase{0x1000};

/// One line for each instruction of what `emit` writes, as if it lay at kBase.
std::vector<std::string> listing(const std::function<void(Assembler&)>& emit) {
  std::array<uint8_t, 512> room{};
  Assembler out(room);
  emit(out);
  EXPECT_FALSE(out.overflowed());
  std::vector<std::string> lines;
  for (uint32_t at = 0; at < out.position();) {
    const auto line = disassemble(room.data() + at, out.position() - at, kBase + at);
    lines.push_back(line.text);
    if (line.length == 0) break;
    at += line.length;
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Label, LeadsForwardsAndBackwardsToWhereItIsBound) {
  EXPECT_EQ(listing([](Assembler& out) {
              Label start;
              Label end;
              out.bind(start);
              out.jrcxz(end);
              out.jcc(kNotEqual, end);
              out.jmp(start);
              out.bind(end);
              out.nop(1);
            }),
            (Lines{"jrcxz 0x0000000000001006", "jnz 0x0000000000001006", "jmp 0x0000000000001000",
                   "nop"}));
}

TEST(Label, IsReachedByLoopsTransactionsAndAddresses) {
  EXPECT_EQ(listing([](Assembler& out) {
              Label end;
              out.loop(0, false, end);
              out.loop(3, true, end);
              out.xbegin(end);
              out.lea_rip(kR9, end);
              out.bind(end);
            }),
            (Lines{"loopne 0x0000000000001012", "jecxz 0x0000000000001012",
                   "xbegin 0x0000000000001012", "lea r9, [0x0000000000001012]"}));
}

TEST(Label, ThatNobodyUsesNeedsNoPlace) {
  EXPECT_EQ(listing([](Assembler& out) {
              Label unused;
              out.ret();
            }),
            Lines{"ret"});
}

TEST(LabelDeathTest, ThatIsUsedAndNeverBoundIsABug) {
  EXPECT_DEATH(listing([](Assembler& out) {
                 Label nowhere;
                 out.jmp(nowhere);
               }),
               "");
}

TEST(LabelDeathTest, BeyondAShortBranchIsABug) {
  EXPECT_DEATH(listing([](Assembler& out) {
                 Label far;
                 out.jmp(far);
                 out.traps(128);
                 out.bind(far);
               }),
               "");
}

TEST(Label, OfCodeThatOverflowsWritesNothing) {
  std::array<uint8_t, 4> room{};
  Assembler out{std::span(room).first(1)};
  Label end;
  out.jmp(end);
  out.bind(end);
  EXPECT_TRUE(out.overflowed());
  EXPECT_EQ(room[1], 0);
}

TEST(Assembler, KeepsFlagsInRax) {
  EXPECT_EQ(listing([](Assembler& out) { out.flags_to_rax(); }), (Lines{"lahf", "seto al"}));
  EXPECT_EQ(listing([](Assembler& out) { out.flags_from_rax(); }), (Lines{"add al, 0x7F", "sahf"}));
}

TEST(Assembler, WritesShortLoads) {
  EXPECT_EQ(listing([](Assembler& out) {
              out.load_at(kRcx, kRdx, 1);
              out.load_at(kRcx, kRdx, 8);
              out.load_gs(kRcx, 0x40, 2);
              out.load_byte_indexed(kRcx, kRdx, kRbx);
              out.load_byte_above_rsp(kRcx, 1);
              out.store_byte_at(kRax, 1);
            }),
            (Lines{"movzx ecx, byte ptr [rdx]", "mov rcx, [rdx]",
                   "movzx ecx, word ptr gs:[0x0000000000000040]", "movzx ecx, byte ptr [rdx+rbx*1]",
                   "movzx ecx, byte ptr [rsp+0x01]", "mov byte ptr [rax], 0x01"}));
}

TEST(Assembler, WritesSumsThatTouchNoFlag) {
  EXPECT_EQ(listing([](Assembler& out) {
              out.double_in_place(kRcx);
              out.add_number(kR12, -2, true);
              out.add_number(kRdx, 16, false);
              out.top_byte_of_rcx();
              out.zero_extend(kR8, kRdi, 4);
            }),
            (Lines{"lea rcx, [rcx+rcx*1]", "lea r12, [r12-0x02]", "lea edx, [rdx+0x10]",
                   "bswap rcx", "movzx ecx, cl", "mov r8d, edi"}));
}

TEST(Assembler, WritesWhatTheTrapFlagNeeds) {
  EXPECT_EQ(listing([](Assembler& out) {
              out.pushf();
              out.test_at_rsp(0x100);
              out.compute_at_rsp(Alu::kOr, 0x100);
              out.compute_at_rsp(Alu::kAnd, ~0x100);
              out.popf();
              out.test_byte(kRcx, 1);
            }),
            (Lines{"pushfq", "test dword ptr [rsp], 0x100", "or dword ptr [rsp], 0x100",
                   "and dword ptr [rsp], 0xFFFFFEFF", "popfq", "test cl, 0x01"}));
}

TEST(Assembler, JumpsThroughTables) {
  EXPECT_EQ(listing([](Assembler& out) {
              out.jmp_table(kRdx, kRcx);
              out.jmp_table(kRdx, kRcx, 0x80000);
              out.jmp_reg(kRcx);
            }),
            (Lines{"jmp [rdx+rcx*8]", "jmp [rdx+rcx*8+0x80000]", "jmp rcx"}));
}

TEST(ShadowBranch, IsRecognisedByWhatEmitsIt) {
  constexpr uint32_t kDisplacement = 0x12345678;
  std::array<uint8_t, 64> room{};
  Assembler out(room);
  const auto begins = [&] { return room.data() + out.position(); };
  const uint8_t* const jump = begins();
  emit_shadow_jump(out, kDisplacement);
  EXPECT_EQ(begins() - jump, static_cast<ptrdiff_t>(kShadowReadLength));
  const uint8_t* const push = begins();
  emit_shadow_push(out, kDisplacement);
  EXPECT_EQ(begins() - push, static_cast<ptrdiff_t>(kShadowReadLength));
  const uint8_t* const ret = begins();
  emit_paired_return(out);
  const uint8_t* const load = begins();
  emit_shadow_load(out, kDisplacement);
  for (const uint8_t* at : {jump, push, ret, load}) {
    EXPECT_EQ(stands_at_shadow_jump(at), at == jump);
    EXPECT_EQ(stands_at_shadow_push(at), at == push);
    EXPECT_EQ(stands_at_return(at), at == ret);
    EXPECT_EQ(stands_at_shadow_load(at, kDisplacement), at == load);
  }
  EXPECT_FALSE(stands_at_shadow_load(load, kDisplacement + 1));
}

TEST(ChooseRegister, PrefersAndThenTakesTheFirst) {
  const auto set = [](auto... regs) { return static_cast<uint16_t>((register_bit(regs) | ...)); };
  EXPECT_EQ(choose_register(set(kRcx, kRdi), set(kRdi, kR8)), kRdi);
  EXPECT_EQ(choose_register(set(kRcx, kRdi), set(kR8)), kRcx);
  EXPECT_EQ(choose_short_register(set(kRax, kRsp)), kRdx);
  EXPECT_EQ(choose_short_register(set(kRax, kRdx, kRbx, kRsi, kRdi)), kRcx);
}

}  // namespace
}  // namespace weft::x86

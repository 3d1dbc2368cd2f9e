#include <gtest/gtest.h>

#include "dr_api.h"
#include "ir/environment.h"

namespace {

TEST(Registers, have_their_names) {
  EXPECT_STREQ(get_register_name(DR_REG_RAX), "rax");
  EXPECT_STREQ(get_register_name(DR_REG_R9D), "r9d");
  EXPECT_STREQ(get_register_name(DR_REG_SIL), "sil");
  EXPECT_STREQ(get_register_name(DR_REG_ZMM31), "zmm31");
  EXPECT_STREQ(get_register_name(DR_SEG_GS), "gs");
}

TEST(Registers, overlap_what_they_are_part_of_and_not_their_other_half) {
  EXPECT_TRUE(reg_overlap(DR_REG_AL, DR_REG_RAX));
  EXPECT_TRUE(reg_overlap(DR_REG_AH, DR_REG_AX));
  EXPECT_FALSE(reg_overlap(DR_REG_AL, DR_REG_AH));
  EXPECT_TRUE(reg_overlap(DR_REG_XMM3, DR_REG_ZMM3));
  EXPECT_FALSE(reg_overlap(DR_REG_XMM3, DR_REG_YMM4));
  EXPECT_FALSE(reg_overlap(DR_REG_SPL, DR_REG_AH));
}

TEST(Registers, are_resized) {
  EXPECT_EQ(reg_resize_to_opsz(DR_REG_RSI, OPSZ_1), DR_REG_SIL);
  EXPECT_EQ(reg_resize_to_opsz(DR_REG_R10D, OPSZ_8), DR_REG_R10);
  EXPECT_EQ(reg_resize_to_opsz(DR_REG_AH, OPSZ_4), DR_REG_EAX);
  EXPECT_EQ(reg_resize_to_opsz(DR_REG_XMM7, OPSZ_32), DR_REG_YMM7);
  EXPECT_EQ(reg_to_pointer_sized(DR_REG_BH), DR_REG_RBX);
  EXPECT_EQ(reg_parameter_num(DR_REG_EDX), 2);
}

TEST(Registers, are_read_and_written_in_a_context) {
  dr_mcontext_t mc = {};
  mc.xax = 0x1122334455667788;
  EXPECT_EQ(reg_get_value(DR_REG_AH, &mc), 0x77U);
  EXPECT_EQ(reg_get_value(DR_REG_EAX, &mc), 0x55667788U);
  reg_set_value(DR_REG_AH, &mc, 0xaa);
  EXPECT_EQ(mc.xax, 0x112233445566aa88U);
  reg_set_value(DR_REG_EAX, &mc, 1);
  EXPECT_EQ(mc.xax, 1U);
  reg_set_value(DR_REG_R15, &mc, 15);
  EXPECT_EQ(mc.r15, 15U);
}

TEST(Operands, keep_what_they_are_made_from) {
  const opnd_t memory = opnd_create_base_disp(DR_REG_RBX, DR_REG_RCX, 4, -8, OPSZ_4);
  EXPECT_TRUE(opnd_is_memory_reference(memory));
  EXPECT_TRUE(opnd_is_near_base_disp(memory));
  EXPECT_EQ(opnd_get_base(memory), DR_REG_RBX);
  EXPECT_EQ(opnd_get_index(memory), DR_REG_RCX);
  EXPECT_EQ(opnd_get_scale(memory), 4);
  EXPECT_EQ(opnd_get_disp(memory), -8);
  EXPECT_EQ(opnd_size_in_bytes(opnd_get_size(memory)), 4U);
  EXPECT_EQ(opnd_get_size(opnd_create_reg(DR_REG_AX)), OPSZ_2);
  EXPECT_EQ(opnd_get_size(opnd_create_reg_partial(DR_REG_XMM0, OPSZ_8)), OPSZ_8);
  EXPECT_TRUE(opnd_is_far_base_disp(
      opnd_create_far_base_disp(DR_SEG_FS, DR_REG_NULL, DR_REG_NULL, 0, 40, OPSZ_8)));
  EXPECT_TRUE(opnd_is_base_disp(opnd_create_abs_addr(reinterpret_cast<void*>(0x1000), OPSZ_8)));
  EXPECT_FALSE(
      opnd_is_base_disp(opnd_create_abs_addr(reinterpret_cast<void*>(0x7f0000001000), OPSZ_8)));
}

TEST(Operands, name_the_registers_that_they_use) {
  opnd_t memory = opnd_create_far_base_disp(DR_SEG_GS, DR_REG_RBX, DR_REG_RCX, 1, 0, OPSZ_8);
  EXPECT_EQ(opnd_num_regs_used(memory), 3);
  EXPECT_TRUE(opnd_uses_reg(memory, DR_REG_CL));
  EXPECT_FALSE(opnd_uses_reg(memory, DR_REG_RDX));
  EXPECT_TRUE(opnd_replace_reg(&memory, DR_REG_RCX, DR_REG_R9));
  EXPECT_EQ(opnd_get_index(memory), DR_REG_R9);
  opnd_t part = opnd_create_reg(DR_REG_CL);
  EXPECT_TRUE(opnd_replace_reg_resize(&part, DR_REG_RCX, DR_REG_RDX));
  EXPECT_EQ(opnd_get_reg(part), DR_REG_DL);
  EXPECT_TRUE(opnd_share_reg(memory, opnd_create_reg(DR_REG_EBX)));
}

TEST(Operands, are_the_same_if_all_of_them_is) {
  EXPECT_TRUE(opnd_same(OPND_CREATE_MEM32(DR_REG_RAX, 4), OPND_CREATE_MEM32(DR_REG_RAX, 4)));
  EXPECT_FALSE(opnd_same(OPND_CREATE_MEM32(DR_REG_RAX, 4), OPND_CREATE_MEM64(DR_REG_RAX, 4)));
  EXPECT_TRUE(
      opnd_same_address(OPND_CREATE_MEM32(DR_REG_RAX, 4), OPND_CREATE_MEM64(DR_REG_RAX, 4)));
  EXPECT_FALSE(opnd_same(OPND_CREATE_INT32(1), OPND_CREATE_INT8(1)));
}

TEST(Addresses, are_computed_from_a_context) {
  weft::dynamorio::set_environment(
      {[](reg_id_t segment) -> uint64_t { return segment == DR_SEG_FS ? 0x1000 : 0x2000; },
       weft::dynamorio::environment().write});
  dr_mcontext_t mc = {};
  mc.xbx = 0x10000;
  mc.xcx = 3;
  const opnd_t memory = opnd_create_base_disp(DR_REG_RBX, DR_REG_RCX, 8, -8, OPSZ_4);
  EXPECT_EQ(opnd_compute_address(memory, &mc), reinterpret_cast<app_pc>(0x10010));
  const opnd_t thread =
      opnd_create_far_base_disp(DR_SEG_FS, DR_REG_NULL, DR_REG_NULL, 0, 0x28, OPSZ_8);
  EXPECT_EQ(opnd_compute_address(thread, &mc), reinterpret_cast<app_pc>(0x1028));
}

TEST(Addresses, of_a_gather_are_those_of_its_enabled_elements) {
  byte gather[] = {0xc4, 0xe2, 0x79, 0x92, 0x0c, 0x53};  // vgatherdps xmm1, [rbx + xmm2 * 2], xmm0
  instr_t instr;
  instr_init(nullptr, &instr);
  ASSERT_NE(decode(nullptr, gather, &instr), nullptr);
  dr_mcontext_t mc = {};
  mc.xbx = 0x1000;
  for (uint i = 0; i < 4; ++i) mc.simd[2].u32[i] = i * 8;
  mc.simd[0].u32[1] = 0x80000000;
  mc.simd[0].u32[3] = 0x80000000;
  app_pc address = nullptr;
  bool write = true;
  EXPECT_TRUE(instr_compute_address_ex(&instr, &mc, 0, &address, &write));
  EXPECT_EQ(address, reinterpret_cast<app_pc>(0x1010));
  EXPECT_FALSE(write);
  EXPECT_TRUE(instr_compute_address_ex(&instr, &mc, 1, &address, &write));
  EXPECT_EQ(address, reinterpret_cast<app_pc>(0x1030));
  EXPECT_FALSE(instr_compute_address_ex(&instr, &mc, 2, &address, &write));
  instr_free(nullptr, &instr);
}

}  // namespace

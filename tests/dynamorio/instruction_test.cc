#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "dr_api.h"

namespace {

// An instruction decoded from bytes that live as long as it does.
class Decoded {
 public:
  Decoded(std::initializer_list<int> bytes) {
    for (const int value : bytes) bytes_.push_back(static_cast<byte>(value));
    bytes_.resize(bytes_.size() + MAX_INSTR_LENGTH);
    instr_init(nullptr, &instr_);
    next_ = decode(nullptr, bytes_.data(), &instr_);
  }
  ~Decoded() { instr_free(nullptr, &instr_); }
  Decoded(const Decoded&) = delete;
  Decoded& operator=(const Decoded&) = delete;

  instr_t* get() { return &instr_; }
  long length() const { return next_ - bytes_.data(); }
  std::string text() {
    char buffer[200];
    instr_disassemble_to_buffer(nullptr, &instr_, buffer, sizeof buffer);
    return buffer;
  }

 private:
  std::vector<byte> bytes_;
  instr_t instr_;
  byte* next_;
};

TEST(Decoding, lists_implicit_operands_in_the_order_that_clients_know) {
  EXPECT_EQ(Decoded({0x55}).text(), "push   %rbp %rsp -> %rsp 0xfffffff8(%rsp)[8byte]");
  EXPECT_EQ(Decoded({0x58}).text(), "pop    %rsp (%rsp)[8byte] -> %rax %rsp");
  EXPECT_EQ(Decoded({0xc3}).text(), "ret    %rsp (%rsp)[8byte] -> %rsp");
  EXPECT_EQ(Decoded({0xff, 0xd0}).text(), "call   %rax %rsp -> %rsp 0xfffffff8(%rsp)[8byte]");
  EXPECT_EQ(Decoded({0x01, 0xd8}).text(), "add    %ebx %eax -> %eax");
  EXPECT_EQ(Decoded({0x83, 0xc0, 0x05}).text(), "add    $0x00000005 %eax -> %eax");
  EXPECT_EQ(Decoded({0xf7, 0xf3}).text(), "div    %ebx %edx %eax -> %edx %eax");
  EXPECT_EQ(Decoded({0xf3, 0xa4}).text(),
            "rep movs %ds:(%rsi)[1byte] %rsi %rdi %rcx -> %es:(%rdi)[1byte] %rsi %rdi %rcx");
  EXPECT_EQ(Decoded({0xf0, 0x0f, 0xb1, 0x11}).text(),
            "lock cmpxchg %edx (%rcx)[4byte] %eax -> (%rcx)[4byte] %eax");
  EXPECT_EQ(Decoded({0x62, 0xf1, 0x6d, 0x49, 0xf9, 0xc1}).text(),
            "vpsubw {%k1} %zmm2 %zmm1 -> %zmm0");
  EXPECT_EQ(Decoded({0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0}).text(),
            "mov    %fs:0x28[8byte] -> %rax");
}

TEST(Decoding, tells_kinds_apart) {
  EXPECT_EQ(instr_get_opcode(Decoded({0x74, 0x00}).get()), OP_jz_short);
  EXPECT_EQ(instr_get_opcode(Decoded({0x0f, 0x84, 0, 0, 0, 0}).get()), OP_jz);
  EXPECT_EQ(instr_get_opcode(Decoded({0x89, 0x00}).get()), OP_mov_st);
  EXPECT_EQ(instr_get_opcode(Decoded({0x8b, 0x00}).get()), OP_mov_ld);
  EXPECT_TRUE(instr_is_cbr(Decoded({0x74, 0x00}).get()));
  EXPECT_TRUE(instr_is_ubr(Decoded({0xeb, 0x00}).get()));
  EXPECT_TRUE(instr_is_mbr(Decoded({0xc3}).get()));
  EXPECT_TRUE(instr_is_call_indirect(Decoded({0xff, 0x10}).get()));
  EXPECT_TRUE(instr_is_syscall(Decoded({0x0f, 0x05}).get()));
  EXPECT_TRUE(instr_is_nop(Decoded({0x48, 0x89, 0xc0}).get()));
  EXPECT_FALSE(instr_is_nop(Decoded({0x89, 0xc0}).get()));
  EXPECT_TRUE(instr_is_sse2(Decoded({0xf2, 0x0f, 0x10, 0x00}).get()));
  EXPECT_TRUE(instr_is_floating(Decoded({0xd8, 0xc1}).get()));
  EXPECT_FALSE(instr_is_cti(Decoded({0x90}).get()));
}

TEST(Decoding, knows_what_is_read_and_written) {
  Decoded load({0x8b, 0x43, 0x08});  // mov eax, [rbx + 8]
  EXPECT_TRUE(instr_reads_memory(load.get()));
  EXPECT_FALSE(instr_writes_memory(load.get()));
  EXPECT_EQ(instr_memory_reference_size(load.get()), 4U);
  EXPECT_TRUE(instr_reads_from_reg(load.get(), DR_REG_RBX, DR_QUERY_DEFAULT));
  EXPECT_TRUE(instr_writes_to_reg(load.get(), DR_REG_AL, DR_QUERY_INCLUDE_ALL));
  EXPECT_FALSE(instr_writes_to_exact_reg(load.get(), DR_REG_RAX, DR_QUERY_INCLUDE_ALL));
  EXPECT_FALSE(instr_reads_memory(Decoded({0x48, 0x8d, 0x03}).get()));  // lea
  Decoded move({0x0f, 0x44, 0xc3});                                     // cmovz eax, ebx
  EXPECT_EQ(instr_get_predicate(move.get()), DR_PRED_Z);
  EXPECT_FALSE(instr_writes_to_reg(move.get(), DR_REG_EAX, DR_QUERY_DEFAULT));
  EXPECT_TRUE(instr_writes_to_reg(move.get(), DR_REG_EAX, DR_QUERY_INCLUDE_ALL));
}

TEST(Decoding, knows_the_flags) {
  EXPECT_EQ(instr_get_arith_flags(Decoded({0x01, 0xd8}).get(), DR_QUERY_DEFAULT),
            uint{EFLAGS_WRITE_6});
  EXPECT_EQ(instr_get_eflags(Decoded({0x74, 0x00}).get(), DR_QUERY_DEFAULT), uint{EFLAGS_READ_ZF});
  EXPECT_EQ(instr_get_eflags(Decoded({0x89, 0xd8}).get(), DR_QUERY_DEFAULT), 0U);
  byte adc[MAX_INSTR_LENGTH] = {0x11, 0xd8};
  uint usage = 0;
  EXPECT_EQ(decode_eflags_usage(nullptr, adc, &usage, DR_QUERY_DEFAULT), adc + 2);
  EXPECT_EQ(usage, uint{EFLAGS_READ_CF | EFLAGS_WRITE_6});
}

TEST(Conditions, hold_for_the_flags_that_they_name) {
  EXPECT_TRUE(instr_jcc_taken(Decoded({0x74, 0x00}).get(), EFLAGS_ZF));
  EXPECT_FALSE(instr_jcc_taken(Decoded({0x75, 0x00}).get(), EFLAGS_ZF));
  EXPECT_TRUE(instr_jcc_taken(Decoded({0x7c, 0x00}).get(), EFLAGS_SF));
  EXPECT_FALSE(instr_jcc_taken(Decoded({0x7c, 0x00}).get(), EFLAGS_SF | EFLAGS_OF));
  EXPECT_EQ(instr_invert_predicate(DR_PRED_NLE), DR_PRED_LE);
  instr_t* const jump = INSTR_CREATE_jcc(nullptr, OP_jb, opnd_create_pc(nullptr));
  instr_invert_cbr(jump);
  EXPECT_EQ(instr_get_opcode(jump), OP_jnb);
  instr_destroy(nullptr, jump);
}

std::vector<byte> encoded(instr_t* instr) {
  byte bytes[MAX_INSTR_LENGTH];
  byte* const end = instr_encode_to_copy(nullptr, instr, bytes, reinterpret_cast<byte*>(0x1000));
  instr_destroy(nullptr, instr);
  return end == nullptr ? std::vector<byte>{} : std::vector<byte>(bytes, end);
}

using Bytes = std::vector<byte>;

TEST(Encoding, of_made_instructions) {
  const opnd_t rax = opnd_create_reg(DR_REG_RAX);
  const opnd_t rbx = opnd_create_reg(DR_REG_RBX);
  EXPECT_EQ(encoded(INSTR_CREATE_add(nullptr, rax, rbx)), (Bytes{0x48, 0x01, 0xd8}));
  EXPECT_EQ(encoded(INSTR_CREATE_push(nullptr, rbx)), (Bytes{0x53}));
  EXPECT_EQ(encoded(INSTR_CREATE_mov_ld(nullptr, rax, OPND_CREATE_MEM64(DR_REG_RBX, 8))),
            (Bytes{0x48, 0x8b, 0x43, 8}));
  EXPECT_EQ(encoded(INSTR_CREATE_jmp(nullptr, opnd_create_pc(reinterpret_cast<app_pc>(0x1005)))),
            (Bytes{0xe9, 0, 0, 0, 0}));
  EXPECT_EQ(encoded(INSTR_CREATE_jcc_short(nullptr, OP_jz_short,
                                           opnd_create_pc(reinterpret_cast<app_pc>(0x1002)))),
            (Bytes{0x74, 0}));
  EXPECT_EQ(encoded(LOCK(INSTR_CREATE_inc(nullptr, OPND_CREATE_MEM32(DR_REG_RAX, 0)))),
            (Bytes{0xf0, 0xff, 0x00}));
  EXPECT_EQ(encoded(INSTR_CREATE_lahf(nullptr)), (Bytes{0x9f}));
  EXPECT_EQ(
      encoded(INSTR_CREATE_vpslld(nullptr, opnd_create_reg(DR_REG_XMM2),
                                  opnd_create_reg(DR_REG_XMM1), opnd_create_reg(DR_REG_XMM3))),
      (Bytes{0xc5, 0xf1, 0xf2, 0xd3}));
  EXPECT_EQ(encoded(XINST_CREATE_add(nullptr, rax, OPND_CREATE_INT32(8))),
            (Bytes{0x48, 0x8d, 0x40, 8}));
}

TEST(Encoding, of_absolute_moves_has_no_prefix_that_changes_lengths) {
  const opnd_t slot =
      opnd_create_far_base_disp(DR_SEG_GS, DR_REG_NULL, DR_REG_NULL, 0, 0x10, OPSZ_8);
  EXPECT_EQ(encoded(INSTR_CREATE_mov_st(nullptr, slot, opnd_create_reg(DR_REG_RAX))),
            (Bytes{0x65, 0x48, 0x89, 0x04, 0x25, 0x10, 0, 0, 0}));
}

TEST(Encoding, takes_memory_of_one_element_as_a_broadcast) {
  EXPECT_EQ(encoded(INSTR_CREATE_vaddps_mask(
                nullptr, opnd_create_reg(DR_REG_ZMM0), opnd_create_reg(DR_REG_K1),
                opnd_create_reg(DR_REG_ZMM2), OPND_CREATE_MEM32(DR_REG_RAX, 0))),
            (Bytes{0x62, 0xf1, 0x6c, 0x59, 0x58, 0x00}));
}

TEST(Encoding, of_ports_takes_the_number_first) {
  EXPECT_EQ(encoded(INSTR_CREATE_out_1_imm(nullptr, OPND_CREATE_INT8(0x25))), (Bytes{0xe6, 0x25}));
  EXPECT_EQ(encoded(INSTR_CREATE_out_1(nullptr)), (Bytes{0xee}));
}

TEST(Encoding, refuses_what_no_instruction_is) {
  EXPECT_EQ(encoded(INSTR_CREATE_add(nullptr, OPND_CREATE_MEM32(DR_REG_RAX, 0),
                                     OPND_CREATE_MEM32(DR_REG_RBX, 0))),
            Bytes{});
  EXPECT_EQ(
      encoded(INSTR_CREATE_jmp(nullptr, opnd_create_pc(reinterpret_cast<app_pc>(0x7f0000000000)))),
      Bytes{});
}

TEST(Encoding, elsewhere_keeps_the_target_of_a_relative_address) {
  Decoded lea({0x48, 0x8d, 0x05, 0x10, 0, 0, 0});
  app_pc target = nullptr;
  ASSERT_TRUE(instr_get_rel_addr_target(lea.get(), &target));
  byte bytes[MAX_INSTR_LENGTH];
  byte* const elsewhere = target - 0x1000;
  ASSERT_NE(instr_encode_to_copy(nullptr, lea.get(), bytes, elsewhere), nullptr);
  instr_t moved;
  instr_init(nullptr, &moved);
  decode_from_copy(nullptr, bytes, elsewhere, &moved);
  app_pc same = nullptr;
  EXPECT_TRUE(instr_get_rel_addr_target(&moved, &same));
  EXPECT_EQ(same, target);
  instr_free(nullptr, &moved);
}

TEST(Encoding, names_memory_otherwise_where_it_does_not_reach) {
  byte* const here = reinterpret_cast<byte*>(0x41000000);
  byte* const far = reinterpret_cast<byte*>(0x1000000000);
  byte bytes[MAX_INSTR_LENGTH];
  const auto encodes = [&](reg_id_t reg, opnd_t memory, byte* place) {
    instr_t* const load = INSTR_CREATE_mov_ld(nullptr, opnd_create_reg(reg), memory);
    const bool done = instr_encode_to_copy(nullptr, load, bytes, place) != nullptr;
    instr_destroy(nullptr, load);
    return done;
  };
  // By a whole address in the instruction, which the accumulator alone has.
  EXPECT_TRUE(encodes(DR_REG_EAX, opnd_create_rel_addr(far, OPSZ_4), here));
  EXPECT_EQ(bytes[0], 0xa1);
  EXPECT_FALSE(encodes(DR_REG_ECX, opnd_create_rel_addr(far, OPSZ_4), here));
  // By rip.
  EXPECT_TRUE(encodes(DR_REG_ECX, opnd_create_abs_addr(far + 0x800, OPSZ_4), far));
  EXPECT_EQ(bytes[1], 0x0d);
  EXPECT_FALSE(encodes(DR_REG_ECX, opnd_create_abs_addr(far, OPSZ_4), here));
}

TEST(Changing, an_operand_drops_the_raw_bits_and_keeps_the_rest) {
  Decoded add({0x01, 0xd8});
  EXPECT_TRUE(instr_raw_bits_valid(add.get()));
  instr_set_src(add.get(), 0, opnd_create_reg(DR_REG_ECX));
  EXPECT_FALSE(instr_raw_bits_valid(add.get()));
  byte bytes[MAX_INSTR_LENGTH];
  ASSERT_EQ(instr_encode(nullptr, add.get(), bytes), bytes + 2);
  EXPECT_EQ(bytes[1], 0xc8);
}

TEST(Cloning, copies_operands_and_bits) {
  Decoded add({0x01, 0xd8});
  instr_t* const copy = instr_clone(nullptr, add.get());
  EXPECT_TRUE(instr_same(copy, add.get()));
  EXPECT_EQ(instr_length(nullptr, copy), 2);
  instr_destroy(nullptr, copy);
}

TEST(Syntax, can_be_intels) {
  disassemble_set_syntax(DR_DISASM_INTEL);
  EXPECT_EQ(Decoded({0x8b, 0x45, 0x10}).text(), "mov eax, dword ptr [rbp+0x10]");
  disassemble_set_syntax(DR_DISASM_DR);
}

}  // namespace

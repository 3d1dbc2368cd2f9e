#include <gtest/gtest.h>

#include <vector>

#include "dr_api.h"

namespace {

class List : public testing::Test {
 protected:
  ~List() override { instrlist_clear_and_destroy(nullptr, list_); }
  instr_t* nop() { return INSTR_CREATE_nop(nullptr); }
  std::vector<instr_t*> all() {
    std::vector<instr_t*> found;
    for (instr_t* instr = instrlist_first(list_); instr != nullptr; instr = instr_get_next(instr))
      found.push_back(instr);
    return found;
  }
  instrlist_t* list_ = instrlist_create(nullptr);
};

TEST_F(List, keeps_the_order_of_insertions) {
  instr_t *const a = nop(), *const b = nop(), *const c = nop(), *const d = nop();
  instrlist_append(list_, b);
  instrlist_preinsert(list_, b, a);
  instrlist_postinsert(list_, b, c);
  instrlist_preinsert(list_, nullptr, d);
  EXPECT_EQ(all(), (std::vector{a, b, c, d}));
  instrlist_remove(list_, b);
  EXPECT_EQ(all(), (std::vector{a, c, d}));
  EXPECT_EQ(instrlist_replace(list_, c, b), c);
  instr_destroy(nullptr, c);
  EXPECT_EQ(all(), (std::vector{a, b, d}));
  EXPECT_EQ(instrlist_last(list_), d);
}

TEST_F(List, tells_the_programs_instructions_from_the_clients) {
  instr_t *const app = nop(), *const meta = nop(), *const last = nop();
  instrlist_append(list_, app);
  instrlist_meta_preinsert(list_, app, meta);
  instrlist_meta_append(list_, last);
  EXPECT_EQ(instrlist_first(list_), meta);
  EXPECT_EQ(instrlist_first_app(list_), app);
  EXPECT_EQ(instrlist_last_app(list_), app);
  EXPECT_EQ(instr_get_next_app(app), nullptr);
  EXPECT_TRUE(instr_is_meta(meta));
}

TEST_F(List, gives_translations_and_predicates_to_what_comes_in) {
  auto* const pc = reinterpret_cast<app_pc>(0x1234);
  instrlist_set_translation_target(list_, pc);
  instrlist_set_auto_predicate(list_, DR_PRED_Z);
  instr_t* const instr = nop();
  instrlist_meta_append(list_, instr);
  EXPECT_EQ(instr_get_translation(instr), pc);
  EXPECT_EQ(instr_get_predicate(instr), DR_PRED_Z);
}

TEST_F(List, is_encoded_with_jumps_between_its_instructions) {
  instr_t* const label = INSTR_CREATE_label(nullptr);
  int note = 0;
  instr_set_note(label, &note);
  instrlist_append(list_, INSTR_CREATE_jcc_short(nullptr, OP_jz_short, opnd_create_instr(label)));
  instrlist_append(list_, INSTR_CREATE_inc(nullptr, opnd_create_reg(DR_REG_EAX)));
  instrlist_append(list_, label);
  instrlist_append(list_, INSTR_CREATE_jmp(nullptr, opnd_create_instr(instrlist_first(list_))));
  byte bytes[32] = {};
  byte* const end = instrlist_encode(nullptr, list_, bytes, true);
  EXPECT_EQ(std::vector<byte>(bytes, end),
            (std::vector<byte>{0x74, 0x02, 0xff, 0xc0, 0xe9, 0xf7, 0xff, 0xff, 0xff}));
  EXPECT_EQ(instr_get_note(label), &note);
}

TEST_F(List, is_cloned_with_targets_among_the_copies) {
  instr_t* const label = INSTR_CREATE_label(nullptr);
  instrlist_append(list_, INSTR_CREATE_jmp(nullptr, opnd_create_instr(label)));
  instrlist_append(list_, label);
  instrlist_t* const copy = instrlist_clone(nullptr, list_);
  EXPECT_EQ(opnd_get_instr(instr_get_target(instrlist_first(copy))), instrlist_last(copy));
  instrlist_clear_and_destroy(nullptr, copy);
}

TEST_F(List, of_a_large_constant_moves_its_halves_to_memory) {
  instr_t *first = nullptr, *last = nullptr;
  instrlist_insert_mov_immed_ptrsz(nullptr, 0x1122334455667788, OPND_CREATE_MEM64(DR_REG_RAX, 0),
                                   list_, nullptr, &first, &last);
  ASSERT_EQ(all().size(), 2U);
  EXPECT_EQ(opnd_get_disp(instr_get_dst(last, 0)), 4);
  instrlist_clear(nullptr, list_);
  instrlist_insert_mov_immed_ptrsz(nullptr, 5, opnd_create_reg(DR_REG_RAX), list_, nullptr, &first,
                                   &last);
  EXPECT_EQ(instr_length(nullptr, first), 5);
  EXPECT_EQ(last, nullptr);
}

TEST(Labels, call_back_when_they_are_freed) {
  static int calls = 0;
  instr_t* const label = INSTR_CREATE_label(nullptr);
  instr_get_label_data_area(label)->data[3] = 7;
  instr_set_label_callback(label, [](void*, instr_t* freed) {
    calls += static_cast<int>(instr_get_label_data_area(freed)->data[3]);
  });
  instr_destroy(nullptr, label);
  EXPECT_EQ(calls, 7);
}

TEST(Blocks, end_with_the_first_control_transfer) {
  byte code[32] = {0x90, 0x01, 0xd8, 0xc3, 0x90};
  instrlist_t* const block = decode_as_bb(nullptr, code);
  EXPECT_EQ(instr_get_opcode(instrlist_last(block)), OP_ret);
  EXPECT_EQ(instr_get_app_pc(instrlist_last(block)), code + 3);
  instrlist_clear_and_destroy(nullptr, block);
}

}  // namespace

// Holds fragments of blocks that were laid out as edited lists against golden files, one a case.
// WEFT_UPDATE_GOLDEN=1 rewrites the files.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "fragment.h"
#include "golden_file.h"
#include "translate/edited_list.h"

namespace weft::translate {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kNear = 0x40050001000;  ///< in reach of code memory
constexpr uint64_t kFar = 0x7f0000001000;  ///< not so
constexpr AppPc kOutside{0x10002000};

ListItem kept(uint32_t number) {
  ListItem item;
  item.kind = ListItem::Kind::kKept;
  item.number = number;
  return item;
}

ListItem label(uint32_t number) {
  ListItem item;
  item.number = number;
  return item;
}

ListItem code(ListItem::Kind kind, const Bytes& bytes) {
  ListItem item;
  item.kind = kind;
  std::copy(bytes.begin(), bytes.end(), item.bytes.begin());
  EXPECT_TRUE(x86::decode(item.bytes.data(), bytes.size(), item.insn));
  return item;
}

ListItem inserted(const Bytes& bytes, uint64_t target = 0) {
  ListItem item = code(ListItem::Kind::kInserted, bytes);
  item.target = target;
  return item;
}

ListItem jump(const Bytes& bytes, uint32_t to) {
  ListItem item = code(ListItem::Kind::kInserted, bytes);
  item.label = to;
  return item;
}

ListItem application(const Bytes& bytes, AppPc translation, uint64_t target = 0,
                     AppPc return_to = {}) {
  ListItem item = code(ListItem::Kind::kApplication, bytes);
  item.target = target;
  item.translated = true;
  item.translation = translation;
  item.return_to = return_to;
  return item;
}

ListItem address_of(x86::Reg reg, uint32_t to) {
  ListItem item;
  item.kind = ListItem::Kind::kLoadAddress;
  item.reg = reg;
  item.label = to;
  return item;
}

struct Case {
  const char* name;
  Bytes program;
  std::vector<ListItem> items;
  uint32_t labels = 0;
};

/// Has the program's first block be the case's list, and leaves others as they are.
class Editor final : public Instrumenter {
 public:
  explicit Editor(const Case& test) : test_(test) {}
  void instrument(PlannedBlock& block, std::unique_ptr<FragmentData>& data) override {
    BlockPlan& plan = block.versions.front();
    if (plan.tag != kPc) return;
    if (!data) data = std::make_unique<FragmentData>();
    EditedList& list = plan.list.emplace();
    list.items = test_.items;
    list.labels = test_.labels;
    list.fall_through = plan.range().end;
  }

 private:
  const Case& test_;
};

const Bytes kAddReturn{0x48, 0x83, 0xC0, 0x01, 0xC3};  // add rax, 1; ret
// add rax, 1; jz 1f; dec rcx; jnz back; 1: ret
const Bytes kLoop{0x48, 0x83, 0xC0, 0x01, 0x74, 0x05, 0x48, 0xFF, 0xC9, 0x75, 0xF5, 0xC3};
const Bytes kMoveString{0xF3, 0xA4, 0xC3};  // rep movsb; ret

std::vector<Case> cases() {
  const Bytes loop{0xE2, 0x00};
  const Bytes jrcxz{0xE3, 0x00};
  const Bytes near_jump{0xE9, 0, 0, 0, 0};
  const Bytes jump_if_zero{0x74, 0x00};
  const Bytes call{0xE8, 0, 0, 0, 0};
  const Bytes increment{0x48, 0xFF, 0x05, 0, 0, 0, 0};  // inc qword [rip + ...]
  return {
      {"lists_unchanged", kLoop, {kept(0), kept(1)}},
      {"lists_removed", kAddReturn, {kept(1)}},
      {"lists_near_and_far_memory",
       kAddReturn,
       {inserted(increment, kNear), inserted(increment, kFar), kept(0), kept(1)}},
      {"lists_inserted_loop",
       kAddReturn,
       {label(0), inserted(increment, kNear), jump(loop, 0), kept(0), kept(1)},
       1},
      {"lists_out_of_line",
       kAddReturn,
       {jump(jump_if_zero, 0), kept(0), kept(1), label(0), kept(0), kept(1)},
       1},
      {"lists_exit_in_the_middle",
       kAddReturn,
       {kept(0), application(jump_if_zero, kPc + 4, kOutside.value), kept(1)}},
      {"lists_call_of_another",
       kAddReturn,
       {kept(0), application(call, kPc + 4, kOutside.value, kPc + 5)}},
      {"lists_string_as_a_loop",
       kMoveString,
       {jump(jrcxz, 0), application({0xA4}, kPc), application(loop, kPc, kPc.value), label(0),
        kept(1)},
       1},
      {"lists_runtime_code",
       kAddReturn,
       {address_of(x86::kRdx, 0), inserted(near_jump, kFar), label(0), inserted(call, kFar),
        kept(0), kept(1)},
       1},
      {"lists_popf", kAddReturn, {inserted({0x9C}), inserted({0x9D}), kept(0), kept(1)}},
  };
}

void list_places(std::ostream& out, const Draft& draft) {
  out << "places:\n";
  for (const ListSpan& span : draft.tool_data->lists) {
    uint32_t start = span.start;
    for (const ListPlace& place : span.places) {
      out << "  " << start << (place.inserted != 0 ? " inserted" : " program's")
          << (place.translated != 0 ? ", translated" : "") << "\n";
      start = place.end;
    }
  }
}

void list_exits(std::ostream& out, const Draft& draft) {
  out << "exits:\n";
  for (const cache::ExitSpec& exit : draft.exits) {
    out << "  hot+" << exit.site << " to 0x" << std::hex << exit.target.value << std::dec << "\n";
  }
}

std::string render(const Case& test) {
  Program program(test.program);
  cache::test::TestCache cache;
  Editor editor(test);
  const Environment names = environment();
  SuperblockBuilder builder(names, cache.cache, program, &editor);
  EXPECT_TRUE(builder.build(kPc, Arrival::kDirect));
  std::ostringstream out;
  list_code(out, builder.draft());
  list_fixups(out, builder.draft());
  list_exits(out, builder.draft());
  list_places(out, builder.draft());
  return out.str();
}

TEST(EmittedLists, AreWhatTheGoldenFilesSay) {
  for (const Case& test : cases()) expect_golden(test.name, render(test));
}

/// The state that a signal finds at `offset`, and whether it has to wait.
std::optional<ProgramPoint> point_at(const Draft& draft, uint32_t offset) {
  return find_point(draft.map.bytes(), offset);
}

TEST(EditedLists, ShowTheProgramsStateAtTheirStartAndHoldSignalsBehindIt) {
  const Bytes no_op{0x48, 0x8D, 0x40, 0x00};  // lea rax, [rax]
  const Case test{"", kAddReturn, {inserted(no_op), kept(0), inserted(no_op), kept(1)}};
  Program program(test.program);
  cache::test::TestCache cache;
  Editor editor(test);
  const Environment names = environment();
  SuperblockBuilder builder(names, cache.cache, program, &editor);
  ASSERT_TRUE(builder.build(kPc, Arrival::kDirect));
  const Draft& draft = builder.draft();
  const auto start = point_at(draft, 0);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->pc, kPc);
  EXPECT_FALSE(start->undo.hold || start->undo.uncuttable);
  for (const uint32_t behind : {4u, 8u, 12u}) {
    const auto point = point_at(draft, behind);
    ASSERT_TRUE(point);
    EXPECT_TRUE(point->undo.hold) << behind;
  }
  EXPECT_EQ(point_at(draft, 4)->pc, kPc);
  EXPECT_EQ(point_at(draft, 12)->pc, kPc + 4);
}

TEST(EditedLists, ShowTheTagWhereTheirFirstItemIsAnotherInstructions) {
  const Case test{"", kAddReturn, {kept(1)}};
  Program program(test.program);
  cache::test::TestCache cache;
  Editor editor(test);
  const Environment names = environment();
  SuperblockBuilder builder(names, cache.cache, program, &editor);
  ASSERT_TRUE(builder.build(kPc, Arrival::kDirect));
  EXPECT_EQ(point_at(builder.draft(), 0)->pc, kPc);
  EXPECT_EQ(point_at(builder.draft(), 1)->pc, kPc + 4);
}

}  // namespace
}  // namespace weft::translate

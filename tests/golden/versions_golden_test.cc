// Holds whole fragments whose blocks have several versions against golden files, one a case: how
// the entry chooses, and which links go past the choice. WEFT_UPDATE_GOLDEN=1 rewrites the files.
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include "fragment.h"
#include "golden_file.h"

namespace weft::translate {
namespace {

constexpr Word kOwn{true, 5};
constexpr Word kShared{false, 0, 0x40050001000};
constexpr Word kChanged = kOwn;

struct Case {
  const char* name;
  std::vector<uint8_t> program;
  Word selector;
  std::vector<int32_t> values;
  bool indirect_entry = false;
  std::vector<AppPc> path = {};       ///< of a trace; empty: a superblock
  bool first_changes_choice = false;  ///< the first version writes the selector's word
  bool branches_know = false;         ///< the choice is Environment::branch_choice
  std::vector<uint8_t> names = {};    ///< Switch::names
  std::vector<Selection> further = {};
  Parts parts = {};
};

constexpr Word kSecond{true, 6};
constexpr Word kSharedSecond{false, 0, 0x40050001008};

std::vector<int32_t> multiples(int32_t of, size_t count) {
  std::vector<int32_t> all;
  for (size_t i = 0; i < count; ++i) all.push_back(of * static_cast<int32_t>(i));
  return all;
}

Parts parts_of(const Word& selector) { return {selector, {{0, 1}, {30, 4}, {90, 2}}, {true, 20}}; }

/// Makes every block several versions. Version i counts in word 10 + i.
class Versions final : public Instrumenter {
 public:
  explicit Versions(const Case& test) : test_(test) {}
  void instrument(PlannedBlock& block, std::unique_ptr<FragmentData>&) override {
    block.by = {{{test_.selector, test_.values}}, false, test_.parts, 1, test_.names};
    size_t made = test_.values.size() + 1;
    for (const Selection& each : test_.further) {
      block.by.by.push_back(each);
      made *= each.values.size() + 1;
    }
    if (!test_.parts.starts.empty() && !test_.further.empty()) made = 2;
    block.versions.resize(made, block.versions.front());
    for (uint32_t i = 0; i < block.versions.size(); ++i) {
      Insertion count;
      count.word = {true, 10 + i};
      count.amount = 1;
      block.versions[i].anywhere.push_back(count);
    }
    if (test_.first_changes_choice) block.versions.front().anywhere.push_back(change());
    if (test_.parts.starts.empty()) return;
    BlockPlan& rest = block.versions.back();
    rest.instructions.clear();
    rest.anywhere.clear();
    rest.in_parts = true;
  }

 private:
  static Insertion change() {
    Insertion change;
    change.kind = Insertion::Kind::kSet;
    change.word = kChanged;
    return change;
  }

  const Case& test_;
};

// adc reads the carry: the flags are alive at the entry.
constexpr uint8_t kAddReturn[] = {0x48, 0x83, 0xC0, 0x01, 0xC3};                  // add rax, 1; ret
constexpr uint8_t kCarryReturn[] = {0x48, 0x83, 0xD0, 0x00, 0xC3};                // adc rax, 0; ret
constexpr uint8_t kCarryWithDead[] = {0x48, 0x83, 0xD0, 0x00, 0x31, 0xD2, 0xC3};  // .. xor edx, edx
constexpr uint8_t kCarryRcxDead[] = {0x48, 0x83, 0xD0, 0x00, 0x31, 0xC9, 0xC3};   // .. xor ecx, ecx
// add rax, 1; jz 1f; dec rcx; jnz back; 1: ret
constexpr uint8_t kLoop[] = {0x48, 0x83, 0xC0, 0x01, 0x74, 0x05,
                             0x48, 0xFF, 0xC9, 0x75, 0xF5, 0xC3};
// add rax, 1; jmp to what is not mapped
constexpr uint8_t kJumpOut[] = {0x48, 0x83, 0xC0, 0x01, 0xE9, 0x00, 0x20, 0x00, 0x00};

template <size_t kSize>
std::vector<uint8_t> bytes(const uint8_t (&code)[kSize]) {
  return {code, code + kSize};
}

const std::vector<Case>& cases() {
  const std::vector<AppPc> both{kPc, kPc + 6};
  static const std::vector<Case> all = {
      {"versions_two", bytes(kAddReturn), kOwn, {0}},
      {"versions_two_shared", bytes(kAddReturn), kShared, {0}},
      {"versions_two_indirect", bytes(kAddReturn), kOwn, {0}, true},
      {"versions_two_flags_alive", bytes(kCarryReturn), kOwn, {0}},
      {"versions_two_flags_alive_indirect", bytes(kCarryReturn), kOwn, {0}, true},
      {"versions_two_register_dead", bytes(kCarryWithDead), kOwn, {7}},
      {"versions_two_rcx_dead", bytes(kCarryRcxDead), kOwn, {7}},
      {"versions_two_rcx_dead_indirect", bytes(kCarryRcxDead), kOwn, {7}, true},
      {"versions_four", bytes(kAddReturn), kOwn, {0, 3, -2}},
      {"versions_four_shared", bytes(kAddReturn), kShared, {0, 3, -2}},
      {"versions_four_flags_alive", bytes(kCarryReturn), kOwn, {0, 3, -2}},
      {.name = "versions_of_two",
       .program = bytes(kAddReturn),
       .selector = kOwn,
       .values = {0, 3},
       .further = {{kSecond, {5}}}},
      {.name = "versions_of_two_shared",
       .program = bytes(kAddReturn),
       .selector = kShared,
       .values = {0, 3},
       .further = {{kSharedSecond, {5}}}},
      {.name = "versions_of_two_flags_alive",
       .program = bytes(kCarryReturn),
       .selector = kOwn,
       .values = {7},
       .further = {{kSharedSecond, {0, 5}}}},
      {.name = "versions_of_two_link",
       .program = bytes(kJumpOut),
       .selector = kOwn,
       .values = {0},
       .names = {1, 0, 0},
       .further = {{kSecond, {5}}}},
      {.name = "versions_many",
       .program = bytes(kAddReturn),
       .selector = kOwn,
       .values = multiples(2, 18)},
      {.name = "versions_many_shared",
       .program = bytes(kAddReturn),
       .selector = kShared,
       .values = multiples(-2, 18)},
      {.name = "versions_in_parts",
       .program = bytes(kAddReturn),
       .selector = kOwn,
       .values = {0, 3},
       .parts = parts_of(kOwn)},
      {.name = "versions_of_two_in_parts",
       .program = bytes(kAddReturn),
       .selector = kOwn,
       .values = {0},
       .further = {{kShared, {9}}},
       .parts = parts_of(kShared)},
      {"versions_link", bytes(kJumpOut), kOwn, {0}},
      {"versions_link_shared", bytes(kJumpOut), kShared, {0}},
      {"versions_link_changed", bytes(kJumpOut), kOwn, {0}, false, {}, true},
      {"versions_link_each", bytes(kJumpOut), kOwn, {0, 3}, false, {}, false, false, {1, 17}},
      {"versions_superblock_each", bytes(kLoop), kOwn, {0, 1}, false, {}, false, false, {1, 18}},
      {"versions_superblock", bytes(kLoop), kOwn, {0, 1}},
      {"versions_superblock_shared", bytes(kLoop), kShared, {0}},
      {"versions_branch", bytes(kAddReturn), kOwn, {0}, true, {}, false, true},
      {"versions_branch_flags_alive", bytes(kCarryReturn), kOwn, {0}, true, {}, false, true},
      {"versions_branch_direct_entry", bytes(kAddReturn), kOwn, {0}, false, {}, false, true},
      {"versions_branch_changed", bytes(kAddReturn), kOwn, {0}, true, {}, true, true},
      {"versions_branch_trace", bytes(kLoop), kOwn, {0}, true, both, false, true},
      {"versions_trace", bytes(kLoop), kOwn, {0, 1}, true, both},
      {"versions_trace_shared", bytes(kLoop), kShared, {0}, true, both},
  };
  return all;
}

void list_entries(std::ostream& out, const Draft& draft) {
  out << "entries: choice " << int{draft.entry_choice} << "\n";
  for (const cache::EntrySpec& entry : draft.entries) {
    out << "  " << std::hex << "0x" << entry.tag.value << std::dec << " direct " << entry.direct;
    if (entry.indirect != cache::EntrySpec::kNone) out << " indirect " << entry.indirect;
    if (entry.past_choice != cache::EntrySpec::kNone) out << " past choice " << entry.past_choice;
    out << "\n";
  }
  for (const cache::PastChoiceSpec& past : draft.past_choices) {
    out << "  0x" << std::hex << draft.entries[past.entry].tag.value << std::dec << " past choice "
        << int{past.choice} << " " << past.offset << "\n";
  }
  out << "exits:\n";
  for (const cache::ExitSpec& exit : draft.exits) {
    out << "  hot+" << exit.site << " to 0x" << std::hex << exit.target.value << std::dec;
    out << (exit.choice == 0 ? ", by the choice" : ", past the choice");
    if (exit.choice > 1) out << " " << int{exit.choice};
    out << "\n";
  }
}

std::string render(const Case& test) {
  Program program(test.program);
  cache::test::TestCache cache;
  const std::atomic<uint8_t> choice{1};
  Environment names = environment();
  if (test.branches_know) names.branch_choice = &choice;
  Versions versions(test);
  SuperblockBuilder builder(names, cache.cache, program, &versions);
  const Arrival arrival = test.indirect_entry ? Arrival::kIndirect : Arrival::kDirect;
  const bool built =
      test.path.empty() ? builder.build(kPc, arrival) : builder.build_trace(test.path);
  EXPECT_TRUE(built);
  const Draft& draft = builder.draft();
  std::ostringstream out;
  list_code(out, draft);
  list_fixups(out, draft);
  list_entries(out, draft);
  return out.str();
}

TEST(EmittedVersions, AreWhatTheGoldenFilesSay) {
  for (const Case& test : cases()) expect_golden(test.name, render(test));
}

}  // namespace
}  // namespace weft::translate

#include "linux/memory/address_space.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <random>
#include <thread>
#include <vector>

#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

constexpr uint64_t kBase = kWindowZones.far.start.value;

Mapping mapping(uint64_t start, uint64_t end, int prot = PROT_READ) {
  Mapping made;
  made.range = {{start}, {end}};
  made.prot = prot;
  made.flags = MAP_PRIVATE | MAP_ANONYMOUS;
  return made;
}

std::vector<Mapping> all(const AddressSpace& space) {
  std::vector<Mapping> list;
  space.for_each([&list](const Mapping& each) { list.push_back(each); });
  return list;
}

Placement request(uint64_t size, int prot = PROT_READ | PROT_WRITE) {
  Placement placement;
  placement.size = size;
  placement.prot = prot;
  return placement;
}

TEST(AddressSpace, NeighboursOfOneKindAreOneMapping) {
  AddressSpace space;
  space.note_map(mapping(kBase, kBase + 0x1000));
  space.note_map(mapping(kBase + 0x2000, kBase + 0x3000));
  space.note_map(mapping(kBase + 0x1000, kBase + 0x2000));
  ASSERT_EQ(all(space).size(), 1u);
  EXPECT_EQ(all(space)[0].range, (AppRange{{kBase}, {kBase + 0x3000}}));
}

TEST(AddressSpace, UnmappingTheMiddleLeavesBothEndsWithTheirFileOffsets) {
  AddressSpace space;
  Mapping file = mapping(kBase, kBase + 0x4000);
  file.file = std::make_shared<BackingFile>();
  file.offset = 0x7000;
  space.note_map(file);
  space.note_unmap({{kBase + 0x1000}, {kBase + 0x2000}});
  const auto list = all(space);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].offset, 0x7000u);
  EXPECT_EQ(list[1].offset, 0x9000u);
  space.note_map([&] {
    Mapping again = file;
    again.range = {{kBase + 0x1000}, {kBase + 0x2000}};
    again.offset = 0x8000;
    return again;
  }());
  EXPECT_EQ(all(space).size(), 1u);
}

TEST(AddressSpace, ProtectionChangesSplitAndHeal) {
  AddressSpace space;
  space.note_map(mapping(kBase, kBase + 0x3000));
  const AppRange middle{{kBase + 0x1000}, {kBase + 0x2000}};
  space.note_protect(middle, PROT_READ | PROT_EXEC);
  EXPECT_EQ(all(space).size(), 3u);
  EXPECT_TRUE(space.is_executable(middle));
  EXPECT_FALSE(space.is_executable({{kBase}, middle.end}));
  EXPECT_FALSE(space.is_executable({middle.start, {kBase + 0x2001}}));
  space.note_protect(middle, PROT_READ);
  EXPECT_EQ(all(space).size(), 1u);
}

TEST(AddressSpace, PlacesOfModulesThatWereLeftAreUsedAgain) {
  AddressSpace space;
  const auto place = [&](uint64_t pages) {
    const auto start = space.choose(request(pages * kPageSize, PROT_READ | PROT_EXEC));
    EXPECT_TRUE(start);
    space.note_map(mapping(start->value, start->value + pages * kPageSize, PROT_EXEC));
    return start->value;
  };
  const uint64_t first = place(2);
  const uint64_t second = place(1);
  const uint64_t third = place(2);
  EXPECT_EQ(second, first + 2 * kPageSize);
  EXPECT_EQ(third, second + kPageSize);
  space.note_unmap({{second}, {third}});
  EXPECT_EQ(place(2), third + 2 * kPageSize);
  EXPECT_EQ(place(1), second);
  space.note_unmap({{first}, {second}});
  EXPECT_EQ(place(1), first);
  EXPECT_EQ(place(1), first + kPageSize);
}

TEST(AddressSpace, AFileIsTranslatedFromWhileAnExecutableMappingShowsIt) {
  AddressSpace space;
  Mapping file = mapping(kBase, kBase + 0x1000);
  auto backing = std::make_shared<BackingFile>();
  backing->device = 1;
  backing->inode = 2;
  file.file = backing;
  space.note_map(file);
  EXPECT_FALSE(space.translates_file(1, 2));
  space.note_protect(file.range, PROT_READ | PROT_EXEC);
  EXPECT_TRUE(space.translates_file(1, 2));
  EXPECT_FALSE(space.translates_file(1, 3));
  space.note_unmap(file.range);
  EXPECT_FALSE(space.translates_file(1, 2));
}

TEST(AddressSpace, ExecutabilityEndsAtHolesAndAtWhatIsNotTheProgramS) {
  AddressSpace space;
  space.note_map(mapping(kBase, kBase + 0x1000, PROT_EXEC));
  space.note_map(mapping(kBase + 0x2000, kBase + 0x3000, PROT_EXEC));
  Mapping ours = mapping(kBase + 0x1000, kBase + 0x2000, PROT_EXEC);
  EXPECT_FALSE(space.is_executable({{kBase}, {kBase + 0x3000}}));
  ours.owner = Owner::kRuntime;
  space.note_map(ours);
  EXPECT_FALSE(space.is_executable({{kBase}, {kBase + 0x3000}}));
  EXPECT_FALSE(space.program_covers({{kBase}, {kBase + 0x3000}}));
  EXPECT_EQ(space.first_overlap({{kBase}, {kBase + 0x3000}}, Owner::kRuntime)->range, ours.range);
}

TEST(AddressSpace, MovesKeepFileOffsets) {
  AddressSpace space;
  Mapping file = mapping(kBase, kBase + 0x4000);
  file.file = std::make_shared<BackingFile>();
  space.note_map(file);
  const AppRange to{{kBase + 0x10000}, {kBase + 0x12000}};
  space.note_remap({{kBase + 0x1000}, {kBase + 0x2000}}, to, false);
  EXPECT_EQ(space.find(to.start)->offset, 0x1000u);
  EXPECT_EQ(space.find(to.start)->range, to);
  EXPECT_FALSE(space.find({kBase + 0x1000}));
  EXPECT_EQ(space.find({kBase + 0x2000})->offset, 0x2000u);
}

TEST(AddressSpace, OnlyWhatNobodyChangesIsConsulted) {
  AddressSpace space;
  const AppRange slot{{kBase + 0x1008}, {kBase + 0x1010}};
  EXPECT_FALSE(space.consult(slot)) << "nothing is there";
  for (const int prot : {PROT_NONE, PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ | PROT_EXEC}) {
    space.note_map(mapping(kBase, kBase + 0x4000, prot));
    EXPECT_FALSE(space.consult(slot)) << prot;
  }
  Mapping shared = mapping(kBase, kBase + 0x4000);
  shared.flags = MAP_SHARED | MAP_ANONYMOUS;
  space.note_map(shared);
  EXPECT_FALSE(space.consult(slot));
  Mapping ours = mapping(kBase, kBase + 0x4000);
  ours.owner = Owner::kRuntime;
  space.note_map(ours);
  EXPECT_FALSE(space.consult(slot));
  Mapping clock = mapping(kBase, kBase + 0x4000);
  clock.label = Label::kVvar;
  space.note_map(clock);
  EXPECT_FALSE(space.consult(slot));
  EXPECT_FALSE(space.is_consulted({{kBase}, {kBase + 0x4000}}));
  space.note_map(mapping(kBase, kBase + 0x4000));
  EXPECT_TRUE(space.consult(slot));
  EXPECT_TRUE(space.consult(slot));
  EXPECT_FALSE(space.consult({{kBase + 0x3ffc}, {kBase + 0x4004}})) << "it ends amid the slot";
}

TEST(AddressSpace, AFileThatSomebodyWritesIsNotConsulted) {
  AddressSpace space;
  Mapping file = mapping(kBase, kBase + 0x4000);
  file.flags = MAP_PRIVATE;
  file.file = std::make_shared<BackingFile>(BackingFile{1, 2, "module"});
  space.note_map(file);
  Mapping view = file;
  view.range = {{kBase + 0x10000}, {kBase + 0x14000}};
  view.flags = MAP_SHARED;
  view.prot = PROT_READ | PROT_WRITE;
  space.note_map(view);
  const AppRange slot{{kBase + 8}, {kBase + 16}};
  EXPECT_FALSE(space.consult(slot));
  space.note_unmap(view.range);
  EXPECT_FALSE(space.translates_file(1, 2));
  const uint32_t before = space.translated_files_version();
  EXPECT_TRUE(space.consult(slot));
  EXPECT_TRUE(space.translates_file(1, 2));
  EXPECT_NE(space.translated_files_version(), before);
}

TEST(AddressSpace, ChangesOfWhatWasConsultedAreTold) {
  const AppRange whole{{kBase}, {kBase + 0x4000}};
  const AppRange other{{kBase + 0x10000}, {kBase + 0x14000}};
  const AppRange slot{{kBase + 0x1008}, {kBase + 0x1010}};
  const AppRange aside{{kBase + 0x8000}, {kBase + 0x9000}};
  const auto consulted = [&](auto change) {
    AddressSpace space;
    space.note_map(mapping(whole.start.value, whole.end.value));
    space.note_map(mapping(other.start.value, other.end.value));
    space.note_map(mapping(aside.start.value, aside.end.value));
    EXPECT_FALSE(change(space)) << "before";
    AddressSpace again;
    again.note_map(mapping(whole.start.value, whole.end.value));
    again.note_map(mapping(other.start.value, other.end.value));
    EXPECT_TRUE(again.consult(slot));
    EXPECT_FALSE(again.note_protect(aside, PROT_READ)) << "something else";
    return change(again);
  };
  const AppRange page{{kBase + 0x1000}, {kBase + 0x2000}};
  EXPECT_TRUE(consulted([&](AddressSpace& space) { return space.note_protect(page, PROT_NONE); }));
  EXPECT_TRUE(consulted([&](AddressSpace& space) {
    return space.note_map(mapping(page.start.value, page.end.value));
  }));
  EXPECT_TRUE(consulted([&](AddressSpace& space) {
    return space.note_remap(whole, {aside.start, aside.start + whole.size()}, false);
  }));
  EXPECT_TRUE(
      consulted([&](AddressSpace& space) { return space.note_remap(other, whole, false); }));
}

TEST(AddressSpace, WhatIsProtectedAnewHasToBeConsultedAgain) {
  AddressSpace space;
  space.note_map(mapping(kBase, kBase + 0x2000));
  const AppRange first{{kBase}, {kBase + 0x1000}};
  const AppRange second{{kBase + 0x1000}, {kBase + 0x2000}};
  ASSERT_TRUE(space.consult({first.start, first.start + 8}));
  EXPECT_TRUE(space.note_protect(first, PROT_READ | PROT_WRITE));
  EXPECT_FALSE(space.is_consulted(first));
  EXPECT_TRUE(space.is_consulted(second)) << "the mark is that of the mapping";
  EXPECT_FALSE(space.note_protect(first, PROT_READ));
  EXPECT_TRUE(space.is_consulted(first)) << "they are one mapping again";
  EXPECT_EQ(all(space).size(), 1u);
}

TEST(AddressSpace, ModulesGoNearAndDataGoesFar) {
  AddressSpace space;
  Placement module = request(0x200000, PROT_READ);
  module.file_backed = true;
  EXPECT_TRUE(kWindowZones.near.contains(*space.choose(module)));
  EXPECT_TRUE(kWindowZones.near.contains(*space.choose(request(0x10000, PROT_READ | PROT_EXEC))));
  EXPECT_TRUE(kWindowZones.far.contains(*space.choose(request(0x10000))));
  module.size = kGiB;
  EXPECT_TRUE(kWindowZones.far.contains(*space.choose(module)));
}

TEST(AddressSpace, AModuleHasOnePlaceInEveryProcessUnlessItIsTaken) {
  Placement module;
  module.size = 0x5000;
  module.file_backed = true;
  module.file_number = 4711;
  AddressSpace one;
  AddressSpace other;
  one.repeat_places();
  other.repeat_places();
  Placement before = module;
  before.file_number = 12;
  ASSERT_TRUE(other.choose(before).has_value());
  const auto place = one.choose(module);
  ASSERT_TRUE(place.has_value());
  EXPECT_TRUE(kWindowZones.near.contains(*place));
  EXPECT_EQ(other.choose(module), place);
  // A second time it goes elsewhere.
  const auto again = one.choose(module);
  ASSERT_TRUE(again.has_value());
  EXPECT_NE(again, place);
  EXPECT_TRUE(kWindowZones.near.contains(*again));
}

TEST(AddressSpace, TheNearZoneOverflowsIntoTheFarOne) {
  AddressSpace space;
  Mapping full;
  full.range = kWindowZones.near;
  full.owner = Owner::kRuntime;
  space.note_map(full);
  EXPECT_TRUE(kWindowZones.far.contains(*space.choose(request(0x1000, PROT_EXEC))));
}

TEST(AddressSpace, OtherZonesAreKeptJustAsWell) {
  AddressSpace space;
  space.use_zones(kSanitizerZones);
  EXPECT_TRUE(kSanitizerZones.near.contains(*space.choose(request(0x1000, PROT_EXEC))));
  EXPECT_TRUE(kSanitizerZones.far.contains(*space.choose(request(0x1000))));
}

TEST(AddressSpace, ZonesDoNotMeet) {
  for (const Zones& zones : {kWindowZones, kSanitizerZones}) {
    EXPECT_FALSE(zones.near.overlaps(zones.heap) || zones.near.overlaps(zones.far) ||
                 zones.heap.overlaps(zones.far));
    EXPECT_TRUE(zones.near.contains({zones.code_cache}));
    EXPECT_LE(zones.code_cache + kCodeCacheLimit, zones.near.end.value);
    EXPECT_LE(zones.near.size(), 2 * kGiB);
  }
}

TEST(AddressSpace, HintsAreHonouredWhereFreeOnly) {
  AddressSpace space;
  Placement placement = request(0x2000);
  placement.hint = 0x1234'5678'9000;
  EXPECT_EQ(space.choose(placement)->value, placement.hint);
  EXPECT_NE(space.choose(placement)->value, placement.hint);
  placement.hint = ~uint64_t{0xfff};
  EXPECT_TRUE(kWindowZones.far.contains(*space.choose(placement)));
}

TEST(AddressSpace, LowMemoryIsFoundForMap32Bit) {
  AddressSpace space;
  Placement placement = request(0x1000);
  placement.low_2gb = true;
  for (int i = 0; i < 100; ++i) EXPECT_LT(space.choose(placement)->value, 0x8000'0000u);
  placement.size = uint64_t{4} << 30;
  EXPECT_FALSE(space.choose(placement));
}

TEST(AddressSpace, AlignmentIsKept) {
  AddressSpace space;
  ASSERT_TRUE(space.choose(request(0x1000)));
  Placement placement = request(0x3000);
  placement.align = 0x200000;
  for (const int prot : {PROT_READ, PROT_READ | PROT_EXEC}) {
    placement.prot = prot;
    EXPECT_EQ(space.choose(placement)->value % placement.align, 0u);
  }
}

TEST(AddressSpace, NothingFitsIsAnAnswer) {
  AddressSpace space;
  EXPECT_FALSE(space.choose(request(0)));
  EXPECT_FALSE(space.choose(request(kWindowSize)));
  EXPECT_FALSE(space.choose(request(~uint64_t{0} - 5)));
}

TEST(AddressSpace, FreedRoomInTheFarZoneIsUsedAgain) {
  AddressSpace space;
  const uint64_t first = space.choose(request(0x100000))->value;
  ASSERT_LT(space.choose(request(0x100000))->value, first);
  space.note_unmap({{first}, {first + 0x100000}});
  EXPECT_GE(space.choose(request(0x100000))->value, first);
}

/// Against a plain model, page by page.
TEST(AddressSpace, AgreesWithAPageTableAfterRandomOperations) {
  constexpr uint64_t kPages = 64;
  struct Page {
    bool mapped = false;
    int prot = 0;
  };
  std::vector<Page> model(kPages);
  AddressSpace space;
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    const uint64_t first = random() % kPages;
    const uint64_t last = first + 1 + random() % (kPages - first);
    const AppRange range{{kBase + first * kPageSize}, {kBase + last * kPageSize}};
    const int prot = static_cast<int>(random() % 8);
    const uint64_t kind = random() % 3;
    for (uint64_t page = first; page < last; ++page) {
      if (kind == 0) model[page] = {true, prot};
      if (kind == 1) model[page] = {};
      if (kind == 2 && model[page].mapped) model[page].prot = prot;
    }
    if (kind == 0) space.note_map(mapping(range.start.value, range.end.value, prot));
    if (kind == 1) space.note_unmap(range);
    if (kind == 2) space.note_protect(range, prot);
    const uint64_t probe = random() % kPages;
    const auto found = space.find({kBase + probe * kPageSize + 5});
    ASSERT_EQ(found.has_value(), model[probe].mapped);
    if (found) {
      ASSERT_EQ(found->prot, model[probe].prot);
    }
    bool covered = true;
    for (uint64_t page = first; page < last; ++page) covered = covered && model[page].mapped;
    ASSERT_EQ(space.program_covers(range), covered);
  }
  // Merged as far as can be: no two neighbours are alike.
  const auto list = all(space);
  for (size_t i = 0; i + 1 < list.size(); ++i) {
    EXPECT_TRUE(list[i].range.end < list[i + 1].range.start || list[i].prot != list[i + 1].prot);
  }
}

TEST(AddressSpace, ThreadsNeverGetTheSamePlace) {
  AddressSpace space;
  std::vector<std::vector<uint64_t>> got(4);
  std::vector<std::thread> threads;
  threads.reserve(got.size());
  for (auto& mine : got) {
    threads.emplace_back([&space, &mine] {
      for (int i = 0; i < 500; ++i) {
        const int prot = i % 2 == 0 ? PROT_READ : PROT_READ | PROT_EXEC;
        mine.push_back(space.choose(request(0x1000, prot))->value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<uint64_t> places;
  for (const auto& mine : got) places.insert(places.end(), mine.begin(), mine.end());
  std::sort(places.begin(), places.end());
  EXPECT_EQ(std::adjacent_find(places.begin(), places.end()), places.end());
}

}  // namespace
}  // namespace weft::linux

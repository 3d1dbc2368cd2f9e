#include "linux/image/elf_loader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>

#include "elf_builder.h"
#include "linux/kernel/unique_fd.h"
#include "linux/memory/layout.h"
#include "sanitizers.h"
#include "temporary_files.h"

namespace weft::linux {
namespace {

class ElfLoaderTest : public TemporaryFiles {
 protected:
  void SetUp() override {
    TemporaryFiles::SetUp();
    if (kSanitizerOwnsWindow) GTEST_SKIP() << "the sanitizer uses the window";
  }
  Result<LoadedImage> load(ElfBuilder& elf) {
    const std::string file = write("program", elf.bytes());
    const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto image = read_elf(fd.get());
    if (!image.ok()) return image.error();
    auto loaded = load_image(image.value(), fd.get(), file, space_);
    if (loaded.ok()) mapped_.push_back(loaded.value().range);
    return loaded;
  }
  void TearDown() override {
    for (const AppRange& range : mapped_) {
      munmap(reinterpret_cast<void*>(range.start.value), range.size());
    }
    TemporaryFiles::TearDown();
  }
  static bool is_mapped(uint64_t address) {
    unsigned char state;
    return mincore(reinterpret_cast<void*>(address), kPageSize, &state) == 0;
  }

  AddressSpace space_;
  std::vector<AppRange> mapped_;
};

TEST_F(ElfLoaderTest, AMovableImageLiesInTheNearZoneWithItsHolesUnmapped) {
  ElfBuilder elf;
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const uint64_t base = loaded.value().range.start.value;
  EXPECT_TRUE(kWindowZones.near.contains(loaded.value().range.start));
  EXPECT_EQ(loaded.value().entry, base + 0x1000);
  EXPECT_EQ(loaded.value().phdrs, base + sizeof(Elf64_Ehdr));
  EXPECT_EQ(loaded.value().break_start, base + 0x5800);
  EXPECT_EQ(*reinterpret_cast<uint8_t*>(base + 0x1000), 0x90);
  EXPECT_TRUE(space_.is_executable({{base}, {base + 0x2000}}));
  EXPECT_FALSE(space_.find({base + 0x2000}));
  EXPECT_FALSE(is_mapped(base + 0x2000));
  EXPECT_EQ(space_.find({base + 0x3000})->prot, PROT_READ | PROT_WRITE);
}

TEST_F(ElfLoaderTest, WhatIsBeyondTheFileIsZero) {
  ElfBuilder elf;
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok());
  const auto* data = reinterpret_cast<const uint8_t*>(loaded.value().bias + 0x3000);
  for (size_t i = 0; i < 0x800; ++i) ASSERT_EQ(data[i], 0x90) << i;
  for (size_t i = 0x800; i < 0x3000; ++i) ASSERT_EQ(data[i], 0) << i;
}

TEST_F(ElfLoaderTest, ASegmentWithoutFileBytesIsAllZeros) {
  ElfBuilder elf;
  elf.segments[1] = ElfBuilder::load(PF_R | PF_W, 0x2000, 0x3000, 0, 0x1800);
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(*reinterpret_cast<uint8_t*>(loaded.value().bias + 0x3000), 0);
  EXPECT_EQ(space_.find({loaded.value().bias + 0x3000})->file, nullptr);
}

TEST_F(ElfLoaderTest, SegmentsThatShareAPageAreMappedInOrder) {
  ElfBuilder elf;
  elf.segments[1] = ElfBuilder::load(PF_R | PF_W, 0x1800, 0x1800, 0x800, 0x1800);
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(space_.find({loaded.value().bias + 0x1000})->prot, PROT_READ | PROT_WRITE);
  EXPECT_EQ(*reinterpret_cast<uint8_t*>(loaded.value().bias + 0x2000), 0);
}

TEST_F(ElfLoaderTest, SegmentsMayComeInAnyOrder) {
  ElfBuilder elf;
  std::swap(elf.segments[0], elf.segments[1]);
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded.value().entry, loaded.value().range.start.value + 0x1000);
  EXPECT_EQ(space_.find({loaded.value().bias})->prot, PROT_READ | PROT_EXEC);
  EXPECT_EQ(space_.find({loaded.value().bias + 0x3000})->prot, PROT_READ | PROT_WRITE);
}

TEST_F(ElfLoaderTest, AlignmentOfTheBaseIsKept) {
  ElfBuilder elf;
  elf.segments[0].p_align = 0x200000;
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value().range.start.value % 0x200000, 0u);
}

TEST_F(ElfLoaderTest, AnImageLinkedHighMovesAsOneThatIsLinkedAtZero) {
  ElfBuilder elf;
  for (auto& segment : elf.segments) segment.p_vaddr += 0x7000'0000'0000;
  elf.header.e_entry += 0x7000'0000'0000;
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(kWindowZones.near.contains({loaded.value().entry}));
  EXPECT_EQ(loaded.value().entry, loaded.value().range.start.value + 0x1000);
}

TEST_F(ElfLoaderTest, AFixedImageLiesAtItsAddressOrNowhere) {
  ElfBuilder elf;
  elf.header.e_type = ET_EXEC;
  for (auto& segment : elf.segments) segment.p_vaddr += 0x10'0000'0000;
  const auto loaded = load(elf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded.value().range.start.value, 0x10'0000'0000u);
  EXPECT_EQ(loaded.value().bias, 0u);
  const auto again = load(elf);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, EEXIST);
  EXPECT_TRUE(is_mapped(0x10'0000'0000));
}

TEST_F(ElfLoaderTest, AFixedImageOverOurOwnMemoryIsRefusedAndLeavesNothing) {
  static char ours[3 * kPageSize];
  ElfBuilder elf;
  elf.header.e_type = ET_EXEC;
  const uint64_t base = page_down(reinterpret_cast<uint64_t>(ours)) - 0x3000;
  for (auto& segment : elf.segments) segment.p_vaddr += base;
  const auto loaded = load(elf);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, EEXIST);
  EXPECT_TRUE(space_.is_free({{base}, {base + 0x6000}}));
}

TEST_F(ElfLoaderTest, AnImageTooLargeForTheWindowIsAnError) {
  ElfBuilder elf;
  elf.segments[1].p_memsz = 5 * kTiB;
  const auto loaded = load(elf);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ENOMEM);
}

}  // namespace
}  // namespace weft::linux

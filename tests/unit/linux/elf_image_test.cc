#include "linux/image/elf_image.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <random>

#include "elf_builder.h"
#include "linux/kernel/unique_fd.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

void expect_refused(ElfBuilder& elf, int code, const std::string& part) {
  const auto image = elf.read();
  ASSERT_FALSE(image.ok()) << part;
  EXPECT_EQ(image.error().code, code) << image.error().message;
  EXPECT_NE(image.error().message.find(part), std::string::npos) << image.error().message;
  EXPECT_EQ(image.error().message.find('\n'), std::string::npos);
}

TEST(ElfImage, TellsTheSegmentsOfAValidFile) {
  ElfBuilder elf;
  const auto image = elf.read();
  ASSERT_TRUE(image.ok());
  EXPECT_TRUE(image.value().position_independent);
  EXPECT_EQ(image.value().segments.size(), 2u);
  EXPECT_EQ(image.value().span, (AppRange{{0}, {0x6000}}));
  EXPECT_EQ(image.value().segments[1].prot, PROT_READ | PROT_WRITE);
  EXPECT_EQ(image.value().phdr_address, sizeof(Elf64_Ehdr));
  EXPECT_FALSE(image.value().executable_stack);
  EXPECT_TRUE(image.value().interpreter.empty());
}

TEST(ElfImage, RefusesWhatIsNotAProgramForThisMachine) {
  ElfBuilder class32;
  class32.header.e_ident[EI_CLASS] = ELFCLASS32;
  expect_refused(class32, ENOEXEC, "32-bit");
  ElfBuilder other;
  other.header.e_machine = EM_AARCH64;
  expect_refused(other, ENOEXEC, "another architecture");
  ElfBuilder object;
  object.header.e_type = ET_REL;
  expect_refused(object, ENOEXEC, "not an executable");
  ElfBuilder magic;
  magic.header.e_ident[0] = 'M';
  expect_refused(magic, ENOEXEC, "not an ELF file");
}

TEST(ElfImage, RefusesHostileProgramHeaders) {
  ElfBuilder none;
  none.phnum = 0;
  expect_refused(none, ENOEXEC, "invalid program headers");
  ElfBuilder many;
  many.phnum = 0xffff;
  expect_refused(many, ENOEXEC, "invalid program headers");
  ElfBuilder beyond;
  beyond.header.e_phoff = 0x2ff0;
  expect_refused(beyond, ENOEXEC, "truncated");
  ElfBuilder wraps;
  wraps.header.e_phoff = ~uint64_t{0} - 8;
  expect_refused(wraps, ENOEXEC, "truncated");
  ElfBuilder size;
  size.header.e_phentsize = 32;
  expect_refused(size, ENOEXEC, "invalid program headers");
}

TEST(ElfImage, RefusesHostileSegments) {
  ElfBuilder inverted;
  inverted.segments[1].p_filesz = inverted.segments[1].p_memsz + 1;
  expect_refused(inverted, EINVAL, "larger in the file");
  ElfBuilder wrap;
  wrap.segments[1].p_memsz = ~uint64_t{0} - 0x1000;
  expect_refused(wrap, ENOMEM, "outside the address space");
  ElfBuilder kernel;
  kernel.segments[1].p_vaddr = 0xffff'8000'0000'0000;
  expect_refused(kernel, ENOMEM, "outside the address space");
  ElfBuilder offset;
  offset.segments[1].p_offset = ~uint64_t{0xfff};
  expect_refused(offset, ENOEXEC, "truncated");
  ElfBuilder misaligned;
  misaligned.segments[1].p_offset = 0x2010;
  expect_refused(misaligned, EINVAL, "misaligned");
  ElfBuilder nothing;
  for (auto& segment : nothing.segments) segment.p_type = PT_NULL;
  expect_refused(nothing, EINVAL, "nothing to load");
  ElfBuilder coarse;
  coarse.segments[0].p_align = uint64_t{1} << 62;
  expect_refused(coarse, EINVAL, "alignment");
}

TEST(ElfImage, RefusesATruncatedFileAtEveryLength) {
  const std::vector<uint8_t> whole = ElfBuilder().bytes();
  const size_t needed = 0x2800;
  for (size_t length = 0; length < needed; length += length < 300 ? 1 : 97) {
    const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    EXPECT_FALSE(ElfBuilder::read_bytes(cut).ok()) << length;
  }
  const std::vector<uint8_t> enough(whole.begin(), whole.begin() + needed);
  EXPECT_TRUE(ElfBuilder::read_bytes(enough).ok());
}

TEST(ElfImage, ReadsTheInterpreterAndRefusesMalformedNames) {
  ElfBuilder good;
  good.set_interpreter(std::string("/lib/ld.so\0", 11));
  const auto image = good.read();
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value().interpreter, "/lib/ld.so");
  ElfBuilder open_ended;
  open_ended.set_interpreter("/lib/ld.so");
  expect_refused(open_ended, ENOEXEC, "interpreter name");
  ElfBuilder longest;
  longest.set_interpreter(std::string(5000, 'x'));
  expect_refused(longest, ENOEXEC, "interpreter name");
  ElfBuilder empty;
  empty.set_interpreter(std::string(2, '\0'));
  expect_refused(empty, ENOENT, "empty interpreter name");
}

TEST(ElfImage, HonoursAlignmentBeyondAPageForMovableImagesOnly) {
  ElfBuilder movable;
  movable.segments[0].p_align = 0x200000;
  EXPECT_EQ(movable.read().value().align, 0x200000u);
  ElfBuilder odd;
  odd.segments[0].p_align = 0x300001;
  EXPECT_EQ(odd.read().value().align, kPageSize);
  ElfBuilder fixed;
  fixed.header.e_type = ET_EXEC;
  fixed.segments[0].p_align = 0x200000;
  EXPECT_EQ(fixed.read().value().align, kPageSize);
}

TEST(ElfImage, ReadsRealProgramsAndDoesNotTakeThemForSanitizerBuilt) {
  for (const char* path : {"/bin/true", "/bin/sh", "/lib64/ld-linux-x86-64.so.2"}) {
    const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(fd.valid()) << path;
    const auto image = read_elf(fd.get());
    ASSERT_TRUE(image.ok()) << path << ": " << image.error().message;
    EXPECT_FALSE(image.value().needs_own_layout) << path;
  }
}

/// A file whose dynamic section needs `library` and defines `symbol` in a one-bucket hash table.
ElfBuilder with_dynamic(const std::string& library, const std::string& symbol) {
  ElfBuilder elf;
  elf.tail.assign(0x800, 0);
  const uint64_t base = elf.size;  // mapped where it lies in the file
  auto put = [&elf](uint64_t at, const void* from, size_t bytes) {
    std::memcpy(elf.tail.data() + at, from, bytes);
  };
  const std::string strings = std::string(1, '\0') + library + '\0' + symbol + '\0';
  put(0x100, strings.data(), strings.size());
  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = static_cast<uint32_t>(1 + library.size() + 1);
  symbols[1].st_shndx = 1;
  put(0x200, symbols, sizeof symbols);
  uint32_t hash = 5381;
  for (const char each : symbol) hash = hash * 33 + static_cast<unsigned char>(each);
  const uint32_t table[] = {1, 1, 1, 6, ~0u, ~0u, 1, hash | 1};
  put(0x300, table, sizeof table);
  const Elf64_Dyn dynamic[] = {{DT_NEEDED, {1}},
                               {DT_STRTAB, {base + 0x100}},
                               {DT_SYMTAB, {base + 0x200}},
                               {DT_GNU_HASH, {base + 0x300}},
                               {DT_NULL, {0}}};
  put(0, dynamic, sizeof dynamic);
  elf.segments[1] = ElfBuilder::load(PF_R | PF_W, base, base, 0x800, 0x800);
  Elf64_Phdr header = elf.segments[1];
  header.p_type = PT_DYNAMIC;
  elf.segments.push_back(header);
  return elf;
}

TEST(ElfImage, RecognizesSanitizersByLibraryAndByDefinedSymbol) {
  EXPECT_TRUE(with_dynamic("libasan.so.8", "main").read().value().needs_own_layout);
  EXPECT_TRUE(with_dynamic("libtsan.so.2", "main").read().value().needs_own_layout);
  EXPECT_TRUE(with_dynamic("libc.so.6", "__asan_init").read().value().needs_own_layout);
  EXPECT_TRUE(with_dynamic("libc.so.6", "__msan_init").read().value().needs_own_layout);
  EXPECT_FALSE(with_dynamic("libc.so.6", "main").read().value().needs_own_layout);
  EXPECT_FALSE(with_dynamic("mylibasan.so", "my__asan_init").read().value().needs_own_layout);
}

/// Whatever the bytes, an accepted image has the properties that the loader relies on.
void expect_sound(const ElfImage& image, uint64_t file_size) {
  ASSERT_FALSE(image.segments.empty());
  ASSERT_LT(image.span.start, image.span.end);
  ASSERT_LE(image.span.end.value, kUserEnd + kPageSize);
  ASSERT_EQ(image.align & (image.align - 1), 0u);
  for (const ElfSegment& segment : image.segments) {
    ASSERT_LE(segment.filesz, segment.memsz);
    ASSERT_LE(segment.vaddr + segment.memsz, image.span.end.value);
    ASSERT_GE(segment.vaddr, image.span.start.value);
    ASSERT_LE(segment.offset + segment.filesz, file_size);
    ASSERT_GE(segment.vaddr + segment.memsz, segment.vaddr);
  }
}

TEST(ElfImage, MutatedFilesAreRefusedOrSound) {
  ElfBuilder builder = with_dynamic("libc.so.6", "main");
  const std::vector<uint8_t> seed = builder.bytes();
  const uint64_t values[] = {0,          1,     0xff,      0x1000,    0x7fffffff,
                             1ull << 47, ~0ull, ~0xfffull, 1ull << 63};
  std::mt19937_64 random(1);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> file = seed;
    for (uint64_t change = random() % 4 + 1; change > 0; --change) {
      // Headers and the dynamic section are where it matters.
      const size_t at = random() % 2 == 0 ? random() % 0x180 : 0x3000 + random() % 0x400;
      const uint64_t value = random() % 2 == 0 ? values[random() % 9] : random();
      std::memcpy(file.data() + at, &value, std::min<size_t>(1ull << (random() % 4), 8));
    }
    if (random() % 8 == 0) file.resize(random() % file.size());
    const auto image = ElfBuilder::read_bytes(file);
    if (!image.ok()) {
      ASSERT_NE(image.error().code, 0);
      continue;
    }
    ++accepted;
    expect_sound(image.value(), file.size());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace weft::linux

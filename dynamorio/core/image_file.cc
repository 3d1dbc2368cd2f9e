// An ELF image laid out as in memory, to be read.
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "dr_api.h"

namespace {

constexpr uint64 kPage = 4096;

uint64 page_down(uint64 value) { return value & ~(kPage - 1); }
uint64 page_up(uint64 value) { return page_down(value + kPage - 1); }

/// The loaded segments; none if it is no ELF file.
std::vector<Elf64_Phdr> segments_of(int fd) {
  Elf64_Ehdr header{};
  if (pread(fd, &header, sizeof header, 0) != sizeof header) return {};
  if (__builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  const auto bytes = static_cast<ssize_t>(segments.size() * sizeof(Elf64_Phdr));
  if (pread(fd, segments.data(), static_cast<size_t>(bytes), static_cast<off_t>(header.e_phoff)) !=
      bytes) {
    return {};
  }
  std::erase_if(segments, [](const Elf64_Phdr& each) { return each.p_type != PT_LOAD; });
  return segments;
}

byte* lay_out(int fd, const std::vector<Elf64_Phdr>& segments, bool skips_writable, size_t* size) {
  uint64 low = ~uint64{0};
  uint64 high = 0;
  for (const Elf64_Phdr& each : segments) {
    low = std::min<uint64>(low, page_down(each.p_vaddr));
    high = std::max<uint64>(high, page_up(each.p_vaddr + each.p_memsz));
  }
  void* const place = mmap(nullptr, high - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return nullptr;
  auto* const base = static_cast<byte*>(place);
  for (const Elf64_Phdr& each : segments) {
    if (skips_writable && (each.p_flags & PF_W) != 0) continue;
    const uint64 start = page_down(each.p_vaddr);
    const void* const mapped =
        mmap(base + (start - low), each.p_vaddr + each.p_filesz - start, PROT_READ,
             MAP_PRIVATE | MAP_FIXED, fd, static_cast<off_t>(page_down(each.p_offset)));
    if (mapped == MAP_FAILED) {
      munmap(place, high - low);
      return nullptr;
    }
  }
  *size = high - low;
  return base;
}

}  // namespace

extern "C" {

byte* dr_map_executable_file(const char* filename, dr_map_executable_flags_t flags, size_t* size) {
  const int fd = open(filename, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  const std::vector<Elf64_Phdr> segments = segments_of(fd);
  byte* base = nullptr;
  if (!segments.empty()) {
    base = lay_out(fd, segments, (flags & DR_MAPEXE_SKIP_WRITABLE) != 0, size);
  }
  close(fd);
  return base;
}

bool dr_unmap_executable_file(byte* base, size_t size) { return munmap(base, size) == 0; }

}  // extern "C"

// What the headers of an ELF file say, read and checked: nothing in an ElfImage can make its user
// compute a wrapped address. Values only; any thread; not signal-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace weft::linux {

/// A PT_LOAD. vaddr + memsz and offset + filesz do not wrap; filesz <= memsz; vaddr and offset
/// agree modulo the page size.
struct ElfSegment {
  uint64_t vaddr = 0;
  uint64_t memsz = 0;
  uint64_t offset = 0;
  uint64_t filesz = 0;
  int prot = 0;
};

struct ElfImage {
  bool position_independent = false;
  uint64_t entry = 0;  ///< before relocation
  uint64_t phdr_address =
      0;  ///< where the program headers lie in memory, before relocation; 0: nowhere
  uint16_t phdr_count = 0;
  AppRange span;               ///< page-aligned range of all segments, before relocation
  uint64_t align = kPageSize;  ///< what the base of a position-independent image is a multiple of
  bool executable_stack = false;  ///< PT_GNU_STACK asks for it
  std::string interpreter;        ///< empty: none
  std::vector<ElfSegment> segments;
  /// Built with a sanitizer whose own shadow needs the ranges that ours would take.
  bool needs_own_layout = false;
};

/// A file's bytes: reads `out.size()` bytes at `offset`; false if the file is shorter.
using ElfReader = std::function<bool(uint64_t offset, std::span<uint8_t> out)>;

/// Reads an executable's or an interpreter's headers. Error::code is the errno of execve for such a
/// file; the message tells what is wrong, without the file's name.
Result<ElfImage> read_elf(const ElfReader& read, uint64_t file_size);
Result<ElfImage> read_elf(int fd);

}  // namespace weft::linux

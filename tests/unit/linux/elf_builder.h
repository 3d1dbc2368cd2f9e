// Small ELF files, made in memory, one field wrong at a time.
#pragma once

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linux/image/elf_image.h"

namespace weft::linux {

/// A valid static program of one readable and one writable segment, to be spoilt by a test.
class ElfBuilder {
 public:
  ElfBuilder() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = 0x1000;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    segments.push_back(load(PF_R | PF_X, 0, 0, 0x2000, 0x2000));
    segments.push_back(load(PF_R | PF_W, 0x2000, 0x3000, 0x800, 0x2800));
  }

  static Elf64_Phdr load(uint32_t flags, uint64_t offset, uint64_t address, uint64_t in_file,
                         uint64_t in_memory) {
    Elf64_Phdr segment = {};
    segment.p_type = PT_LOAD;
    segment.p_flags = flags;
    segment.p_offset = offset;
    segment.p_vaddr = segment.p_paddr = address;
    segment.p_filesz = in_file;
    segment.p_memsz = in_memory;
    segment.p_align = 0x1000;
    return segment;
  }

  /// Names an interpreter; the string lies at the end of the file.
  void set_interpreter(const std::string& name) {
    Elf64_Phdr segment = {};
    segment.p_type = PT_INTERP;
    segment.p_offset = size;
    segment.p_filesz = segment.p_memsz = name.size();
    segments.insert(segments.begin(), segment);
    tail.assign(name.begin(), name.end());
  }

  std::vector<uint8_t> bytes() {
    header.e_phnum = phnum.value_or(static_cast<uint16_t>(segments.size()));
    std::vector<uint8_t> file(size, 0x90);
    file.insert(file.end(), tail.begin(), tail.end());
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, segments.data(), segments.size() * sizeof segments[0]);
    return file;
  }

  Result<ElfImage> read() { return read_bytes(bytes()); }

  static Result<ElfImage> read_bytes(const std::vector<uint8_t>& file) {
    return read_elf(
        [&file](uint64_t offset, std::span<uint8_t> out) {
          if (offset > file.size() || out.size() > file.size() - offset) return false;
          std::memcpy(out.data(), file.data() + offset, out.size());
          return true;
        },
        file.size());
  }

  Elf64_Ehdr header = {};
  std::vector<Elf64_Phdr> segments;
  std::optional<uint16_t> phnum;
  size_t size = 0x3000;
  std::vector<uint8_t> tail;
};

}  // namespace weft::linux

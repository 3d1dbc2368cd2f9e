#include "linux/image/elf_image.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linux/image/elf_dynamic.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

Error not_executable(const char* why) { return Error{why, ENOEXEC}; }
Error malformed(const char* why) { return Error{why, EINVAL}; }

/// The kernel reads at most this much of program headers.
constexpr uint64_t kMostHeaderBytes = 65536;

template <typename T>
bool read_at(const ElfReader& read, uint64_t offset, T& out) {
  return read(offset, {reinterpret_cast<uint8_t*>(&out), sizeof out});
}

Status check_header(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return not_executable("not an ELF file");
  if (header.e_ident[EI_CLASS] == ELFCLASS32) return not_executable("a 32-bit program");
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return not_executable("an ELF file of unknown class");
  if (header.e_machine != EM_X86_64) return not_executable("a program for another architecture");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return not_executable("an ELF file, but not an executable");
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      header.e_phnum * sizeof(Elf64_Phdr) > kMostHeaderBytes) {
    return not_executable("an ELF file with invalid program headers");
  }
  return Unit{};
}

Status add_segment(const Elf64_Phdr& header, uint64_t file_size, ElfImage& image) {
  if (header.p_memsz == 0) return Unit{};
  if (header.p_filesz > header.p_memsz) {
    return malformed("an ELF file with a segment that is larger in the file than in memory");
  }
  if (header.p_vaddr >= kUserEnd || header.p_memsz > kUserEnd - header.p_vaddr) {
    return Error{"an ELF file with a segment outside the address space", ENOMEM};
  }
  if (header.p_offset > file_size || header.p_filesz > file_size - header.p_offset) {
    return not_executable("a truncated ELF file");
  }
  if (header.p_vaddr % kPageSize != header.p_offset % kPageSize) {
    return malformed("an ELF file with a misaligned segment");
  }
  ElfSegment segment{header.p_vaddr, header.p_memsz, header.p_offset, header.p_filesz, 0};
  if (header.p_flags & PF_R) segment.prot |= PROT_READ;
  if (header.p_flags & PF_W) segment.prot |= PROT_WRITE;
  if (header.p_flags & PF_X) segment.prot |= PROT_EXEC;
  const AppRange pages{{page_down(segment.vaddr)}, {page_up(segment.vaddr + segment.memsz)}};
  if (image.segments.empty()) {
    image.span = pages;
  } else {
    // In any order, as the kernel takes them.
    image.span.start = std::min(image.span.start, pages.start);
    image.span.end = std::max(image.span.end, pages.end);
  }
  if (header.p_align > image.align && (header.p_align & (header.p_align - 1)) == 0) {
    image.align = header.p_align;
  }
  image.segments.push_back(segment);
  return Unit{};
}

Status read_interpreter(const ElfReader& read, const Elf64_Phdr& header, ElfImage& image) {
  if (header.p_filesz < 2 || header.p_filesz > 4096) {
    return not_executable("an ELF file with an invalid interpreter name");
  }
  std::string name(header.p_filesz, '\0');
  if (!read(header.p_offset, {reinterpret_cast<uint8_t*>(name.data()), name.size()})) {
    return Error{"a truncated ELF file", EIO};
  }
  if (name.back() != '\0') return not_executable("an ELF file with an invalid interpreter name");
  image.interpreter = name.substr(0, name.find('\0'));
  if (image.interpreter.empty()) {
    return Error{"an ELF file with an empty interpreter name", ENOENT};
  }
  return Unit{};
}

/// As the kernel finds AT_PHDR: PT_PHDR's address, else where the segment that holds them puts
/// them.
uint64_t find_headers(const Elf64_Ehdr& header, std::span<const Elf64_Phdr> headers) {
  for (const Elf64_Phdr& each : headers) {
    if (each.p_type == PT_PHDR) return each.p_vaddr;
  }
  for (const Elf64_Phdr& each : headers) {
    if (each.p_type == PT_LOAD && each.p_offset <= header.e_phoff &&
        header.e_phoff - each.p_offset < each.p_filesz) {
      return header.e_phoff - each.p_offset + each.p_vaddr;
    }
  }
  return 0;
}

Status take_headers(const ElfReader& read, std::span<const Elf64_Phdr> headers, uint64_t file_size,
                    ElfImage& image) {
  for (const Elf64_Phdr& header : headers) {
    Status taken = Unit{};
    if (header.p_type == PT_LOAD) taken = add_segment(header, file_size, image);
    if (header.p_type == PT_INTERP && image.interpreter.empty()) {
      taken = read_interpreter(read, header, image);
    }
    if (header.p_type == PT_GNU_STACK) image.executable_stack = (header.p_flags & PF_X) != 0;
    if (!taken) return taken;
  }
  return Unit{};
}

}  // namespace

Result<ElfImage> read_elf(const ElfReader& read, uint64_t file_size) {
  Elf64_Ehdr header;
  if (file_size == 0) return not_executable("an empty file");
  if (file_size < SELFMAG) return not_executable("not an ELF file");
  if (file_size < sizeof header) {
    unsigned char magic[SELFMAG];
    const bool elf = read_at(read, 0, magic) && std::memcmp(magic, ELFMAG, SELFMAG) == 0;
    return not_executable(elf ? "a truncated ELF file" : "not an ELF file");
  }
  if (!read_at(read, 0, header)) return Error{"a file that cannot be read", EIO};
  if (Status checked = check_header(header); !checked) return checked.error();

  std::vector<Elf64_Phdr> headers(header.e_phnum);
  const uint64_t bytes = headers.size() * sizeof(Elf64_Phdr);
  if (header.e_phoff > file_size || bytes > file_size - header.e_phoff ||
      !read(header.e_phoff, {reinterpret_cast<uint8_t*>(headers.data()), bytes})) {
    return not_executable("a truncated ELF file");
  }

  ElfImage image;
  image.position_independent = header.e_type == ET_DYN;
  image.entry = header.e_entry;
  image.phdr_count = header.e_phnum;
  image.phdr_address = find_headers(header, headers);
  if (Status taken = take_headers(read, headers, file_size, image); !taken) return taken.error();
  if (image.segments.empty()) return malformed("an ELF file with nothing to load");
  if (!image.position_independent) image.align = kPageSize;
  if (image.align > kGiB) return malformed("an ELF file with an alignment beyond 1 GB");
  image.needs_own_layout = uses_sanitizer(read, headers, image);
  return image;
}

Result<ElfImage> read_elf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return Error{std::strerror(errno), errno};
  if (S_ISDIR(status.st_mode)) return Error{"a directory", EACCES};
  if (!S_ISREG(status.st_mode)) return Error{"not a regular file", EACCES};
  const ElfReader read = [fd](uint64_t offset, std::span<uint8_t> out) {
    while (!out.empty()) {
      const int64_t got = raw_syscall(__NR_pread64, static_cast<uint64_t>(fd), word(out.data()),
                                      out.size(), offset);
      if (got == -EINTR) continue;
      if (got <= 0) return false;
      out = out.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
    return true;
  };
  return read_elf(read, static_cast<uint64_t>(status.st_size));
}

}  // namespace weft::linux

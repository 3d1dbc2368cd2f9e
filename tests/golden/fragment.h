// What golden files of whole fragments share: a program of one page, and how a draft is shown.
#pragma once

#include <sys/mman.h>

#include <cstring>
#include <ostream>
#include <vector>

#include "../unit/cache/fake_code.h"
#include "translate/superblock.h"
#include "x86/disassembler.h"

namespace weft::translate {

inline constexpr AppPc kPc{0x10000000};
inline constexpr uint64_t kPage = 4096;

/// Executable memory of the test's own, at the address that the golden files name.
class Program final : public ProgramCode {
 public:
  explicit Program(const std::vector<uint8_t>& bytes)
      : memory_(mmap(reinterpret_cast<void*>(kPc.value), kPage, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)) {
    CHECK(memory_ != MAP_FAILED);
    std::memcpy(memory_, bytes.data(), bytes.size());
  }
  ~Program() override { munmap(memory_, kPage); }
  CodeRange executable_range(AppPc pc) override {
    const AppRange all{kPc, kPc + kPage};
    return all.contains(pc) ? CodeRange{all} : CodeRange{};
  }
  std::optional<AppPc> constant_at(AppPc) override { return std::nullopt; }

 private:
  void* memory_;
};

inline Environment environment() {
  Environment environment;
  environment.routines = {{0x40050000000},
                          {0x40050000008},
                          {0x40050000010},
                          {0x40050000020},
                          {0x40050000030},
                          {0x40050000040},
                          {},
                          {},
                          {},
                          {}};
  environment.code_low = 0x40050000000;
  environment.code_high = 0x40060000000;
  environment.shadow_displacement = 0x7ff00000;
  return environment;
}

inline void list_fixups(std::ostream& out, const Draft& draft) {
  static const char* const kKinds[] = {"address", "hot", "cold", "exit id"};
  out << "fixups:\n";
  for (const cache::Fixup& fixup : draft.fixups) {
    if (fixup.where == cache::Fixup::Where::kCold) continue;  // stubs are shown by other files
    out << "  hot+" << fixup.offset << " -> " << kKinds[static_cast<int>(fixup.kind)] << " "
        << std::hex << "0x" << fixup.target << std::dec << "\n";
  }
}

inline void list_code(std::ostream& out, const Draft& draft) {
  const std::span<const uint8_t> code = draft.hot.code();
  out << "hot:\n";
  for (size_t at = 0; at < code.size();) {
    const x86::Disassembled line = x86::disassemble(code.data() + at, code.size() - at, {at});
    out << "  " << at << ": " << line.text << "\n";
    at += line.length;
  }
}

}  // namespace weft::translate

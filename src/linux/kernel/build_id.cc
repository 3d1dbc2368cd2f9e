#include "linux/kernel/build_id.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace weft::linux {
namespace {

/// Of the first object that is shown, the executable.
int note_build(dl_phdr_info* info, size_t, void* id) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const Elf64_Phdr& header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* const notes = reinterpret_cast<const uint8_t*>(info->dlpi_addr + header.p_vaddr);
    auto& found = *static_cast<std::string*>(id);
    found = build_id_in({notes, header.p_memsz});
    if (!found.empty()) break;
  }
  return 1;
}

}  // namespace

std::string build_id_in(std::span<const uint8_t> notes) {
  constexpr size_t kAlign = 4;
  const auto padded = [](size_t size) { return (size + kAlign - 1) & ~(kAlign - 1); };
  Elf64_Nhdr note;
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    const size_t start = sizeof note + padded(note.n_namesz);
    const size_t end = start + padded(note.n_descsz);
    if (end > notes.size()) break;
    constexpr char kOwner[] = "GNU";
    const bool is_gnu = note.n_namesz == sizeof kOwner &&
                        std::memcmp(notes.data() + sizeof note, kOwner, sizeof kOwner) == 0;
    if (is_gnu && note.n_type == NT_GNU_BUILD_ID) {
      std::string id;
      for (const uint8_t byte : notes.subspan(start, note.n_descsz)) {
        id += fmt::format("{:02x}", byte);
      }
      return id;
    }
    notes = notes.subspan(end);
  }
  return {};
}

std::string own_build_id() {
  std::string id;
  dl_iterate_phdr(note_build, &id);
  return id;
}

}  // namespace weft::linux

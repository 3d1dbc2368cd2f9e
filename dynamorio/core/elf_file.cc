#include "core/elf_file.h"

#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// Files that were read once. A module is asked about often.
struct Cache {
  std::mutex mutex;
  std::map<uint32_t, std::shared_ptr<const ElfFile>> files;  ///< by Module::number; under mutex
};

Cache& cache() {
  static Cache cache;
  return cache;
}

std::vector<uint8_t> bytes_of(const Module& module) {
  if (module.path.starts_with('[')) {
    std::vector<uint8_t> bytes(module.range.size());
    bytes.resize(Room::get().process().read_memory(module.range.start, bytes.data(), bytes.size()));
    return bytes;
  }
  std::ifstream file(module.path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::shared_ptr<const ElfFile> ElfFile::open(const Module& module) {
  {
    const std::lock_guard held(cache().mutex);
    const auto found = cache().files.find(module.number);
    if (found != cache().files.end()) return found->second;
  }
  auto file = std::make_shared<ElfFile>();
  file->bytes_ = bytes_of(module);
  struct stat status {};
  if (stat(module.path.c_str(), &status) == 0) file->inode_ = status.st_ino;
  if (!file->parse()) file = nullptr;
  const std::lock_guard held(cache().mutex);
  return cache().files.emplace(module.number, std::move(file)).first->second;
}

template <typename T>
std::optional<T> ElfFile::at(uint64_t offset) const {
  if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes_.data() + offset, sizeof value);
  return value;
}

const char* ElfFile::text(uint64_t offset) const {
  if (offset >= bytes_.size()) return "";
  const char* const start = reinterpret_cast<const char*>(bytes_.data()) + offset;
  return std::memchr(start, 0, bytes_.size() - offset) == nullptr ? "" : start;
}

std::optional<uint64_t> ElfFile::offset_of(uint64_t address) const {
  for (const Segment& each : segments_) {
    if (each.range.contains(address)) return address - each.range.start + each.offset;
  }
  return std::nullopt;
}

bool ElfFile::parse() {
  const auto header = at<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return false;
  std::optional<Elf64_Phdr> dynamic;
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const auto program = at<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!program) return false;
    if (program->p_type == PT_DYNAMIC) dynamic = program;
    if (program->p_type != PT_LOAD) continue;
    segments_.push_back({{program->p_vaddr, program->p_vaddr + program->p_memsz},
                         program->p_offset,
                         program->p_flags});
  }
  if (dynamic) read_dynamic(dynamic->p_offset, dynamic->p_filesz);
  return true;
}

void ElfFile::read_dynamic(uint64_t offset, uint64_t size) {
  uint64_t strings = 0;
  std::vector<uint64_t> names;
  std::optional<uint64_t> own_name;
  for (uint64_t i = 0; i < size; i += sizeof(Elf64_Dyn)) {
    const auto entry = at<Elf64_Dyn>(offset + i);
    if (!entry || entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_STRTAB) strings = offset_of(entry->d_un.d_ptr).value_or(0);
    if (entry->d_tag == DT_NEEDED) names.push_back(entry->d_un.d_val);
    if (entry->d_tag == DT_SONAME) own_name = entry->d_un.d_val;
  }
  for (const uint64_t name : names) needed_.emplace_back(text(strings + name));
  if (own_name) soname_ = text(strings + *own_name);
  // How many symbols there are stands in the section headers; every linked image has them.
  const auto header = at<Elf64_Ehdr>(0);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section || section->sh_type != SHT_DYNSYM) continue;
    for (uint32_t number = 1; number < section->sh_size / sizeof(Elf64_Sym); ++number) {
      const auto symbol = at<Elf64_Sym>(section->sh_offset + number * sizeof(Elf64_Sym));
      if (!symbol) break;
      symbols_.push_back({text(strings + symbol->st_name), symbol->st_value,
                          static_cast<uint8_t>(ELF64_ST_TYPE(symbol->st_info)),
                          symbol->st_shndx != SHN_UNDEF, number});
    }
  }
}

const ElfFile::Symbol* ElfFile::find(std::string_view name) const {
  for (const Symbol& each : symbols_) {
    if (each.defined && name == each.name) return &each;
  }
  return nullptr;
}

}  // namespace weft::dynamorio

// Functions of an ELF file, and where its debug file is.
#include <cxxabi.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/address.h"
#include "tool/elfutils.h"
#include "tool/symbol_tables.h"
#include "weft/symbols.h"

namespace weft {
namespace {

constexpr std::string_view kDebugRoot = "/usr/lib/debug";

/// Best first: what a person calls the function at an address with several names.
int rank(const GElf_Sym& symbol) {
  switch (GELF_ST_BIND(symbol.st_info)) {
    case STB_GLOBAL:
      return 0;
    case STB_WEAK:
      return 1;
    default:
      return 2;
  }
}

struct Found {
  FunctionSymbol function;
  int rank;
  uint64_t section_end;
};

bool is_function(const GElf_Sym& symbol) {
  const int type = GELF_ST_TYPE(symbol.st_info);
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) return false;
  return type == STT_FUNC || type == STT_GNU_IFUNC ||
         // Hand-written code has names without a type.
         (type == STT_NOTYPE && symbol.st_shndx < SHN_LORESERVE);
}

/// The end of section `index` if it has code; 0 otherwise.
uint64_t code_section_end(Elf* elf, size_t index) {
  GElf_Shdr header;
  Elf_Scn* section = Elfutils::get()->elf_getscn(elf, index);
  const bool is_code = section != nullptr &&
                       Elfutils::get()->gelf_getshdr(section, &header) != nullptr &&
                       (header.sh_flags & SHF_EXECINSTR) != 0;
  return is_code ? header.sh_addr + header.sh_size : 0;
}

void read_section(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::vector<Found>& out) {
  Elf_Data* data = Elfutils::get()->elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  const size_t count = header.sh_size / header.sh_entsize;
  for (size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (Elfutils::get()->gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr ||
        !is_function(symbol))
      continue;
    const uint64_t section_end = code_section_end(elf, symbol.st_shndx);
    if (GELF_ST_TYPE(symbol.st_info) == STT_NOTYPE && section_end == 0) continue;
    const char* name = Elfutils::get()->elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr || *name == '\0') continue;
    out.push_back({{symbol.st_value, symbol.st_size, name}, rank(symbol), section_end});
  }
}

void read_functions(Elf* elf, std::vector<Found>& out) {
  if (elf == nullptr) return;
  for (Elf_Scn* section = nullptr;
       (section = Elfutils::get()->elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (Elfutils::get()->gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
      read_section(elf, section, header, out);
  }
}

/// A function without a size goes up to the next one, but not out of its section.
uint64_t guessed_size(const Found& function, const Found* next) {
  const uint64_t start = function.function.start;
  uint64_t end = function.section_end > start ? function.section_end : start + kPageSize;
  if (next != nullptr) end = std::min(end, next->function.start);
  return end - start;
}

/// Sorted, one for each address, sizes filled in.
std::vector<FunctionSymbol> tidy(std::vector<Found> found) {
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.function.start != b.function.start ? a.function.start < b.function.start
                                                : a.rank < b.rank;
  });
  std::vector<Found> unique;
  for (Found& one : found) {
    if (unique.empty() || unique.back().function.start != one.function.start) {
      unique.push_back(std::move(one));
    } else {
      unique.back().function.size = std::max(unique.back().function.size, one.function.size);
    }
  }
  std::vector<FunctionSymbol> functions;
  functions.reserve(unique.size());
  for (size_t i = 0; i < unique.size(); ++i) {
    FunctionSymbol& function = unique[i].function;
    if (function.size == 0)
      function.size = guessed_size(unique[i], i + 1 < unique.size() ? &unique[i + 1] : nullptr);
    functions.push_back(std::move(function));
  }
  return functions;
}

/// The debug file's path if there is one that can be opened.
std::vector<std::string> debug_file_candidates(const std::string& path, Elf* elf) {
  std::vector<std::string> candidates;
  const void* id = nullptr;
  const ssize_t size = Elfutils::get()->dwelf_elf_gnu_build_id(elf, &id);
  if (size > 1) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (ssize_t i = 0; i < size; ++i) {
      const uint8_t byte = static_cast<const uint8_t*>(id)[i];
      hex += kDigits[byte >> 4];
      hex += kDigits[byte & 15];
    }
    candidates.push_back(std::string(kDebugRoot) + "/.build-id/" + hex.substr(0, 2) + "/" +
                         hex.substr(2) + ".debug");
  }
  GElf_Word checksum;
  if (const char* link = Elfutils::get()->dwelf_elf_gnu_debuglink(elf, &checksum);
      link != nullptr) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    candidates.push_back(folder + ".debug/" + link);
    candidates.push_back(std::string(kDebugRoot) + folder + link);
  }
  return candidates;
}

uint64_t first_loaded(Elf* elf) {
  size_t count = 0;
  if (Elfutils::get()->elf_getphdrnum(elf, &count) != 0) return 0;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (Elfutils::get()->gelf_getphdr(elf, static_cast<int>(i), &header) != nullptr &&
        header.p_type == PT_LOAD)
      return page_down(header.p_vaddr);
  }
  return 0;
}

}  // namespace

ElfFile::ElfFile(const std::string& path) {
  if (Elfutils::get() == nullptr) return;
  Elfutils::get()->elf_version(EV_CURRENT);
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return;
  elf_ = Elfutils::get()->elf_begin(fd_, ELF_C_READ_MMAP, nullptr);
  if (elf_ != nullptr && Elfutils::get()->elf_kind(elf_) != ELF_K_ELF) {
    Elfutils::get()->elf_end(elf_);
    elf_ = nullptr;
  }
}

ElfFile::~ElfFile() {
  if (elf_ != nullptr) Elfutils::get()->elf_end(elf_);
  if (fd_ >= 0) ::close(fd_);
}

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z")) return std::string(name);
  int status = 0;
  // A version ("@GLIBCXX_3.4") is no part of the mangled name.
  const std::string plain(name.substr(0, name.find('@')));
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(plain.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(text.get()) : std::string(name);
}

bool SymbolFile::can_read() { return Elfutils::get() != nullptr; }

std::unique_ptr<SymbolFile> SymbolFile::open(const std::string& path) {
  auto tables = std::make_unique<Tables>();
  tables->main = std::make_unique<ElfFile>(path);
  if (tables->main->elf() == nullptr) return nullptr;
  for (const std::string& candidate : debug_file_candidates(path, tables->main->elf())) {
    auto debug = std::make_unique<ElfFile>(candidate);
    if (debug->elf() == nullptr) continue;
    tables->debug = std::move(debug);
    break;
  }
  return std::unique_ptr<SymbolFile>(new SymbolFile(path, std::move(tables)));
}

SymbolFile::SymbolFile(std::string path, std::unique_ptr<Tables> tables)
    : path_(std::move(path)),
      first_address_(first_loaded(tables->main->elf())),
      tables_(std::move(tables)) {}

SymbolFile::~SymbolFile() = default;

std::span<const FunctionSymbol> SymbolFile::functions() const {
  std::call_once(tables_->functions_once, [this] {
    const std::lock_guard guard(tables_->reading);
    std::vector<Found> found;
    read_functions(tables_->main->elf(), found);
    if (tables_->debug) read_functions(tables_->debug->elf(), found);
    tables_->functions = tidy(std::move(found));
  });
  return tables_->functions;
}

const FunctionSymbol* SymbolFile::function_at(uint64_t address) const {
  const std::span<const FunctionSymbol> all = functions();
  auto after = std::upper_bound(
      all.begin(), all.end(), address,
      [](uint64_t value, const FunctionSymbol& function) { return value < function.start; });
  // A symbol inside another one (an alternative entry) may end before the outer one does.
  constexpr int kDepth = 4;
  for (int depth = 0; depth < kDepth && after != all.begin(); ++depth) {
    --after;
    if (address - after->start < after->size) return &*after;
  }
  return nullptr;
}

}  // namespace weft

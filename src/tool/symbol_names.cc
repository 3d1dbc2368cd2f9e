// From a name to the addresses of its functions.

#include <algorithm>

#include "tool/elfutils.h"
#include "tool/symbol_tables.h"
#include "weft/symbols.h"

namespace weft {
namespace {

bool is_function(const GElf_Sym& symbol) {
  const int type = GELF_ST_TYPE(symbol.st_info);
  return symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 &&
         (type == STT_FUNC || (type == STT_NOTYPE && symbol.st_shndx < SHN_LORESERVE));
}

bool has_name(std::string_view symbol, std::string_view name) {
  if (name.find('(') != std::string_view::npos) {
    return symbol.starts_with("_Z") && demangle(symbol) == name;
  }
  return symbol.substr(0, symbol.find('@')) == name;
}

void find_in(Elf* elf, std::string_view name, std::vector<uint64_t>& out) {
  if (elf == nullptr) return;
  for (Elf_Scn* section = nullptr;
       (section = Elfutils::get()->elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (Elfutils::get()->gelf_getshdr(section, &header) == nullptr || header.sh_entsize == 0)
      continue;
    if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) continue;
    Elf_Data* const data = Elfutils::get()->elf_getdata(section, nullptr);
    const size_t count = data == nullptr ? 0 : header.sh_size / header.sh_entsize;
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (Elfutils::get()->gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) continue;
      if (!is_function(symbol)) continue;
      const char* text = Elfutils::get()->elf_strptr(elf, header.sh_link, symbol.st_name);
      if (text != nullptr && has_name(text, name)) out.push_back(symbol.st_value);
    }
  }
}

}  // namespace

std::vector<uint64_t> SymbolFile::addresses_of(std::string_view name) const {
  std::vector<uint64_t> found;
  const std::lock_guard guard(tables_->reading);
  find_in(tables_->main->elf(), name, found);
  if (tables_->debug) find_in(tables_->debug->elf(), name, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace weft

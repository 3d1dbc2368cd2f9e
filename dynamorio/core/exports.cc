// Symbols of modules: exports, imports, addresses by name.
#include <vector>

#include "core/elf_file.h"
#include "core/module_data.h"
#include "core/room.h"

namespace {

using weft::Module;
using weft::dynamorio::ElfFile;
using weft::dynamorio::Room;

struct Image {
  std::shared_ptr<const ElfFile> file;
  weft::Address bias = 0;
};

/// The module that starts at `handle`.
Image image_of(module_handle_t handle) {
  const auto address = reinterpret_cast<weft::Address>(handle);
  for (const Module* each : Room::get().process().modules()) {
    if (!each->loaded) continue;
    auto file = ElfFile::open(*each);
    if (!file || file->segments().empty()) continue;
    constexpr weft::Address kPageMask = 4095;
    if (each->bias + (file->segments().front().range.start & ~kPageMask) == address) {
      return {std::move(file), each->bias};
    }
  }
  return {};
}

app_pc pointer(uint64 address) { return reinterpret_cast<app_pc>(address); }

template <typename Entry>
struct List {
  Image image;  ///< owns the names
  std::vector<Entry> entries;
  size_t next = 0;

  bool has_next() const { return next < entries.size(); }
  Entry* take() { return has_next() ? &entries[next++] : nullptr; }
};

using Exports = List<dr_symbol_export_t>;
using Imports = List<dr_symbol_import_t>;
using Needed = List<dr_module_import_t>;

template <typename Wanted, typename Given>
Wanted& list_of(Given* iterator) {
  return *reinterpret_cast<Wanted*>(iterator);
}

}  // namespace

extern "C" {

generic_func_t dr_get_proc_address(module_handle_t lib, const char* name) {
  dr_export_info_t info{};
  return dr_get_proc_address_ex(lib, name, &info, sizeof info) ? info.address : nullptr;
}

bool dr_get_proc_address_ex(module_handle_t lib, const char* name, dr_export_info_t* info,
                            size_t info_len) {
  if (info == nullptr || info_len < sizeof *info) return false;
  const Image image = image_of(lib);
  const ElfFile::Symbol* const symbol = image.file ? image.file->find(name) : nullptr;
  info->address = nullptr;
  info->is_indirect_code = false;
  if (symbol == nullptr) return false;
  info->address = reinterpret_cast<generic_func_t>(image.bias + symbol->value);
  info->is_indirect_code = symbol->type == STT_GNU_IFUNC;
  return true;
}

dr_symbol_export_iterator_t* dr_symbol_export_iterator_start(module_handle_t handle) {
  auto* const list = new Exports{image_of(handle), {}};
  if (list->image.file) {
    for (const ElfFile::Symbol& each : list->image.file->symbols()) {
      if (!each.defined) continue;
      dr_symbol_export_t entry{};
      entry.name = each.name;
      entry.addr = pointer(list->image.bias + each.value);
      entry.ordinal = each.number;
      entry.is_indirect_code = each.type == STT_GNU_IFUNC;
      entry.is_code = each.type == STT_FUNC || entry.is_indirect_code;
      list->entries.push_back(entry);
    }
  }
  return reinterpret_cast<dr_symbol_export_iterator_t*>(list);
}
bool dr_symbol_export_iterator_hasnext(dr_symbol_export_iterator_t* iter) {
  return list_of<Exports>(iter).has_next();
}
dr_symbol_export_t* dr_symbol_export_iterator_next(dr_symbol_export_iterator_t* iter) {
  return list_of<Exports>(iter).take();
}
void dr_symbol_export_iterator_stop(dr_symbol_export_iterator_t* iter) {
  delete &list_of<Exports>(iter);
}

dr_symbol_import_iterator_t* dr_symbol_import_iterator_start(module_handle_t handle,
                                                             dr_module_import_desc_t* from_module) {
  // ELF does not tell from where a symbol comes.
  if (from_module != nullptr) return nullptr;
  auto* const list = new Imports{image_of(handle), {}};
  if (list->image.file) {
    for (const ElfFile::Symbol& each : list->image.file->symbols()) {
      if (each.defined) continue;
      dr_symbol_import_t entry{};
      entry.name = each.name;
      list->entries.push_back(entry);
    }
  }
  return reinterpret_cast<dr_symbol_import_iterator_t*>(list);
}
bool dr_symbol_import_iterator_hasnext(dr_symbol_import_iterator_t* iter) {
  return list_of<Imports>(iter).has_next();
}
dr_symbol_import_t* dr_symbol_import_iterator_next(dr_symbol_import_iterator_t* iter) {
  return list_of<Imports>(iter).take();
}
void dr_symbol_import_iterator_stop(dr_symbol_import_iterator_t* iter) {
  delete &list_of<Imports>(iter);
}

dr_module_import_iterator_t* dr_module_import_iterator_start(module_handle_t handle) {
  auto* const list = new Needed{image_of(handle), {}};
  if (list->image.file) {
    for (const std::string& each : list->image.file->needed()) {
      list->entries.push_back({each.c_str(), nullptr});
    }
  }
  return reinterpret_cast<dr_module_import_iterator_t*>(list);
}
bool dr_module_import_iterator_hasnext(dr_module_import_iterator_t* iter) {
  return list_of<Needed>(iter).has_next();
}
dr_module_import_t* dr_module_import_iterator_next(dr_module_import_iterator_t* iter) {
  return list_of<Needed>(iter).take();
}
void dr_module_import_iterator_stop(dr_module_import_iterator_t* iter) {
  delete &list_of<Needed>(iter);
}

}  // extern "C"

// drsyms over weft's own symbols.
#include "drsyms.h"

#include <fnmatch.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "weft/symbols.h"

namespace {

using weft::FunctionSymbol;
using weft::LineRow;
using weft::SymbolFile;

/// Files that were asked about. They stay open until drsym_free_resources().
struct Files {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const SymbolFile>> open;  ///< under mutex
};

Files& files() {
  static Files files;
  return files;
}

std::shared_ptr<const SymbolFile> file_of(const char* path) {
  if (path == nullptr) return nullptr;
  const std::lock_guard held(files().mutex);
  auto& entry = files().open[path];
  if (!entry) entry = SymbolFile::open(path);
  return entry;
}

std::string shown_name(const FunctionSymbol& symbol, unsigned flags) {
  if ((flags & (DRSYM_DEMANGLE | DRSYM_DEMANGLE_FULL)) == 0) return symbol.name;
  std::string name = weft::demangle(symbol.name);
  if ((flags & DRSYM_DEMANGLE_FULL) != 0) return name;
  // Without parameters.
  const size_t parameters = name.find('(');
  if (parameters != std::string::npos && parameters != 0) name.resize(parameters);
  return name;
}

/// As much of the text as there is room for, and a zero.
void copy(const std::string& text, char* to, size_t room, size_t* available) {
  *available = text.size();
  if (to == nullptr || room == 0) return;
  const size_t length = text.size() < room ? text.size() : room - 1;
  text.copy(to, length);
  to[length] = '\0';
}

drsym_debug_kind_t kind_of(const SymbolFile& file) {
  unsigned kind = DRSYM_ELF_SYMTAB | DRSYM_SYMBOLS;
  if (!file.lines().empty()) kind |= DRSYM_DWARF_LINE | DRSYM_LINE_NUMS;
  return static_cast<drsym_debug_kind_t>(kind);
}

void fill(const SymbolFile& file, const FunctionSymbol& symbol, unsigned flags,
          drsym_info_t& info) {
  copy(shown_name(symbol, flags), info.name, info.name_size, &info.name_available_size);
  info.start_offs = symbol.start - file.first_address();
  info.end_offs = info.start_offs + symbol.size;
  info.debug_kind = kind_of(file);
  info.type_id = 0;
  info.flags = flags;
}

/// Whether the name that is searched for, perhaps "module!name", means this one.
std::string_view without_module(const char* name) {
  const char* const mark = std::strchr(name, '!');
  return mark == nullptr ? name : mark + 1;
}

template <typename Visit>
drsym_error_t for_each_symbol(const char* modpath, Visit visit) {
  if (modpath == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  const auto file = file_of(modpath);
  if (!file) return DRSYM_ERROR_LOAD_FAILED;
  for (const FunctionSymbol& each : file->functions()) {
    if (!visit(*file, each)) break;
  }
  return DRSYM_SUCCESS;
}

/// Calls back with a symbol in the form of the _ex functions.
bool tell(const SymbolFile& file, const FunctionSymbol& symbol, unsigned flags,
          drsym_enumerate_ex_cb callback, void* data) {
  std::string name = shown_name(symbol, flags);
  drsym_info_t info{};
  info.struct_size = sizeof info;
  info.name = name.data();
  info.name_size = name.size() + 1;
  fill(file, symbol, flags, info);
  return callback(&info, DRSYM_ERROR_LINE_NOT_AVAILABLE, data);
}

}  // namespace

extern "C" {

drsym_error_t drsym_init(int) { return DRSYM_SUCCESS; }
drsym_error_t drsym_exit() { return DRSYM_SUCCESS; }

drsym_error_t drsym_lookup_address(const char* modpath, size_t modoffs, drsym_info_t* info,
                                   uint flags) {
  if (modpath == nullptr || info == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  if (info->struct_size != sizeof *info) return DRSYM_ERROR_INVALID_SIZE;
  const auto file = file_of(modpath);
  if (!file) return DRSYM_ERROR_LOAD_FAILED;
  const uint64_t address = modoffs + file->first_address();
  const FunctionSymbol* const symbol = file->function_at(address);
  if (symbol == nullptr) return DRSYM_ERROR_SYMBOL_NOT_FOUND;
  fill(*file, *symbol, flags, *info);
  const LineRow* const row = file->row_at(address);
  info->line = 0;
  info->line_offs = 0;
  info->file_available_size = 0;
  if (row == nullptr || row->line == 0) return DRSYM_ERROR_LINE_NOT_AVAILABLE;
  copy(file->source_files()[row->file], info->file, info->file_size, &info->file_available_size);
  info->line = row->line;
  info->line_offs = address - row->address;
  return DRSYM_SUCCESS;
}

drsym_error_t drsym_lookup_symbol(const char* modpath, const char* symbol, size_t* modoffs,
                                  uint flags) {
  if (modpath == nullptr || symbol == nullptr || modoffs == nullptr) {
    return DRSYM_ERROR_INVALID_PARAMETER;
  }
  const auto file = file_of(modpath);
  if (!file) return DRSYM_ERROR_LOAD_FAILED;
  const std::string_view wanted = without_module(symbol);
  const std::vector<uint64_t> found = file->addresses_of(wanted);
  if (!found.empty()) {
    *modoffs = found.front() - file->first_address();
    return DRSYM_SUCCESS;
  }
  for (const FunctionSymbol& each : file->functions()) {
    if (shown_name(each, flags | DRSYM_DEMANGLE) != wanted) continue;
    *modoffs = each.start - file->first_address();
    return DRSYM_SUCCESS;
  }
  return DRSYM_ERROR_SYMBOL_NOT_FOUND;
}

drsym_error_t drsym_enumerate_symbols(const char* modpath, drsym_enumerate_cb callback, void* data,
                                      uint flags) {
  if (callback == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  return for_each_symbol(modpath, [&](const SymbolFile& file, const FunctionSymbol& each) {
    return callback(shown_name(each, flags).c_str(), each.start - file.first_address(), data);
  });
}

drsym_error_t drsym_enumerate_symbols_ex(const char* modpath, drsym_enumerate_ex_cb callback,
                                         size_t info_size, void* data, uint flags) {
  if (callback == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  if (info_size != sizeof(drsym_info_t)) return DRSYM_ERROR_INVALID_SIZE;
  return for_each_symbol(modpath, [&](const SymbolFile& file, const FunctionSymbol& each) {
    return tell(file, each, flags, callback, data);
  });
}

drsym_error_t drsym_search_symbols(const char* modpath, const char* match, bool,
                                   drsym_enumerate_cb callback, void* data) {
  if (match == nullptr || callback == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  const std::string pattern(without_module(match));
  return for_each_symbol(modpath, [&](const SymbolFile& file, const FunctionSymbol& each) {
    const std::string name = shown_name(each, DRSYM_DEMANGLE);
    if (fnmatch(pattern.c_str(), name.c_str(), 0) != 0) return true;
    return callback(name.c_str(), each.start - file.first_address(), data);
  });
}

drsym_error_t drsym_search_symbols_ex(const char* modpath, const char* match, uint flags,
                                      drsym_enumerate_ex_cb callback, size_t info_size,
                                      void* data) {
  if (match == nullptr || callback == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  if (info_size != sizeof(drsym_info_t)) return DRSYM_ERROR_INVALID_SIZE;
  const std::string pattern(without_module(match));
  return for_each_symbol(modpath, [&](const SymbolFile& file, const FunctionSymbol& each) {
    const std::string name = shown_name(each, flags);
    if (fnmatch(pattern.c_str(), name.c_str(), 0) != 0) return true;
    return tell(file, each, flags, callback, data);
  });
}

size_t drsym_demangle_symbol(char* dst, size_t dst_sz, const char* mangled, uint flags) {
  if (mangled == nullptr) return 0;
  const std::string name =
      shown_name({0, 0, mangled}, flags == DRSYM_LEAVE_MANGLED ? unsigned{DRSYM_DEMANGLE} : flags);
  if (name == mangled) return 0;
  size_t length = 0;
  copy(name, dst, dst_sz, &length);
  return length + 1;
}

drsym_error_t drsym_get_module_debug_kind(const char* modpath, drsym_debug_kind_t* kind) {
  if (kind == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  const auto file = file_of(modpath);
  if (!file) return DRSYM_ERROR_LOAD_FAILED;
  *kind = kind_of(*file);
  return DRSYM_SUCCESS;
}

drsym_error_t drsym_module_has_symbols(const char* modpath) {
  const auto file = file_of(modpath);
  return file && !file->functions().empty() ? DRSYM_SUCCESS : DRSYM_ERROR;
}

drsym_error_t drsym_free_resources(const char* modpath) {
  if (modpath == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  const std::lock_guard held(files().mutex);
  return files().open.erase(modpath) != 0 ? DRSYM_SUCCESS : DRSYM_ERROR;
}

drsym_error_t drsym_enumerate_lines(const char* modpath, drsym_enumerate_lines_cb callback,
                                    void* data) {
  if (callback == nullptr) return DRSYM_ERROR_INVALID_PARAMETER;
  const auto file = file_of(modpath);
  if (!file) return DRSYM_ERROR_LOAD_FAILED;
  if (file->lines().empty()) return DRSYM_ERROR_LINE_NOT_AVAILABLE;
  for (const LineRow& row : file->lines()) {
    drsym_line_info_t info{nullptr, file->source_files()[row.file].c_str(), row.line,
                           row.address - file->first_address()};
    if (!callback(&info, data)) break;
  }
  return DRSYM_SUCCESS;
}

// Types are not read.
drsym_error_t drsym_get_type(const char*, size_t, uint, char*, size_t, drsym_type_t**) {
  return DRSYM_ERROR_NOT_IMPLEMENTED;
}
drsym_error_t drsym_get_type_by_name(const char*, const char*, char*, size_t, drsym_type_t**) {
  return DRSYM_ERROR_NOT_IMPLEMENTED;
}
drsym_error_t drsym_get_func_type(const char*, size_t, char*, size_t, drsym_func_type_t**) {
  return DRSYM_ERROR_NOT_IMPLEMENTED;
}
drsym_error_t drsym_expand_type(const char*, uint, uint, char*, size_t, drsym_type_t**) {
  return DRSYM_ERROR_NOT_IMPLEMENTED;
}

}  // extern "C"

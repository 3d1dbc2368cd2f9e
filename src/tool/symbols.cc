#include "weft/symbols.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft {

void Symbols::add_module(const std::string& path, uint64_t start, uint64_t end) {
  const std::lock_guard guard(mutex_);
  std::erase_if(modules_,
                [=](const Module& module) { return module.start < end && start < module.end; });
  const auto place =
      std::lower_bound(modules_.begin(), modules_.end(), start,
                       [](const Module& module, uint64_t value) { return module.start < value; });
  modules_.insert(place, Module{path, start, end, nullptr});
}

Symbols::Module Symbols::module_at(uint64_t pc) const {
  const std::lock_guard guard(mutex_);
  const auto after =
      std::upper_bound(modules_.begin(), modules_.end(), pc,
                       [](uint64_t value, const Module& module) { return value < module.start; });
  if (after == modules_.begin()) return {};
  Module& module = *(after - 1);
  if (pc >= module.end) return {};
  if (!module.file) module.file = SymbolFile::open(module.path);
  return module;
}

std::vector<Symbols::Module> Symbols::modules() const {
  const std::lock_guard guard(mutex_);
  for (Module& module : modules_) {
    if (!module.file) module.file = SymbolFile::open(module.path);
  }
  return modules_;
}

Location Symbols::find(uint64_t pc) const {
  const Module module = module_at(pc);
  Location place;
  place.module = module.path;
  place.module_start = module.start;
  place.file_address = pc - module.start;
  if (!module.file) return place;
  const uint64_t moved = module.start - module.file->first_address();
  place.file_address = pc - moved;
  if (const FunctionSymbol* function = module.file->function_at(place.file_address)) {
    place.function = demangle(function->name);
    place.function_start = function->start + moved;
  }
  if (auto line = module.file->line_at(place.file_address)) place.source = std::move(*line);
  return place;
}

std::string Location::text(uint64_t pc) const {
  std::string out;
  if (!function.empty()) {
    out = pc == function_start ? function : fmt::format("{}+{:#x}", function, pc - function_start);
  } else if (!module.empty()) {
    out = fmt::format("{}+{:#x}", module.substr(module.rfind('/') + 1), pc - module_start);
  } else {
    out = fmt::format("{:#x}", pc);
  }
  if (source.line != 0)
    out += fmt::format(" ({}:{})", source.file.substr(source.file.rfind('/') + 1), source.line);
  return out;
}

}  // namespace weft

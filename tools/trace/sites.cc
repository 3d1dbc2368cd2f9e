#include "trace/sites.h"

#include <algorithm>
#include <memory>

#include "weft/symbols.h"

namespace weft::tools::trace {
namespace {

bool is_function(const Probe& probe) {
  return probe.kind == Probe::Kind::kFunction || probe.kind == Probe::Kind::kReturn;
}

bool is_glob(const std::string& text) { return text.find_first_of("*?") != std::string::npos; }

}  // namespace

bool names_module(const std::string& module, const std::string& path) {
  if (module.empty() || module == path) return true;
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string stem = name.substr(0, name.find(".so"));
  // libc-2.31.so of older systems is libc, too.
  return glob_matches(module, name) || glob_matches(module, stem) ||
         glob_matches(module, stem.substr(0, stem.find('-')));
}

void CodeSites::add(Address at, const CodeSite& site, std::vector<Returned>& returns) {
  if (std::find(found_.begin(), found_.end(), site.probe) == found_.end()) {
    found_.push_back(site.probe);
  }
  if (site.probe->kind == Probe::Kind::kReturn) {
    returns.push_back({at, site});
  } else {
    sites_.emplace(at, site);
  }
}

void CodeSites::add_functions(const SymbolFile& file, const Module& module, const Action& action,
                              const Probe& probe, std::vector<Returned>& returns) {
  const bool names_one = !is_glob(probe.name);
  const auto add_one = [&](uint64_t start, std::string name) {
    CodeSite site{&action, &probe, std::move(name), {}};
    for (const Expression* each : action.parameters) {
      std::string why;
      if (const auto path = file.parameter(start, each->text, why)) {
        site.parameters.emplace(each->text, *path);
      } else if (names_one) {
        throw ScriptError{each->position, why};
      }
    }
    add(module.bias + start, site, returns);
  };
  if (names_one) {
    for (const uint64_t each : file.addresses_of(probe.name)) add_one(each, probe.name);
    return;
  }
  for (const FunctionSymbol& each : file.functions()) {
    std::string shown = demangle(each.name);
    if (glob_matches(probe.name, each.name) || glob_matches(probe.name, shown))
      add_one(each.start, std::move(shown));
  }
}

std::vector<CodeSites::Returned> CodeSites::add_module(const Module& module, const Script& script) {
  std::vector<Returned> returns;
  std::unique_ptr<SymbolFile> file;
  const auto add_at = [&](uint64_t start, const Action& action, const Probe& probe) {
    const FunctionSymbol* const function = file ? file->function_at(start) : nullptr;
    add(module.bias + start,
        {&action, &probe, function == nullptr ? "" : demangle(function->name), {}}, returns);
  };
  const std::lock_guard held(mutex_);
  for (const Action& action : script.actions) {
    for (const Probe& probe : action.probes) {
      if (!names_module(probe.module, module.path)) continue;
      const bool is_offset = probe.kind == Probe::Kind::kOffset;
      const bool is_line = probe.kind == Probe::Kind::kLine;
      if (!is_function(probe) && !is_line && !is_offset) continue;
      if (!file) file = SymbolFile::open(module.path);
      if (is_offset) add_at(module.range.start + probe.number - module.bias, action, probe);
      if (!file) break;
      if (is_offset) continue;
      if (!is_line) {
        add_functions(*file, module, action, probe, returns);
        continue;
      }
      for (const uint64_t each :
           file->addresses_of_line(probe.name, static_cast<uint32_t>(probe.number)))
        add_at(each, action, probe);
    }
  }
  return returns;
}

std::vector<const CodeSite*> CodeSites::at(Address pc) const {
  const std::lock_guard held(mutex_);
  std::vector<const CodeSite*> sites;
  const auto [first, last] = sites_.equal_range(pc);
  for (auto each = first; each != last; ++each) sites.push_back(&each->second);
  return sites;
}

std::vector<Address> CodeSites::places_of(const Probe& probe) const {
  const std::lock_guard held(mutex_);
  std::vector<Address> places;
  for (const auto& [at, site] : sites_) {
    if (site.probe == &probe) places.push_back(at);
  }
  return places;
}

bool CodeSites::has_places(const Probe& probe) const {
  const std::lock_guard held(mutex_);
  return std::find(found_.begin(), found_.end(), &probe) != found_.end();
}

}  // namespace weft::tools::trace

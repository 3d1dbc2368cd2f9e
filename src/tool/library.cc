#include "tool/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "linux/kernel/surroundings.h"
#include "tool/callee.h"
#include "tool/mistake.h"

namespace weft::tool {
namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  if (name.ends_with(".so")) name.resize(name.size() - 3);
  return name;
}

Result<void*> open(const std::string& given, const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return Error{fmt::format("no tool '{}': there is no {}", given, path)};
  }
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Error{fmt::format("tool '{}': {}", given, dlerror())};
  return handle;
}

}  // namespace

std::string bundled_tools_folder() {
  const fs::path executable = linux::Surroundings::instance().weft_path();
  return (executable.parent_path().parent_path() / "lib" / "weft").string();
}

std::string Library::help() const {
  std::string text = fmt::format("{}: {}\n", name, tool->summary());
  const std::string list = options->help();
  if (list.empty()) return text + "It has no options.\n";
  return text + fmt::format("Options, as --tool {}:option=value,option=value\n", name) + list;
}

Result<Library> load_library(std::string_view spec, const std::string& folder) {
  const size_t colon = spec.find(':');
  const std::string given(spec.substr(0, colon));
  if (given.empty()) return Error{"--tool takes NAME or PATH, then perhaps :key=value,..."};
  const bool is_path = given.find('/') != std::string::npos;
  const std::string path = is_path ? given : (fs::path(folder) / (given + ".so")).string();
  Result<void*> handle = open(given, linux::Surroundings::instance().runtime_path(path));
  if (!handle) return handle.error();
  using Version = uint32_t (*)();
  using Make = Tool* (*)();
  const auto version = reinterpret_cast<Version>(dlsym(*handle, "weft_tool_api_version"));
  const auto make = reinterpret_cast<Make>(dlsym(*handle, "weft_make_tool"));
  if (version == nullptr || make == nullptr) {
    return Error{fmt::format("{} is no tool: it has no WEFT_TOOL(...)", path)};
  }
  if (version() != kApiVersion) {
    return Error{fmt::format("tool '{}' was built for version {} of the interface, this is {}",
                             given, version(), kApiVersion)};
  }
  Library library;
  library.name = name_of(given);
  library.path = path;
  library.options = std::make_unique<OptionTable>(library.name);
  library.code = code_around(reinterpret_cast<uint64_t>(make));
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(make), &info) != 0) {
    library.base = reinterpret_cast<uint64_t>(info.dli_fbase);
  }
  using KeepExceptions = void (*)(void (*)(const char*));
  const auto keep_exceptions =
      reinterpret_cast<KeepExceptions>(dlsym(*handle, "weft_tool_keep_exceptions"));
  if (keep_exceptions != nullptr) keep_exceptions(keep_exception);
  library.tool = make();
  if (library.tool == nullptr) {
    return Error{fmt::format("tool '{}': its weft_make_tool() makes none", given)};
  }
  library.tool->declare(*library.options);
  if (colon == std::string_view::npos) return library;
  if (Status parsed = library.options->parse(spec.substr(colon + 1)); !parsed) {
    return parsed.error();
  }
  return library;
}

}  // namespace weft::tool

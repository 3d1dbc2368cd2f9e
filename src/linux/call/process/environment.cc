#include "linux/call/process/environment.h"

#include <array>

namespace weft::linux {
namespace {

constexpr std::string_view kHiddenPrefix = "WEFT_ENV_";
constexpr std::array<std::string_view, 4> kLoaderPrefixes = {"LD_", "GLIBC_TUNABLES=", "MALLOC_",
                                                             "GCONV_PATH="};

}  // namespace

bool concerns_loader(std::string_view variable) {
  for (const std::string_view prefix : kLoaderPrefixes) {
    if (variable.starts_with(prefix)) return true;
  }
  // One that already looks hidden is hidden once more, so that it comes back as it was.
  return variable.starts_with(kHiddenPrefix);
}

std::vector<const char*> hide_environment(const std::vector<const char*>& environment,
                                          std::vector<std::string>* owned) {
  std::vector<const char*> result;
  result.reserve(environment.size());
  owned->reserve(owned->size() + environment.size());  // pointers into it must stay
  for (const char* variable : environment) {
    if (!concerns_loader(variable)) {
      result.push_back(variable);
      continue;
    }
    owned->push_back(std::string(kHiddenPrefix) + variable);
    result.push_back(owned->back().c_str());
  }
  return result;
}

std::vector<const char*> unhide_environment(const std::vector<const char*>& environment) {
  std::vector<const char*> result;
  result.reserve(environment.size());
  for (const char* variable : environment) {
    const bool hidden = std::string_view(variable).starts_with(kHiddenPrefix);
    result.push_back(hidden ? variable + kHiddenPrefix.size() : variable);
  }
  return result;
}

}  // namespace weft::linux

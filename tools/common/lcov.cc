#include "common/lcov.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace weft::tools {

void Lcov::add_line(const std::string& file, uint32_t line, uint64_t count) {
  // A line may have code in many places; the most executed of them says how often it ran.
  uint64_t& known = files_[file].lines[line];
  known = std::max(known, count);
}

void Lcov::add_function(const std::string& file, const std::string& name, uint32_t line,
                        uint64_t count) {
  Function& function = files_[file].functions[name];
  function.line = line;
  function.count = std::max(function.count, count);
}

std::string Lcov::text(const std::string& test_name) const {
  std::string out;
  auto text = std::back_inserter(out);
  for (const auto& [path, file] : files_) {
    fmt::format_to(text, "TN:{}\nSF:{}\n", test_name, path);
    size_t hit = 0;
    for (const auto& [name, function] : file.functions)
      fmt::format_to(text, "FN:{},{}\n", function.line, name);
    for (const auto& [name, function] : file.functions) {
      fmt::format_to(text, "FNDA:{},{}\n", function.count, name);
      hit += function.count != 0;
    }
    fmt::format_to(text, "FNF:{}\nFNH:{}\n", file.functions.size(), hit);
    hit = 0;
    for (const auto& [line, count] : file.lines) {
      fmt::format_to(text, "DA:{},{}\n", line, count);
      hit += count != 0;
    }
    fmt::format_to(text, "LF:{}\nLH:{}\nend_of_record\n", file.lines.size(), hit);
  }
  return out;
}

}  // namespace weft::tools

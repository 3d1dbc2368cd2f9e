#include "common/line_coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "common/html_report.h"

namespace weft::tools {

void LineCoverage::add_line(const std::string& file, uint32_t line, uint64_t count) {
  // A line may have code in many places; the most executed of them says how often it ran.
  uint64_t& known = files_[file].lines[line];
  known = std::max(known, count);
}

void LineCoverage::add_function(const std::string& file, const std::string& name, uint32_t line,
                                uint64_t count) {
  Function& function = files_[file].functions[name];
  function.line = line;
  function.count = std::max(function.count, count);
}

std::string LineCoverage::lcov(const std::string& test_name) const {
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

LineCoverage::Total& LineCoverage::Total::operator+=(const Total& other) {
  lines += other.lines;
  hit += other.hit;
  return *this;
}

LineCoverage::Total LineCoverage::total_of(const File& file) {
  Total total;
  total.lines = file.lines.size();
  for (const auto& [line, count] : file.lines) total.hit += count != 0;
  return total;
}

std::string LineCoverage::cobertura(int64_t time) const {
  Total all;
  // A package is a folder.
  std::map<std::string, std::vector<const std::pair<const std::string, File>*>> packages;
  for (const auto& entry : files_) {
    all += total_of(entry.second);
    packages[entry.first.substr(0, entry.first.rfind('/'))].push_back(&entry);
  }
  std::string out =
      "<?xml version=\"1.0\" ?>\n<!DOCTYPE coverage SYSTEM "
      "\"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n";
  auto text = std::back_inserter(out);
  constexpr const char* kNoBranches = "branch-rate=\"0\" complexity=\"0\"";
  fmt::format_to(text,
                 "<coverage line-rate=\"{:.4f}\" lines-covered=\"{}\" lines-valid=\"{}\" {} "
                 "branches-covered=\"0\" branches-valid=\"0\" version=\"weft\" timestamp=\"{}\">\n"
                 "<sources><source>/</source></sources>\n<packages>\n",
                 all.rate(), all.hit, all.lines, kNoBranches, time);
  for (const auto& [folder, files] : packages) {
    Total total;
    for (const auto* file : files) total += total_of(file->second);
    fmt::format_to(text, "<package name=\"{}\" line-rate=\"{:.4f}\" {}><classes>\n",
                   html_escape(folder), total.rate(), kNoBranches);
    for (const auto* file : files) {
      const std::string path = html_escape(file->first);
      fmt::format_to(
          text, "<class name=\"{}\" filename=\"{}\" line-rate=\"{:.4f}\" {}><methods/><lines>\n",
          path.substr(path.rfind('/') + 1), path.substr(path.starts_with('/') ? 1 : 0),
          total_of(file->second).rate(), kNoBranches);
      for (const auto& [line, count] : file->second.lines)
        fmt::format_to(text, "<line number=\"{}\" hits=\"{}\"/>\n", line, count);
      out += "</lines></class>\n";
    }
    out += "</classes></package>\n";
  }
  return out + "</packages>\n</coverage>\n";
}

}  // namespace weft::tools

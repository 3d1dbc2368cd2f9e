// weft-coverage: puts the coverage of several runs and processes together.
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/covered_lines.h"
#include "common/drcov.h"
#include "common/drcov_reader.h"
#include "common/line_coverage.h"
#include "common/output_file.h"

namespace {

using weft::Range;
using weft::SymbolFile;
using weft::tools::DrcovFile;
using weft::tools::DrcovModule;
using weft::tools::LineCoverage;

constexpr const char* kUsage =
    "usage: weft-coverage merge [-o OUTPUT] FILE...      one drcov file of several\n"
    "       weft-coverage lcov [-o OUTPUT] FILE...       the lines of source that ran in any of "
    "them\n"
    "       weft-coverage cobertura [-o OUTPUT] FILE...  the same as Cobertura's XML\n"
    "FILEs are drcov files, of 'weft run --tool coverage' or other engines. Without -o the result\n"
    "goes to standard output.\n";

int fail(const std::string& message) {
  std::fprintf(stderr, "weft-coverage: %s\n", message.c_str());
  return 1;
}

/// What ran of each module: blocks by their distance from its start.
struct Covered {
  DrcovModule module;  ///< as the first file had it
  std::set<std::pair<uint32_t, uint16_t>> blocks;
};

/// Files of one path that are mapped in parts are told apart by their order.
using Key = std::pair<std::string, size_t>;

class Union {
 public:
  /// Empty, or what is wrong with the file.
  std::string add(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return "cannot read " + path;
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    DrcovFile file;
    const std::string error = weft::tools::read_drcov(bytes, file);
    if (!error.empty()) return path + " " + error;
    std::map<std::string, size_t> parts;
    std::vector<Covered*> modules;
    for (DrcovModule& module : file.modules) {
      const Key key{module.path, parts[module.path]++};
      const auto [found, is_new] = modules_.try_emplace(key);
      if (is_new) order_.push_back(&*found), found->second.module = std::move(module);
      modules.push_back(&found->second);
    }
    for (const auto& block : file.blocks)
      modules[block.module]->blocks.emplace(block.offset, block.size);
    return {};
  }

  std::string drcov() const {
    std::vector<DrcovModule> modules;
    std::vector<Range> blocks;
    // Files differ in where modules lie: here, each has a place of its own.
    uint64_t start = kFirstPlace;
    for (const auto* entry : order_) {
      const Covered& covered = entry->second;
      DrcovModule& module = modules.emplace_back(covered.module);
      const uint64_t size = module.end - module.start;
      module.entry = module.entry == 0 ? 0 : module.entry - module.start + start;
      module.start = start;
      module.end = start + size;
      for (const auto& [offset, bytes] : covered.blocks)
        blocks.push_back({start + offset, start + offset + bytes});
      start += (size / kPlace + 1) * kPlace;
    }
    return weft::tools::drcov(modules, blocks);
  }

  LineCoverage lines() const {
    LineCoverage lines;
    for (const auto* entry : order_) {
      const auto& [key, covered] = *entry;
      const auto file = SymbolFile::open(key.first);
      if (file == nullptr || file->lines().empty()) continue;
      // The first part is where the file begins.
      const uint64_t first = modules_.at({key.first, 0}).module.start;
      const uint64_t address = covered.module.start - first + file->first_address();
      std::vector<Range> blocks;
      for (const auto& [offset, bytes] : covered.blocks)
        blocks.push_back({address + offset, address + offset + bytes});
      weft::tools::add_lines(lines, *file, 0, blocks);
    }
    return lines;
  }

 private:
  static constexpr uint64_t kFirstPlace = uint64_t{1} << 32;
  static constexpr uint64_t kPlace = uint64_t{1} << 24;

  std::map<Key, Covered> modules_;
  std::vector<const std::pair<const Key, Covered>*> order_;  ///< in which they were first seen
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "--help" || command == "-h") return std::fputs(kUsage, stdout), 0;
  if (command != "merge" && command != "lcov" && command != "cobertura") {
    std::fputs(kUsage, stderr);
    return 1;
  }
  Union all;
  std::string output;
  int files = 0;
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "-o") {
      if (++i == argc) return fail("-o needs the name of a file");
      output = argv[i];
      continue;
    }
    const std::string error = all.add(argv[i]);
    if (!error.empty()) return fail(error);
    ++files;
  }
  if (files == 0) return fail("no files; 'weft-coverage --help' shows how it is used");
  if (command != "merge" && !SymbolFile::can_read()) {
    return fail("lines of source need libdw; install Debian's package libdw1");
  }
  const std::string text = command == "merge"  ? all.drcov()
                           : command == "lcov" ? all.lines().lcov()
                                               : all.lines().cobertura(std::time(nullptr));
  if (!output.empty()) {
    const std::string error = weft::tools::write_file(output, text);
    return error.empty() ? 0 : fail(error);
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? 0 : fail("cannot write to standard output");
}

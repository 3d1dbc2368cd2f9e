#include "common/drcov_reader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace weft::tools {
namespace {

constexpr std::string_view kVersion = "DRCOV VERSION: ";
constexpr std::string_view kModules = "Module Table: ";
constexpr std::string_view kColumns = "Columns: ";
constexpr std::string_view kBlocks = "BB Table: ";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

/// At most `most` fields; the last one has the rest, with commas.
std::vector<std::string_view> fields_of(std::string_view line, size_t most) {
  std::vector<std::string_view> fields;
  while (fields.size() + 1 < most && line.find(',') != std::string_view::npos) {
    fields.push_back(trimmed(line.substr(0, line.find(','))));
    line.remove_prefix(line.find(',') + 1);
  }
  fields.push_back(trimmed(line));
  return fields;
}

uint64_t number(std::string_view text, int base) {
  return std::strtoull(std::string(text).c_str(), nullptr, base);
}

/// The number behind `word`, or behind the start.
uint64_t number_behind(std::string_view line, std::string_view word) {
  const size_t at = line.find(word);
  return at == std::string_view::npos ? 0 : number(line.substr(at + word.size()), 10);
}

DrcovModule module_of(std::string_view line, const std::vector<std::string_view>& columns) {
  constexpr int kHexadecimal = 16;
  const std::vector<std::string_view> fields = fields_of(line, columns.size());
  DrcovModule module;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (columns[i] == "base" || columns[i] == "start")
      module.start = number(fields[i], kHexadecimal);
    if (columns[i] == "end") module.end = number(fields[i], kHexadecimal);
    if (columns[i] == "entry") module.entry = number(fields[i], kHexadecimal);
    if (columns[i] == "path") module.path = fields[i];
  }
  return module;
}

}  // namespace

std::string read_drcov(const std::string& bytes, DrcovFile& file) {
  constexpr size_t kMostColumns = 16;
  std::string_view rest = bytes;
  if (!take_line(rest).starts_with(kVersion)) return "is no drcov file";
  take_line(rest);  // the flavor
  const std::string_view table = take_line(rest);
  if (!table.starts_with(kModules)) return "has no table of modules";
  const uint64_t count = number_behind(table, "count ");
  std::string_view line = take_line(rest);
  if (!line.starts_with(kColumns)) return "does not say what its table of modules has";
  line.remove_prefix(kColumns.size());
  const std::vector<std::string_view> columns = fields_of(line, kMostColumns);
  for (uint64_t i = 0; i < count && !rest.empty(); ++i)
    file.modules.push_back(module_of(take_line(rest), columns));
  line = take_line(rest);
  if (file.modules.size() != count || !line.starts_with(kBlocks)) return "has no table of blocks";
  const uint64_t blocks = number(line.substr(kBlocks.size()), 10);
  if (rest.size() / sizeof(DrcovBlock) < blocks) return "ends too early";
  file.blocks.resize(blocks);
  if (blocks != 0) std::memcpy(file.blocks.data(), rest.data(), blocks * sizeof(DrcovBlock));
  const auto is_nowhere = [count](const DrcovBlock& block) { return block.module >= count; };
  std::erase_if(file.blocks, is_nowhere);
  return {};
}

}  // namespace weft::tools

// The line table of an ELF file: all compilation units' in one, because files that Clang made have
// no index of addresses that would lead to the right unit.
#include <dwarf.h>

#include <algorithm>
#include <unordered_map>

#include "tool/elfutils.h"
#include "tool/symbol_tables.h"
#include "weft/symbols.h"

namespace weft {
namespace {

class Reader {
 public:
  Reader(std::vector<LineRow>& lines, std::vector<std::string>& files)
      : lines_(lines), files_(files) {}

  void read(Elf* elf) {
    Dwarf* dwarf = Elfutils::get()->dwarf_begin_elf(elf, DWARF_C_READ, nullptr);
    if (dwarf == nullptr) return;
    for_each_unit(dwarf, [this](Dwarf_Die& die) { read_unit(die); });
    Elfutils::get()->dwarf_end(dwarf);
    sort();
  }

 private:
  void read_unit(Dwarf_Die& die) {
    Dwarf_Lines* rows = nullptr;
    size_t count = 0;
    if (Elfutils::get()->dwarf_getsrclines(&die, &rows, &count) != 0) return;
    const char* folder = nullptr;
    Dwarf_Attribute attribute;
    if (Elfutils::get()->dwarf_attr(&die, DW_AT_comp_dir, &attribute) != nullptr)
      folder = Elfutils::get()->dwarf_formstring(&attribute);
    by_pointer_.clear();
    for (size_t i = 0; i < count; ++i) add(Elfutils::get()->dwarf_onesrcline(rows, i), folder);
  }

  void add(Dwarf_Line* row, const char* folder) {
    LineRow line;
    bool end = false;
    int number = 0;
    if (Elfutils::get()->dwarf_lineaddr(row, &line.address) != 0 ||
        Elfutils::get()->dwarf_lineendsequence(row, &end) != 0)
      return;
    // Sections that the linker dropped stay in the table at address 0.
    if (line.address == 0) return;
    if (!end) {
      Elfutils::get()->dwarf_lineno(row, &number);
      Elfutils::get()->dwarf_linebeginstatement(row, &line.is_statement);
      line.line = static_cast<uint32_t>(number);
      line.file = file_number(Elfutils::get()->dwarf_linesrc(row, nullptr, nullptr), folder);
    }
    lines_.push_back(line);
  }

  uint32_t file_number(const char* name, const char* folder) {
    if (const auto known = by_pointer_.find(name); known != by_pointer_.end()) return known->second;
    std::string path = name == nullptr ? "" : name;
    if (!path.empty() && path.front() != '/' && folder != nullptr)
      path = std::string(folder) + "/" + path;
    const auto [entry, is_new] = by_name_.try_emplace(path, static_cast<uint32_t>(files_.size()));
    if (is_new) files_.push_back(path);
    by_pointer_.emplace(name, entry->second);
    return entry->second;
  }

  void sort() {
    // The end of one sequence and the beginning of the next may share an address: the beginning
    // counts.
    std::stable_sort(lines_.begin(), lines_.end(), [](const LineRow& a, const LineRow& b) {
      if (a.address != b.address) return a.address < b.address;
      return (a.line != 0) < (b.line != 0);
    });
  }

  std::vector<LineRow>& lines_;
  std::vector<std::string>& files_;
  std::unordered_map<const char*, uint32_t> by_pointer_;
  std::unordered_map<std::string, uint32_t> by_name_;
};

}  // namespace

std::span<const LineRow> SymbolFile::lines() const {
  std::call_once(tables_->lines_once, [this] {
    const std::lock_guard guard(tables_->reading);
    Reader reader(tables_->lines, tables_->files);
    reader.read(tables_->main->elf());
    if (tables_->lines.empty() && tables_->debug) reader.read(tables_->debug->elf());
  });
  return tables_->lines;
}

const std::vector<std::string>& SymbolFile::source_files() const {
  lines();
  return tables_->files;
}

const LineRow* SymbolFile::row_at(uint64_t address) const {
  const std::span<const LineRow> rows = lines();
  const auto after =
      std::upper_bound(rows.begin(), rows.end(), address,
                       [](uint64_t value, const LineRow& row) { return value < row.address; });
  if (after == rows.begin()) return nullptr;
  const LineRow& row = *(after - 1);
  return row.line == 0 ? nullptr : &row;
}

std::vector<uint64_t> SymbolFile::addresses_of_line(std::string_view file, uint32_t line) const {
  const std::span<const LineRow> rows = lines();
  const std::vector<std::string>& files = source_files();
  std::vector<bool> is_meant(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string_view path = files[i];
    is_meant[i] = path == file || (path.ends_with(file) && file.size() < path.size() &&
                                   path[path.size() - file.size() - 1] == '/');
  }
  const auto has_code = [&](const LineRow& row) {
    return row.line >= line && line != 0 && row.is_statement && is_meant[row.file];
  };
  uint32_t nearest = 0;
  for (const LineRow& row : rows) {
    if (has_code(row) && (nearest == 0 || row.line < nearest)) nearest = row.line;
  }
  std::vector<uint64_t> found;
  bool inside = false;
  for (const LineRow& row : rows) {
    const bool is_there = has_code(row) && row.line == nearest;
    if (is_there && !inside) found.push_back(row.address);
    inside = is_there || (inside && row.line == nearest && is_meant[row.file]);
  }
  return found;
}

std::optional<SourceLine> SymbolFile::line_at(uint64_t address) const {
  const LineRow* row = row_at(address);
  if (row == nullptr) return std::nullopt;
  return SourceLine{source_files()[row->file], row->line};
}

}  // namespace weft

// coverage: which basic blocks ran, as drcov and lcov files.
//
// A block's first execution sets a word of its own and takes that addition out of the code. If the
// block is built again, it is without.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "common/block_table.h"
#include "common/drcov.h"
#include "common/lcov.h"
#include "common/output_file.h"
#include "common/report_tool.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

class Coverage final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "records which basic blocks ran (drcov for Lighthouse, lcov for source lines)";
  }

  void declare(OptionList& list) override {
    declare_output(list, "coverage.%p.drcov");
    list.add_text("lcov", "",
                  "file for lines of source, in lcov's format (needs debug information)");
    list.add_text("module", "", "only modules whose path contains this");
    list.add_flag("stats", false, "tell how much was instrumented and removed");
  }

  void start(Process& process, const Options& options) override {
    code_ = &process.code();
    lcov_ = options.text("lcov");
    module_ = options.text("module");
    if (options.flag("stats")) stats_stream_ = process.error_stream();
  }

  void on_block(Block& block) override {
    if (!module_.empty()) {
      const Module* module = process().module_at(block.tag());
      if (module == nullptr || module->path.find(module_) == std::string::npos) return;
    }
    BlockRecord& record = table_.record(process(), block, BlockTable::Keep::kNothing);
    if (has_run(record)) return;
    block.anywhere().set_once(record.executions);
    additions_.fetch_add(1, std::memory_order_relaxed);
  }

  std::string report(Process& process) override {
    const std::vector<BlockRecord*> records = table_.sorted();
    if (stats_stream_ >= 0) print_stats(records);
    if (!lcov_.empty()) {
      if (lcov_path_.empty()) lcov_path_ = report_path(process, lcov_);
      complain(write_file(lcov_path_, lcov_of(records)));
    }
    return drcov_of(process, records);
  }

  void restart(Process& process, Thread& /*thread*/) override {
    code_ = &process.code();
    lcov_path_.clear();
    additions_ = 0;
    // What the parent did is not the child's; blocks without instrumentation have to get it again.
    table_.reset();
    code_->delete_all();
  }

 private:
  static bool has_run(const BlockRecord& record) { return record.executions.get() != 0; }

  void print_stats(const std::vector<BlockRecord*>& records) const {
    const auto ran = std::count_if(records.begin(), records.end(),
                                   [](const BlockRecord* record) { return has_run(*record); });
    tell(stats_stream_,
         fmt::format("coverage: {} blocks, instrumented {} times, {} ran and lost it again\n",
                     records.size(), additions_.load(), ran));
  }

  static std::string drcov_of(Process& process, const std::vector<BlockRecord*>& records) {
    std::vector<DrcovModule> modules;
    for (const Module* module : process.modules())
      modules.push_back({module->range.start, module->range.end, module->entry, module->path});
    std::vector<DrcovBlock> blocks;
    for (const BlockRecord* record : records) {
      if (has_run(*record)) blocks.push_back({record->range.start, record->range.size()});
    }
    return drcov(modules, blocks);
  }

  static std::string lcov_of(const std::vector<BlockRecord*>& records) {
    std::map<const Module*, std::vector<const BlockRecord*>> by_module;
    for (const BlockRecord* record : records) {
      if (record->module != nullptr && has_run(*record))
        by_module[record->module].push_back(record);
    }
    Lcov lcov;
    for (const auto& [module, blocks] : by_module) {
      const auto file = SymbolFile::open(module->path);
      if (file != nullptr && !file->lines().empty()) add_module(lcov, *file, module->bias, blocks);
    }
    return lcov.text();
  }

  static void add_module(Lcov& lcov, const SymbolFile& file, Address bias,
                         const std::vector<const BlockRecord*>& blocks) {
    const std::span<const LineRow> rows = file.lines();
    std::vector<bool> hit(rows.size());
    for (const BlockRecord* block : blocks) mark(file, bias, *block, hit);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].line != 0)
        lcov.add_line(file.source_files()[rows[i].file], rows[i].line, hit[i] ? 1 : 0);
    }
    for (const FunctionSymbol& function : file.functions()) {
      const LineRow* row = file.row_at(function.start);
      if (row == nullptr) continue;
      lcov.add_function(file.source_files()[row->file], demangle(function.name), row->line,
                        hit[static_cast<size_t>(row - rows.data())] ? 1 : 0);
    }
  }

  /// The row that the block starts in, if it starts behind its beginning, and those that begin in
  /// it.
  static void mark(const SymbolFile& file, Address bias, const BlockRecord& block,
                   std::vector<bool>& hit) {
    const std::span<const LineRow> rows = file.lines();
    const uint64_t start = block.range.start - bias;
    const uint64_t end = block.range.end - bias;
    const auto first = std::lower_bound(
        rows.begin(), rows.end(), start,
        [](const LineRow& row, uint64_t address) { return row.address < address; });
    size_t at = static_cast<size_t>(first - rows.begin());
    if (at > 0 && (at == rows.size() || rows[at].address > start)) hit[at - 1] = true;
    for (; at < rows.size() && rows[at].address < end; ++at) hit[at] = true;
  }

  BlockTable table_;
  Code* code_ = nullptr;
  std::string lcov_;
  std::string lcov_path_;
  std::string module_;
  int stats_stream_ = -1;  ///< descriptor; -1: no statistics wanted
  std::atomic<uint64_t> additions_ = 0;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Coverage);

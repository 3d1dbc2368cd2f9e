// blocks: the basic blocks and functions that executed most instructions.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "common/block_table.h"
#include "common/html_report.h"
#include "common/report_parts.h"
#include "common/report_tool.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

struct BlockRow {
  const BlockRecord* record = nullptr;
  uint64_t executions = 0;
  uint64_t instructions = 0;
  Location where;
};

struct FunctionRow {
  std::string name;
  std::string module;
  SourceLine source;
  uint64_t instructions = 0;
  uint64_t blocks = 0;
};

struct Results {
  uint64_t total = 0;
  uint64_t blocks_seen = 0;
  std::vector<BlockRow> blocks;        ///< most instructions first
  std::vector<FunctionRow> functions;  ///< the same
};

std::string source_text(const SourceLine& source) {
  return source.line == 0 ? "" : fmt::format("{}:{}", last_part(source.file), source.line);
}

class Blocks final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "lists the hottest basic blocks and functions, with symbols and source lines";
  }

  void declare(OptionList& list) override {
    declare_output(list, "-");
    list.add_text("format", "text", "text, json or html");
    list.add_number("top", 20, "how many blocks and functions to list; 0: all");
  }

  void start(Process& process, const Options& options) override {
    format_ = options.text("format");
    if (format_ != "text" && format_ != "json" && format_ != "html")
      process.fail("format must be text, json or html");
    top_ = options.number("top");
  }

  void on_thread_start(Thread& /*thread*/) override { counters_.thread_started(process()); }

  void on_block(Block& block) override { counters_.count(block, table_.record(process(), block)); }

  std::string report(Process& process) override {
    const Results results = evaluate(process);
    if (format_ == "json") return json_of(process, results);
    if (format_ == "html") return html_of(process, results);
    return text_of(process, results);
  }

  void restart(Process& /*process*/, Thread& /*thread*/) override {
    counters_.restart();
    table_.reset();
  }

 private:
  Results evaluate(Process& process) {
    Symbols symbols;
    add_modules(symbols, process);
    Results results;
    std::map<std::pair<std::string, std::string>, FunctionRow> functions;
    for (const BlockRecord* record : table_.sorted()) {
      const uint64_t executions = record->executions.get();
      if (executions == 0) continue;
      BlockRow row{record, executions, executions * record->instructions,
                   symbols.find(record->range.start)};
      results.total += row.instructions;
      ++results.blocks_seen;
      add_to_function(functions[{row.where.module, row.where.function}], row, symbols);
      results.blocks.push_back(std::move(row));
    }
    for (auto& [name, function] : functions) results.functions.push_back(std::move(function));
    const auto more = [](const auto& a, const auto& b) { return a.instructions > b.instructions; };
    std::stable_sort(results.blocks.begin(), results.blocks.end(), more);
    std::stable_sort(results.functions.begin(), results.functions.end(), more);
    shorten(results.blocks);
    shorten(results.functions);
    return results;
  }

  static void add_to_function(FunctionRow& function, const BlockRow& row, const Symbols& symbols) {
    if (function.blocks++ == 0) {
      function.name = row.where.function.empty() ? "(no symbol)" : row.where.function;
      function.module = row.where.module.empty() ? "(no module)" : row.where.module;
      if (!row.where.function.empty())
        function.source = symbols.find(row.where.function_start).source;
    }
    function.instructions += row.instructions;
  }

  template <typename T>
  void shorten(std::vector<T>& rows) const {
    if (top_ != 0 && rows.size() > top_) rows.resize(top_);
  }

  static std::string text_of(Process& process, const Results& results) {
    std::string out =
        fmt::format("blocks: process {} ({}): {} instructions in {} blocks\n", process.id(),
                    process.program(), results.total, results.blocks_seen);
    out += "\n  share  instructions  function\n";
    for (const FunctionRow& row : results.functions) {
      const std::string source = source_text(row.source);
      out += fmt::format("{:6.2f}% {:13}  {} [{}]{}\n", percent(row.instructions, results.total),
                         row.instructions, row.name, last_part(row.module),
                         source.empty() ? "" : " " + source);
    }
    out += "\n  share    executions  length  block\n";
    for (const BlockRow& row : results.blocks) {
      const Address start = row.record->range.start;
      out += fmt::format("{:6.2f}% {:13} {:7}  {:#x} {} [{}]\n",
                         percent(row.instructions, results.total), row.executions,
                         row.record->instructions, start, row.where.text(start),
                         last_part(row.where.module));
    }
    return out;
  }

  static std::string json_of(Process& process, const Results& results) {
    using nlohmann::json;
    json out{{"process", process.id()},       {"program", process.program()},
             {"instructions", results.total}, {"blocks_executed", results.blocks_seen},
             {"functions", json::array()},    {"blocks", json::array()}};
    for (const FunctionRow& row : results.functions) {
      out["functions"].push_back({{"name", row.name},
                                  {"module", row.module},
                                  {"file", row.source.file},
                                  {"line", row.source.line},
                                  {"instructions", row.instructions},
                                  {"blocks", row.blocks}});
    }
    for (const BlockRow& row : results.blocks) {
      out["blocks"].push_back({{"start", row.record->range.start},
                               {"end", row.record->range.end},
                               {"instructions", row.record->instructions},
                               {"executions", row.executions},
                               {"function", row.where.function},
                               {"module", row.where.module},
                               {"file_address", row.where.file_address},
                               {"file", row.where.source.file},
                               {"line", row.where.source.line}});
    }
    // Names in a program need not be UTF-8.
    return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  }

  static std::string html_of(Process& process, const Results& results) {
    HtmlReport page("Hot blocks of " + last_part(process.program()));
    page.note(fmt::format("Process {}, {}: {} instructions in {} basic blocks.", process.id(),
                          process.program(), results.total, results.blocks_seen));
    std::vector<std::vector<std::string>> rows;
    for (const FunctionRow& row : results.functions) {
      rows.push_back({fmt::format("{:.2f}%", percent(row.instructions, results.total)),
                      std::to_string(row.instructions), row.name, last_part(row.module),
                      source_text(row.source)});
    }
    page.table("Functions",
               {{"share", true}, {"instructions", true}, {"function"}, {"module"}, {"source"}},
               rows);
    rows.clear();
    for (const BlockRow& row : results.blocks) {
      const Address start = row.record->range.start;
      rows.push_back({fmt::format("{:.2f}%", percent(row.instructions, results.total)),
                      std::to_string(row.executions), std::to_string(row.record->instructions),
                      fmt::format("{:#x}", start), row.where.text(start),
                      last_part(row.where.module)});
    }
    page.table("Basic blocks",
               {{"share", true},
                {"executions", true},
                {"instructions", true},
                {"address"},
                {"place"},
                {"module"}},
               rows);
    return page.text();
  }

  BlockTable table_;
  BlockCounters counters_;
  std::string format_;
  uint64_t top_ = 0;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Blocks);

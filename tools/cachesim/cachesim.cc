// cachesim: misses of simulated caches, and mispredicted branches, by line, in cachegrind's format.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <tuple>

#include "cachesim/block_plan.h"
#include "cachesim/model.h"
#include "common/block_hash.h"
#include "common/output_file.h"
#include "common/report_parts.h"
#include "common/report_tool.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

constexpr const char* kEventNames[kEvents] = {"Ir",   "I1mr", "ILmr", "Dr",  "D1mr", "DLmr", "Dw",
                                              "D1mw", "DLmw", "Bc",   "Bcm", "Bi",   "Bim"};
constexpr size_t kRecordsPerBuffer = 8192;

class CacheSim final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "simulates caches and a branch predictor, by line (cachegrind's format)";
  }

  void declare(OptionList& list) override {
    declare_output(list, "cachegrind.out.%p");
    list.add_text("i1", "",
                  "first cache of instructions: SIZE/WAYS/LINE, as 32k/8/64 (default "
                  "this machine's)");
    list.add_text("d1", "", "first cache of data");
    list.add_text("ll", "", "last cache, of both");
    list.add_flag("branches", false, "simulates a branch predictor, too");
    list.add_flag("stats", false, "tell the totals on standard error");
  }

  void start(Process& process, const Options& options) override {
    caches_ = {geometry(process, options, "i1", CacheLevel::kInstructions),
               geometry(process, options, "d1", CacheLevel::kData),
               geometry(process, options, "ll", CacheLevel::kLast)};
    has_branches_ = options.flag("branches");
    if (options.flag("stats")) stats_stream_ = process.error_stream();
    model_ = std::make_unique<Model>(caches_, has_branches_);
    places_ = ThreadData<ThreadPlace>(process);
    buffer_ = process.new_buffer(sizeof(Record), kRecordsPerBuffer, &CacheSim::flush, this);
  }

  void on_thread_exit(Thread& thread) override { places_.release(thread); }

  void on_block(Block& block) override {
    BlockCode& code = code_of(block);
    add_records(block, code, buffer_);
    for (size_t i = 0; i < block.size(); ++i) add_calls(block, i, code);
  }

  std::string report(Process& process) override {
    Symbols symbols;
    add_modules(symbols, process);
    Profile profile;
    Costs total{};
    {
      const std::scoped_lock guard(codes_mutex_, mutex_);
      for (const BlockCode& code : codes_) add_costs(profile, total, symbols, code);
    }
    if (stats_stream_ >= 0) tell(stats_stream_, "cachesim: " + columns(total, true) + "\n");
    return text_of(process, profile, total);
  }

  void restart(Process& /*process*/, Thread& thread) override {
    // Threads that are not in the child may have held them.
    new (&mutex_) std::mutex;
    new (&codes_mutex_) std::mutex;
    for (BlockCode& code : codes_) {
      code.executions = 0;
      std::fill(code.costs.begin(), code.costs.end(), Costs{});
    }
    places_.get(thread) = ThreadPlace();
  }

 private:
  /// By file, function and line.
  using Profile = std::map<std::pair<std::string, std::string>, std::map<uint32_t, Costs>>;

  static CacheGeometry geometry(Process& process, const Options& options, std::string_view name,
                                CacheLevel level) {
    std::string text = options.text(name);
    if (text.empty()) return own_geometry(level);
    // A comma would end the option.
    std::replace(text.begin(), text.end(), '/', ',');
    const std::optional<CacheGeometry> given = parse_geometry(text);
    if (!given)
      process.fail(
          fmt::format("{} must be SIZE/WAYS/LINE, with a power of two sets and bytes in a "
                      "line",
                      name));
    return *given;
  }

  BlockCode& code_of(const Block& block) {
    const std::lock_guard guard(codes_mutex_);
    const auto key = std::make_tuple(block.range().start, block.range().end, hash_of(block));
    BlockCode*& code = by_bytes_[key];
    if (code == nullptr) {
      code = &codes_.emplace_back();
      plan_block(*code, block, caches_.instructions.line, model_->longest());
      const std::lock_guard model_guard(mutex_);
      model_->add(*code);
    }
    return *code;
  }

  /// For accesses that cannot be recorded.
  void add_calls(Block& block, size_t index, BlockCode& code) {
    for (int n = 0;; ++n) {
      const int at = block[index].listed_operand(n);
      if (at < 0) break;
      block.before(index).call(&CacheSim::access_listed, this, current_thread(), &code,
                               static_cast<uint32_t>(index), memory_accesses(at));
    }
  }

  static void access_listed(CacheSim* tool, Thread& thread, BlockCode* code, uint32_t index,
                            const MemoryAccesses& accesses) {
    // What was recorded comes first.
    thread.flush(tool->buffer_);
    const std::lock_guard guard(tool->mutex_);
    for (const MemoryAccess& each : accesses)
      tool->model_->access_also(*code, index, each.address, each.size, !each.read);
  }

  static void flush(Thread& thread, const void* records, size_t bytes, void* argument) {
    CacheSim* const tool = static_cast<CacheSim*>(argument);
    ThreadPlace& place = tool->places_.get(thread);
    const std::lock_guard guard(tool->mutex_);
    tool->model_->run(place, {static_cast<const Record*>(records), bytes / sizeof(Record)});
  }

  void add_costs(Profile& profile, Costs& total, const Symbols& symbols,
                 const BlockCode& code) const {
    if (code.executions == 0) return;
    for (size_t i = 0; i < code.pcs.size(); ++i) {
      const Costs costs = Model::costs_of(code, i, has_branches_);
      const Location where = symbols.find(code.pcs[i]);
      Costs& line = profile[{where.source.line == 0 ? "???" : where.source.file,
                             where.function.empty() ? "???" : where.function}][where.source.line];
      for (size_t event = 0; event < kEvents; ++event) {
        line[event] += costs[event];
        total[event] += costs[event];
      }
    }
  }

  /// The numbers, or "Ir 5, I1mr 3".
  std::string columns(const Costs& costs, bool with_names = false) const {
    std::string out;
    for (size_t event = 0; event < (has_branches_ ? size_t{kEvents} : size_t{kBc}); ++event) {
      if (event != 0) out += with_names ? ", " : " ";
      out += with_names ? fmt::format("{} {}", kEventNames[event], costs[event])
                        : fmt::format("{}", costs[event]);
    }
    return out;
  }

  std::string text_of(Process& process, const Profile& profile, const Costs& total) const {
    std::string out = fmt::format("desc: I1 cache:         {}\ndesc: D1 cache:         {}\n",
                                  caches_.instructions.text(), caches_.data.text());
    auto text = std::back_inserter(out);
    fmt::format_to(text, "desc: LL cache:         {}\ncmd:", caches_.last.text());
    for (const std::string& argument : process.arguments()) out += " " + argument;
    out += "\nevents:";
    for (size_t event = 0; event < (has_branches_ ? size_t{kEvents} : size_t{kBc}); ++event)
      fmt::format_to(text, " {}", kEventNames[event]);
    out += "\n";
    for (const auto& [function, lines] : profile) {
      fmt::format_to(text, "fl={}\nfn={}\n", function.first, function.second);
      for (const auto& [line, costs] : lines) fmt::format_to(text, "{} {}\n", line, columns(costs));
    }
    fmt::format_to(text, "summary: {}\n", columns(total));
    return out;
  }

  Model::Caches caches_;
  bool has_branches_ = false;
  int stats_stream_ = -1;  ///< descriptor; -1: no statistics wanted
  Buffer buffer_;
  ThreadData<ThreadPlace> places_;
  std::mutex mutex_;  ///< of the model, and of what it counts
  std::unique_ptr<Model> model_;
  std::mutex codes_mutex_;  ///< of the two below
  std::map<std::tuple<Address, Address, uint64_t>, BlockCode*> by_bytes_;
  std::deque<BlockCode> codes_;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::CacheSim);

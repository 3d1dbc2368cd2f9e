// A version for each of many values that the program gives to a system call that no kernel has.
// Each version of the function `work` counts in a counter of its own; the default version calls,
// and is not to run. All values are to have run alike, and each run to have been in its version.
#include <atomic>
#include <cstdio>
#include <vector>

#include "weft/symbols.h"
#include "weft/tool.h"

namespace {

constexpr uint64_t kSwitchCall = 0x7100;

std::atomic<uint64_t> g_by_default;

class Many final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_flag("shared", false, "one word for all threads instead of one for each");
    options.add_number("values", 1000, "that there are");
    options.add_number("fixed", 0, "of these, that blocks have from the start");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    shared_ = options.flag("shared");
    own_word_ = process.new_thread_counter();
    shared_word_ = process.new_counter();
    counters_.resize(options.number("values"));
    for (weft::Counter& each : counters_) each = process.new_counter();
    weft::VersionOptions choice;
    // In no order that anybody sorts by.
    const auto fixed = static_cast<uint32_t>(options.number("fixed"));
    for (uint32_t i = 0; i < fixed; ++i) {
      choice.values.push_back(static_cast<int32_t>((i * 7919 + 3) % fixed));
    }
    if (counters_.size() > fixed) choice.most_dynamic = ~uint32_t{0};
    choice.threshold = 1;
    versions_ = shared_ ? process.new_versions(shared_word_, choice)
                        : process.new_versions(own_word_, choice);
    const auto file = weft::SymbolFile::open(process.program());
    for (const weft::FunctionSymbol& each : file->functions()) {
      if (each.name == "work") work_ = {each.start, each.start + each.size};
    }
  }

  void on_block(weft::Block& block) override {
    if (block.tag() < work_.start || block.tag() >= work_.end) return;
    const weft::Case which = block.choose(versions_);
    if (which.is_default) {
      block.before(0).call(count_default);
    } else {
      block.anywhere().add_atomic(counters_[static_cast<size_t>(which.value)],
                                  static_cast<int32_t>(block.size()));
    }
  }

  void on_syscall_before(weft::SystemCall& call) override {
    if (call.number() != kSwitchCall) return;
    if (shared_) {
      shared_word_.set(call.argument(0));
    } else {
      call.thread().set(own_word_, call.argument(0));
    }
    call.set_result(0);
  }

  void on_exit(weft::Process&, int) override {
    size_t unlike = 0;
    for (const weft::Counter& each : counters_) {
      if (each.get() != counters_.front().get()) ++unlike;
    }
    std::fprintf(stderr, "many: each=%llu unlike=%zu by_default=%llu\n",
                 static_cast<unsigned long long>(counters_.front().get()), unlike,
                 static_cast<unsigned long long>(g_by_default.load()));
  }

 private:
  static void count_default() { g_by_default.fetch_add(1, std::memory_order_relaxed); }

  bool shared_ = false;
  weft::ThreadCounter own_word_;
  weft::Counter shared_word_;
  std::vector<weft::Counter> counters_;
  weft::Versions versions_;
  weft::Range work_;
};

}  // namespace

WEFT_TOOL(Many);

// Counts what the function `work` executes by the value that the program last gave to a system call
// that no kernel has: by versions of its blocks, and in their default version by calls. The sums by
// value are exact however the versions come and go. Compiled twice: the second tool, `crossed`,
// goes by the call's second argument.
#include <array>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "weft/symbols.h"
#include "weft/tool.h"

namespace {

#ifdef WEFT_CROSSED
constexpr const char* kName = "crossed";
constexpr unsigned kArgument = 1;
#else
constexpr const char* kName = "cases";
constexpr unsigned kArgument = 0;
#endif

constexpr uint64_t kSwitchCall = 0x7100;
constexpr uint32_t kValues = 10;

std::array<std::atomic<uint64_t>, kValues> g_by_call;

class Cases final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_flag("shared", false, "one word for all threads instead of one for each");
    options.add_number("dynamic", 6, "cases beyond 0 and 1 that a block may get");
    options.add_number("threshold", 100, "runs of the default version before that");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    process_ = &process;
    shared_ = options.flag("shared");
    own_word_ = process.new_thread_counter();
    shared_word_ = process.new_counter();
    for (weft::ThreadCounter& counter : counted_) counter = process.new_thread_counter();
    const weft::VersionOptions choice{{0, 1},
                                      static_cast<uint32_t>(options.number("dynamic")),
                                      static_cast<uint32_t>(options.number("threshold"))};
    most_ = choice.most_dynamic;
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
    const auto size = static_cast<int32_t>(block.size());
    if (!which.is_default) {
      block.anywhere().add(counted_[static_cast<size_t>(which.value)], size);
    } else if (shared_) {
      block.before(0).call(count, shared_word_.cell(), size);
    } else {
      block.before(0).call(count_own, weft::thread_counter(own_word_), size);
    }
  }

  void on_syscall_before(weft::SystemCall& call) override {
    if (call.number() != kSwitchCall) return;
    if (shared_) {
      shared_word_.set(call.argument(kArgument));
    } else {
      call.thread().set(own_word_, call.argument(kArgument));
    }
    call.set_result(0);
  }

  void on_new_case(weft::Versions versions, weft::Address tag, int32_t value) override {
    if (versions.number() != versions_.number()) return;  // another tool's
    const std::lock_guard held(lock_);
    if (!made_.emplace(tag, value).second) ++repeated_;
    std::vector<int32_t>& values = of_block_[tag];
    values.push_back(value);
    if (values.size() > most_) ++excess_;
  }

  void on_exit(weft::Process& process, int) override {
    std::string text = std::string(kName) + ":";
    for (uint32_t i = 0; i < kValues; ++i) {
      text += " " + std::to_string(process.sum(counted_[i]) + g_by_call[i].load());
    }
    const std::lock_guard held(lock_);
    std::fprintf(stderr, "%s made=%s repeated=%u excess=%u\n", text.c_str(),
                 made_.empty() ? "no" : "yes", repeated_, excess_);
  }

 private:
  static void count_own(uint64_t value, uint64_t size) { g_by_call[value] += size; }
  static void count(const uint64_t* word, uint64_t size) {
    g_by_call[__atomic_load_n(word, __ATOMIC_RELAXED)] += size;
  }

  weft::Process* process_ = nullptr;
  bool shared_ = false;
  uint32_t most_ = 0;
  weft::ThreadCounter own_word_;
  weft::Counter shared_word_;
  std::array<weft::ThreadCounter, kValues> counted_;
  weft::Versions versions_;
  weft::Range work_;
  std::mutex lock_;
  std::set<std::pair<weft::Address, int32_t>> made_;        ///< under lock_
  std::map<weft::Address, std::vector<int32_t>> of_block_;  ///< under lock_
  uint32_t repeated_ = 0;                                   ///< under lock_
  uint32_t excess_ = 0;                                     ///< under lock_
};

}  // namespace

WEFT_TOOL(Cases);

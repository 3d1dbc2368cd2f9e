// A tool for the measurement of dynamic cases: each block of the program counts, by the value that
// its thread gave to a system call that no kernel has. Values but 0 are not known before.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>
#include <utility>

#include "weft/tool.h"

namespace {

constexpr uint64_t kSwitchCall = 0x7100;

class DynamicCases final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_number("threshold", 100, "runs of the default version before a case is made");
    options.add_flag("known", false, "all values are known from the start");
    options.add_text("output", "", "file for the counts of cases");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    process_ = &process;
    output_ = options.text("output");
    word_ = process.new_thread_counter();
    counted_ = process.new_thread_counter();
    versions_ =
        process.new_versions(word_, {{0}, 6, static_cast<uint32_t>(options.number("threshold"))});
  }

  void on_block(weft::Block& block) override {
    const weft::Module* module = process_->module_at(block.tag());
    if (module == nullptr || module->number != 0) return;
    const weft::Case which = block.choose(versions_);
    if (which.is_default) {
      block.before(0).call(note_default);
    } else {
      block.anywhere().add(counted_, static_cast<int32_t>(block.size()));
    }
  }

  void on_syscall_before(weft::SystemCall& call) override {
    if (call.number() != kSwitchCall) return;
    call.thread().set(word_, call.argument(0));
    call.set_result(0);
  }

  void on_new_case(weft::Versions, weft::Address tag, int32_t value) override {
    const std::lock_guard held(lock_);
    if (!made_.emplace(tag, value).second) ++repeated_;
  }

  void on_exit(weft::Process& process, int) override {
    if (output_.empty()) return;
    std::FILE* file = std::fopen(process.output_name(output_).c_str(), "w");
    if (file == nullptr) return;
    const std::lock_guard held(lock_);
    std::fprintf(file, "{\"cases\": %zu, \"repeated\": %zu, \"default_runs\": %llu}\n",
                 made_.size(), repeated_, static_cast<unsigned long long>(g_default_runs.load()));
    std::fclose(file);
  }

 private:
  static std::atomic<uint64_t> g_default_runs;
  static void note_default() { g_default_runs.fetch_add(1, std::memory_order_relaxed); }

  weft::Process* process_ = nullptr;
  std::string output_;
  weft::ThreadCounter word_;
  weft::ThreadCounter counted_;
  weft::Versions versions_;
  std::mutex lock_;
  std::set<std::pair<weft::Address, int32_t>> made_;  ///< under lock_
  size_t repeated_ = 0;                               ///< under lock_
};

std::atomic<uint64_t> DynamicCases::g_default_runs = 0;

}  // namespace

WEFT_TOOL(DynamicCases);

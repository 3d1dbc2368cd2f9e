// Events that other tests do not look at, one a mode, on the parts of eventful.c.
#include <sys/syscall.h>

#include <atomic>
#include <cstdio>
#include <set>
#include <string>

#include "weft/tool.h"

namespace {

std::atomic<int> g_made{0};
std::atomic<int> g_destroyed{0};
std::atomic<int> g_first{0};
std::atomic<int> g_second{0};
std::atomic<int> g_disorder{0};

struct PerThread {
  PerThread() { ++g_made; }
  ~PerThread() { ++g_destroyed; }
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;
  int calls = 0;
};

class Events final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("mode", "results",
                     "results, signals, modules, exec, data, first, second or traces");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    mode_ = options.text("mode");
    data_ = weft::ThreadData<PerThread>(process);
    code_ = &process.code();
  }

  void on_thread_start(weft::Thread& thread) override {
    if (mode_ == "data") ++data_.get(thread).calls;
  }
  void on_thread_exit(weft::Thread& thread) override { data_.release(thread); }

  void on_block(weft::Block& block) override {
    if (mode_ == "first") block.before(0).call(note_first);
    if (mode_ == "second") block.before(0).call(note_second);
  }

  void on_syscall_before(weft::SystemCall& call) override {
    if (mode_ != "results") return;
    if (call.number() == SYS_getppid) call.set_result(4242);
    if (call.number() == SYS_write && call.argument(0) == 77) call.set_argument(0, 1);
    if (call.number() == SYS_sched_yield) call.set_number(SYS_gettid);
  }
  void on_syscall_after(weft::SystemCall& call) override {
    if (mode_ == "results" && call.number() == SYS_getuid) call.set_result(17);
  }

  void on_signal(const weft::SignalInfo& signal) override {
    if (mode_ != "signals") return;
    ++signals_;
    sum_ += signal.number;
    if (signal.info.si_signo != signal.number || signal.pc == 0) sum_ += 1000;
  }

  void on_module_load(const weft::Module& module) override {
    if (module.path.ends_with("late_work.so") && module.loaded) ++loads_;
  }
  void on_module_unload(const weft::Module& module) override {
    if (module.path.ends_with("late_work.so") && !module.loaded) ++unloads_;
  }

  void on_trace(const weft::FragmentInfo& trace) override {
    if (mode_ != "traces" || !trace.is_trace) return;
    const bool has_path = trace.constituents.size() > 1 && trace.constituents[0].tag == trace.tag;
    if (!has_path || !live_traces_.insert(trace.sequence).second) ++strays_;
    if (code_->fragments_at(trace.tag).size() > 1) ++beside_blocks_;
  }
  void on_fragment_deleted(const weft::FragmentInfo& fragment) override {
    if (fragment.is_trace && live_traces_.erase(fragment.sequence) == 0) ++strays_;
  }

  void on_exec(weft::Process&) override {
    if (mode_ == "exec") std::fprintf(stderr, "events: exec\n");
  }

  void on_exit(weft::Process&, int status) override {
    if (mode_ == "signals") std::fprintf(stderr, "events: signals=%d sum=%d\n", signals_, sum_);
    if (mode_ == "modules") std::fprintf(stderr, "events: loads=%d unloads=%d\n", loads_, unloads_);
    if (mode_ == "exec") std::fprintf(stderr, "events: exit %d\n", status >> 8);
    if (mode_ == "data") {
      std::fprintf(stderr, "events: made=%d destroyed=%d\n", g_made.load(), g_destroyed.load());
    }
    if (mode_ == "traces") report_traces();
    if (mode_ == "second") {
      std::fprintf(stderr, "events: %s, disorder=%d\n",
                   g_first > 1000 && g_first == g_second ? "as often" : "not as often",
                   g_disorder.load());
    }
  }

 private:
  /// Each trace dies once, with any block of it, and its head's block can go on without it.
  void report_traces() {
    const size_t live = live_traces_.size();
    code_->delete_all();
    std::fprintf(stderr, "events: %s, %s, left=%zu strays=%d\n", live > 0 ? "traces" : "no traces",
                 beside_blocks_ > 0 ? "beside blocks" : "alone", live_traces_.size(), strays_);
  }

  static void note_first() { ++g_first; }
  static void note_second() {
    if (++g_second != g_first) ++g_disorder;
  }

  std::string mode_;
  weft::ThreadData<PerThread> data_;
  weft::Code* code_ = nullptr;
  std::set<uint64_t> live_traces_;  ///< of a program with one thread
  int strays_ = 0;
  int beside_blocks_ = 0;
  int signals_ = 0;
  int sum_ = 0;
  int loads_ = 0;
  int unloads_ = 0;
};

}  // namespace

WEFT_TOOL(Events);

// syscalls: the program's system calls, one line each, a summary, or events for a trace viewer.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>

#include "common/output_file.h"
#include "common/report_parts.h"
#include "common/report_tool.h"
#include "syscalls/format.h"
#include "syscalls/names.h"
#include "syscalls/trace_events.h"

namespace weft::tools {
namespace {

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  constexpr int64_t kNanosecond = 1'000'000'000;
  return time.tv_sec * kNanosecond + time.tv_nsec;
}

/// A call that a thread is in.
struct Current {
  std::string text;
  int64_t start = 0;
  bool under_way = false;
};

struct Totals {
  uint64_t calls = 0;
  uint64_t errors = 0;
  int64_t nanoseconds = 0;
};

class Syscalls final : public Tool {
 public:
  std::string_view summary() const override {
    return "prints the program's system calls with arguments and results, or sums them up";
  }

  void declare(OptionList& list) override {
    list.add_text("output", "",
                  "file to write; %p is the process number, - is standard error (default -, with "
                  "format=trace syscalls.%p.json)");
    list.add_text("format", "text", "text, or trace (events as Perfetto's viewer reads them)");
    list.add_flag("summary", false, "no lines: calls, errors and time by system call at the end");
    list.add_flag("time", false, "each line ends with the time that the call took");
    list.add_text("only", "", "only calls with this name");
  }

  void on_start(Process& process, const Options& options) override {
    process_ = &process;
    const std::string format = options.text("format");
    if (format != "text" && format != "trace") process.fail("format must be text or trace");
    traces_ = format == "trace";
    pattern_ = options.text("output");
    if (pattern_.empty()) pattern_ = traces_ ? "syscalls.%p.json" : "-";
    summary_ = options.flag("summary");
    if (traces_ && summary_) process.fail("summary has no form as a trace");
    time_ = options.flag("time");
    only_ = options.text("only");
    current_ = ThreadData<Current>(process);
    if (pattern_ == "-") error_stream_ = process.error_stream();
    if (!begin_file()) process.fail("cannot write " + path_ + ": " + std::strerror(errno));
  }

  void on_thread_start(Thread& thread) override {
    if (traces_) add(begin_event(place_of(thread), "thread", now()));
  }

  void on_syscall_before(SystemCall& call) override {
    if (!is_wanted(call.number())) return;
    Current& current = current_.get(call.thread());
    current.under_way = true;
    if (!summary_) {
      current.text = call_text(*process_, call);
      // These do not come back if they work.
      if (syscall_name(call.number()).name.starts_with("exit")) note_last(call, current.text);
    }
    current.start = now();
  }

  void on_syscall_after(SystemCall& call) override {
    Current& current = current_.get(call.thread());
    if (!current.under_way) return;
    current.under_way = false;
    const int64_t took = now() - current.start;
    if (summary_) {
      const std::lock_guard guard(mutex_);
      Totals& totals = totals_[call.number()];
      ++totals.calls;
      totals.errors += call.result() < 0 && call.result() > -4096;
      totals.nanoseconds += took;
      return;
    }
    const std::string result = result_text(call.number(), call.result());
    if (traces_) {
      add(call_event(place_of(call.thread()), name_of(call.number()), current.start, took,
                     current.text, result));
      return;
    }
    std::string text = current.text + " = " + result;
    if (time_) text += fmt::format(" <{:.6f}>", static_cast<double>(took) / 1e9);
    line(call.thread(), text);
  }

  void on_signal(const SignalInfo& signal) override {
    if (summary_ || !only_.empty()) return;
    const char* known = sigabbrev_np(signal.number);
    const std::string name =
        known == nullptr ? fmt::format("signal {}", signal.number) : fmt::format("SIG{}", known);
    if (traces_) {
      add(moment_event(place_of(signal.thread), name, now(), ""));
    } else {
      line(signal.thread, fmt::format("--- {} ---", name));
    }
  }

  void on_thread_exit(Thread& thread) override {
    if (traces_) add(end_event(place_of(thread), now()));
    current_.release(thread);
  }
  void on_exit(Process& /*process*/, int /*status*/) override { finish(); }
  void on_exec(Process& /*process*/) override { finish(); }

  void on_fork(Process& process, Thread& thread) override {
    process_ = &process;
    totals_.clear();
    if (!begin_file()) complain("cannot write " + path_ + ": " + std::strerror(errno));
    on_thread_start(thread);
  }

 private:
  bool is_wanted(uint64_t number) const {
    return only_.empty() || syscall_name(number).name == only_;
  }

  static std::string name_of(uint64_t number) {
    const SyscallName known = syscall_name(number);
    return known.name.empty() ? std::to_string(number) : std::string(known.name);
  }

  EventThread place_of(const Thread& thread) const { return {process_->id(), thread.id()}; }

  /// A call that does not come back.
  void note_last(SystemCall& call, const std::string& text) {
    if (traces_) {
      add(moment_event(place_of(call.thread()), name_of(call.number()), now(), text));
    } else {
      line(call.thread(), text + " = ?");
    }
  }

  /// False: it cannot be written (errno).
  bool begin_file() {
    path_ = report_path(*process_, pattern_);
    if (path_ != "-" && !put("", O_TRUNC)) return false;
    const std::lock_guard guard(mutex_);
    events_.clear();
    if (traces_) events_ = trace_start(process_->id(), called_as(*process_));
    return true;
  }

  /// Events are written many at a time: each takes two, and would cost more than its call.
  void add(const std::string& event) {
    constexpr size_t kMost = size_t{1} << 16;
    const std::lock_guard guard(mutex_);
    events_ += event;
    if (events_.size() < kMost) return;
    put(events_, 0);
    events_.clear();
  }

  void line(const Thread& thread, const std::string& text) {
    put(fmt::format("[{}] {}\n", thread.id(), text), 0);
  }

  /// One write a line, to a file that is opened for it: the program may close whatever is open.
  bool put(std::string_view bytes, int flags) {
    const bool to_error = path_ == "-";
    const int fd =
        to_error ? error_stream_
                 : open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666);
    if (fd < 0) return false;
    const bool done = bytes.empty() ||
                      write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    if (!to_error) close(fd);
    return done;
  }

  void finish() {
    const std::lock_guard guard(mutex_);
    if (traces_) {
      put(events_ + trace_end(), 0);
      events_.clear();
    }
    if (!summary_) return;
    std::vector<std::pair<uint64_t, Totals>> rows(totals_.begin(), totals_.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.second.nanoseconds > b.second.nanoseconds;
    });
    std::string out = fmt::format("syscalls: process {}\n     seconds     calls    errors  name\n",
                                  process_->id());
    for (const auto& [number, totals] : rows) {
      out += fmt::format("{:12.6f} {:9} {:9}  {}\n", static_cast<double>(totals.nanoseconds) / 1e9,
                         totals.calls, totals.errors, name_of(number));
    }
    if (path_ == "-") {
      put(out, 0);
    } else {
      put(out, O_TRUNC);
    }
  }

  Process* process_ = nullptr;
  std::string pattern_;
  std::string path_;
  std::string only_;
  int error_stream_ = 2;
  bool summary_ = false;
  bool time_ = false;
  bool traces_ = false;
  std::string events_;  ///< not yet written
  ThreadData<Current> current_;
  std::mutex mutex_;
  std::map<uint64_t, Totals> totals_;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Syscalls);

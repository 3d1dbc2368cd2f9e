// syscalls: the program's system calls, one line each or a summary.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>

#include "common/output_file.h"
#include "common/report_tool.h"
#include "syscalls/format.h"
#include "syscalls/names.h"

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
    list.add_text("output", "-", "file to write; %p is the process number, - is standard error");
    list.add_flag("summary", false, "no lines: calls, errors and time by system call at the end");
    list.add_flag("time", false, "each line ends with the time that the call took");
    list.add_text("only", "", "only calls with this name");
  }

  void on_start(Process& process, const Options& options) override {
    process_ = &process;
    pattern_ = options.text("output");
    summary_ = options.flag("summary");
    time_ = options.flag("time");
    only_ = options.text("only");
    current_ = ThreadData<Current>(process);
    if (pattern_ == "-") error_stream_ = process.error_stream();
    path_ = report_path(process, pattern_);
    if (path_ != "-" && !put("", O_TRUNC))
      process.fail("cannot write " + path_ + ": " + std::strerror(errno));
  }

  void on_syscall_before(SystemCall& call) override {
    if (!is_wanted(call.number())) return;
    Current& current = current_.get(call.thread());
    current.under_way = true;
    if (!summary_) {
      current.text = call_text(*process_, call);
      // These do not come back if they work.
      if (syscall_name(call.number()).name.starts_with("exit"))
        line(call.thread(), current.text + " = ?");
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
    std::string text = current.text + " = " + result_text(call.number(), call.result());
    if (time_) text += fmt::format(" <{:.6f}>", static_cast<double>(took) / 1e9);
    line(call.thread(), text);
  }

  void on_signal(const SignalInfo& signal) override {
    if (summary_ || !only_.empty()) return;
    const char* name = sigabbrev_np(signal.number);
    line(signal.thread, name == nullptr ? fmt::format("--- signal {} ---", signal.number)
                                        : fmt::format("--- SIG{} ---", name));
  }

  void on_thread_exit(Thread& thread) override { current_.release(thread); }
  void on_exit(Process& /*process*/, int /*status*/) override { finish(); }
  void on_exec(Process& /*process*/) override { finish(); }

  void on_fork(Process& process, Thread& /*thread*/) override {
    process_ = &process;
    totals_.clear();
    path_ = report_path(process, pattern_);
    if (path_ != "-" && !put("", O_TRUNC))
      complain("cannot write " + path_ + ": " + std::strerror(errno));
  }

 private:
  bool is_wanted(uint64_t number) const {
    return only_.empty() || syscall_name(number).name == only_;
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
    if (!summary_) return;
    const std::lock_guard guard(mutex_);
    std::vector<std::pair<uint64_t, Totals>> rows(totals_.begin(), totals_.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.second.nanoseconds > b.second.nanoseconds;
    });
    std::string out = fmt::format("syscalls: process {}\n     seconds     calls    errors  name\n",
                                  process_->id());
    for (const auto& [number, totals] : rows) {
      const SyscallName known = syscall_name(number);
      out += fmt::format("{:12.6f} {:9} {:9}  {}\n", static_cast<double>(totals.nanoseconds) / 1e9,
                         totals.calls, totals.errors,
                         known.name.empty() ? std::to_string(number) : std::string(known.name));
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
  ThreadData<Current> current_;
  std::mutex mutex_;
  std::map<uint64_t, Totals> totals_;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Syscalls);

#include "linux/call/process/stopped_sharers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>

#include <array>
#include <csignal>
#include <ctime>
#include <string_view>

#include "linux/call/memory/foreign_writes.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {
namespace {

/// The process or thread that the call stops or ends at once, if it succeeds; 0: none.
pid_t stopped_by(const ProgramThread& thread, const SyscallArguments& call) {
  const auto is_at_once = [](uint64_t signal) { return signal == SIGKILL || signal == SIGSTOP; };
  const auto first = static_cast<pid_t>(call.a[0]);
  const auto second = static_cast<pid_t>(call.a[1]);
  switch (call.number) {
    case __NR_ptrace:
      return call.a[0] == PTRACE_ATTACH || call.a[0] == PTRACE_INTERRUPT ? second : 0;
    case __NR_kill:
      return is_at_once(call.a[1]) && first != thread.pid ? first : 0;
    case __NR_tgkill:
      return is_at_once(call.a[2]) && first != thread.pid ? second : 0;
    default:
      return 0;
  }
}

bool kills(const SyscallArguments& call) {
  return (call.number == __NR_kill && call.a[1] == SIGKILL) ||
         (call.number == __NR_tgkill && call.a[2] == SIGKILL);
}

/// Whether `id` runs no more, or will not until somebody lets it.
bool has_stopped(pid_t id) {
  std::array<char, 32> path{};
  const auto end = fmt::format_to_n(path.data(), path.size(), "/proc/{}/stat", id).out;
  const std::string_view name(path.data(), static_cast<size_t>(end - path.data()));
  const int64_t opened = Surroundings::instance().open_proc(name, O_RDONLY | O_CLOEXEC);
  if (failed(opened)) return true;
  const UniqueFd fd(static_cast<int>(opened));
  std::array<char, 64> text{};
  const int64_t size =
      raw_syscall(__NR_read, static_cast<uint64_t>(opened), word(text.data()), text.size());
  if (size <= 0) return true;
  // The state stands behind the name, which may have parentheses of its own.
  const std::string_view read(text.data(), static_cast<size_t>(size));
  const size_t at = read.rfind(") ");
  constexpr std::string_view kStopped = "TtZXx";
  return at == std::string_view::npos || at + 2 >= read.size() ||
         kStopped.find(read[at + 2]) != std::string_view::npos;
}

/// What is in a call that nothing interrupts stops only behind it: it is not waited for, and holds
/// no lock of the runtime.
void await_stop(pid_t id) {
  constexpr timespec kPause{0, 50'000};
  constexpr int kTries = 4'000;
  for (int i = 0; i < kTries && !has_stopped(id); ++i) {
    raw_syscall(__NR_nanosleep, word(&kPause), 0);
  }
}

}  // namespace

std::optional<int64_t> stop_sharer(SysRuntime& runtime, CloneCalls& clones, ProgramThread& thread,
                                   const SyscallArguments& call) {
  const pid_t id = stopped_by(thread, call);
  if (id <= 0 || !shares_memory(id)) return std::nullopt;
  int64_t result = 0;
  runtime.run_locked(thread, [&] {
    result = raw_syscall(call.number, call.a[0], call.a[1], call.a[2], call.a[3]);
    if (!failed(result)) await_stop(id);
  });
  // It carries out nothing more, whether or not the kernel is done with it.
  if (kills(call) && !failed(result)) clones.abandon(id);
  return result;
}

}  // namespace weft::linux

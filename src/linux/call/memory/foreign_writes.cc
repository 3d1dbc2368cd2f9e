#include "linux/call/memory/foreign_writes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "linux/kernel/calls.h"
#include "linux/kernel/directory.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/status_file.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"
#include "linux/memory/foreign_port.h"
#include "linux/signal/nudge.h"

namespace weft::linux {
namespace {

iovec part(uint64_t address, uint64_t size) { return {reinterpret_cast<void*>(address), size}; }

/// process_vm_readv and process_vm_writev of one piece.
int64_t transfer(int64_t number, pid_t id, uint64_t here, uint64_t there, uint64_t size) {
  const iovec local = part(here, size);
  const iovec remote = part(there, size);
  return raw_syscall(number, static_cast<uint64_t>(id), word(&local), 1, word(&remote), 1, 0);
}

bool read_foreign(pid_t id, uint64_t there, void* to, uint64_t size) {
  return transfer(__NR_process_vm_readv, id, word(to), there, size) == static_cast<int64_t>(size);
}

bool write_foreign(pid_t id, uint64_t there, const void* from, uint64_t size) {
  return transfer(__NR_process_vm_writev, id, word(from), there, size) ==
         static_cast<int64_t>(size);
}

std::vector<uint64_t> protected_pages(pid_t id) {
  const auto record = foreign_record(id);
  if (!record || record->page_count == 0) return {};
  std::vector<uint64_t> pages(std::min(record->page_count, ForeignRecord::kMostPages));
  if (!read_foreign(id, kForeignRecord + sizeof *record, pages.data(),
                    pages.size() * sizeof pages[0])) {
    return {};
  }
  return pages;
}

std::string proc_folder(pid_t id) { return "/proc/" + std::to_string(id); }

UniqueFd open_memory(pid_t id) {
  return UniqueFd(static_cast<int>(
      Surroundings::instance().open_proc(proc_folder(id) + "/mem", O_RDWR | O_CLOEXEC)));
}

/// The pieces of an array of iovecs, one after another.
class Pieces {
 public:
  Pieces(uint64_t address, uint64_t count) {
    constexpr uint64_t kMost = 1024;  // UIO_MAXIOV
    parts_.resize(std::min(count, kMost));
    if (!read_program(parts_.data(), address, parts_.size() * sizeof(iovec))) parts_.clear();
  }
  uint64_t total() const {
    uint64_t sum = 0;
    for (const iovec& piece : parts_) sum += piece.iov_len;
    return sum;
  }
  uint64_t address() const { return reinterpret_cast<uint64_t>(parts_[at_].iov_base) + inside_; }
  /// How much is left of the piece that address() is in. The last one's end is not passed.
  uint64_t left() const { return parts_[at_].iov_len - inside_; }
  void pass(uint64_t size) {
    while (at_ < parts_.size()) {
      const uint64_t step = std::min(size, left());
      inside_ += step;
      size -= step;
      if (left() != 0) return;
      ++at_;
      inside_ = 0;
    }
  }

 private:
  std::vector<iovec> parts_;
  size_t at_ = 0;
  uint64_t inside_ = 0;
};

void add(AppRange& range, uint64_t start, uint64_t size) {
  if (range.empty()) range = {{start}, {start}};
  range.start = std::min(range.start, AppPc{start});
  range.end = std::max(range.end, AppPc{start + size});
}

bool is_running(const std::string& thread_folder) {
  const int64_t opened =
      Surroundings::instance().open_proc(thread_folder + "/syscall", O_RDONLY | O_CLOEXEC);
  const UniqueFd fd(static_cast<int>(opened));
  char first = 0;
  // "running", or the number of the call that it is in.
  return !failed(opened) &&
         raw_syscall(__NR_read, static_cast<uint64_t>(opened), word(&first), 1) == 1 &&
         first == 'r';
}

/// The threads that run code now. All others look whether they have been written to before they
/// enter the code cache again.
std::vector<pid_t> running_threads(pid_t id) {
  std::vector<pid_t> running;
  const std::string folder = proc_folder(id) + "/task";
  const UniqueFd fd(static_cast<int>(
      Surroundings::instance().open_proc(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!fd.valid()) return running;
  any_name(fd.get(), [&](const std::string& name) {
    if (name.front() != '.' && is_running(folder + "/" + name)) running.push_back(std::stoi(name));
    return false;
  });
  return running;
}

/// Whether request `number` has been served, or the process is no more, after `tries` short waits.
bool await_service(pid_t id, uint64_t number, int tries) {
  constexpr timespec kPause{0, 50'000};
  for (; tries > 0; --tries) {
    const auto record = foreign_record(id);
    if (!record || record->served >= number) return true;
    raw_syscall(__NR_nanosleep, word(&kPause), 0);
  }
  return false;
}

/// `tries`: how long a thread that runs code is waited for at most.
void hasten(pid_t id, uint64_t number, int tries) {
  constexpr int kShort = 20;
  if (running_threads(id).empty() || await_service(id, number, kShort)) return;
  // A tracer would be told of the signal.
  const std::string status = proc_folder(id) + "/status";
  const auto group = status_number(status, "Tgid:");
  if (!group || status_number(status, "TracerPid:").value_or(1) != 0) return;
  for (const pid_t thread : running_threads(id)) nudge_other(static_cast<pid_t>(*group), thread);
  await_service(id, number, tries);
}

/// Whether `id` runs in this very memory.
bool shares_memory(pid_t id) {
  // A copy of this memory, which a child may have, has another value here.
  auto mark = static_cast<uint64_t>(kernel::current_thread());
  raw_syscall(__NR_getrandom, word(&mark), sizeof mark, GRND_NONBLOCK);
  uint64_t found = 0;
  return read_foreign(id, word(&mark), &found, sizeof found) && found == mark;
}

void ask_process(pid_t id, AppRange range, int tries) {
  if (!foreign_record(id)) return;
  const UniqueFd memory = open_memory(id);
  const auto lock = static_cast<uint64_t>(memory.get());
  // Others may write to the same process.
  raw_syscall(__NR_flock, lock, LOCK_EX);
  const auto record = foreign_record(id);
  if (!record) return;
  if (record->asked != record->served) {
    add(range, record->request.start, 0);
    add(range, record->request.end, 0);
  }
  const ForeignRecord::Request request{range.start.value, range.end.value};
  const uint64_t number = record->asked + 1;
  const bool asked =
      write_foreign(id, kForeignRecord + offsetof(ForeignRecord, request), &request,
                    sizeof request) &&
      write_foreign(id, kForeignRecord + offsetof(ForeignRecord, asked), &number, sizeof number);
  raw_syscall(__NR_flock, lock, LOCK_UN);
  if (asked) hasten(id, number, tries);
}

}  // namespace

int64_t finish_foreign_write(const SyscallArguments& call, int64_t result) {
  if (result < 0 && result != -EFAULT) return result;
  const auto id = static_cast<pid_t>(call.a[0]);
  Pieces local(call.a[1], call.a[2]);
  Pieces remote(call.a[3], call.a[4]);
  const uint64_t total = std::min(local.total(), remote.total());
  uint64_t done = static_cast<uint64_t>(std::max<int64_t>(result, 0));
  if (done >= total) return result;
  const std::vector<uint64_t> pages = protected_pages(id);
  if (pages.empty()) return result;

  UniqueFd memory;
  AppRange past_protection;
  local.pass(done);
  remote.pass(done);
  while (done < total) {
    const uint64_t there = remote.address();
    const uint64_t page = page_down(there);
    const uint64_t size = std::min({local.left(), remote.left(), page + kPageSize - there});
    int64_t wrote = 0;
    if (std::find(pages.begin(), pages.end(), page) == pages.end()) {
      wrote = transfer(__NR_process_vm_writev, id, local.address(), there, size);
    } else {
      if (!memory.valid()) memory = open_memory(id);
      wrote = raw_syscall(__NR_pwrite64, static_cast<uint64_t>(memory.get()), local.address(), size,
                          there);
      if (wrote > 0) add(past_protection, there, static_cast<uint64_t>(wrote));
    }
    if (wrote <= 0) break;
    local.pass(static_cast<uint64_t>(wrote));
    remote.pass(static_cast<uint64_t>(wrote));
    done += static_cast<uint64_t>(wrote);
    if (static_cast<uint64_t>(wrote) < size) break;
  }
  if (!past_protection.empty()) note_foreign_write(id, past_protection);
  return done == 0 ? result : static_cast<int64_t>(done);
}

void note_foreign_write(pid_t id, AppRange range) {
  constexpr int kTries = 400;
  ask_process(id, range, kTries);
}

bool announce_tracer(const SyscallArguments& call) {
  if (call.number != __NR_ptrace) return false;
  if (call.a[0] != PTRACE_ATTACH && call.a[0] != PTRACE_SEIZE) return false;
  const auto id = static_cast<pid_t>(call.a[1]);
  if (shares_memory(id)) return true;
  // Once it is traced, it can no longer be nudged. What is not answered for seconds hangs.
  constexpr int kTries = 40'000;
  ask_process(id, kTracerComes, kTries);
  return false;
}

}  // namespace weft::linux

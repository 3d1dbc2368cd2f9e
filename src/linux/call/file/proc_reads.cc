#include "linux/call/file/proc_reads.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {
namespace {

bool has_vector(int64_t number) {
  return number == __NR_readv || number == __NR_preadv || number == __NR_preadv2;
}

bool is_read(int64_t number) {
  return number == __NR_read || number == __NR_pread64 || has_vector(number);
}

/// It reads from the descriptor's own position, and moves that.
bool at_cursor(const SyscallArguments& call) {
  if (call.number == __NR_preadv2) return call.a[3] == ~uint64_t{0};
  return call.number == __NR_read || call.number == __NR_readv;
}

std::vector<iovec> buffers_of(const SyscallArguments& call) {
  if (!has_vector(call.number)) return {{reinterpret_cast<void*>(call.a[1]), call.a[2]}};
  std::vector<iovec> buffers(call.a[2]);  // the kernel has found it small enough
  if (!read_program(buffers.data(), call.a[1], buffers.size() * sizeof buffers[0])) return {};
  return buffers;
}

/// Where it is going to read from.
int64_t position(const SyscallArguments& call) {
  return at_cursor(call) ? raw_syscall(__NR_lseek, call.a[0], 0, SEEK_CUR)
                         : static_cast<int64_t>(call.a[3]);
}

/// Puts `text` into the program's buffers: how much there was room for and could be written.
int64_t fill(const std::vector<iovec>& buffers, std::string_view text) {
  int64_t done = 0;
  for (const iovec& buffer : buffers) {
    const size_t size = std::min(buffer.iov_len, text.size());
    if (size == 0) continue;
    if (!write_program(reinterpret_cast<uint64_t>(buffer.iov_base), text.data(), size)) break;
    text.remove_prefix(size);
    done += static_cast<int64_t>(size);
  }
  return done;
}

/// Moves the position of `fd`, a map's, from `from` by `distance`. By reading where that is
/// possible: when it is told to seek, the kernel writes all that comes before.
void move_on(uint64_t fd, int64_t from, int64_t distance) {
  std::array<char, kPageSize> buffer;
  int64_t left = distance;
  while (left > 0) {
    const auto size = std::min<uint64_t>(static_cast<uint64_t>(left), buffer.size());
    const int64_t count = raw_syscall(__NR_read, fd, word(buffer.data()), size);
    if (count <= 0) break;
    left -= count;
  }
  if (left != 0) raw_syscall(__NR_lseek, fd, static_cast<uint64_t>(from + distance), SEEK_SET);
}

}  // namespace

ProcReads::ProcReads(const ProcFiles& files)
    : files_(files),
      descriptors_(static_cast<Descriptor*>(std::calloc(kKnown, sizeof(Descriptor)))) {
  CHECK(descriptors_ != nullptr);
}

ProcReads::~ProcReads() {
  if (any_.load(std::memory_order_relaxed)) forget(0, kKnown - 1);
  std::free(descriptors_);
}

void ProcReads::note_open(const ProgramThread& thread, uint64_t fd) {
  if (fd >= kKnown) return;
  at(fd).opened_by.store(thread.pid, std::memory_order_relaxed);
  any_.store(true, std::memory_order_relaxed);
}

void ProcReads::forget(uint64_t first, uint64_t last) {
  const uint64_t end = std::min<uint64_t>(static_cast<uint32_t>(last), kKnown - 1);
  for (uint64_t fd = static_cast<uint32_t>(first); fd <= end; ++fd) {
    at(fd).opened_by.store(0, std::memory_order_relaxed);
    delete at(fd).seen.exchange(nullptr, std::memory_order_acq_rel);
  }
}

void ProcReads::after(const SyscallArguments& call, int64_t result, bool own_descriptors) {
  if (!any_.load(std::memory_order_relaxed) || result < 0) return;
  const auto copy = [&] {
    const uint64_t from = static_cast<uint32_t>(call.a[0]);
    const auto to = static_cast<uint64_t>(result);
    if (from >= kKnown || to >= kKnown) return;
    const pid_t pid = at(from).opened_by.load(std::memory_order_relaxed);
    // What a child of vfork has in its own table, its parent may have otherwise.
    if (pid != 0 || !own_descriptors) at(to).opened_by.store(pid, std::memory_order_relaxed);
  };
  switch (call.number) {
    case __NR_dup:
    case __NR_dup2:
    case __NR_dup3:
      return copy();
    case __NR_fcntl:
      if (call.a[1] == F_DUPFD || call.a[1] == F_DUPFD_CLOEXEC) copy();
      return;
    default:
      return;
  }
}

void ProcReads::before(const SyscallArguments& call, bool own_descriptors) {
  if (!any_.load(std::memory_order_relaxed) || own_descriptors) return;
  if (call.number == __NR_close) forget(call.a[0], call.a[0]);
  const bool closes = (call.a[2] & CLOSE_RANGE_CLOEXEC) == 0;
  if (call.number == __NR_close_range && closes) forget(call.a[0], call.a[1]);
}

bool ProcReads::concerns(const SyscallArguments& call) const {
  if (!any_.load(std::memory_order_relaxed) || !is_read(call.number)) return false;
  const uint64_t fd = static_cast<uint32_t>(call.a[0]);
  return fd < kKnown && at(fd).opened_by.load(std::memory_order_relaxed) != 0;
}

std::unique_ptr<ProcText> ProcReads::take_text(const ProgramThread& thread, uint64_t fd,
                                               ProcFile file, int64_t from) {
  std::unique_ptr<ProcText> text(at(fd).seen.exchange(nullptr, std::memory_order_acq_rel));
  // From the beginning it is what holds now; behind that, what the reader has seen the start of.
  if (from != 0 && text && text->file() == file) return text;
  return std::make_unique<ProcText>(files_, thread, file, fd);
}

int64_t ProcReads::answer(const ProgramThread& thread, const SyscallArguments& call,
                          const std::function<int64_t()>& ask_kernel) {
  const uint64_t fd = static_cast<uint32_t>(call.a[0]);
  // The descriptor may have become another meanwhile.
  const ProcFile file = files_.opened_file(fd, at(fd).opened_by.load(std::memory_order_relaxed));
  if (file == ProcFile::kNone) return ask_kernel();
  const int64_t from = position(call);
  // Of a map, the kernel would write once more what is read here.
  const bool asks = !is_map(file) || has_vector(call.number) || from < 0;
  const int64_t result = asks ? ask_kernel() : 0;
  if (result < 0 || from < 0) return result;
  std::unique_ptr<ProcText> text = take_text(thread, fd, file, from);
  const std::vector<iovec> buffers = buffers_of(call);
  const std::string_view left = text->from(static_cast<uint64_t>(from));
  const int64_t done = fill(buffers, left);
  const bool refused = done == 0 && !left.empty() && !asks && call.a[2] != 0;
  delete at(fd).seen.exchange(text.release(), std::memory_order_acq_rel);
  if (refused) return -EFAULT;
  if (!at_cursor(call)) return done;
  if (asks) {
    raw_syscall(__NR_lseek, fd, static_cast<uint64_t>(from + done), SEEK_SET);
  } else {
    move_on(fd, from, done);
  }
  return done;
}

}  // namespace weft::linux

#include "linux/memory/repeated_word.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <span>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// Large beside a system call's time for each of its pages, small beside the time to write it.
constexpr uint64_t kFileSize = 128 * kPageSize;

/// Whether a file of that size would end the program.
bool is_over_limit() {
  struct rlimit limit {};
  const int64_t answer = raw_syscall(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, word(&limit));
  return failed(answer) || limit.rlim_cur < kFileSize;
}

}  // namespace

bool RepeatedWord::make_file() {
  if (file_.valid() || refused_) return file_.valid();
  refused_ = true;
  if (is_over_limit()) return false;
  const int64_t opened = raw_syscall(__NR_memfd_create, word("weft"), MFD_CLOEXEC);
  if (failed(opened)) return false;
  UniqueFd file(static_cast<int>(opened));
  const auto fd = static_cast<uint64_t>(opened);
  if (failed(raw_syscall(__NR_ftruncate, fd, kFileSize))) return false;
  const int64_t shared = raw_syscall(__NR_mmap, 0, kFileSize, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_POPULATE, fd, 0);
  if (failed(shared)) return false;
  std::ranges::fill(std::span(reinterpret_cast<uint64_t*>(shared), kFileSize / sizeof(uint64_t)),
                    value_);
  kernel::unmap(static_cast<uint64_t>(shared), kFileSize);
  file_ = std::move(file);
  refused_ = false;
  return true;
}

bool RepeatedWord::map(AppRange range) {
  if (!make_file()) return false;
  for (AppPc at = range.start; at < range.end; at = at + kFileSize) {
    const uint64_t size = std::min(at + kFileSize, range.end) - at;
    const int64_t mapped =
        raw_syscall(__NR_mmap, at.value, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, static_cast<uint64_t>(file_.get()), 0);
    if (failed(mapped)) return false;
  }
  return true;
}

}  // namespace weft::linux

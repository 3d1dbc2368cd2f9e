#include "linux/call/file/listings.h"

#include <sys/syscall.h>
#include <sys/vfs.h>

#include <cstring>
#include <string>
#include <vector>

#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {

bool lists_own_descriptors(const ProgramThread& thread, uint64_t fd) {
  constexpr long kProcMagic = 0x9fa0;
  struct statfs system {};
  if (failed(raw_syscall(__NR_fstatfs, fd, word(&system))) || system.f_type != kProcMagic) {
    return false;
  }
  const std::string path =
      Surroundings::instance().read_proc_link("/proc/thread-self/fd/" + std::to_string(fd));
  const bool own = path.find("/" + std::to_string(thread.pid) + "/") != std::string::npos;
  return own && (path.ends_with("/fd") || path.ends_with("/fdinfo"));
}

int64_t hide_kept(const ProgramThread& thread, const SyscallArguments& call, int64_t result,
                  const Descriptors& descriptors) {
  if (result <= 0 || !descriptors.any() || !lists_own_descriptors(thread, call.a[0])) return result;
  std::vector<char> entries(static_cast<size_t>(result));
  if (!read_program(entries.data(), call.a[1], entries.size())) return result;
  constexpr size_t kLength = 16;
  const size_t name = call.number == __NR_getdents64 ? 19 : 18;
  size_t left = 0;
  for (size_t at = 0; at + name < entries.size();) {
    uint16_t length = 0;
    std::memcpy(&length, entries.data() + at + kLength, sizeof length);
    if (!descriptors.is_kept_name(entries.data() + at + name)) {
      std::memmove(entries.data() + left, entries.data() + at, length);
      left += length;
    }
    at += length;
  }
  if (left != entries.size()) write_program(call.a[1], entries.data(), left);
  return static_cast<int64_t>(left);
}

}  // namespace weft::linux

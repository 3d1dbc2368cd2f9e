#include "engine/output.h"

#include <fcntl.h>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::engine {

void write_all(int fd, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const int64_t wrote = linux::raw_syscall(__NR_write, static_cast<uint64_t>(fd),
                                             linux::word(text.data() + done), text.size() - done);
    if (wrote <= 0) return;
    done += static_cast<size_t>(wrote);
  }
}

std::string with_pid(const std::string& path) {
  std::string result = path;
  const std::string pid = std::to_string(linux::kernel::current_process());
  for (size_t at; (at = result.find("%p")) != std::string::npos;) result.replace(at, 2, pid);
  return result;
}

bool write_file(const std::string& path, int flags, const std::string& text) {
  constexpr uint64_t kMode = 0644;
  const int64_t fd = linux::raw_syscall(__NR_open, linux::word(path.c_str()),
                                        static_cast<uint64_t>(flags) | uint64_t{O_CLOEXEC}, kMode);
  if (linux::failed(fd)) return false;
  write_all(static_cast<int>(fd), text);
  linux::kernel::close(fd);
  return true;
}

}  // namespace weft::engine

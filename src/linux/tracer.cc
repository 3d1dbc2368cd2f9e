#include "linux/tracer.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "linux/raw_syscall.h"
#include "linux/unique_fd.h"

namespace weft::linux {

int tracer_of_this_thread() {
  const UniqueFd status(
      static_cast<int>(raw_syscall(__NR_openat, static_cast<uint64_t>(AT_FDCWD),
                                   word("/proc/thread-self/status"), O_RDONLY | O_CLOEXEC)));
  if (!status.valid()) return 0;
  char text[2048];
  const int64_t length =
      raw_syscall(__NR_read, static_cast<uint64_t>(status.get()), word(text), sizeof text - 1);
  text[std::max<int64_t>(length, 0)] = '\0';
  constexpr char kKey[] = "TracerPid:";
  const char* found = std::strstr(text, kKey);
  return found == nullptr ? 0 : std::atoi(found + sizeof kKey - 1);
}

}  // namespace weft::linux

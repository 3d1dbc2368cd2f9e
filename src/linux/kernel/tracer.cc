#include "linux/kernel/tracer.h"

#include "linux/kernel/status_file.h"

namespace weft::linux {

int tracer_of_this_thread() {
  return static_cast<int>(status_number("/proc/thread-self/status", "TracerPid:").value_or(0));
}

}  // namespace weft::linux

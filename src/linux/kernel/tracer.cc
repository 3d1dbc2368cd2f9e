#include "linux/kernel/tracer.h"

#include "linux/kernel/status_file.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {

int tracer_of_this_thread() {
  return static_cast<int>(status_number("/proc/thread-self/status", "TracerPid:").value_or(0));
}

int tracer_at_start() {
  const std::optional<int> known = Surroundings::instance().told().tracer;
  return known ? *known : tracer_of_this_thread();
}

}  // namespace weft::linux

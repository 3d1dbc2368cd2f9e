#include "linux/kernel/host_rseq.h"

#include <algorithm>

#include "linux/kernel/raw_syscall.h"

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

namespace weft::linux {

void give_up_rseq() {
#ifdef RSEQ_SIG
  if (__rseq_size == 0) return;
  auto* const area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  constexpr uint64_t kUnregister = 1;  // RSEQ_FLAG_UNREGISTER
  constexpr uint64_t kLeast = 32;
  // Where it was registered with another size it stays, to no harm.
  raw_syscall(__NR_rseq, word(area), std::max<uint64_t>(__rseq_size, kLeast), kUnregister,
              RSEQ_SIG);
#endif
}

}  // namespace weft::linux

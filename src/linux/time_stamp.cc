#include "linux/time_stamp.h"

#include <sys/prctl.h>
#include <x86intrin.h>

#include <cstring>

#include "linux/raw_syscall.h"

namespace weft::linux {

bool read_time_stamp_for_runtime(x86::CpuContext& context) {
  constexpr uint8_t kRdtsc[] = {0x0F, 0x31};
  constexpr uint8_t kRdtscp[] = {0x0F, 0x01, 0xF9};
  const auto* code = reinterpret_cast<const uint8_t*>(context.rip);
  const bool plain = std::memcmp(code, kRdtsc, sizeof kRdtsc) == 0;
  if (!plain && std::memcmp(code, kRdtscp, sizeof kRdtscp) != 0) return false;
  if (raw_syscall(__NR_prctl, PR_SET_TSC, PR_TSC_ENABLE) != 0) return false;
  unsigned processor = 0;
  const uint64_t stamp = plain ? __rdtsc() : __rdtscp(&processor);
  raw_syscall(__NR_prctl, PR_SET_TSC, PR_TSC_SIGSEGV);
  context[x86::kRax] = static_cast<uint32_t>(stamp);
  context[x86::kRdx] = stamp >> 32;
  if (!plain) context[x86::kRcx] = processor;
  context.rip += plain ? sizeof kRdtsc : sizeof kRdtscp;
  return true;
}

}  // namespace weft::linux

#include "linux/code_memory.h"

#include <linux/membarrier.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "linux/raw_syscall.h"

namespace weft::linux {
namespace {

constexpr auto kNoFile = static_cast<uint64_t>(-1);

}  // namespace

Result<uint64_t> reserve_code_memory(uint64_t base, uint64_t size) {
  const int fixed = base != 0 ? MAP_FIXED_NOREPLACE : 0;
  const int64_t got = raw_syscall(
      __NR_mmap, base, size, PROT_READ | PROT_WRITE | PROT_EXEC,
      static_cast<uint64_t>(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed), kNoFile, 0);
  if (failed(got)) {
    return Error{std::string("cannot reserve code memory: ") + std::strerror(static_cast<int>(-got)),
                 static_cast<int>(-got)};
  }
  if (base != 0 && static_cast<uint64_t>(got) != base) {
    raw_syscall(__NR_munmap, static_cast<uint64_t>(got), size);
    return Error{"cannot reserve code memory: the place is taken", EEXIST};
  }
  return static_cast<uint64_t>(got);
}

void release_code_memory(uint64_t base, uint64_t size) { raw_syscall(__NR_munmap, base, size); }

void* reserve_zeroed(uint64_t size) {
  const int64_t got = raw_syscall(__NR_mmap, 0, size, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, kNoFile, 0);
  CHECK(!failed(got));
  return reinterpret_cast<void*>(got);
}

void release_zeroed(void* memory, uint64_t size) { raw_syscall(__NR_munmap, word(memory), size); }

bool synchronize_cores() {
  int64_t done = raw_syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
  if (done == -EPERM) {
    // Not registered yet in this process (or after a fork).
    raw_syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
    done = raw_syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
  }
  return done == 0;
}

}  // namespace weft::linux

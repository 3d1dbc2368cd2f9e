#include "linux/memory/shadowed_code.h"

#include <sys/mman.h>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

// Mapped, not a member: pages of it that nobody needs are never touched.
ShadowedCode::ShadowedCode(uint64_t begin) : begin_(begin) {
  const int64_t got = raw_syscall(__NR_mmap, 0, 2 * page_up(kBytes), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, static_cast<uint64_t>(-1), 0);
  if (failed(got)) return;
  has_ = reinterpret_cast<Words>(got);
  refused_ = reinterpret_cast<Words>(static_cast<uint64_t>(got) + page_up(kBytes));
}

ShadowedCode::~ShadowedCode() {
  if (has_ != nullptr) kernel::unmap(word(has_), 2 * page_up(kBytes));
}

void ShadowedCode::set(Words words, AppRange chunks) {
  if (words == nullptr) return;
  for (uint64_t at = chunks.start.value; at < chunks.end.value; at += kChunk) {
    const uint64_t chunk = at / kChunk;
    // Release: its memory is there before it is seen to be.
    words[chunk / kBits].fetch_or(uint64_t{1} << chunk % kBits, std::memory_order_release);
  }
}

}  // namespace weft::linux

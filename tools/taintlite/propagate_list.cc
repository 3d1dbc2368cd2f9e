// Instructions whose accesses are listed when they run: gathers, scatters, masked moves.
#include <algorithm>

#include "taintlite/propagate.h"

namespace weft::tools {
namespace {

/// `operation` with memory of `bytes` bytes.
Operation sized(const Operation& operation, uint16_t bytes) {
  Operation one = operation;
  for (Part& part : one.destination) {
    if (part.kind == Part::Kind::kMemory) part.size = part.extent = bytes;
  }
  for (Part& part : one.source) {
    if (part.kind == Part::Kind::kMemory) part.size = bytes;
  }
  return one;
}

/// One after the other: each adds its taint to what those before it have left.
template <typename Propagate>
void propagate_each(ThreadTaint* thread, const Operation& operation, const MemoryAccesses& accesses,
                    Propagate propagate_one) {
  for (const MemoryAccess& access : accesses) {
    const Operation one = sized(operation, static_cast<uint16_t>(access.size));
    propagate_one(thread, &one, access.address, 0);
  }
}

}  // namespace

void propagate_list(ThreadTaint* thread, const Operation* operation,
                    const MemoryAccesses& accesses) {
  propagate_each(thread, *operation, accesses, propagate);
}

void propagate_list_vectors(ThreadTaint* thread, const Operation* operation,
                            const MemoryAccesses& accesses) {
  propagate_each(thread, *operation, accesses, propagate_vectors);
}

void check_list(ThreadTaint* thread, const MemoryAccesses& accesses) {
  const Shadow& memory = thread->all->memory;
  const bool met = std::any_of(accesses.begin(), accesses.end(), [&](const MemoryAccess& access) {
    return memory.any(access.address, access.size);
  });
  *thread->met = met ? 1 : 0;
}

}  // namespace weft::tools

#include "engine/x87_pointers.h"

#include <cstring>

#include "engine/cache_point.h"

namespace weft::engine {
namespace {

using translate::ThreadBlock;

constexpr size_t kInstructionPointer = 8;  // in the area of XSAVE, which has all 64 bits of it
constexpr size_t kHeader = 512;
constexpr uint64_t kX87 = 1;

template <typename T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// The cache's address with these lower 32 bits; nowhere in it if it has none.
CachePc from_lower_half(const Thread& thread, uint32_t lower) {
  const uint64_t low = thread.environment().code_low;
  constexpr uint64_t kHalf = 1ull << 32;
  uint64_t address = (low & ~(kHalf - 1)) | lower;
  if (address < low) address += kHalf;
  return {address};
}

/// What fnstenv stored, beside an area that has no pointers.
void settle_environment(Thread& thread) {
  ThreadBlock& block = thread.block();
  uint32_t& pointer = block.x87_environment[ThreadBlock::kX87Pointer];
  // The program's own may end as an address of the cache's does.
  if (pointer == block.x87_settled) return;
  const auto pc = program_pc(thread.cache(), from_lower_half(thread, pointer));
  if (!pc) return;
  pointer = static_cast<uint32_t>(pc->value);
  block.x87_settled = pointer;
}

}  // namespace

void settle_x87_pointers(Thread& thread) {
  auto* area = static_cast<uint8_t*>(thread.program.xsave);
  if ((load<uint64_t>(area + kHeader) & kX87) == 0) return;
  if (thread.block().x87_apart != 0) return settle_environment(thread);
  const auto pc = program_pc(thread.cache(), {load<uint64_t>(area + kInstructionPointer)});
  if (pc) std::memcpy(area + kInstructionPointer, &pc->value, sizeof pc->value);
}

}  // namespace weft::engine

/// Called by enter.S on the runtime's stack, with the program's fs.
extern "C" void weft_settle_saved_x87(weft::translate::ThreadBlock* block) {
  weft::engine::settle_x87_pointers(*static_cast<weft::engine::Thread*>(block->owner));
}

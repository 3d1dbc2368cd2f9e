#include "cache/code_space.h"

#include <sys/mman.h>

#include <cstring>
#include <string>

#include "cache/record_memory.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::cache {
namespace {

int64_t map(uint64_t at, uint64_t size, int prot) {
  const int fixed = at != 0 ? MAP_FIXED_NOREPLACE : 0;
  return linux::raw_syscall(
      __NR_mmap, at, size, static_cast<uint64_t>(prot),
      static_cast<uint64_t>(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed),
      static_cast<uint64_t>(-1), 0);
}

constexpr uint64_t kLargest = 1ull << 31;  // links reach from end to end

}  // namespace

CodeSpace::~CodeSpace() {
  if (base_ != 0) linux::kernel::unmap(base_, reserve_);
  if (owners_ != nullptr) {
    linux::kernel::unmap(linux::word(owners_), reserve_ / kGranule * sizeof(uint32_t));
  }
}

Status CodeSpace::start(uint64_t base, uint64_t reserve) {
  CHECK(base_ == 0);
  reserve = reserve / kChunk * kChunk;
  if (reserve < 3 * kChunk || reserve > kLargest) {
    return Error{"the code cache must have between 192 KB and 2 GB", 0};
  }
  const int64_t code = map(base, reserve, PROT_READ | PROT_WRITE | PROT_EXEC);
  if (linux::failed(code)) {
    const int error = static_cast<int>(-code);
    return Error{std::string("no memory for the code cache: ") + std::strerror(error), error};
  }
  if (base != 0 && static_cast<uint64_t>(code) != base) {
    // A kernel that takes the address as a hint.
    linux::kernel::unmap(static_cast<uint64_t>(code), reserve);
    return Error{"the place of the code cache is taken", 0};
  }
  base_ = static_cast<uint64_t>(code);
  reserve_ = reserve;
  const int64_t owners = map(0, reserve / kGranule * sizeof(uint32_t), PROT_READ | PROT_WRITE);
  if (linux::failed(owners)) return Error{"no memory for the code cache's owners", 0};
  owners_ = reinterpret_cast<std::atomic<uint32_t>*>(owners);
  chunk_arena_ = std::make_unique<std::atomic<uint8_t>[]>(chunks());
  return Unit{};
}

std::optional<Slot> CodeSpace::next_chunk(uint32_t arena) {
  Locked held(lock_);
  if (next_ == chunks()) return std::nullopt;
  const uint32_t chunk = next_++;
  chunk_arena_[chunk].store(static_cast<uint8_t>(arena), std::memory_order_relaxed);
  populate(base_ + uint64_t{chunk} * kChunk, kChunk);
  constexpr uint64_t kOwnerBytes = kChunk / kGranule * sizeof(uint32_t);
  populate(linux::word(owners_) + chunk * kOwnerBytes, kOwnerBytes);
  return Slot{chunk * kChunk, kChunk};
}

std::optional<Slot> CodeSpace::take(Temperature temperature, size_t bytes) {
  if (bytes > kChunk) return std::nullopt;
  const auto size = static_cast<uint32_t>((bytes + kGranule - 1) / kGranule * kGranule);
  const uint32_t first = stripe_of_caller();
  for (uint32_t i = 0; i < kStripes; ++i) {
    // At the limit the other stripes' free memory serves, too.
    const uint32_t arena = arena_of(temperature, (first + i) % kStripes);
    const auto more = [this, arena] { return next_chunk(arena); };
    if (std::optional<Slot> slot = arenas_[arena].take(size, more)) return slot;
  }
  return std::nullopt;
}

void CodeSpace::give(Slot slot) {
  set_owner(slot, 0);
  const uint8_t arena = chunk_arena_[slot.offset / kChunk].load(std::memory_order_relaxed);
  arenas_[arena].give(slot);
}

void CodeSpace::release_free() {
  for (Arena& arena : arenas_) {
    arena.visit_free([this](Slot run) {
      const uint64_t start = page_up(base_ + run.offset);
      const uint64_t end = page_down(base_ + run.end());
      if (start >= end) return;
      // Whether or not the kernel takes them, what they hold matters to nobody.
      linux::raw_syscall(__NR_madvise, start, end - start, MADV_DONTNEED);
    });
  }
}

std::optional<Slot> CodeSpace::take_for_ever(size_t bytes) {
  Locked held(lock_);
  if (bytes > kChunk - for_ever_) return std::nullopt;
  const Slot slot{for_ever_, static_cast<uint32_t>((bytes + kGranule - 1) / kGranule * kGranule)};
  if (slot.end() > kChunk) return std::nullopt;
  for_ever_ = slot.end();
  return slot;
}

void CodeSpace::set_owner(Slot slot, uint32_t owner) {
  for (uint32_t i = slot.offset / kGranule; i < slot.end() / kGranule; ++i) {
    owners_[i].store(owner, std::memory_order_release);
  }
}

uint32_t CodeSpace::owner_at(CachePc pc) const {
  if (!contains(pc)) return 0;
  return owners_[(pc.value - base_) / kGranule].load(std::memory_order_acquire);
}

uint64_t CodeSpace::used(Temperature temperature) const {
  uint64_t sum = 0;
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    sum += arenas_[arena_of(temperature, stripe)].used();
  }
  return sum;
}

void CodeSpace::save(StateWriter& out) {
  uint32_t next = 0;
  {
    const Locked held(lock_);
    next = next_;
    out.put(for_ever_);
    out.put(next_);
  }
  for (uint64_t chunk = 0; chunk < next; ++chunk) out.put(chunk_arena_[chunk].load());
  for (Arena& arena : arenas_) arena.save(out);
}

std::vector<AppRange> CodeSpace::image_up_to(uint64_t next) const {
  const AppRange code{{base_ + kChunk}, {base_ + next * kChunk}};
  const auto owner_of = [this](AppPc pc) {
    return AppPc{linux::word(owners_) + (pc.value - base_) / kGranule * sizeof(uint32_t)};
  };
  return {code, {owner_of(code.start), owner_of(code.end)}};
}

std::vector<AppRange> CodeSpace::image() const {
  const Locked held(lock_);
  return image_up_to(next_);
}

std::vector<AppRange> CodeSpace::image_of(StateReader in) const {
  const auto for_ever = in.get<uint32_t>();
  const auto next = in.get<uint32_t>();
  const Locked held(lock_);
  const bool fits = for_ever == for_ever_ && next >= 1 && next <= chunks();
  return fits ? image_up_to(next) : std::vector<AppRange>();
}

void CodeSpace::resume(StateReader& in) {
  const auto for_ever = in.get<uint32_t>();
  const auto next = in.get<uint32_t>();
  {
    const Locked held(lock_);
    for_ever_ = for_ever;
    next_ = next;
  }
  for (uint64_t chunk = 0; chunk < next; ++chunk) chunk_arena_[chunk].store(in.get<uint8_t>());
  for (Arena& arena : arenas_) arena.resume(in);
}

}  // namespace weft::cache

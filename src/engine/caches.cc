#include "engine/caches.h"

#include <algorithm>

#include "base/log.h"
#include "cache/code_space.h"
#include "engine/code_images.h"
#include "engine/routines.h"
#include "linux/memory/layout.h"

namespace weft::engine {
namespace {

/// Of address space; code memory is there when it is used.
constexpr uint64_t kMostShared = 64ull << 20;
constexpr uint64_t kMostPrivate = 8ull << 20;

uint64_t in_chunks(uint64_t size) {
  return size / cache::CodeSpace::kChunk * cache::CodeSpace::kChunk;
}

}  // namespace

CachePlan CachePlan::make(const Options& options, uint64_t limit) {
  CachePlan plan;
  plan.shared_size = std::min(page_up(options.cache_size), limit);
  if (options.cache_mode == CacheMode::kShared) return plan;
  plan.shared_size = in_chunks(std::min(plan.shared_size, kMostShared));
  plan.private_size = in_chunks(std::min(options.cache_size, kMostPrivate));
  const uint64_t places = (limit - plan.shared_size) / plan.private_size;
  plan.private_count = static_cast<uint32_t>(std::min<uint64_t>(places, CacheSet::kMost - 1));
  return plan;
}

Status Caches::start(const CachePlan& plan, uint64_t base) {
  plan_ = plan;
  if (base == 0) plan_.private_count = 0;
  Result<std::unique_ptr<CacheInstance>> made = make(base, plan.shared_size, 0);
  if (!made) return made.error();
  shared_ = std::move(*made);
  range_ = shared_->cache->code_range();
  range_.end = range_.end + (plan_.total() - plan_.shared_size);
  set_.add(*shared_->cache);
  return Unit{};
}

Result<std::unique_ptr<CacheInstance>> Caches::make(uint64_t base, uint64_t size, uint32_t number) {
  const Options& options = parts_.options;
  auto instance = std::make_unique<CacheInstance>();
  constexpr uint64_t kPart = 4;
  constexpr uint32_t kNumberShift = 48;
  cache::CacheOptions cache_options;
  cache_options.base = base;
  cache_options.reserve = size;
  cache_options.limbo_bound =
      number == 0 ? options.limbo_bound : std::min(options.limbo_bound, size / kPart);
  if (number == 0 && keeps_images(options, parts_.listener != nullptr)) {
    cache_options.records = CodeImages::records_place();
  }
  cache_options.first_sequence = (uint64_t{number} << kNumberShift) + 1;
  if (parts_.shadow != nullptr) {
    instance->mixed = std::make_unique<cache::MixedTargets>(*parts_.shadow, instance->hash);
  }
  cache::IndirectTargets& targets = parts_.shadow != nullptr
                                        ? *instance->mixed
                                        : static_cast<cache::IndirectTargets&>(instance->hash);
  instance->cache = std::make_unique<cache::CodeCache>(cache_options, targets, parts_.epochs);
  cache::CodeCache& cache = *instance->cache;
  if (Status started = cache.start(); !started) return started.error();
  instance->debug_view = cache.debug_view();
  cache.set_nudger(parts_.nudge);
  cache.set_listener(parts_.listener);
  Result<translate::Routines> routines = make_routines(cache);
  if (!routines) return routines.error();
  translate::Environment& environment = instance->environment;
  environment.routines = *routines;
  environment.code_low = cache.code_range().start.value;
  environment.code_high = cache.code_range().end.value;
  environment.max_blocks = options.max_blocks;
  environment.traces = options.traces;
  environment.shadow_displacement = linux::kShadowDisplacement;
  environment.shadowed = parts_.shadowed;
  environment.hashed_sites = parts_.hashed_sites;
  environment.indirect =
      parts_.shadow == nullptr ? translate::IndirectMode::kHash : translate::IndirectMode::kShadow;
  environment.returns = options.returns == Returns::kPaired ? translate::ReturnMode::kPaired
                                                            : translate::ReturnMode::kJump;
  environment.pairs_returns = parts_.pairs_returns;
  environment.branch_choice = parts_.branch_choice;
  environment.entries_anywhere = parts_.listener == nullptr;
  if (Status ready = start_targets(*instance); !ready) return ready.error();
  return instance;
}

Status Caches::start_targets(CacheInstance& instance) const {
  const bool alone = parts_.shadow == nullptr;
  if (Status started = instance.hash.start(); !started) return started;
  Result<HashRoutines> routines = make_hash_routines(
      *instance.cache, cache::HashTargets::kSeeds.data(), cache::HashTargets::kLevels,
      alone ? HashMiss::kDispatcher : HashMiss::kShadow, instance.environment.routines);
  if (!routines) return routines.error();
  instance.hash_miss = routines->miss;
  // It fills megabytes, which few programs with a shadow map need.
  if (alone) instance.hash.set_miss(instance.hash_miss);
  return Unit{};
}

void Caches::ready_hash() {
  const Locked held(lock_);
  if (!shared_->hash.is_ready()) shared_->hash.set_miss(shared_->hash_miss);
}

CacheInstance& Caches::take() {
  if (plan_.private_count == 0) return *shared_;
  CacheInstance* instance = nullptr;
  {
    const Locked held(lock_);
    if (!free_.empty()) {
      instance = free_.back();
      free_.pop_back();
    }
  }
  if (instance == nullptr) instance = add_private();
  if (instance == nullptr) return *shared_;
  // A forked child's free caches are as their threads left them.
  if (instance->broken_off) instance->cache->delete_all();
  instance->broken_off = false;
  return *instance;
}

CacheInstance* Caches::add_private() {
  uint32_t place = 0;
  {
    const Locked held(lock_);
    if (places_taken_ == plan_.private_count) return nullptr;
    place = places_taken_++;
  }
  const uint64_t base = range_.start.value + plan_.shared_size + place * plan_.private_size;
  Result<std::unique_ptr<CacheInstance>> made = make(base, plan_.private_size, place + 1);
  if (!made) {
    WEFT_LOG(kInfo, "a thread shares the common cache: {}", made.error().message);
    return nullptr;
  }
  const Locked held(lock_);
  private_.push_back(std::move(*made));
  set_.add(*private_.back()->cache);
  return private_.back().get();
}

void Caches::give(CacheInstance& instance) {
  if (!is_private(instance)) return;
  cache::CodeCache& cache = *instance.cache;
  // Threads of one program often run the same; what a tool was told of one's code is not the next
  // one's.
  constexpr uint64_t kMostKept = 2u << 20;
  const cache::CodeCache::Stats stats = cache.stats();
  if (parts_.listener != nullptr || stats.hot_bytes + stats.cold_bytes > kMostKept) {
    cache.delete_all();
    cache.reclaim_now();
    cache.release_memory();
  }
  const Locked held(lock_);
  free_.push_back(&instance);
}

cache::CodeCache::Stats Caches::stats() const {
  cache::CodeCache::Stats sum;
  set_.for_each([&sum](const cache::CodeCache& cache) { sum.add(cache.stats()); });
  return sum;
}

void Caches::add_fork_locks(ForkLocks& locks) {
  locks.add(lock_);
  locks.add(LockRank::kGate, *this);
}

void Caches::lock_for_fork() {
  set_.for_each([](cache::CodeCache& cache) { cache.lock_for_fork(); });
}

void Caches::unlock_after_fork(bool child) {
  set_.for_each([child](cache::CodeCache& cache) { cache.unlock_after_fork(child); });
}

void Caches::after_fork_child(CacheInstance& mine) {
  const Locked held(lock_);
  free_.clear();
  for (const auto& instance : private_) {
    if (instance.get() == &mine) continue;
    instance->broken_off = true;
    free_.push_back(instance.get());
  }
}

}  // namespace weft::engine

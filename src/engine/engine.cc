#include "engine/engine.h"

#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "cache/code_space.h"
#include "engine/dispatcher.h"
#include "engine/fault_handler.h"
#include "engine/routines.h"
#include "linux/runtime_words.h"

namespace weft::engine {
namespace {

constexpr uint64_t kToolWordBytes = 64ull << 20;

}  // namespace

Engine::Engine(const Options& options, linux::AddressSpace& space, linux::Layout& layout,
               Hooks* hooks)
    : options_(options),
      space_(space),
      layout_(layout),
      hooks_(hooks),
      code_pages_(space),
      protected_store_(space, own_memory_),
      features_(detect_cpu_features()),
      shadow_(linux::kShadowDisplacement) {}

Engine::~Engine() = default;

Status Engine::start(AppRange executable, bool dynamic) {
  const bool hashed = options_.ibl == IblMode::kHash;
  const uint64_t words = hooks_ == nullptr ? 0 : kToolWordBytes;
  const uint64_t size = std::min(page_up(options_.cache_size), linux::kCodeCacheLimit - words);
  cache::CacheOptions cache_options;
  cache_options.base =
      linux::Layout::place_code_cache(executable, dynamic, size + words, space_.zones());
  cache_options.reserve = size;
  cache_options.limbo_bound = options_.limbo_bound;
  cache::IndirectTargets& targets = hashed ? static_cast<cache::IndirectTargets&>(hash_) : shadow_;
  cache_ = std::make_unique<cache::CodeCache>(cache_options, targets, epochs_);
  if (Status started = cache_->start(); !started) return started;
  cache_->set_nudger([](cache::EpochSlot& slot) {
    linux::nudge(static_cast<const Thread*>(slot.owner)->program);
  });
  deletions_ = std::make_unique<Deletions>(*cache_, epochs_, [this] { wake_dispatcher(); });
  const AppRange code = cache_->code_range();
  linux::Mapping mapping;
  mapping.range = code;
  mapping.owner = linux::Owner::kRuntime;
  space_.note_map(mapping);

  if (Status ready = protected_store_.start(*cache_); !ready) return ready;
  Result<translate::Routines> routines = make_routines(*cache_);
  if (!routines) return routines.error();
  environment_.routines = *routines;
  environment_.code_low = code.start.value;
  environment_.code_high = code.end.value;
  environment_.max_blocks = options_.max_blocks;
  environment_.traces = options_.traces && hooks_ == nullptr;
  environment_.shadow_displacement = linux::kShadowDisplacement;
  environment_.indirect =
      hashed ? translate::IndirectMode::kHash : translate::IndirectMode::kShadow;
  environment_.returns = options_.returns == Returns::kPaired ? translate::ReturnMode::kPaired
                                                              : translate::ReturnMode::kJump;
  environment_.entries_anywhere = hooks_ == nullptr;
  if (Status ready = start_indirect_targets(); !ready) return ready;
  WEFT_LOG(kInfo, "code cache {:#x}-{:#x}, indirect branches by {}", code.start.value,
           code.end.value, hashed ? "hashed table" : "shadow map");
  if (options_.perf_map) {
    perf_map_ = std::make_unique<PerfMap>(space_, options_.followed);
    perf_map_->add_routines({code.start, code.start + cache::CodeSpace::kChunk});
  }
  if (Status ready = start_hooks(); !ready) return ready;
  faults_ = std::make_unique<FaultHandler>(*this);
  signals_ = std::make_unique<linux::SignalServices>(*faults_);
  return Unit{};
}

Status Engine::start_hooks() {
  if (hooks_ == nullptr) return Unit{};
  linux::Mapping mapping;
  mapping.range.start = cache_->code_range().end;
  mapping.range.end = mapping.range.start + kToolWordBytes;
  mapping.owner = linux::Owner::kRuntime;
  if (Status mapped = linux::map_runtime_words(mapping.range); !mapped) return mapped;
  space_.note_map(mapping);
  cache_->set_listener(hooks_);
  hooks_->start(*this, mapping.range);
  return Unit{};
}

Status Engine::start_indirect_targets() {
  if (options_.ibl == IblMode::kShadow) {
    shadow_.set_miss(environment_.routines.indirect_miss);
    if (layout_.window_has_shadow()) CHECK(shadow_.reserve(linux::kWindow));
    return Unit{};
  }
  if (Status started = hash_.start(); !started) return started;
  Result<HashRoutines> routines =
      make_hash_routines(*cache_, cache::HashTargets::kSeeds.data(), cache::HashTargets::kLevels,
                         environment_.routines);
  if (!routines) return routines.error();
  hash_.set_miss(routines->miss);
  return Unit{};
}

void Engine::set_program(linux::ProgramImage image) {
  linux::FollowOptions follow;
  follow.follow = options_.follow;
  follow.arguments = options_.arguments;
  emulator_ = std::make_unique<linux::SyscallEmulator>(*this, space_, *signals_, std::move(image),
                                                       std::move(follow));
  if (options_.stress_delete > 0) {
    stress_ = std::make_unique<StressDeleter>(*cache_, epochs_, options_);
    stress_->start();
  }
}

std::unique_ptr<Thread> Engine::make_thread() {
  auto thread = std::make_unique<Thread>(features_, environment_, *cache_, *this, hooks_);
  thread->block().hash_table = reinterpret_cast<uint64_t>(hash_.tables());
  thread->epoch.owner = thread.get();
  thread->hooks = hooks_;
  if (environment_.traces) {
    thread->traces = std::make_unique<TraceRecorder>(environment_, *cache_, *this, thread->builder,
                                                     perf_map_.get(), options_.trace_threshold,
                                                     thread->counters.traces);
  }
  thread->attach();
  epochs_.register_thread(thread->epoch);
  const std::lock_guard held(threads_lock_);
  threads_.push_back(thread.get());
  ++threads_made_;
  return thread;
}

bool Engine::on_program_thread() const { return faults_->current() != nullptr; }

void Engine::retire(Thread& thread) {
  epochs_.unregister_thread(thread.epoch);
  const std::lock_guard held(threads_lock_);
  std::erase(threads_, &thread);
  ended_counters_.add(thread.counters);
}

void Engine::wake_dispatcher() {
  if (faults_->current() != nullptr) {
    // Outside the cache it looks before it goes in.
    const Thread& thread = Thread::current();
    if (thread.in_cache) linux::nudge(thread.program);
    return;
  }
  epochs_.try_one_active([](const cache::EpochSlot& slot) {
    linux::nudge(static_cast<const Thread*>(slot.owner)->program);
  });
}

void Engine::add_shadow(AppRange range) {
  if (options_.ibl != IblMode::kShadow || layout_.has_shadow(range.start)) return;
  if (layout_.reserve_module_shadow(range)) shadow_.reserve(range);
}

bool Engine::has_shadow(AppPc pc) const {
  return options_.ibl == IblMode::kShadow && layout_.has_shadow(pc);
}

void Engine::fill_shadow(AppPc pc) { shadow_.fill(pc); }

void Engine::expect_returns(std::span<const AppPc> targets) {
  if (options_.ibl != IblMode::kShadow) return;
  for (const AppPc target : targets) shadow_.prepare(target);
}

void Engine::make_room() {
  // An eighth of the cache at a time: the oldest fragments, each by the same deletion as any other.
  constexpr uint64_t kShare = 8;
  const uint64_t evicted = cache_->evict(options_.cache_size / kShare);
  WEFT_LOG(kInfo, "the cache is full: {} bytes of code evicted", evicted);
  constexpr uint64_t kPatience = 10'000'000;  // ns
  // Whether or not some thread is late, what all the others have left is free.
  if (!cache_->await_quiescence(kPatience)) cache_->reclaim_now();
}

}  // namespace weft::engine

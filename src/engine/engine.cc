#include "engine/engine.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/runtime_fs.h"
#include "cache/code_space.h"
#include "engine/dispatcher.h"
#include "engine/fault_handler.h"
#include "engine/routines.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/runtime_words.h"
#include "linux/signal/nudge.h"

namespace weft::engine {
namespace {

constexpr uint64_t kToolWordBytes = 64ull << 20;

}  // namespace

Engine::Engine(const Options& options, linux::AddressSpace& space,
               linux::ShadowReservations& reservations, Hooks* hooks)
    : options_(options),
      space_(space),
      reservations_(reservations),
      hooks_(hooks),
      code_pages_(space, foreign_port_),
      protected_store_(space, own_memory_),
      cpuid_file_(keeps_images(options, hooks != nullptr) ? options.persist : std::string()),
      features_(detect_cpu_features()),
      shadow_(linux::kShadowDisplacement, reservations.shadowed()) {}

Engine::~Engine() = default;

Status Engine::start(AppRange executable, bool dynamic) {
  const bool hashed = options_.ibl == IblMode::kHash;
  const uint64_t words = hooks_ == nullptr ? 0 : kToolWordBytes;
  CachePlan plan = CachePlan::make(options_, linux::kCodeCacheLimit - words);
  const uint64_t base =
      linux::place_code_cache(executable, dynamic, plan.total() + words, space_.zones());
  caches_ = std::make_unique<Caches>(Caches::Parts{
      options_, epochs_, hashed ? nullptr : &shadow_, &reservations_.shadowed(), &hashed_sites_,
      hooks_, nudge_owner, adapts_returns() ? &pairs_returns_ : nullptr,
      has_branch_choice() ? &branch_choice_ : nullptr});
  if (Status started = caches_->start(plan, base); !started) return started;
  deletions_ = std::make_unique<Deletions>(
      caches_->set(), [this] { wake_dispatcher(); },
      [this] {
        if (images_) images_->drop();
      });
  const AppRange code = caches_->range();
  code_ = code;
  linux::Mapping mapping;
  mapping.range = code;
  mapping.owner = linux::Owner::kRuntime;
  space_.note_map(mapping);

  if (space_.zones().near.start == linux::kWindowZones.near.start) open_foreign_port();
  choose_fs_switch();
  if (Status ready = protected_store_.start(*caches_->shared().cache); !ready) return ready;
  start_shadow();
  WEFT_LOG(kInfo, "code cache {:#x}-{:#x}, indirect branches by {}", code.start.value,
           code.end.value, hashed ? "hashed table" : "shadow map");
  if (options_.perf_map) {
    perf_map_ = std::make_unique<PerfMap>(space_, caches_->set(), epochs_, options_.followed);
    perf_map_->add_routines({code.start, code.start + cache::CodeSpace::kChunk});
  }
  if (Status ready = start_images(); !ready) return ready;
  if (Status ready = start_hooks(); !ready) return ready;
  if (images_) observers_.add(*images_);
  if (hooks_ != nullptr) observers_.add(*hooks_);
  if (perf_map_) observers_.add(*perf_map_);  // behind the tools, which may have code built
  faults_ = std::make_unique<FaultHandler>(*this);
  signals_ = std::make_unique<linux::SignalServices>(*faults_);
  return Unit{};
}

void Engine::open_foreign_port() {
  foreign_port_.open();
  if (!foreign_port_.is_open()) return;
  linux::Mapping mapping;
  mapping.range = linux::kForeignPort;
  mapping.owner = linux::Owner::kRuntime;
  space_.note_map(mapping);
}

void Engine::choose_fs_switch() {
  const bool pays = options_.fs_switch == FsSwitch::kAuto ? !features_.fsgsbase
                                                          : options_.fs_switch != FsSwitch::kAtOnce;
  // Tools need libc nearly each time, and have threads of their own, which know of no block.
  const bool may =
      hooks_ == nullptr && options_.stress_delete == 0 && !options_.traces && !options_.perf_map;
  keeps_fs_ = pays && may;
  // libstdc++ has the C library's clock looked up at the first call, for which fs must be ours.
  static_cast<void>(std::chrono::steady_clock::now());
  if (keeps_fs_ && options_.fs_switch == FsSwitch::kChecked) inaccessible_ = linux::map_nothing();
}

Status Engine::start_hooks() {
  if (hooks_ == nullptr) return Unit{};
  linux::Mapping mapping;
  mapping.range.start = code_.end;
  mapping.range.end = mapping.range.start + kToolWordBytes;
  mapping.owner = linux::Owner::kRuntime;
  if (Status mapped = linux::map_runtime_words(mapping.range); !mapped) return mapped;
  space_.note_map(mapping);
  hooks_->start(*this, mapping.range);
  return Unit{};
}

Status Engine::start_images() {
  if (!keeps_images(options_, hooks_ != nullptr)) return Unit{};
  linux::Mapping mapping;
  mapping.range = CodeImages::records_place();
  mapping.owner = linux::Owner::kRuntime;
  space_.note_map(mapping);
  CacheInstance& shared = caches_->shared();
  images_ = std::make_unique<CodeImages>(CodeImages::Parts{
      options_, space_, reservations_, *shared.cache, shared.environment.routines.indirect_miss,
      [this](AppPc slot) { return slot_target(slot); }, steady_slots_, hooks_});
  return images_->start();
}

void Engine::resume_image(const std::string& path, AppRange executable) {
  if (!images_) return;
  pairs_returns_ = images_->resume(path, executable, pairs_returns_);
}

uint32_t Engine::delete_code(AppRange range) {
  if (!images_ || !images_->any_asleep()) return caches_->set().delete_region(range);
  uint32_t died = 0;
  for (const AppRange part : images_->awake_parts(range)) {
    died += caches_->set().delete_region(part);
  }
  return died;
}

void Engine::delete_all_code() {
  if (images_) images_->drop();
  caches_->set().for_each([](cache::CodeCache& cache) { cache.delete_all(); });
}

void Engine::start_shadow() {
  if (options_.ibl != IblMode::kShadow) return;
  shadow_.set_miss(caches_->shared().environment.routines.indirect_miss);
  linux::Mapping mapping;
  mapping.range = linux::shadow_range(linux::kWindowZones.near);
  mapping.owner = linux::Owner::kRuntime;
  space_.note_map(mapping);
}

void Engine::set_program(linux::ProgramImage image) {
  foreign_port_.set_program(image.device, image.inode);
  linux::FollowOptions follow;
  follow.follow = options_.follow;
  follow.arguments = options_.arguments;
  emulator_ = std::make_unique<linux::SyscallEmulator>(*this, space_, *signals_, std::move(image),
                                                       std::move(follow));
  collect_fork_locks();
  if (options_.stress_delete > 0) {
    stress_ = std::make_unique<StressDeleter>(caches_->set(), epochs_, options_, images_.get());
  }
}

void Engine::note_start() {
  started_ns_ = processor_time_ns();
  if (stress_) stress_->start();
}

std::unique_ptr<Thread> Engine::make_thread() {
  CacheInstance& home = caches_->take();
  std::unique_ptr<Thread> thread(::new (thread_rooms_.take(sizeof(Thread)))
                                     Thread(features_, home, *this, hooks_));
  thread->rooms = &thread_rooms_;
  thread->epoch.owner = thread.get();
  thread->hooks = hooks_;
  if (home.environment.traces) {
    thread->traces = std::make_unique<TraceRecorder>(
        home.environment, *home.cache, *this, thread->builder, hooks_, observers_,
        options_.trace_threshold, thread->counters.traces);
  }
  thread->attach();
  if (keeps_fs_) {
    const uint64_t middle = inaccessible_.start.value + inaccessible_.size() / 2;
    thread->keep_program_fs(middle);
    // The first one has a block now, and those that it makes begin with its gs.
    if (!every_thread_has_block_.exchange(true)) set_runtime_fs_switch(&Thread::take_runtime_fs);
  }
  epochs_.register_thread(thread->epoch);
  const Locked held(threads_lock_);
  threads_.push_back(thread.get());
  ++threads_made_;
  return thread;
}

bool Engine::on_program_thread() const {
  // A thread that a tool made on one of the program's has its gs.
  const linux::ProgramThread* thread = faults_->current();
  return thread != nullptr && thread->tid == linux::kernel::current_thread();
}

void Engine::retire(Thread& thread) {
  epochs_.unregister_thread(thread.epoch);
  {
    const Locked held(threads_lock_);
    std::erase(threads_, &thread);
    ended_counters_.add(thread.counters);
  }
  caches_->give(thread.home);
}

cache::CodeCache* Engine::cache_of(pid_t id) {
  const Locked held(threads_lock_);
  for (const Thread* thread : threads_) {
    if (thread->program.tid == id) return &thread->cache();
  }
  return nullptr;
}

void Engine::wake_dispatcher() {
  if (on_program_thread()) {
    // Outside the cache it looks before it goes in.
    const Thread& thread = Thread::current();
    if (thread.in_cache) linux::nudge(thread.program);
    return;
  }
  epochs_.try_one_active(nudge_owner);
}

void Engine::have_enter_again(const Thread& thread) {
  // A thread that announces its epoch after this look sees what was written before it.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (thread.epoch.announced.load(std::memory_order_seq_cst) != 0) linux::nudge(thread.program);
}

void Engine::add_shadow(AppRange range) {
  if (options_.ibl != IblMode::kShadow || reservations_.has(range)) return;
  std::vector<AppRange> reserved;
  reservations_.reserve(range, reserved);
  for (const AppRange shadow : reserved) {
    linux::Mapping mapping;
    mapping.range = shadow;
    mapping.owner = linux::Owner::kRuntime;
    space_.note_map(mapping);
  }
  // What a thread has translated there already was to be found in the hash table.
  if (!reserved.empty()) delete_code(range);
  if (reservations_.has(range)) return;
  WEFT_LOG(kInfo, "code at {:#x}-{:#x} has no shadow", range.start.value, range.end.value);
  caches_->ready_hash();
  if (!reservations_.lacks(range) || !hashed_sites_.add_all()) return;
  delete_all_code();
}

bool Engine::has_shadow(AppPc pc) const {
  return options_.ibl == IblMode::kShadow && shadow_.has_shadow(pc);
}

void Engine::fill_shadow(AppPc pc) { shadow_.fill(pc); }

void Engine::hash_site(AppPc site) {
  if (options_.ibl != IblMode::kShadow || branch_choice_.load(std::memory_order_relaxed) != 0)
    return;
  caches_->ready_hash();
  const AppRange branch{site, site + 1};
  hashed_sites_.add(site);
  delete_code(branch);
}

void Engine::expect_returns(std::span<const AppPc> targets) {
  if (options_.ibl != IblMode::kShadow) return;
  for (const AppPc target : targets) shadow_.prepare(target);
}

bool Engine::adapts_returns() const {
  // A tool would be told of the deletions; and what is called in a trace is not paired.
  return options_.returns == Returns::kAuto && hooks_ == nullptr && !options_.traces;
}

bool Engine::has_branch_choice() const {
  // A landing place has no room for another way in.
  return hooks_ != nullptr && options_.ibl == IblMode::kShadow &&
         options_.returns != Returns::kPaired;
}

void Engine::set_branch_choice(uint8_t name) {
  branch_choice_.store(name, std::memory_order_relaxed);
}

bool Engine::is_large_program() const {
  // Interpreters, which are better off with jumps, have less.
  constexpr uint64_t kLargeProgram = 16u << 20;
  uint64_t code_size = 0;
  bool makes_code = false;
  space_.for_each([&](const linux::Mapping& mapping) {
    if (!mapping.executable() || mapping.owner != linux::Owner::kProgram) return;
    code_size += mapping.range.size();
    const bool loaded = mapping.file != nullptr || mapping.label != linux::Label::kNone;
    makes_code = makes_code || !loaded;
  });
  return code_size >= kLargeProgram && !makes_code;
}

void Engine::measure_program() {
  if (!adapts_returns()) return;
  const bool pairs = is_large_program();
  if (pairs_returns_.exchange(pairs) == pairs) return;
  WEFT_LOG(kInfo, "returns are {} from here on", pairs ? "paired" : "jumps");
  delete_all_code();
}

void Engine::make_room(cache::CodeCache& cache) {
  // An eighth of the cache at a time: the oldest fragments, each by the same deletion as any other.
  constexpr uint64_t kShare = 8;
  if (images_) images_->drop();
  const uint64_t evicted = cache.evict(cache.code_range().size() / kShare);
  WEFT_LOG(kInfo, "the cache is full: {} bytes of code evicted", evicted);
  constexpr uint64_t kPatience = 10'000'000;  // ns
  // Whether or not some thread is late, what all the others have left is free.
  if (!cache.await_quiescence(kPatience)) cache.reclaim_now();
}

}  // namespace weft::engine

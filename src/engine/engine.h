// The engine: the code caches and what serves them, for one program. Owns everything but the
// threads themselves, which live on their own stacks. Any thread, unless a member says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/code_cache.h"
#include "cache/epochs.h"
#include "cache/shadow_map.h"
#include "engine/caches.h"
#include "engine/child_blocks.h"
#include "engine/code_images.h"
#include "engine/code_pages.h"
#include "engine/cpuid_file.h"
#include "engine/deletion.h"
#include "engine/hooks.h"
#include "engine/observer.h"
#include "engine/options.h"
#include "engine/output.h"
#include "engine/perf_map.h"
#include "engine/protected_store.h"
#include "engine/report.h"
#include "engine/steady_slots.h"
#include "engine/stress.h"
#include "engine/thread.h"
#include "engine/thread_rooms.h"
#include "linux/call/emulator.h"
#include "linux/call/runtime.h"
#include "linux/memory/address_space.h"
#include "linux/memory/layout.h"
#include "linux/memory/own_memory.h"
#include "linux/memory/shadow_reservations.h"
#include "linux/signal/runtime.h"
#include "linux/signal/services.h"
#include "translate/environment.h"
#include "translate/program_code.h"

namespace weft::engine {

class FaultHandler;

class Engine final : public linux::SysRuntime, public translate::ProgramCode {
 public:
  /// `hooks`: of the tools, or null.
  Engine(const Options& options, linux::AddressSpace& space,
         linux::ShadowReservations& reservations, Hooks* hooks);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Reserves code memory near `executable` and makes the shared routines. Once, before any thread.
  Status start(AppRange executable, bool dynamic);
  /// What the program looks like to itself. Once, before it runs.
  void set_program(linux::ProgramImage image);
  /// All that comes before it has been done: for the statistics, and for deletions by chance, whose
  /// thread would come in the way of tools that are loaded.
  void note_start();

  /// The cache of the thread that the kernel numbers `id`, null if there is none. It may be another
  /// thread's by the time it is used.
  cache::CodeCache* cache_of(pid_t id);
  /// Whether one thread alone runs from `cache`.
  bool is_private(const cache::CodeCache& cache) const {
    return &cache != caches_->shared().cache.get();
  }
  const CacheSet& caches() const { return caches_->set(); }
  /// SIGNAL_SAFE. Whether gs leads to a block, maybe of no program thread, on all kernel threads.
  bool every_thread_has_block() const {
    return every_thread_has_block_.load(std::memory_order_relaxed);
  }
  /// SIGNAL_SAFE. Whether `pc` is in some cache's code memory.
  bool is_code(CachePc pc) const { return code_.contains(AppPc{pc.value}); }
  /// Indirect branches that know the outcome of the choice of this name go past it; see
  /// translate::Environment. Before anything is translated.
  void set_branch_choice(uint8_t name);
  cache::Epochs& epochs() { return epochs_; }
  Deletions& deletions() { return *deletions_; }
  /// Null without --stress-delete.
  StressDeleter* stress() { return stress_.get(); }
  /// Null without --persist, or where it is of no use.
  CodeImages* images() { return images_.get(); }
  /// Goes on with an image, if there is one, of the program at `path`. Before anything is
  /// translated.
  void resume_image(const std::string& path, AppRange executable);
  ChildBlocks& child_blocks() { return child_blocks_; }
  const Observers& observers() const { return observers_; }
  linux::AddressSpace& space() { return space_; }
  linux::SyscallEmulator& emulator() { return *emulator_; }
  linux::SignalServices& signals() { return *signals_; }
  const Options& options() const { return options_; }
  Hooks* hooks() { return hooks_; }
  /// Whether the caller runs on a thread of the program, rather than on one of a tool's own.
  bool on_program_thread() const;

  /// Whether something is written when the program ends, however it does.
  bool has_last_words() const;
  /// Standard error as it is at the first call, out of the program's reach: many programs close
  /// theirs before they end. Standard error itself where there is no room to keep it.
  int error_stream();

  /// Stops all threads but `dying`, for a core dump; for good.
  void park_threads(const linux::ProgramThread& dying) NO_THREAD_SAFETY_ANALYSIS;

  /// A thread object for the calling kernel thread: registered, gs attached.
  std::unique_ptr<Thread> make_thread();
  /// Before a thread object goes; on its own kernel thread.
  void retire(Thread& thread);

  /// `cache` is full: deletes its oldest fragments and waits until there is room. The caller is
  /// quiescent.
  void make_room(cache::CodeCache& cache);
  /// Sees to it that indirect branches into `range` have shadow words, where they can have them.
  void add_shadow(AppRange range);
  /// The words of the module of `tag` have come from an image.
  void note_woken(AppPc tag);
  /// If `thread`, which is not the caller's, is in the cache, it leaves it soon, and enters again
  /// by the entry of the program address that it has come to. What the caller has written is seen
  /// then.
  static void have_enter_again(const Thread& thread);
  void trace_begins() override;
  bool has_shadow(AppPc pc) const;
  /// SIGNAL_SAFE. An indirect branch met shadow words that nobody had written yet.
  void fill_shadow(AppPc pc);
  /// SIGNAL_SAFE but for locks that program threads take in the runtime only. The branch at `site`
  /// led to code that has no shadow word: it looks for such code before it reads a word, from now
  /// on.
  void hash_site(AppPc site);
  /// Returns are paired from now on if there is much code, none of it of the program's own making,
  /// or are not; what was built otherwise is deleted. The caller is quiescent.
  void measure_program();
  /// Calls were translated that return to `targets`: their shadow words are made ready.
  void expect_returns(std::span<const AppPc> targets);
  /// SIGNAL_SAFE but for the lock of the address space: program threads only take it in the
  /// runtime.
  bool is_executable(AppPc pc) const;
  /// constant_at() without a look at what the slot had before.
  std::optional<AppPc> slot_target(AppPc slot);

  /// SIGNAL_SAFE but for locks that program threads take in the runtime only. The instruction in
  /// the cache at registers.rip faulted when it wrote to `address`, where the program may write:
  /// carries it out or lets it, and deletes what was translated from the bytes.
  linux::FaultAnswer code_written(AppPc address, x86::CpuContext& registers,
                                  const void* vector_state);
  /// Whether another process has written here past page protection. Cheap.
  bool is_written_by_others() const { return foreign_port_.has_request(); }
  /// A thread has used the CPU time that the tools' host set an alarm for: some thread's dispatcher
  /// takes the note, and tells the host.
  SIGNAL_SAFE void note_cpu_alarm() { cpu_alarm_.store(true, std::memory_order_release); }
  bool has_cpu_alarm() const { return cpu_alarm_.load(std::memory_order_acquire); }
  void take_cpu_alarm();
  /// Deletes what was translated from there.
  void take_foreign_writes();
  /// A fragment of `tag` found that its bytes have changed.
  void code_stale(AppPc tag);
  /// Tries protection again for pages whose code has checked itself for long enough. Cheap if there
  /// are none. The caller is quiescent.
  void calm_code_pages();

  // translate::ProgramCode
  translate::CodeRange executable_range(AppPc pc) override;
  std::optional<AppPc> constant_at(AppPc slot) override;

  // linux::SysRuntime
  void code_changed(AppRange range) override;
  void code_unmapped(AppRange range) override;
  void mapped_executable(AppRange range) override;
  int effective_protection(AppRange range, int prot) override;
  bool protects_pages() const override { return code_pages_.any_held(); }
  bool let_kernel_write(AppRange range) override;
  void kernel_writes_unseen() override;
  void shared_view_changed(const linux::Mapping& view) override;
  void run_thread(linux::ThreadStart& start) override;
  bool is_alone() const override;
  void before_fork(linux::ProgramThread& thread) override;
  void after_fork(linux::ProgramThread& thread, bool child) override;
  [[noreturn]] void run_borrowed(linux::ProgramThread& thread) override;
  void abandoned(linux::ProgramThread& thread) override;
  void sharer_ending(linux::ProgramThread& thread) override;
  void thread_ending(linux::ProgramThread& thread) override;
  void process_ending(linux::ProgramThread& thread, int status) override;
  void process_dying(linux::ProgramThread& thread, int signal) override;
  void exec_starting(linux::ProgramThread& thread) override;

 private:
  void open_foreign_port();
  Status start_images();
  void save_image();
  /// What was translated from the range is deleted, but for what sleeps in an image. Returns how
  /// many died.
  uint32_t delete_code(AppRange range);
  /// The same of all that was ever translated.
  void delete_all_code();
  void start_shadow();
  /// Makes the shadow words of all of `code` ready, so that no branch faults for want of one.
  void fill_all_shadow(std::span<const AppRange> code);
  /// SIGNAL_SAFE but for locks that program threads take in the runtime only. Every thread that was
  /// in the cache before comes to its dispatcher soon.
  void hasten_threads();
  /// SIGNAL_SAFE. Some thread comes to its dispatcher soon.
  void wake_dispatcher();
  /// Memory for tools' words, behind the code's.
  Status start_hooks();
  Report make_report();
  void write_report();
  void write_last_words();
  void write_dump();
  void collect_fork_locks();
  void forget_threads(Thread& thread);

  const Options& options_;  ///< the process's; what its start decides (the hashed table for want of
                            ///< a shadow) shows here
  linux::AddressSpace& space_;
  linux::ShadowReservations& reservations_;
  Hooks* const hooks_;
  linux::ForeignPort foreign_port_;
  std::atomic<bool> cpu_alarm_{false};
  CodePages code_pages_;
  SteadySlots steady_slots_;
  linux::OwnMemory own_memory_;
  ProtectedStore protected_store_;
  CpuidFile cpuid_file_;  ///< before anybody asks
  const CpuFeatures features_;
  std::atomic<bool> every_thread_has_block_{false};
  bool keeps_fs_ = false;    ///< threads come out of the cache with the program's fs
  AppRange inaccessible_{};  ///< a page that fs leads to meanwhile, to test who needs it; or empty
  cache::Epochs epochs_;
  cache::ShadowMap shadow_;
  translate::HashedSites hashed_sites_;
  std::unique_ptr<Caches> caches_;
  AppRange code_;  ///< all code memory there will be
  std::unique_ptr<Deletions> deletions_;
  std::unique_ptr<FaultHandler> faults_;
  std::unique_ptr<linux::SignalServices> signals_;
  std::unique_ptr<linux::SyscallEmulator> emulator_;
  std::unique_ptr<StressDeleter> stress_;
  std::unique_ptr<PerfMap> perf_map_;
  std::unique_ptr<CodeImages> images_;
  ChildBlocks child_blocks_;
  Observers observers_;
  ForkLocks fork_locks_;

  std::once_flag error_stream_kept_;
  int error_stream_ = kStandardError;

  void choose_fs_switch();
  bool adapts_returns() const;
  bool has_branch_choice() const;
  bool is_large_program() const;
  std::atomic<uint8_t> branch_choice_{0};
  std::atomic<bool> pairs_returns_{false};  ///< the program has turned out to be large

  std::atomic<bool> fills_ahead_{false};  ///< shadow words are written when code is mapped

  SpinLock<LockRank::kThreads> threads_lock_;
  ThreadRooms thread_rooms_{threads_lock_};
  std::vector<Thread*> threads_ GUARDED_BY(threads_lock_);
  ThreadCounters ended_counters_ GUARDED_BY(threads_lock_);  ///< of threads that have ended
  uint64_t started_ns_ = 0;                ///< processor time when the program began
  std::atomic<uint64_t> threads_made_{0};  ///< written under threads_lock_
};

}  // namespace weft::engine

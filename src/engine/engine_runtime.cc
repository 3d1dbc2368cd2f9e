// The engine's side of system call emulation: memory that changes, threads, fork, exec, the end.
#include <fcntl.h>

#include <mutex>

#include "base/log.h"
#include "engine/dispatcher.h"
#include "engine/dump.h"
#include "engine/engine.h"
#include "engine/fault_handler.h"
#include "engine/output.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/parked_threads.h"

namespace weft::engine {
void Engine::run_thread(linux::ThreadStart& start) {
  std::unique_ptr<Thread> thread = make_thread();
  thread->context() = start.context;
  signals_->attach_thread(thread->program, start.parent);
  const uint64_t mask = start.signal_mask;
  if (linux::SyscallEmulator::announce_thread(start, thread->program)) {
    signals_->set_mask(thread->program, mask);
    WEFT_LOG(kInfo, "thread {} starts at {:#x}", thread->program.tid, thread->pc().value);
    observers_.thread_started(*thread);
    Dispatcher(*this, *thread).run();
    WEFT_LOG(kInfo, "thread {} ends", thread->program.tid);
  }
  signals_->detach_thread(thread->program);
  retire(*thread);
}

void Engine::before_fork(linux::ProgramThread& program) {
  Dispatcher(*this, Thread::of(program)).build_for_children();
  // A child of vfork has its parent's.
  if (!program.borrowed) child_blocks_.before_fork(program.pid);
  if (is_alone()) return;
  fork_locks_.lock();
}

// What it leaves out costs a page fault each: a lock that is taken and released is written by the
// parent and by the child, each time in a page that the two had in common.
bool Engine::is_alone() const {
  return hooks_ == nullptr && stress_ == nullptr && threads_made_ == 1;
}

void Engine::collect_fork_locks() {
  emulator_->add_fork_locks(fork_locks_);
  observers_.add_fork_locks(fork_locks_);
  fork_locks_.add(threads_lock_);
  signals_->add_fork_locks(fork_locks_);
  reservations_.add_fork_locks(fork_locks_);
  fork_locks_.add(hashed_sites_.lock());
  code_pages_.add_fork_locks(fork_locks_);
  protected_store_.add_fork_locks(fork_locks_);
  space_.add_fork_locks(fork_locks_);
  caches_->add_fork_locks(fork_locks_);
  epochs_.add_fork_locks(fork_locks_);
  fork_locks_.add(LockRank::kShadowPages, shadow_);
  CHECK(fork_locks_.has_all());
}

/// In the child of a fork: no thread is left but `thread`.
void Engine::forget_threads(Thread& thread) {
  epochs_.forked(thread.epoch);
  caches_->after_fork_child(thread.home);
  const Locked held(threads_lock_);
  threads_ = {&thread};
  threads_made_ = 1;
  ended_counters_ = {};
}

void Engine::after_fork(linux::ProgramThread& program, bool child) {
  Thread& thread = Thread::of(program);
  if (!is_alone()) {
    fork_locks_.unlock(child);
    if (child) forget_threads(thread);
  }
  if (child) {
    own_memory_.forget();
    deletions_->after_fork_child();
    thread.counters = {};
  }
  if (hooks_ != nullptr) thread.block().thread_id = static_cast<uint64_t>(program.tid);
  if (child) observers_.forked(thread);
}

void Engine::run_borrowed(linux::ProgramThread& program) {
  // Not by gs: a process that shares this memory begins with its parent's.
  Thread& thread = Thread::of(program);
  thread.attach();
  if (hooks_ != nullptr && thread.tool_thread == nullptr) {
    thread.block().thread_id = static_cast<uint64_t>(program.tid);
    hooks_->thread_started(thread);
  }
  Dispatcher(*this, thread).run();
  CHECK(false && "a borrowed thread ends inside a system call");
  __builtin_unreachable();
}

void Engine::abandoned(linux::ProgramThread& program) {
  Thread& thread = Thread::of(program);
  thread.in_cache = false;
  thread.block().x87_apart = 0;
  thread.block().fs_owner = FsOwner::kRuntime;
  thread.epoch.depth = 0;
  // Release: what the process did in the cache comes before whatever is made of it now.
  thread.epoch.announced.store(0, std::memory_order_release);
}

void Engine::sharer_ending(linux::ProgramThread& program) {
  Thread& thread = Thread::of(program);
  if (hooks_ == nullptr || thread.tool_thread == nullptr) return;
  hooks_->thread_ending(thread);
  thread.tool_thread = nullptr;
}

void Engine::thread_ending(linux::ProgramThread& program) {
  observers_.thread_ending(Thread::of(program));
}

void Engine::process_ending(linux::ProgramThread& program, int status) {
  observers_.process_ending(Thread::of(program), status, 0);
  write_last_words();
}

void Engine::process_dying(linux::ProgramThread& program, int signal) {
  const int status = linux::kernel::status_of_signal(signal);
  observers_.process_ending(Thread::of(program), status, signal);
  write_last_words();
}

void Engine::write_last_words() {
  write_dump();
  save_image();
  write_report();
}

void Engine::save_image() {
  cpuid_file_.save();
  // Code that looks into the hashed table relies on what this process has found out; words that are
  // ready everywhere are more than an image should have.
  if (images_ && !fills_ahead_.load() && !caches_->shared().hash.is_ready())
    images_->save(pairs_returns_);
}

int Engine::error_stream() {
  std::call_once(error_stream_kept_, [this] {
    const int64_t copy = linux::raw_syscall(__NR_dup, kStandardError);
    if (linux::failed(copy)) return;
    const int kept = emulator_->keep_descriptor(static_cast<int>(copy));
    if (kept >= 0)
      error_stream_ = kept;
    else
      linux::kernel::close(copy);
  });
  return error_stream_;
}

bool Engine::has_last_words() const {
  return !observers_.empty() || options_.stats || !options_.stats_file.empty() ||
         options_.dump_count != 0;
}

void Engine::exec_starting(linux::ProgramThread& thread) {
  if (!thread.borrowed) observers_.exec_starting(Thread::of(thread));
  if (!thread.borrowed) save_image();
  if (!thread.borrowed) write_report();
  // A nudge on its way here would end the next program; the system calls before execve take it.
  epochs_.settle();
}

void Engine::park_threads(const linux::ProgramThread& dying) {
  // Nobody gives it back: the process ends.
  constexpr int kTries = 1000;
  for (int i = 0; !threads_lock_.try_lock(); ++i) {
    if (i == kTries) return;
    linux::kernel::yield();
  }
  const auto visit_threads = [](void* list, void (*visit)(void*, linux::ProgramThread&),
                                void* argument) {
    for (Thread* thread : *static_cast<std::vector<Thread*>*>(list)) {
      visit(argument, thread->program);
    }
  };
  if (threads_.size() > 1) linux::park_threads(dying, *faults_, visit_threads, &threads_);
}

void Engine::write_dump() {
  if (options_.dump_count == 0) return;
  std::vector<AppRange> ranges;
  for (const uint64_t address : options_.dump_at) ranges.push_back({{address}, {address + 1}});
  if (ranges.empty()) ranges.push_back({{0}, {~uint64_t{0}}});
  uint32_t left = options_.dump_count;
  const cache::EpochGuard guard(epochs_);
  for (const AppRange range : ranges) {
    caches_->set().for_each([&](const cache::CodeCache& cache) {
      cache.fragments_in(guard, range, [&](cache::Fragment& fragment) {
        if (left == 0) return;
        --left;
        write_all(error_stream(), dump(fragment));
      });
    });
  }
}

Report Engine::make_report() {
  Report report;
  report.cache = caches_->stats();
  report.shadow_bytes = shadow_.pages_filled() * kPageSize;
  const Locked held(threads_lock_);
  report.counters = ended_counters_;
  for (const Thread* thread : threads_) report.counters.add(thread->counters);
  report.threads = threads_made_;
  report.loading_ns = options_.loading_ns;
  report.setup_ns = started_ns_ - options_.loading_ns;
  return report;
}

void Engine::write_report() {
  if (options_.stats) write_all(error_stream(), to_text(make_report()));
  if (options_.stats_file.empty()) return;
  const std::string path = with_pid(options_.stats_file);
  if (!write_file(path, O_WRONLY | O_CREAT | O_TRUNC, to_json(make_report()))) {
    write_all(kStandardError, "weft: cannot write " + path + ": no statistics\n");
  }
}

}  // namespace weft::engine

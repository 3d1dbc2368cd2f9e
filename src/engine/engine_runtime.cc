// The engine's side of system call emulation: memory that changes, threads, fork, exec, the end.
#include <fcntl.h>

#include <mutex>

#include "base/log.h"
#include "engine/dispatcher.h"
#include "engine/dump.h"
#include "engine/engine.h"
#include "engine/output.h"
#include "linux/raw_syscall.h"

namespace weft::engine {
namespace {

/// Not by gs: a process that shares this memory begins with its parent's.
Thread& thread_of(linux::ProgramThread& program) {
  auto* block =
      reinterpret_cast<uint8_t*>(program.context) - offsetof(translate::ThreadBlock, context);
  return *static_cast<Thread*>(reinterpret_cast<translate::ThreadBlock*>(block)->owner);
}

}  // namespace

void Engine::run_thread(linux::ThreadStart& start) {
  std::unique_ptr<Thread> thread = make_thread();
  thread->context() = start.context;
  signals_->attach_thread(thread->program, start.parent);
  const uint64_t mask = start.signal_mask;
  if (linux::SyscallEmulator::announce_thread(start, thread->program)) {
    signals_->set_mask(thread->program, mask);
    WEFT_LOG(kInfo, "thread {} starts at {:#x}", thread->program.tid, thread->pc().value);
    if (hooks_ != nullptr) hooks_->thread_started(*thread);
    Dispatcher(*this, *thread).run();
    WEFT_LOG(kInfo, "thread {} ends", thread->program.tid);
  }
  signals_->detach_thread(thread->program);
  retire(*thread);
}

void Engine::before_fork(linux::ProgramThread&) {
  if (hooks_ != nullptr) hooks_->lock_for_fork();
  threads_lock_.lock();
  signals_->lock_for_fork();
  code_pages_.lock_for_fork();
  protected_store_.lock_for_fork();
  space_.lock_for_fork();
  caches_->lock_for_fork();
  shadow_.lock_for_fork();
  if (perf_map_) perf_map_->lock_for_fork();
  if (persistent_) persistent_->lock_for_fork();
}

void Engine::after_fork(linux::ProgramThread& program, bool child) {
  Thread& thread = thread_of(program);
  if (persistent_) persistent_->unlock_after_fork(child);
  if (perf_map_) perf_map_->unlock_after_fork();
  shadow_.unlock_after_fork();
  caches_->unlock_after_fork(child, &thread.epoch);
  space_.unlock_after_fork();
  signals_->unlock_after_fork();
  protected_store_.unlock_after_fork();
  code_pages_.unlock_after_fork();
  if (child) {
    own_memory_.forget();
    caches_->after_fork_child(thread.home);
    deletions_->after_fork_child();
    threads_ = {&thread};
    ended_counters_ = {};
    thread.counters = {};
    if (perf_map_) {
      const cache::EpochGuard guard(epochs_);
      perf_map_->begin_again(caches_->set());
    }
  }
  threads_lock_.unlock();
  if (hooks_ == nullptr) return;
  hooks_->unlock_after_fork();
  thread.block().thread_id = static_cast<uint64_t>(program.tid);
  if (child) hooks_->forked(thread);
}

void Engine::run_borrowed(linux::ProgramThread& program) {
  Thread& thread = thread_of(program);
  thread.attach();
  Dispatcher(*this, thread).run();
  CHECK(false && "a borrowed thread ends inside a system call");
  __builtin_unreachable();
}

void Engine::abandoned(linux::ProgramThread& program) {
  Thread& thread = thread_of(program);
  thread.in_cache = false;
  thread.block().fs_owner = FsOwner::kRuntime;
  thread.epoch.depth = 0;
  // Release: what the process did in the cache comes before whatever is made of it now.
  thread.epoch.announced.store(0, std::memory_order_release);
}

void Engine::thread_ending(linux::ProgramThread& program) {
  if (hooks_ != nullptr) hooks_->thread_ending(thread_of(program));
}

void Engine::process_ending(linux::ProgramThread& program, int status) {
  if (hooks_ != nullptr) hooks_->process_ending(thread_of(program), status);
  write_dump();
  if (perf_map_) perf_map_->flush();
  if (persistent_) persistent_->save();
  write_report();
}

int Engine::error_stream() {
  std::call_once(error_stream_kept_, [this] {
    const int64_t copy = linux::raw_syscall(__NR_dup, kStandardError);
    if (linux::failed(copy)) return;
    const int kept = emulator_->keep_descriptor(static_cast<int>(copy));
    if (kept >= 0)
      error_stream_ = kept;
    else
      linux::raw_syscall(__NR_close, static_cast<uint64_t>(copy));
  });
  return error_stream_;
}

bool Engine::has_last_words() const {
  return hooks_ != nullptr || perf_map_ != nullptr || persistent_ != nullptr || options_.stats ||
         !options_.stats_file.empty() || options_.dump_count != 0;
}

void Engine::exec_starting(linux::ProgramThread& thread) {
  if (hooks_ != nullptr && !thread.borrowed) hooks_->exec_starting(thread_of(thread));
  if (perf_map_ && !thread.borrowed) perf_map_->flush();
  if (persistent_ && !thread.borrowed) persistent_->save();
  if (!thread.borrowed) write_report();
  // A nudge on its way here would end the next program; the system calls before execve take it.
  epochs_.settle();
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
      cache.fragments_in(range, [&](cache::Fragment& fragment) {
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
  const std::lock_guard held(threads_lock_);
  report.counters = ended_counters_;
  for (const Thread* thread : threads_) report.counters.add(thread->counters);
  report.threads = threads_made_;
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

// The engine's events, handed on to the tools.
#include "tool/host.h"

#include <algorithm>
#include <mutex>

#include "engine/engine.h"
#include "tool/block_view.h"
#include "tool/syscall_view.h"

namespace weft::tool {

void Host::set_program(std::string path, std::vector<std::string> arguments, bool followed) {
  program_ = std::move(path);
  arguments_ = std::move(arguments);
  is_child_ = followed;
}

ThreadView& Host::view_of(engine::Thread& thread) {
  return *static_cast<ThreadView*>(thread.tool_thread);
}

void Host::start(engine::Engine& engine, AppRange words) {
  engine_ = &engine;
  words_ = words;
  code_.start(engine);
}

void Host::process_started(engine::Thread&) {
  for (const Library& each : tools_) {
    starting_ = each.name;
    each.tool->on_start(*this, *each.options);
  }
  starting_ = {};
  // Branches have one way past a choice and one to it.
  const Versions first{0};
  if (cases_.size() == 1 && cases_.set(first).selector.per_thread) {
    engine_->set_branch_choice(cases_.fixed_name(first));
  }
  for (const BufferSpec& buffer : buffers_) layouts_.push_back(buffer.layout);
}

void Host::thread_started(engine::Thread& thread) {
  ThreadView* view = nullptr;
  bool first = false;
  {
    const std::lock_guard held(lock_);
    first = threads_made_ == 0;
    threads_.push_back(std::make_unique<ThreadView>(thread, threads_made_++, buffers_, selectors_));
    view = threads_.back().get();
    thread.tool_thread = view;
  }
  for (const Library& each : tools_) each.tool->on_thread_start(*view);
  if (first) tell_of_modules({{0}, {~uint64_t{0}}});
}

void Host::end_thread(ThreadView& view) {
  view.close_buffers();
  for (const Library& each : tools_) each.tool->on_thread_exit(view);
}

void Host::thread_ending(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  {
    // Whoever takes it out of the list ends it: this thread, or the end of the process.
    const std::lock_guard held(lock_);
    if (ended_) return;
  }
  end_thread(view);
  const std::lock_guard held(lock_);
  for (uint32_t i = 0; i < kThreadCounters; ++i) ended_counts_[i] += view.get(ThreadCounter(i));
  for (uint32_t i = 0; i < kTallies; ++i) ended_tallies_[i] += view.get(Tally(i));
  std::erase_if(threads_, [&](const auto& each) { return each.get() == &view; });
}

std::vector<ThreadView*> Host::views() {
  const std::lock_guard held(lock_);
  std::vector<ThreadView*> result;
  for (const auto& each : threads_) result.push_back(each.get());
  return result;
}

void Host::process_ending(engine::Thread&, int status) {
  {
    const std::lock_guard held(lock_);
    if (ended_.exchange(true)) return;
  }
  for (ThreadView* view : views()) end_thread(*view);
  for (const Library& each : tools_) each.tool->on_exit(*this, status);
}

void Host::exec_starting(engine::Thread& thread) {
  for (uint32_t i = 0; i < buffers_.size(); ++i) view_of(thread).flush(Buffer(i));
  for (const Library& each : tools_) each.tool->on_exec(*this);
}

void Host::lock_for_fork() {
  lock_.lock();
  modules_.lock_for_fork();
  cases_.lock_for_fork();
  callees_.lock_for_fork();
  functions_.lock_for_fork();
}

void Host::unlock_after_fork() {
  functions_.unlock_after_fork();
  callees_.unlock_after_fork();
  cases_.unlock_after_fork();
  modules_.unlock_after_fork();
  lock_.unlock();
}

void Host::forked(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  is_child_ = true;
  {
    const std::lock_guard held(lock_);
    std::erase_if(threads_, [&](const auto& each) { return each.get() != &view; });
    threads_made_ = 1;
  }
  view.set_number(0);
  view.empty_buffers();
  for (const Library& each : tools_) each.tool->on_fork(*this, view);
}

void Host::tell_of_modules(AppRange range) {
  for (const Modules::Change& change : modules_.update(engine_->space(), range)) {
    if (change.loaded) {
      functions_.module_loaded(*change.module);
    } else {
      functions_.module_unloaded(*change.module);
    }
    for (const Library& each : tools_) {
      if (change.loaded) {
        each.tool->on_module_load(*change.module);
      } else {
        each.tool->on_module_unload(*change.module);
      }
    }
  }
}

void Host::memory_changed(AppRange range) { tell_of_modules(range); }

void Host::published(const cache::Fragment& fragment) {
  if (fragment.constituent_count() < 2) return;
  const FragmentInfo info = describe(fragment);
  for (const Library& each : tools_) each.tool->on_trace(info);
}

bool Host::syscall_before(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  SyscallView call(view, thread.context(), false);
  for (const Library& each : tools_) each.tool->on_syscall_before(call);
  call.keep();
  return call.has_result();
}

void Host::syscall_after(engine::Thread& thread) {
  SyscallView call(view_of(thread), thread.context(), true);
  for (const Library& each : tools_) each.tool->on_syscall_after(call);
}

void Host::signal(engine::Thread& thread, const siginfo_t& info) {
  const SignalInfo signal{view_of(thread), info.si_signo, info, thread.pc().value};
  for (const Library& each : tools_) each.tool->on_signal(signal);
}

// No tag leads to a probe, and tools hear of none.
void Host::on_deleted(const cache::Fragment& fragment) {
  if (fragment.kind() == cache::FragmentKind::kProbe) return;
  const FragmentInfo info = describe(fragment);
  for (const Library& each : tools_) each.tool->on_fragment_deleted(info);
}

void Host::on_reclaimed(const cache::Fragment& fragment) {
  if (fragment.kind() != cache::FragmentKind::kProbe) {
    const FragmentInfo info = describe(fragment);
    for (const Library& each : tools_) each.tool->on_fragment_reclaimed(info);
  }
  delete static_cast<Additions*>(fragment.tool_data());
}

}  // namespace weft::tool

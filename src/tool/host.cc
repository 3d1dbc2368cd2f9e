// The engine's events, handed on to the tools.
#include "tool/host.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "engine/engine.h"
#include "tool/block_view.h"
#include "tool/mistake.h"
#include "tool/syscall_view.h"

namespace weft::tool {
namespace {

/// For threads to come to a place where they can be stopped, when the process ends.
constexpr uint64_t kPatience = 1'000'000'000;  // ns

}  // namespace

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
  first_runs_.start(engine);
}

void Host::process_started(engine::Thread& thread) {
  set_message_stream(engine_->error_stream());
  // modules() has them from the start; tools are told of them when there is a thread.
  // The program is the first of them, wherever it lies.
  first_modules_ = modules_.update(engine_->space(), {{0}, {~uint64_t{0}}}, program_);
  for (const Library& each : tools_) {
    starting_ = each.name;
    const Running running(&thread, "on_start()", &each);
    each.tool->on_start(*this, *each.options);
  }
  starting_ = {};
  go_on_with_image(thread);
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
    const Locked held(lock_);
    first = threads_made_ == 0;
    threads_.push_back(std::make_unique<ThreadView>(thread, threads_made_++, buffers_, selectors_));
    view = threads_.back().get();
    thread.tool_thread = view;
    stop_.add(*view);
  }
  // Of several threads, one may be hot from its start, and the alarm is another's.
  if (!first) first_runs_.settle();
  tell(&thread, "on_thread_start()", [&](Tool& tool) { tool.on_thread_start(*view); });
  if (first) tell_of_modules(std::exchange(first_modules_, {}));
}

engine::Thread* Host::current() const {
  return engine_->on_program_thread() ? &engine::Thread::current() : nullptr;
}

ThreadView* Host::current_view() const {
  const engine::Thread* const self = current();
  return self == nullptr ? nullptr : static_cast<ThreadView*>(self->tool_thread);
}

void Host::end_thread(engine::Thread* running, ThreadView& view) {
  if (view.has_ended.exchange(true)) return;
  {
    const Running flushing(running, "the end of a buffer", nullptr);
    view.close_buffers();
  }
  tell(running, "on_thread_exit()", [&](Tool& tool) { tool.on_thread_exit(view); });
}

void Host::thread_ending(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  {
    const Locked held(lock_);
    if (ended_) return;
  }
  end_thread(&thread, view);
  // Who has stopped threads looks at them.
  while (!take_out(view)) thread.to_stop.wait(true);
}

bool Host::take_out(const ThreadView& view) {
  const Locked held(lock_);
  if (view.thread().to_stop) return false;
  for (uint32_t i = 0; i < kThreadCounters; ++i) ended_counts_[i] += view.get(ThreadCounter(i));
  for (uint32_t i = 0; i < kTallies; ++i) ended_tallies_[i] += view.get(Tally(i));
  std::erase_if(threads_, [&](const auto& each) { return each.get() == &view; });
  return true;
}

std::vector<ThreadView*> Host::views() {
  const Locked held(lock_);
  std::vector<ThreadView*> result;
  for (const auto& each : threads_) result.push_back(each.get());
  return result;
}

void Host::process_ending(engine::Thread&, int status, int signal) {
  engine::Thread* const self = current();
  const pid_t ender = static_cast<pid_t>(gettid());
  {
    const Locked held(lock_);
    if (std::exchange(ended_, true)) {
      if (ender == ender_ || !stops_at_end_ || current_view() == nullptr) return;
    } else {
      ender_ = ender;
    }
  }
  ThreadView* const view = current_view();
  // What another thread's end of the process tells is not cut short by this one's.
  if (ender != ender_) ThreadStop::stand_for_good(*view);
  death_signal_ = signal;
  if (stops_at_end_) stop_.stop_for_good(view, kPatience);
  for (ThreadView* each : views()) end_thread(self, *each);
  tell(self, "on_exit()", [&](Tool& tool) { tool.on_exit(*this, status); });
}

void Host::exec_starting(engine::Thread& thread) {
  for (uint32_t i = 0; i < buffers_.size(); ++i) view_of(thread).flush(Buffer(i));
  tell(&thread, "on_exec()", [&](Tool& tool) { tool.on_exec(*this); });
}

void Host::add_fork_locks(ForkLocks& locks) {
  locks.add(lock_);
  modules_.add_fork_locks(locks);
  cases_.add_fork_locks(locks);
  parts_.add_fork_locks(locks);
  callees_.add_fork_locks(locks);
  functions_.add_fork_locks(locks);
  lists_.add_fork_locks(locks);
}

void Host::forked(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  is_child_ = true;
  {
    const Locked held(lock_);
    std::erase_if(threads_, [&](const auto& each) { return each.get() != &view; });
    threads_made_ = 1;
  }
  stop_.forget();
  view.set_number(0);
  view.empty_buffers();
  first_runs_.forked();
  tell(&thread, "on_fork()", [&](Tool& tool) { tool.on_fork(*this, view); });
}

void Host::tell_of_modules(const std::vector<Modules::Change>& changes) {
  for (const Modules::Change& change : changes) {
    if (change.loaded) {
      functions_.module_loaded(*change.module);
    } else {
      functions_.module_unloaded(*change.module);
    }
    tell(&engine::Thread::current(), "on_module_load() or on_module_unload()", [&](Tool& tool) {
      if (change.loaded) {
        tool.on_module_load(*change.module);
      } else {
        tool.on_module_unload(*change.module);
      }
    });
  }
}

void Host::memory_changed(AppRange range) {
  tell_of_modules(modules_.update(engine_->space(), range));
}

void Host::delete_what_was_put_off(ThreadView& view) {
  if (view.put_off.empty()) return;
  for (const auto& deletion : std::exchange(view.put_off, {})) deletion(engine_->deletions());
}

void Host::published(const cache::Fragment& fragment) {
  delete_what_was_put_off(view_of(engine::Thread::current()));
  if (fragment.constituent_count() < 2) return;
  const FragmentInfo info = describe(fragment);
  tell(&engine::Thread::current(), "on_trace()", [&](Tool& tool) { tool.on_trace(info); });
}

bool Host::syscall_before(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  delete_what_was_put_off(view);
  SyscallView call(view, thread.context(), false);
  tell(&thread, "on_syscall_before()", [&](Tool& tool) { tool.on_syscall_before(call); });
  call.keep();
  return call.has_result();
}

size_t Host::lend(engine::Thread& thread) {
  ThreadView& view = view_of(thread);
  view.lent.push_back({view.call, view.function_slots});
  return view.lent.size() - 1;
}

void Host::take_back(engine::Thread& thread, size_t lent) {
  ThreadView& view = view_of(thread);
  view.call = view.lent[lent].call;
  view.function_slots = std::move(view.lent[lent].function_slots);
  // Beyond it is what such children left that were killed.
  view.lent.resize(lent);
}

bool Host::syscall_after(engine::Thread& thread) {
  SyscallView call(view_of(thread), thread.context(), true);
  tell(&thread, "on_syscall_after()", [&](Tool& tool) { tool.on_syscall_after(call); });
  return call.wants_another();
}

bool Host::signal(engine::Thread& thread, const siginfo_t& info) {
  const SignalInfo signal{view_of(thread), info.si_signo, info, thread.pc().value};
  bool suppressed = false;
  tell(&thread, "on_signal_before()", [&](Tool& tool) {
    if (!suppressed) suppressed = tool.on_signal_before(signal) == SignalAnswer::kSuppress;
  });
  if (suppressed) return false;
  tell(&thread, "on_signal()", [&](Tool& tool) { tool.on_signal(signal); });
  return true;
}

engine::ListAnswer Host::list_fault(engine::Thread& thread, const siginfo_t& info,
                                    const engine::ListItem& item, x86::CpuContext& machine,
                                    x86::CpuContext& program) {
  return lists_.fault(view_of(thread), info, item, machine, program);
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

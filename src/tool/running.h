// Notes on the calling thread which tool runs, for as long as the object lives: whoever finds the
// thread hanging or faulting reads it (engine::Thread::tool_call).
#pragma once

#include <atomic>
#include <string_view>

#include "engine/thread.h"

namespace weft::tool {

struct Library;

class Running {
 public:
  /// `thread`: null on a thread of a tool's own. `library`: null if only `function` is known.
  Running(engine::Thread* thread, const char* event, const Library* library,
          const void* function = nullptr)
      : thread_(thread) {
    if (thread_ == nullptr) return;
    engine::Thread::ToolCall& call = thread_->tool_call;
    before_event_ = call.event;
    before_tool_ = call.tool;
    before_function_ = call.function;
    call.tool = library;
    call.function = function;
    call.event = event;
    if (before_event_ == nullptr) wait_while_stopped(event);
  }
  ~Running() {
    if (thread_ == nullptr) return;
    engine::Thread::ToolCall& call = thread_->tool_call;
    call.event = before_event_;
    call.tool = before_tool_;
    call.function = before_function_;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  /// In the cache, and while a block is built, who stops threads waits for the thread instead.
  void wait_while_stopped(const char* event) {
    if (thread_->epoch.announced.load(std::memory_order_relaxed) != 0) return;
    for (;;) {
      // A stop that this look does not see yet sees the event.
      std::atomic_thread_fence(std::memory_order_seq_cst);
      if (!thread_->to_stop) return;
      const bool rested = thread_->rests.exchange(true);
      thread_->tool_call.event = nullptr;
      thread_->to_stop.wait(true);
      thread_->tool_call.event = event;
      thread_->rests = rested;
    }
  }

  engine::Thread* thread_;
  const char* before_event_ = nullptr;
  const void* before_tool_ = nullptr;
  const void* before_function_ = nullptr;
};

/// The name of the tool whose event runs on the thread; empty if none does.
std::string_view tool_of(const engine::Thread& thread);

}  // namespace weft::tool

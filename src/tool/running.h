// Notes on the calling thread which tool runs, for as long as the object lives: whoever finds the
// thread hanging or faulting reads it (engine::Thread::tool_call).
#pragma once

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
  engine::Thread* thread_;
  const char* before_event_ = nullptr;
  const void* before_tool_ = nullptr;
  const void* before_function_ = nullptr;
};

/// The name of the tool whose event runs on the thread; empty if none does.
std::string_view tool_of(const engine::Thread& thread);

}  // namespace weft::tool

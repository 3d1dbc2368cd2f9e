// Threads: a client's own, and each thread's field.
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>

#include "core/client_thread.h"
#include "core/context.h"
#include "core/room.h"

namespace weft::dynamorio {

bool run_client_thread(std::function<void(Context&)> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([work = std::move(work)] {
    Contexts& contexts = Room::get().contexts();
    Context& context = contexts.make(nullptr, static_cast<pid_t>(gettid()));
    Context::set_current(&context);
    work(context);
    Context::set_current(nullptr);
    contexts.remove(context);
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
}

}  // namespace weft::dynamorio

using weft::dynamorio::Context;

extern "C" {

void* dr_get_current_drcontext() { return Context::current(); }

thread_id_t dr_get_thread_id(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  return context == nullptr ? 0 : context->id;
}

bool dr_create_client_thread(void (*func)(void*), void* arg) {
  return weft::dynamorio::run_client_thread([func, arg](Context&) { func(arg); });
}

// A client's thread is never stopped.
bool dr_client_thread_set_suspendable(bool) { return true; }

void dr_thread_yield() { sched_yield(); }

bool dr_is_thread_native(void*) { return false; }
bool dr_retakeover_suspended_native_thread(void*) { return false; }

void dr_track_where_am_i() {}
bool dr_is_tracking_where_am_i() { return true; }

}  // extern "C"

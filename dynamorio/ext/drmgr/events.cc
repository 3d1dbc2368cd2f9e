// The core's events by way of the manager: with priorities and data of the user's. For each event
// the manager has one callback registered with the core while somebody wants it.
#include "ext/drmgr/events.h"

#include <atomic>

#include "drmgr.h"
#include "ext/drmgr/block_events.h"
#include "ext/drmgr/priority_list.h"

namespace weft::dynamorio {
namespace {

/// A callback with or without data.
template <typename Result, typename... Arguments>
struct User {
  Result (*plain)(Arguments...) = nullptr;
  Result (*with_data)(Arguments..., void*) = nullptr;
  void* data = nullptr;

  Result call(Arguments... arguments) const {
    return plain != nullptr ? plain(arguments...) : with_data(arguments..., data);
  }
};

/// One event: its users, and what the core calls.
template <typename Tag, typename Result, typename... Arguments>
struct Event {
  using Plain = Result (*)(Arguments...);
  using WithData = Result (*)(Arguments..., void*);
  using List = PriorityList<User<Result, Arguments...>>;

  static List& users() {
    static List users;
    return users;
  }
  static bool add(Plain function, drmgr_priority_t* priority) {
    if (function == nullptr) return false;
    Tag::start();
    return users().add(Priority(priority), {function, nullptr, nullptr});
  }
  static bool add(WithData function, drmgr_priority_t* priority, void* data) {
    if (function == nullptr) return false;
    Tag::start();
    return users().add(Priority(priority), {nullptr, function, data});
  }
  static bool remove(Plain function) {
    return users().remove([=](const auto& each) { return each.plain == function; });
  }
  static bool remove_with_data(WithData function) {
    return users().remove([=](const auto& each) { return each.with_data == function; });
  }
  template <typename Visit>
  static void for_each(Visit visit) {
    const auto entries = users().entries();
    for (const auto& each : *entries) visit(each.second);
  }
};

#define WEFT_DRMGR_ONCE(...)       \
  static void start() {            \
    static std::atomic<bool> done; \
    if (!done.exchange(true)) {    \
      __VA_ARGS__;                 \
    }                              \
  }

struct Exit : Event<Exit, void> {
  static void run() {
    for_each([](const auto& each) { each.call(); });
  }
  WEFT_DRMGR_ONCE(dr_register_exit_event(&run))
};

struct PostAttach : Event<PostAttach, void> {
  static void run() {
    for_each([](const auto& each) { each.call(); });
  }
  WEFT_DRMGR_ONCE(dr_register_post_attach_event(&run))
};

struct PreDetach : Event<PreDetach, void> {
  static void start() {}
};

struct ThreadInit : Event<ThreadInit, void, void*> {
  static void run(void* drcontext) {
    start_fields(drcontext);
    for_each([=](const auto& each) { each.call(drcontext); });
    start_context_fields(drcontext);
  }
  WEFT_DRMGR_ONCE(dr_register_thread_init_event(&run))
};

struct ThreadExit : Event<ThreadExit, void, void*> {
  static void run(void* drcontext) {
    for_each([=](const auto& each) { each.call(drcontext); });
    end_fields(drcontext);
  }
  WEFT_DRMGR_ONCE(dr_register_thread_exit_event(&run))
};

struct Filter : Event<Filter, bool, void*, int> {
  static bool run(void* drcontext, int number) {
    bool wanted = false;
    for_each([&](const auto& each) { wanted |= each.call(drcontext, number); });
    return wanted;
  }
  WEFT_DRMGR_ONCE(dr_register_filter_syscall_event(&run))
};

struct PreSyscall : Event<PreSyscall, bool, void*, int> {
  static bool run(void* drcontext, int number) {
    bool made = true;
    for_each([&](const auto& each) { made &= each.call(drcontext, number); });
    return made;
  }
  WEFT_DRMGR_ONCE(dr_register_pre_syscall_event(&run))
};

struct PostSyscall : Event<PostSyscall, void, void*, int> {
  static void run(void* drcontext, int number) {
    for_each([=](const auto& each) { each.call(drcontext, number); });
  }
  WEFT_DRMGR_ONCE(dr_register_post_syscall_event(&run))
};

struct ModuleLoad : Event<ModuleLoad, void, void*, const module_data_t*, bool> {
  static void run(void* drcontext, const module_data_t* info, bool loaded) {
    for_each([=](const auto& each) { each.call(drcontext, info, loaded); });
  }
  WEFT_DRMGR_ONCE(dr_register_module_load_event(&run))
};

struct ModuleUnload : Event<ModuleUnload, void, void*, const module_data_t*> {
  static void run(void* drcontext, const module_data_t* info) {
    for_each([=](const auto& each) { each.call(drcontext, info); });
  }
  WEFT_DRMGR_ONCE(dr_register_module_unload_event(&run))
};

struct KernelXfer : Event<KernelXfer, void, void*, const dr_kernel_xfer_info_t*> {
  static void run(void* drcontext, const dr_kernel_xfer_info_t* info) {
    for_each([=](const auto& each) { each.call(drcontext, info); });
  }
  WEFT_DRMGR_ONCE(dr_register_kernel_xfer_event(&run))
};

struct Signal : Event<Signal, dr_signal_action_t, void*, dr_siginfo_t*> {
  static dr_signal_action_t run(void* drcontext, dr_siginfo_t* info) {
    dr_signal_action_t action = DR_SIGNAL_DELIVER;
    for_each([&](const auto& each) {
      if (action == DR_SIGNAL_DELIVER) action = each.call(drcontext, info);
    });
    return action;
  }
  WEFT_DRMGR_ONCE(dr_register_signal_event(&run))
};

struct Restore : Event<Restore, bool, void*, bool, dr_restore_state_info_t*> {
  static bool run(void* drcontext, bool memory, dr_restore_state_info_t* info) {
    bool done = true;
    for_each([&](const auto& each) { done &= each.call(drcontext, memory, info); });
    return done;
  }
  WEFT_DRMGR_ONCE(dr_register_restore_state_ex_event(&run))
};

struct LowOnMemory : Event<LowOnMemory, void> {
  static void run() {
    for_each([](const auto& each) { each.call(); });
  }
  WEFT_DRMGR_ONCE(dr_register_low_on_memory_event(&run))
};
#undef WEFT_DRMGR_ONCE

/// How many users have called drmgr_init().
std::atomic<int>& init_count() {
  static std::atomic<int> count{0};
  return count;
}

}  // namespace
}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

bool drmgr_init() {
  if (init_count()++ != 0) return true;
  start_block_events();
  ThreadInit::start();
  ThreadExit::start();
  return true;
}

void drmgr_exit() {
  if (--init_count() == 0) stop_block_events();
}

#define WEFT_DRMGR_EVENT(name, Kind)                                                        \
  bool drmgr_register_##name##_event(Kind::Plain func) { return Kind::add(func, nullptr); } \
  bool drmgr_unregister_##name##_event(Kind::Plain func) { return Kind::remove(func); }
#define WEFT_DRMGR_EVENT_EX(name, Kind)                                                 \
  WEFT_DRMGR_EVENT(name, Kind)                                                          \
  bool drmgr_register_##name##_event_ex(Kind::Plain func, drmgr_priority_t* priority) { \
    return Kind::add(func, priority);                                                   \
  }
#define WEFT_DRMGR_EVENT_DATA(name, Kind)                                                       \
  bool drmgr_register_##name##_event_user_data(Kind::WithData func, drmgr_priority_t* priority, \
                                               void* user_data) {                               \
    return Kind::add(func, priority, user_data);                                                \
  }                                                                                             \
  bool drmgr_unregister_##name##_event_user_data(Kind::WithData func) {                         \
    return Kind::remove_with_data(func);                                                        \
  }

WEFT_DRMGR_EVENT(exit, Exit)
WEFT_DRMGR_EVENT_DATA(exit, Exit)
WEFT_DRMGR_EVENT(post_attach, PostAttach)
WEFT_DRMGR_EVENT_DATA(post_attach, PostAttach)
WEFT_DRMGR_EVENT(pre_detach, PreDetach)
WEFT_DRMGR_EVENT_DATA(pre_detach, PreDetach)
WEFT_DRMGR_EVENT_EX(thread_init, ThreadInit)
WEFT_DRMGR_EVENT_DATA(thread_init, ThreadInit)
WEFT_DRMGR_EVENT_EX(thread_exit, ThreadExit)
WEFT_DRMGR_EVENT_DATA(thread_exit, ThreadExit)
WEFT_DRMGR_EVENT(filter_syscall, Filter)
WEFT_DRMGR_EVENT_DATA(filter_syscall, Filter)
WEFT_DRMGR_EVENT_EX(pre_syscall, PreSyscall)
WEFT_DRMGR_EVENT_DATA(pre_syscall, PreSyscall)
WEFT_DRMGR_EVENT_EX(post_syscall, PostSyscall)
WEFT_DRMGR_EVENT_DATA(post_syscall, PostSyscall)
WEFT_DRMGR_EVENT_EX(module_load, ModuleLoad)
WEFT_DRMGR_EVENT_DATA(module_load, ModuleLoad)
WEFT_DRMGR_EVENT_EX(module_unload, ModuleUnload)
WEFT_DRMGR_EVENT_DATA(module_unload, ModuleUnload)
WEFT_DRMGR_EVENT_EX(kernel_xfer, KernelXfer)
WEFT_DRMGR_EVENT_EX(signal, Signal)
WEFT_DRMGR_EVENT_DATA(signal, Signal)
WEFT_DRMGR_EVENT(restore_state_ex, Restore)
WEFT_DRMGR_EVENT_EX(low_on_memory, LowOnMemory)
WEFT_DRMGR_EVENT_DATA(low_on_memory, LowOnMemory)
#undef WEFT_DRMGR_EVENT
#undef WEFT_DRMGR_EVENT_EX
#undef WEFT_DRMGR_EVENT_DATA

bool drmgr_register_restore_state_ex_event_ex(bool (*func)(void*, bool, dr_restore_state_info_t*),
                                              drmgr_priority_t* priority) {
  return Restore::add(func, priority);
}

bool drmgr_register_restore_state_event(void (*func)(void*, void*, dr_mcontext_t*, bool, bool)) {
  dr_register_restore_state_event(func);
  return true;
}

bool drmgr_unregister_restore_state_event(void (*func)(void*, void*, dr_mcontext_t*, bool, bool)) {
  return dr_unregister_restore_state_event(func);
}

}  // extern "C"

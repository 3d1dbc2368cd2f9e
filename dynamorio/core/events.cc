// dr_register_*_event() and dr_unregister_*_event().
#include "core/events.h"

#include "core/context.h"
#include "core/room.h"

using weft::dynamorio::Events;
using weft::dynamorio::Room;

namespace {

Events& events() { return Room::get().events(); }

}  // namespace

extern "C" {

void dr_register_exit_event(void (*func)()) { events().exit.add(func); }
bool dr_unregister_exit_event(void (*func)()) { return events().exit.remove(func); }

// weft neither attaches to a running program nor leaves one: these never come.
bool dr_register_post_attach_event(void (*func)()) {
  events().post_attach.add(func);
  return true;
}
bool dr_unregister_post_attach_event(void (*func)()) { return events().post_attach.remove(func); }
void dr_register_pre_detach_event(void (*)()) {}
bool dr_unregister_pre_detach_event(void (*)()) { return true; }
bool dr_is_detaching() { return false; }
void dr_set_process_exit_behavior(dr_exit_flags_t) {}
void dr_allow_unsafe_static_behavior() {}

void dr_register_bb_event(dr_emit_flags_t (*func)(void*, void*, instrlist_t*, bool, bool)) {
  events().block.add(func);
}
bool dr_unregister_bb_event(dr_emit_flags_t (*func)(void*, void*, instrlist_t*, bool, bool)) {
  return events().block.remove(func);
}
void dr_register_trace_event(dr_emit_flags_t (*func)(void*, void*, instrlist_t*, bool)) {
  events().trace.add(func);
}
bool dr_unregister_trace_event(dr_emit_flags_t (*func)(void*, void*, instrlist_t*, bool)) {
  return events().trace.remove(func);
}
void dr_register_end_trace_event(dr_custom_trace_action_t (*func)(void*, void*, void*)) {
  events().end_trace.add(func);
}
bool dr_unregister_end_trace_event(dr_custom_trace_action_t (*func)(void*, void*, void*)) {
  return events().end_trace.remove(func);
}
void dr_register_delete_event(void (*func)(void*, void*)) { events().deleted.add(func); }
bool dr_unregister_delete_event(void (*func)(void*, void*)) {
  return events().deleted.remove(func);
}
void dr_register_restore_state_event(void (*func)(void*, void*, dr_mcontext_t*, bool, bool)) {
  events().restore.add(func);
}
bool dr_unregister_restore_state_event(void (*func)(void*, void*, dr_mcontext_t*, bool, bool)) {
  return events().restore.remove(func);
}
void dr_register_restore_state_ex_event(bool (*func)(void*, bool, dr_restore_state_info_t*)) {
  events().restore_ex.add(func);
}
bool dr_unregister_restore_state_ex_event(bool (*func)(void*, bool, dr_restore_state_info_t*)) {
  return events().restore_ex.remove(func);
}
void dr_register_thread_init_event(void (*func)(void*)) { events().thread_init.add(func); }
bool dr_unregister_thread_init_event(void (*func)(void*)) {
  return events().thread_init.remove(func);
}
void dr_register_thread_exit_event(void (*func)(void*)) { events().thread_exit.add(func); }
bool dr_unregister_thread_exit_event(void (*func)(void*)) {
  return events().thread_exit.remove(func);
}
void dr_register_fork_init_event(void (*func)(void*)) { events().fork_init.add(func); }
bool dr_unregister_fork_init_event(void (*func)(void*)) { return events().fork_init.remove(func); }
void dr_register_module_load_event(void (*func)(void*, const module_data_t*, bool)) {
  events().module_load.add(func);
}
bool dr_unregister_module_load_event(void (*func)(void*, const module_data_t*, bool)) {
  return events().module_load.remove(func);
}
void dr_register_module_unload_event(void (*func)(void*, const module_data_t*)) {
  events().module_unload.add(func);
}
bool dr_unregister_module_unload_event(void (*func)(void*, const module_data_t*)) {
  return events().module_unload.remove(func);
}
void dr_register_kernel_xfer_event(void (*func)(void*, const dr_kernel_xfer_info_t*)) {
  events().kernel_xfer.add(func);
}
bool dr_unregister_kernel_xfer_event(void (*func)(void*, const dr_kernel_xfer_info_t*)) {
  return events().kernel_xfer.remove(func);
}
void dr_register_filter_syscall_event(bool (*func)(void*, int)) {
  events().filter_syscall.add(func);
}
bool dr_unregister_filter_syscall_event(bool (*func)(void*, int)) {
  return events().filter_syscall.remove(func);
}
void dr_register_pre_syscall_event(bool (*func)(void*, int)) { events().pre_syscall.add(func); }
bool dr_unregister_pre_syscall_event(bool (*func)(void*, int)) {
  return events().pre_syscall.remove(func);
}
void dr_register_post_syscall_event(void (*func)(void*, int)) { events().post_syscall.add(func); }
bool dr_unregister_post_syscall_event(void (*func)(void*, int)) {
  return events().post_syscall.remove(func);
}
void dr_register_signal_event(dr_signal_action_t (*func)(void*, dr_siginfo_t*)) {
  events().signal.add(func);
}
bool dr_unregister_signal_event(dr_signal_action_t (*func)(void*, dr_siginfo_t*)) {
  return events().signal.remove(func);
}
void dr_register_low_on_memory_event(void (*func)()) { events().low_on_memory.add(func); }
bool dr_unregister_low_on_memory_event(void (*func)()) {
  return events().low_on_memory.remove(func);
}
void dr_register_clean_call_insertion_event(void (*func)(void*, instrlist_t*, instr_t*,
                                                         dr_cleancall_save_t)) {
  events().clean_call.add(func);
}
bool dr_unregister_clean_call_insertion_event(void (*func)(void*, instrlist_t*, instr_t*,
                                                           dr_cleancall_save_t)) {
  return events().clean_call.remove(func);
}

// What clients insert is not persisted: no such callback is ever called.
app_pc dr_persist_start(void*) { return nullptr; }
size_t dr_persist_size(void*) { return 0; }
bool dr_fragment_persistable(void*, void*, void*) { return false; }

#define WEFT_DR_PERSIST(kind)                                                 \
  bool dr_register_persist_##kind(size_t (*)(void*, void*, size_t, void**),   \
                                  bool (*)(void*, void*, file_t, void*),      \
                                  bool (*)(void*, void*, byte**)) {           \
    return true;                                                              \
  }                                                                           \
  bool dr_unregister_persist_##kind(size_t (*)(void*, void*, size_t, void**), \
                                    bool (*)(void*, void*, file_t, void*),    \
                                    bool (*)(void*, void*, byte**)) {         \
    return true;                                                              \
  }
WEFT_DR_PERSIST(ro)
WEFT_DR_PERSIST(rx)
WEFT_DR_PERSIST(rw)
#undef WEFT_DR_PERSIST
bool dr_register_persist_patch(bool (*)(void*, void*, byte*, size_t, void*)) { return true; }
bool dr_unregister_persist_patch(bool (*)(void*, void*, byte*, size_t, void*)) { return true; }

}  // extern "C"

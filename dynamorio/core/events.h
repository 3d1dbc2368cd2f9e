// The callbacks that clients have registered. One a process; any thread.
#pragma once

#include <vector>

#include "core/event_list.h"
#include "dr_api.h"

namespace weft::dynamorio {

using PersistSize = size_t (*)(void*, void*, size_t, void**);

/// A nudge callback is for one client.
struct NudgeCallback {
  void (*function)(void*, uint64) = nullptr;
  client_id_t client = 0;
  bool operator==(const NudgeCallback&) const = default;
};

struct Events {
  EventList<void (*)()> exit;
  EventList<void (*)()> post_attach;
  EventList<dr_emit_flags_t (*)(void*, void*, instrlist_t*, bool, bool)> block;
  EventList<dr_emit_flags_t (*)(void*, void*, instrlist_t*, bool)> trace;
  EventList<dr_custom_trace_action_t (*)(void*, void*, void*)> end_trace;
  EventList<void (*)(void*, void*)> deleted;
  EventList<void (*)(void*, void*, dr_mcontext_t*, bool, bool)> restore;
  EventList<bool (*)(void*, bool, dr_restore_state_info_t*)> restore_ex;
  EventList<void (*)(void*)> thread_init;
  EventList<void (*)(void*)> thread_exit;
  EventList<void (*)(void*)> fork_init;
  EventList<void (*)(void*, const module_data_t*, bool)> module_load;
  EventList<void (*)(void*, const module_data_t*)> module_unload;
  EventList<void (*)(void*, const dr_kernel_xfer_info_t*)> kernel_xfer;
  EventList<bool (*)(void*, int)> filter_syscall;
  EventList<bool (*)(void*, int)> pre_syscall;
  EventList<void (*)(void*, int)> post_syscall;
  EventList<dr_signal_action_t (*)(void*, dr_siginfo_t*)> signal;
  EventList<void (*)()> low_on_memory;
  EventList<void (*)(void*, instrlist_t*, instr_t*, dr_cleancall_save_t)> clean_call;
  EventList<NudgeCallback> nudge;
};

}  // namespace weft::dynamorio

/* Events: what a client is told of, and the functions that register and unregister its callbacks.
 * May be called by any thread at any time. Callbacks run in the opposite order of their
 * registration: the first has the last word. One that is registered twice runs twice. unregister:
 * false if it is not registered. */
#ifndef DR_EVENTS_H
#define DR_EVENTS_H

#include "dr_config.h"
#include "dr_ir_utils.h"
#include "dr_modules.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a block's or trace's event asks for; bits that may be combined. */
typedef enum {
  DR_EMIT_DEFAULT = 0,
  DR_EMIT_STORE_TRANSLATIONS = 0x01, /**< has no effect: translations are always stored */
  DR_EMIT_PERSISTABLE = 0x02,        /**< has no effect: what clients insert is not persisted */
  DR_EMIT_MUST_END_TRACE = 0x04,     /**< has no effect */
  DR_EMIT_GO_NATIVE = 0x08,          /**< has no effect */
} dr_emit_flags_t;

/** What an end-of-trace event decides. */
typedef enum {
  CUSTOM_TRACE_DR_DECIDES,
  CUSTOM_TRACE_END_NOW,
  CUSTOM_TRACE_CONTINUE
} dr_custom_trace_action_t;

/** The fragment in which a fault or a signal found the thread. */
typedef struct _dr_fault_fragment_info_t {
  void* tag;
  byte* cache_start_pc;
  bool is_trace;
  bool app_code_consistent;
  instrlist_t* ilist; /**< always NULL */
} dr_fault_fragment_info_t;

typedef struct _dr_restore_state_info_t {
  dr_mcontext_t* mcontext;
  bool raw_mcontext_valid;
  dr_mcontext_t* raw_mcontext;
  dr_fault_fragment_info_t fragment_info;
} dr_restore_state_info_t;

typedef enum {
  DR_EXIT_MULTI_THREAD = 0x01,
  DR_EXIT_SKIP_THREAD_EXIT = 0x02,
} dr_exit_flags_t;

/** How the kernel, or a client, moved a thread. */
typedef enum {
  DR_XFER_SIGNAL_DELIVERY,
  DR_XFER_SIGNAL_RETURN,
  DR_XFER_APC_DISPATCHER,
  DR_XFER_EXCEPTION_DISPATCHER,
  DR_XFER_RAISE_DISPATCHER,
  DR_XFER_CALLBACK_DISPATCHER,
  DR_XFER_CALLBACK_RETURN,
  DR_XFER_CONTINUE,
  DR_XFER_SET_CONTEXT_THREAD,
  DR_XFER_CLIENT_REDIRECT,
  DR_XFER_RSEQ_ABORT,
} dr_kernel_xfer_type_t;

typedef struct _dr_kernel_xfer_info_t {
  dr_kernel_xfer_type_t type;
  const dr_mcontext_t* source_mcontext;
  app_pc target_pc;
  reg_t target_xsp;
  int sig;
} dr_kernel_xfer_info_t;

/** A signal that is about to be delivered to the program. */
typedef struct _dr_siginfo_t {
  int sig;
  void* drcontext;
  dr_mcontext_t* mcontext; /**< the program's state; changes count with DR_SIGNAL_REDIRECT */
  dr_mcontext_t* raw_mcontext;
  bool raw_mcontext_valid; /**< always false */
  byte* access_address;    /**< of a memory fault, else NULL */
  bool blocked;            /**< always false: a signal is shown when it is delivered */
  dr_fault_fragment_info_t fault_fragment_info;
} dr_siginfo_t;

typedef enum {
  DR_SIGNAL_DELIVER,
  DR_SIGNAL_SUPPRESS,
  DR_SIGNAL_BYPASS,
  DR_SIGNAL_REDIRECT,
} dr_signal_action_t;

void dr_register_exit_event(void (*func)(void));
bool dr_unregister_exit_event(void (*func)(void));
bool dr_register_post_attach_event(void (*func)(void));
bool dr_unregister_post_attach_event(void (*func)(void));
void dr_register_pre_detach_event(void (*func)(void));
bool dr_unregister_pre_detach_event(void (*func)(void));

/** A basic block is built; one at a time in the process. `translating` is always false. */
void dr_register_bb_event(dr_emit_flags_t (*func)(void* drcontext, void* tag, instrlist_t* bb,
                                                  bool for_trace, bool translating));
bool dr_unregister_bb_event(dr_emit_flags_t (*func)(void* drcontext, void* tag, instrlist_t* bb,
                                                    bool for_trace, bool translating));
void dr_register_trace_event(dr_emit_flags_t (*func)(void* drcontext, void* tag, instrlist_t* trace,
                                                     bool translating));
bool dr_unregister_trace_event(dr_emit_flags_t (*func)(void* drcontext, void* tag,
                                                       instrlist_t* trace, bool translating));
void dr_register_end_trace_event(dr_custom_trace_action_t (*func)(void* drcontext, void* tag,
                                                                  void* next_tag));
bool dr_unregister_end_trace_event(dr_custom_trace_action_t (*func)(void* drcontext, void* tag,
                                                                    void* next_tag));
/** Code for `tag` is gone, and no thread can be executing it: once for each basic block and trace
 * that was shown. `drcontext` is the caller's, or NULL if that is none of the program's. */
void dr_register_delete_event(void (*func)(void* drcontext, void* tag));
bool dr_unregister_delete_event(void (*func)(void* drcontext, void* tag));

void dr_register_restore_state_event(void (*func)(void* drcontext, void* tag,
                                                  dr_mcontext_t* mcontext, bool restore_memory,
                                                  bool app_code_consistent));
bool dr_unregister_restore_state_event(void (*func)(void* drcontext, void* tag,
                                                    dr_mcontext_t* mcontext, bool restore_memory,
                                                    bool app_code_consistent));
void dr_register_restore_state_ex_event(bool (*func)(void* drcontext, bool restore_memory,
                                                     dr_restore_state_info_t* info));
bool dr_unregister_restore_state_ex_event(bool (*func)(void* drcontext, bool restore_memory,
                                                       dr_restore_state_info_t* info));

void dr_register_thread_init_event(void (*func)(void* drcontext));
bool dr_unregister_thread_init_event(void (*func)(void* drcontext));
void dr_register_thread_exit_event(void (*func)(void* drcontext));
bool dr_unregister_thread_exit_event(void (*func)(void* drcontext));
void dr_set_process_exit_behavior(dr_exit_flags_t flags);
void dr_allow_unsafe_static_behavior(void);
void dr_register_fork_init_event(void (*func)(void* drcontext));
bool dr_unregister_fork_init_event(void (*func)(void* drcontext));

void dr_register_module_load_event(void (*func)(void* drcontext, const module_data_t* info,
                                                bool loaded));
bool dr_unregister_module_load_event(void (*func)(void* drcontext, const module_data_t* info,
                                                  bool loaded));
void dr_register_module_unload_event(void (*func)(void* drcontext, const module_data_t* info));
bool dr_unregister_module_unload_event(void (*func)(void* drcontext, const module_data_t* info));
void dr_register_kernel_xfer_event(void (*func)(void* drcontext,
                                                const dr_kernel_xfer_info_t* info));
bool dr_unregister_kernel_xfer_event(void (*func)(void* drcontext,
                                                  const dr_kernel_xfer_info_t* info));

/** Which system calls the next two are called for; all, if no filter is registered. */
void dr_register_filter_syscall_event(bool (*func)(void* drcontext, int sysnum));
bool dr_unregister_filter_syscall_event(bool (*func)(void* drcontext, int sysnum));
/** false: the call is not made; dr_syscall_set_result() says what the program gets. */
void dr_register_pre_syscall_event(bool (*func)(void* drcontext, int sysnum));
bool dr_unregister_pre_syscall_event(bool (*func)(void* drcontext, int sysnum));
void dr_register_post_syscall_event(void (*func)(void* drcontext, int sysnum));
bool dr_unregister_post_syscall_event(void (*func)(void* drcontext, int sysnum));

void dr_register_signal_event(dr_signal_action_t (*func)(void* drcontext, dr_siginfo_t* siginfo));
bool dr_unregister_signal_event(dr_signal_action_t (*func)(void* drcontext, dr_siginfo_t* siginfo));
void dr_register_low_on_memory_event(void (*func)(void));
bool dr_unregister_low_on_memory_event(void (*func)(void));
void dr_register_clean_call_insertion_event(void (*func)(void* drcontext, instrlist_t* ilist,
                                                         instr_t* where,
                                                         dr_cleancall_save_t call_flags));
bool dr_unregister_clean_call_insertion_event(void (*func)(void* drcontext, instrlist_t* ilist,
                                                           instr_t* where,
                                                           dr_cleancall_save_t call_flags));

/** `weft nudge PID ID ARGUMENT`, or one of the next two, for the client `id`. Runs on a thread of
 * its own. */
void dr_register_nudge_event(void (*func)(void* drcontext, uint64 argument), client_id_t id);
bool dr_unregister_nudge_event(void (*func)(void* drcontext, uint64 argument), client_id_t id);
bool dr_nudge_client(client_id_t id, uint64 argument);
dr_config_status_t dr_nudge_client_ex(process_id_t process_id, client_id_t client_id,
                                      uint64 argument, uint timeout_ms);
bool dr_is_nudge_thread(void* drcontext);
bool dr_is_detaching(void);

/* Persisted code caches: what clients insert is not persisted, so registering does nothing and
 * unregistering says false. */
app_pc dr_persist_start(void* perscxt);
size_t dr_persist_size(void* perscxt);
bool dr_fragment_persistable(void* drcontext, void* perscxt, void* tag);
bool dr_register_persist_ro(size_t (*func_size)(void* drcontext, void* perscxt, size_t file_offs,
                                                void** user_data),
                            bool (*func_persist)(void* drcontext, void* perscxt, file_t fd,
                                                 void* user_data),
                            bool (*func_resurrect)(void* drcontext, void* perscxt, byte** map));
bool dr_unregister_persist_ro(size_t (*func_size)(void* drcontext, void* perscxt, size_t file_offs,
                                                  void** user_data),
                              bool (*func_persist)(void* drcontext, void* perscxt, file_t fd,
                                                   void* user_data),
                              bool (*func_resurrect)(void* drcontext, void* perscxt, byte** map));
bool dr_register_persist_rx(size_t (*func_size)(void* drcontext, void* perscxt, size_t file_offs,
                                                void** user_data),
                            bool (*func_persist)(void* drcontext, void* perscxt, file_t fd,
                                                 void* user_data),
                            bool (*func_resurrect)(void* drcontext, void* perscxt, byte** map));
bool dr_unregister_persist_rx(size_t (*func_size)(void* drcontext, void* perscxt, size_t file_offs,
                                                  void** user_data),
                              bool (*func_persist)(void* drcontext, void* perscxt, file_t fd,
                                                   void* user_data),
                              bool (*func_resurrect)(void* drcontext, void* perscxt, byte** map));
bool dr_register_persist_rw(size_t (*func_size)(void* drcontext, void* perscxt, size_t file_offs,
                                                void** user_data),
                            bool (*func_persist)(void* drcontext, void* perscxt, file_t fd,
                                                 void* user_data),
                            bool (*func_resurrect)(void* drcontext, void* perscxt, byte** map));
bool dr_unregister_persist_rw(size_t (*func_size)(void* drcontext, void* perscxt, size_t file_offs,
                                                  void** user_data),
                              bool (*func_persist)(void* drcontext, void* perscxt, file_t fd,
                                                   void* user_data),
                              bool (*func_resurrect)(void* drcontext, void* perscxt, byte** map));
bool dr_register_persist_patch(bool (*func_patch)(void* drcontext, void* perscxt, byte* bb_start,
                                                  size_t bb_size, void* user_data));
bool dr_unregister_persist_patch(bool (*func_patch)(void* drcontext, void* perscxt, byte* bb_start,
                                                    size_t bb_size, void* user_data));

#ifdef __cplusplus
}
#endif

#endif

/* The manager of block events: several clients and libraries share the phases of a block, in the
 * order of their priorities. For any thread at any time; registration takes effect at the next
 * block. Functions that return bool say false for what was not registered or cannot be. */
#ifndef DRMGR_H
#define DRMGR_H

#include "dr_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- phases of a block ---- */

typedef dr_emit_flags_t (*drmgr_xform_cb_t)(void* drcontext, void* tag, instrlist_t* bb,
                                            bool for_trace, bool translating);
typedef dr_emit_flags_t (*drmgr_analysis_cb_t)(void* drcontext, void* tag, instrlist_t* bb,
                                               bool for_trace, bool translating, void** user_data);
typedef drmgr_analysis_cb_t drmgr_app2app_ex_cb_t;
typedef dr_emit_flags_t (*drmgr_ilist_ex_cb_t)(void* drcontext, void* tag, instrlist_t* bb,
                                               bool for_trace, bool translating, void* user_data);
/** Once for each instruction that the block had when the phase began. Inserts in front of it. */
typedef dr_emit_flags_t (*drmgr_insertion_cb_t)(void* drcontext, void* tag, instrlist_t* bb,
                                                instr_t* inst, bool for_trace, bool translating,
                                                void* user_data);
typedef dr_emit_flags_t (*drmgr_opcode_insertion_cb_t)(void* drcontext, void* tag, instrlist_t* bb,
                                                       instr_t* inst, bool for_trace,
                                                       bool translating, void* user_data);

/** Where a callback stands among others: the lowest number first, 0 without one. `before` and
 * `after` name others, or are NULL. */
typedef struct _drmgr_priority_t {
  size_t struct_size;
  const char* name;
  const char* before;
  const char* after;
  int priority;
} drmgr_priority_t;

/** All phases of one user; functions that are not wanted are NULL. */
typedef struct _drmgr_instru_events_t {
  size_t struct_size;
  drmgr_app2app_ex_cb_t app2app_func;
  drmgr_ilist_ex_cb_t analysis_func;
  drmgr_insertion_cb_t insertion_func;
  drmgr_ilist_ex_cb_t instru2instru_func;
  drmgr_ilist_ex_cb_t meta_instru_func;
} drmgr_instru_events_t;

typedef enum {
  DRMGR_PHASE_NONE,
  DRMGR_PHASE_APP2APP,       /**< changes of the program's own instructions */
  DRMGR_PHASE_ANALYSIS,      /**< a look at the block; nothing is changed */
  DRMGR_PHASE_INSERTION,     /**< instruction by instruction */
  DRMGR_PHASE_INSTRU2INSTRU, /**< changes of what was inserted */
  DRMGR_PHASE_META_INSTRU,   /**< a last look */
} drmgr_bb_phase_t;

/** Counted: each library that uses the manager calls both. */
bool drmgr_init(void);
void drmgr_exit(void);

bool drmgr_register_bb_app2app_event(drmgr_xform_cb_t func, drmgr_priority_t* priority);
bool drmgr_unregister_bb_app2app_event(drmgr_xform_cb_t func);
bool drmgr_register_bb_instrumentation_event(drmgr_analysis_cb_t analysis_func,
                                             drmgr_insertion_cb_t insertion_func,
                                             drmgr_priority_t* priority);
bool drmgr_unregister_bb_instrumentation_event(drmgr_analysis_cb_t func);
bool drmgr_unregister_bb_insertion_event(drmgr_insertion_cb_t func);
bool drmgr_register_bb_instru2instru_event(drmgr_xform_cb_t func, drmgr_priority_t* priority);
bool drmgr_unregister_bb_instru2instru_event(drmgr_xform_cb_t func);
bool drmgr_register_bb_instrumentation_ex_event(drmgr_app2app_ex_cb_t app2app_func,
                                                drmgr_ilist_ex_cb_t analysis_func,
                                                drmgr_insertion_cb_t insertion_func,
                                                drmgr_ilist_ex_cb_t instru2instru_func,
                                                drmgr_priority_t* priority);
bool drmgr_unregister_bb_instrumentation_ex_event(drmgr_app2app_ex_cb_t app2app_func,
                                                  drmgr_ilist_ex_cb_t analysis_func,
                                                  drmgr_insertion_cb_t insertion_func,
                                                  drmgr_ilist_ex_cb_t instru2instru_func);
bool drmgr_register_opcode_instrumentation_event(drmgr_opcode_insertion_cb_t func, int opcode,
                                                 drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_opcode_instrumentation_event(drmgr_opcode_insertion_cb_t func, int opcode);
bool drmgr_register_bb_meta_instru_event(drmgr_xform_cb_t func, drmgr_priority_t* priority);
bool drmgr_unregister_bb_meta_instru_event(drmgr_xform_cb_t func);
bool drmgr_register_bb_instrumentation_all_events(drmgr_instru_events_t* events,
                                                  drmgr_priority_t* priority);
bool drmgr_unregister_bb_instrumentation_all_events(drmgr_instru_events_t* events);
drmgr_bb_phase_t drmgr_current_bb_phase(void* drcontext);

/** In the insertion phase: whether it is the block's first or last, as the phase began. */
bool drmgr_is_first_instr(void* drcontext, instr_t* instr);
bool drmgr_is_first_nonlabel_instr(void* drcontext, instr_t* instr);
bool drmgr_is_last_instr(void* drcontext, instr_t* instr);

/* ---- words of each thread ---- */

/** -1: there are no more (64). */
int drmgr_register_tls_field(void);
bool drmgr_unregister_tls_field(int idx);
void* drmgr_get_tls_field(void* drcontext, int idx);
bool drmgr_set_tls_field(void* drcontext, int idx, void* value);
bool drmgr_insert_read_tls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                 reg_id_t reg);
bool drmgr_insert_write_tls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                  reg_id_t reg, reg_id_t scratch);

/** On Linux a thread has one context alone: as the above, with callbacks at its start and end. */
int drmgr_register_cls_field(void (*cb_init_func)(void* drcontext, bool new_depth),
                             void (*cb_exit_func)(void* drcontext, bool thread_exit));
bool drmgr_unregister_cls_field(void (*cb_init_func)(void* drcontext, bool new_depth),
                                void (*cb_exit_func)(void* drcontext, bool thread_exit), int idx);
void* drmgr_get_cls_field(void* drcontext, int idx);
bool drmgr_set_cls_field(void* drcontext, int idx, void* value);
bool drmgr_insert_read_cls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                 reg_id_t reg);
bool drmgr_insert_write_cls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                  reg_id_t reg, reg_id_t scratch);
bool drmgr_push_cls(void* drcontext);
bool drmgr_pop_cls(void* drcontext);
void* drmgr_get_parent_cls_field(void* drcontext, int idx);

/* ---- notes of labels ---- */

enum {
  DRMGR_NOTE_NONE = 0,
};
/** The first of `size` values that nobody else uses; DRMGR_NOTE_NONE if there are not so many. */
ptr_uint_t drmgr_reserve_note_range(size_t size);

/* ---- emulation: instructions that stand for one of the program's ---- */

typedef enum {
  DR_EMULATE_REST_OF_BLOCK = 0x0001,
  DR_EMULATE_IS_FIRST_INSTR = 0x0002,
  DR_EMULATE_INSTR_ONLY = 0x0004,
} dr_emulate_options_t;

typedef struct _emulated_instr_t {
  size_t size;
  app_pc pc;
  instr_t* instr; /**< freed with the label that it is handed to */
  dr_emulate_options_t flags;
} emulated_instr_t;

bool drmgr_insert_emulation_start(void* drcontext, instrlist_t* ilist, instr_t* where,
                                  emulated_instr_t* instr);
void drmgr_insert_emulation_end(void* drcontext, instrlist_t* ilist, instr_t* where);
bool drmgr_is_emulation_start(instr_t* instr);
bool drmgr_is_emulation_end(instr_t* instr);
bool drmgr_get_emulated_instr_data(instr_t* instr, emulated_instr_t* emulated);
bool drmgr_in_emulation_region(void* drcontext, const emulated_instr_t** emulation_info);
instr_t* drmgr_orig_app_instr_for_fetch(void* drcontext);
instr_t* drmgr_orig_app_instr_for_operands(void* drcontext);

bool drmgr_disable_auto_predication(void* drcontext, instrlist_t* ilist);

/* ---- the core's events, with priorities and a pointer that is handed back ---- */

bool drmgr_register_exit_event(void (*func)(void));
bool drmgr_register_exit_event_user_data(void (*func)(void* user_data), drmgr_priority_t* priority,
                                         void* user_data);
bool drmgr_unregister_exit_event(void (*func)(void));
bool drmgr_unregister_exit_event_user_data(void (*func)(void* user_data));
bool drmgr_register_post_attach_event(void (*func)(void));
bool drmgr_register_post_attach_event_user_data(void (*func)(void* user_data),
                                                drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_post_attach_event(void (*func)(void));
bool drmgr_unregister_post_attach_event_user_data(void (*func)(void* user_data));
bool drmgr_register_pre_detach_event(void (*func)(void));
bool drmgr_register_pre_detach_event_user_data(void (*func)(void* user_data),
                                               drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_pre_detach_event(void (*func)(void));
bool drmgr_unregister_pre_detach_event_user_data(void (*func)(void* user_data));
bool drmgr_register_thread_init_event(void (*func)(void* drcontext));
bool drmgr_register_thread_init_event_ex(void (*func)(void* drcontext), drmgr_priority_t* priority);
bool drmgr_register_thread_init_event_user_data(void (*func)(void* drcontext, void* user_data),
                                                drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_thread_init_event(void (*func)(void* drcontext));
bool drmgr_unregister_thread_init_event_user_data(void (*func)(void* drcontext, void* user_data));
bool drmgr_register_thread_exit_event(void (*func)(void* drcontext));
bool drmgr_register_thread_exit_event_ex(void (*func)(void* drcontext), drmgr_priority_t* priority);
bool drmgr_register_thread_exit_event_user_data(void (*func)(void* drcontext, void* user_data),
                                                drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_thread_exit_event(void (*func)(void* drcontext));
bool drmgr_unregister_thread_exit_event_user_data(void (*func)(void* drcontext, void* user_data));
bool drmgr_register_filter_syscall_event(bool (*func)(void* drcontext, int sysnum));
bool drmgr_register_filter_syscall_event_user_data(bool (*func)(void* drcontext, int sysnum,
                                                                void* user_data),
                                                   drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_filter_syscall_event(bool (*func)(void* drcontext, int sysnum));
bool drmgr_unregister_filter_syscall_event_user_data(bool (*func)(void* drcontext, int sysnum,
                                                                  void* user_data));
bool drmgr_register_pre_syscall_event(bool (*func)(void* drcontext, int sysnum));
bool drmgr_register_pre_syscall_event_ex(bool (*func)(void* drcontext, int sysnum),
                                         drmgr_priority_t* priority);
bool drmgr_register_pre_syscall_event_user_data(bool (*func)(void* drcontext, int sysnum,
                                                             void* user_data),
                                                drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_pre_syscall_event(bool (*func)(void* drcontext, int sysnum));
bool drmgr_unregister_pre_syscall_event_user_data(bool (*func)(void* drcontext, int sysnum,
                                                               void* user_data));
bool drmgr_register_post_syscall_event(void (*func)(void* drcontext, int sysnum));
bool drmgr_register_post_syscall_event_ex(void (*func)(void* drcontext, int sysnum),
                                          drmgr_priority_t* priority);
bool drmgr_register_post_syscall_event_user_data(void (*func)(void* drcontext, int sysnum,
                                                              void* user_data),
                                                 drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_post_syscall_event(void (*func)(void* drcontext, int sysnum));
bool drmgr_unregister_post_syscall_event_user_data(void (*func)(void* drcontext, int sysnum,
                                                                void* user_data));
bool drmgr_register_module_load_event(void (*func)(void* drcontext, const module_data_t* info,
                                                   bool loaded));
bool drmgr_register_module_load_event_ex(void (*func)(void* drcontext, const module_data_t* info,
                                                      bool loaded),
                                         drmgr_priority_t* priority);
bool drmgr_register_module_load_event_user_data(void (*func)(void* drcontext,
                                                             const module_data_t* info, bool loaded,
                                                             void* user_data),
                                                drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_module_load_event(void (*func)(void* drcontext, const module_data_t* info,
                                                     bool loaded));
bool drmgr_unregister_module_load_event_user_data(void (*func)(void* drcontext,
                                                               const module_data_t* info,
                                                               bool loaded, void* user_data));
bool drmgr_register_module_unload_event(void (*func)(void* drcontext, const module_data_t* info));
bool drmgr_register_module_unload_event_ex(void (*func)(void* drcontext, const module_data_t* info),
                                           drmgr_priority_t* priority);
bool drmgr_register_module_unload_event_user_data(void (*func)(void* drcontext,
                                                               const module_data_t* info,
                                                               void* user_data),
                                                  drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_module_unload_event(void (*func)(void* drcontext, const module_data_t* info));
bool drmgr_unregister_module_unload_event_user_data(void (*func)(void* drcontext,
                                                                 const module_data_t* info,
                                                                 void* user_data));
bool drmgr_register_kernel_xfer_event(void (*func)(void* drcontext,
                                                   const dr_kernel_xfer_info_t* info));
bool drmgr_register_kernel_xfer_event_ex(void (*func)(void* drcontext,
                                                      const dr_kernel_xfer_info_t* info),
                                         drmgr_priority_t* priority);
bool drmgr_unregister_kernel_xfer_event(void (*func)(void* drcontext,
                                                     const dr_kernel_xfer_info_t* info));
bool drmgr_register_signal_event(dr_signal_action_t (*func)(void* drcontext,
                                                            dr_siginfo_t* siginfo));
bool drmgr_register_signal_event_ex(dr_signal_action_t (*func)(void* drcontext,
                                                               dr_siginfo_t* siginfo),
                                    drmgr_priority_t* priority);
bool drmgr_register_signal_event_user_data(dr_signal_action_t (*func)(void* drcontext,
                                                                      dr_siginfo_t* siginfo,
                                                                      void* user_data),
                                           drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_signal_event(dr_signal_action_t (*func)(void* drcontext,
                                                              dr_siginfo_t* siginfo));
bool drmgr_unregister_signal_event_user_data(dr_signal_action_t (*func)(void* drcontext,
                                                                        dr_siginfo_t* siginfo,
                                                                        void* user_data));
bool drmgr_register_restore_state_event(void (*func)(void* drcontext, void* tag,
                                                     dr_mcontext_t* mcontext, bool restore_memory,
                                                     bool app_code_consistent));
bool drmgr_register_restore_state_ex_event(bool (*func)(void* drcontext, bool restore_memory,
                                                        dr_restore_state_info_t* info));
bool drmgr_register_restore_state_ex_event_ex(bool (*func)(void* drcontext, bool restore_memory,
                                                           dr_restore_state_info_t* info),
                                              drmgr_priority_t* priority);
bool drmgr_unregister_restore_state_event(void (*func)(void* drcontext, void* tag,
                                                       dr_mcontext_t* mcontext, bool restore_memory,
                                                       bool app_code_consistent));
bool drmgr_unregister_restore_state_ex_event(bool (*func)(void* drcontext, bool restore_memory,
                                                          dr_restore_state_info_t* info));
bool drmgr_register_low_on_memory_event(void (*func)(void));
bool drmgr_register_low_on_memory_event_ex(void (*func)(void), drmgr_priority_t* priority);
bool drmgr_register_low_on_memory_event_user_data(void (*func)(void* user_data),
                                                  drmgr_priority_t* priority, void* user_data);
bool drmgr_unregister_low_on_memory_event(void (*func)(void));
bool drmgr_unregister_low_on_memory_event_user_data(void (*func)(void* user_data));

#ifdef __cplusplus
}
#endif

#endif

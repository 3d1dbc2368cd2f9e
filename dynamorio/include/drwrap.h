/* Wrapping and replacing functions of the program. For any thread at any time. */
#ifndef DRWRAP_H
#define DRWRAP_H

#include "drext.h"
#include "drmgr.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DRMGR_PRIORITY_APP2APP_DRWRAP = -500,
  DRMGR_PRIORITY_INSERT_DRWRAP = 500,
  DRMGR_PRIORITY_FAULT_DRWRAP = 500,
};
#define DRMGR_PRIORITY_NAME_DRWRAP "drwrap"
#define DRWRAP_REPLACE_NATIVE_DATA_SLOT SPILL_SLOT_2
#define DRWRAP_REPLACE_NATIVE_SP_SLOT SPILL_SLOT_3

typedef enum {
  DRWRAP_FLAGS_NONE = 0x00,
  DRWRAP_UNWIND_ON_EXCEPTION = 0x01,
  DRWRAP_NO_DYNAMIC_RETADDRS = 0x02,
  DRWRAP_REPLACE_RETADDR = 0x04,
} drwrap_wrap_flags_t;
#define DRWRAP_CALLCONV_FLAG_SHIFT 0x18
typedef enum {
  DRWRAP_CALLCONV_AMD64 = 0x01000000,
  DRWRAP_CALLCONV_MICROSOFT_X64 = 0x02000000,
  DRWRAP_CALLCONV_ARM = 0x03000000,
  DRWRAP_CALLCONV_CDECL = 0x04000000,
  DRWRAP_CALLCONV_STDCALL = DRWRAP_CALLCONV_CDECL,
  DRWRAP_CALLCONV_FASTCALL = 0x05000000,
  DRWRAP_CALLCONV_THISCALL = 0x06000000,
  DRWRAP_CALLCONV_AARCH64 = 0x07000000,
  DRWRAP_CALLCONV_RISCV_LP64 = 0x08000000,
  DRWRAP_CALLCONV_DEFAULT = DRWRAP_CALLCONV_AMD64,
  DRWRAP_CALLCONV_VARARG = DRWRAP_CALLCONV_DEFAULT,
  DRWRAP_CALLCONV_MASK = 0xff000000
} drwrap_callconv_t;
typedef enum {
  DRWRAP_SAFE_READ_RETADDR = 0x01,
  DRWRAP_SAFE_READ_ARGS = 0x02,
  DRWRAP_NO_FRILLS = 0x04,
  DRWRAP_FAST_CLEANCALLS = 0x08,
  DRWRAP_INVERT_CONTROL = 0x10,
} drwrap_global_flags_t;

typedef ptr_int_t atomic_int_t;
typedef struct _drwrap_stats_t {
  size_t size;
  atomic_int_t flush_count;
} drwrap_stats_t;

bool drwrap_init(void);
void drwrap_exit(void);
dr_emit_flags_t drwrap_invoke_insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* inst,
                                     instr_t* where, bool for_trace, bool translating,
                                     void* user_data);
dr_emit_flags_t drwrap_invoke_insert_cleanup_only(void* drcontext, void* tag, instrlist_t* bb,
                                                  instr_t* inst, instr_t* where, bool for_trace,
                                                  bool translating, void* user_data);
bool drwrap_replace(app_pc original, app_pc replacement, bool override);
bool drwrap_replace_native(app_pc original, app_pc replacement, bool at_entry, uint stack_adjust,
                           void* user_data, bool override);
bool drwrap_is_replaced(app_pc func);
bool drwrap_is_replaced_native(app_pc func);
void drwrap_replace_native_fini(void* drcontext);
bool drwrap_wrap(app_pc func, void (*pre_func_cb)(void* wrapcxt, void** user_data),
                 void (*post_func_cb)(void* wrapcxt, void* user_data));
bool drwrap_wrap_ex(app_pc func, void (*pre_func_cb)(void* wrapcxt, void** user_data),
                    void (*post_func_cb)(void* wrapcxt, void* user_data), void* user_data,
                    uint flags);
bool drwrap_unwrap(app_pc func, void (*pre_func_cb)(void* wrapcxt, void** user_data),
                   void (*post_func_cb)(void* wrapcxt, void* user_data));
app_pc drwrap_get_drcontext(void* wrapcxt);
app_pc drwrap_get_func(void* wrapcxt);
dr_mcontext_t* drwrap_get_mcontext(void* wrapcxt);
dr_mcontext_t* drwrap_get_mcontext_ex(void* wrapcxt, dr_mcontext_flags_t flags);
bool drwrap_set_mcontext(void* wrapcxt);
app_pc drwrap_get_retaddr(void* wrapcxt);
void* drwrap_get_arg(void* wrapcxt, int arg);
bool drwrap_set_arg(void* wrapcxt, int arg, void* val);
void* drwrap_get_retval(void* wrapcxt);
bool drwrap_set_retval(void* wrapcxt, void* val);
bool drwrap_skip_call(void* wrapcxt, void* retval, size_t stdcall_args_size);
drext_status_t drwrap_redirect_execution(void* wrapcxt);
bool drwrap_is_redirect_requested(void* wrapcxt);
bool drwrap_register_post_call_notify(void (*cb)(app_pc pc));
bool drwrap_unregister_post_call_notify(void (*cb)(app_pc pc));
bool drwrap_mark_as_post_call(app_pc pc);
bool drwrap_set_global_flags(drwrap_global_flags_t flags);
bool drwrap_is_wrapped(app_pc func, void (*pre_func_cb)(void* wrapcxt, void** user_data),
                       void (*post_func_cb)(void* wrapcxt, void* user_data));
bool drwrap_is_post_wrap(app_pc pc);
bool drwrap_get_stats(drwrap_stats_t* stats);
void drwrap_get_retaddr_if_sentinel(void* drcontext, app_pc* possibly_sentinel);

#ifdef __cplusplus
}
#endif

#endif

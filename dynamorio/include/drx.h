/* More pieces that many clients need: counters, buffers of each thread, files with names of their
 * own. */
#ifndef DRX_H
#define DRX_H

#include "drmgr.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DRMGR_PRIORITY_FAULT_DRX = -7500,
};
#define DRMGR_PRIORITY_NAME_DRX_FAULT "drx_fault"
enum {
  DRX_NOTE_NONE = 0,
};
enum {
  DRX_COUNTER_64BIT = 0x01,
  DRX_COUNTER_REL_ACQ = 0x02,
  DRX_COUNTER_LOCK = 0x10,
};
/** For drx_open_unique_file(): finds a name, and opens nothing. */
#define DRX_FILE_SKIP_OPEN 0x8000

typedef void (*drx_buf_full_cb_t)(void* drcontext, void* buf_base, size_t size);
struct _drx_buf_t;
typedef struct _drx_buf_t drx_buf_t;
enum { DRX_BUF_FAST_CIRCULAR_BUFSZ = (1 << 16) };
enum {
  DRMGR_PRIORITY_THREAD_INIT_DRX_BUF = -7500,
  DRMGR_PRIORITY_THREAD_EXIT_DRX_BUF = -7500,
};
#define DRMGR_PRIORITY_NAME_DRX_BUF_INIT "drx_buf.init"
#define DRMGR_PRIORITY_NAME_DRX_BUF_EXIT "drx_buf.exit"

typedef struct _drx_time_scale_t {
  size_t struct_size;
  uint timer_scale;
  uint timeout_scale;
} drx_time_scale_t;
typedef enum {
  DRX_SCALE_ITIMER,
  DRX_SCALE_POSIX_TIMER,
  DRX_SCALE_SLEEP,
  DRX_SCALE_FUTEX,
  DRX_SCALE_EPOLL,
  DRX_SCALE_STAT_TYPES,
} drx_time_scale_type_t;
typedef struct _drx_time_scale_stat_t {
  ptr_int_t count_attempted;
  ptr_int_t count_failed;
  ptr_int_t count_nop;
  ptr_int_t count_zero_to_nonzero;
  ptr_int_t count_time_too_large;
} drx_time_scale_stat_t;

bool drx_init(void);
void drx_exit(void);
ptr_uint_t drx_reserve_note_range(size_t size);
bool drx_aflags_are_dead(instr_t* where);
bool drx_insert_counter_update(void* drcontext, instrlist_t* ilist, instr_t* where,
                               dr_spill_slot_t slot, void* addr, int value, uint flags);
bool drx_register_soft_kills(bool (*event_cb)(process_id_t pid, int exit_code));
size_t drx_instrlist_size(instrlist_t* ilist);
size_t drx_instrlist_app_size(instrlist_t* ilist);
file_t drx_open_unique_file(const char* dir, const char* prefix, const char* suffix,
                            uint extra_flags, char* result, size_t result_len);
file_t drx_open_unique_appid_file(const char* dir, ptr_int_t id, const char* prefix,
                                  const char* suffix, uint extra_flags, char* result,
                                  size_t result_len);
bool drx_open_unique_appid_dir(const char* dir, ptr_int_t id, const char* prefix,
                               const char* suffix, char* result, size_t result_len);
drx_buf_t* drx_buf_create_circular_buffer(size_t buf_size);
drx_buf_t* drx_buf_create_trace_buffer(size_t buffer_size, drx_buf_full_cb_t full_cb);
bool drx_buf_free(drx_buf_t* buf);
void drx_buf_insert_load_buf_ptr(void* drcontext, drx_buf_t* buf, instrlist_t* ilist,
                                 instr_t* where, reg_id_t buf_ptr);
void drx_buf_insert_update_buf_ptr(void* drcontext, drx_buf_t* buf, instrlist_t* ilist,
                                   instr_t* where, reg_id_t buf_ptr, reg_id_t scratch,
                                   ushort stride);
bool drx_buf_insert_buf_store(void* drcontext, drx_buf_t* buf, instrlist_t* ilist, instr_t* where,
                              reg_id_t buf_ptr, reg_id_t scratch, opnd_t opnd, opnd_size_t opsz,
                              short offset);
void* drx_buf_get_buffer_ptr(void* drcontext, drx_buf_t* buf);
void drx_buf_set_buffer_ptr(void* drcontext, drx_buf_t* buf, void* new_ptr);
void* drx_buf_get_buffer_base(void* drcontext, drx_buf_t* buf);
size_t drx_buf_get_buffer_size(void* drcontext, drx_buf_t* buf);
bool drx_tail_pad_block(void* drcontext, instrlist_t* ilist);
/** Copies from where `src` points, and moves the pointer in `dst` on. Both registers change. */
void drx_buf_insert_buf_memcpy(void* drcontext, drx_buf_t* buf, instrlist_t* ilist, instr_t* where,
                               reg_id_t dst, reg_id_t src, ushort len);
bool drx_expand_scatter_gather(void* drcontext, instrlist_t* bb, bool* expanded);
bool drx_register_time_scaling(drx_time_scale_t* options);
bool drx_unregister_time_scaling(void);
bool drx_get_time_scaling_stats(drx_time_scale_stat_t** stats_array);

#ifdef __cplusplus
}
#endif

#endif

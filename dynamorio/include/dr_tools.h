/* What a client does beside instrumentation: options, time, memory, locks, system calls, threads
 * and their storage. For any thread at any time unless a function says otherwise. */
#ifndef DR_TOOLS_H
#define DR_TOOLS_H

#include "dr_files.h"
#include "dr_fragments.h"
#include "dr_ir_utils.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef GLOBAL_DCONTEXT
/** For calls of the IR that belong to no thread. */
#define GLOBAL_DCONTEXT ((void*)-1)
#endif

#define DR_ASSERT_MSG(x, msg)                                                                      \
  ((void)((!(x)) ? (dr_fprintf(STDERR, "ASSERT FAILURE: %s:%d: %s (%s)\n", __FILE__, __LINE__, #x, \
                               msg),                                                               \
                    dr_abort(), 0)                                                                 \
                 : 0))
#define DR_ASSERT(x) DR_ASSERT_MSG(x, "")

/* ---- the process and the client ---- */

/** For a program that uses the IR alone; gives what stands for a drcontext there. */
void* dr_standalone_init(void);
void dr_standalone_exit(void);
bool dr_using_all_private_caches(void);
bool dr_running_under_dynamorio(void);
void dr_request_synchronized_exit(void);

/** The client's arguments as one line, and as words with the client's path first. */
const char* dr_get_options(client_id_t client_id);
bool dr_get_option_array(client_id_t client_id, int* argc, const char*** argv);
/** Options of the original's runtime: false, but for those whose names are weft's own. */
bool dr_get_string_option(const char* option_name, char* buf, size_t len);
bool dr_get_integer_option(const char* option_name, uint64* val);
const char* dr_get_client_path(client_id_t client_id);
byte* dr_get_client_base(client_id_t client_id);
/** The names are shown when a fault in a client ends the process. */
bool dr_set_client_name(const char* name, const char* report_URL);
bool dr_set_client_version_string(const char* version);

typedef enum {
  DR_ERROR_INVALID_PARAMETER = 1,
  DR_ERROR_INSUFFICIENT_SPACE = 2,
  DR_ERROR_UNKNOWN_ENCODING = 3,
  DR_ERROR_NOT_IMPLEMENTED = 4,
} dr_error_code_t;
/** Of the calling thread's last call that failed and says why by it; 0: there was none. */
dr_error_code_t dr_get_error_code(void* drcontext);

/** The UTC date and time. */
typedef struct {
  uint year;
  uint month;
  uint day_of_week; /**< 0 is Sunday */
  uint day;
  uint hour;
  uint minute;
  uint second;
  uint milliseconds;
} dr_time_t;
void dr_get_time(dr_time_t* time);
/** Since the year 1601. */
uint64 dr_get_milliseconds(void);
uint64 dr_get_microseconds(void);

/** At least 0, less than `max`. */
uint dr_get_random_value(uint max);
void dr_set_random_seed(uint seed);
uint dr_get_random_seed(void);

void dr_abort(void);
void dr_abort_with_code(int exit_code);
/** Ends the process as the program's own exit would: exit events run. */
void dr_exit_process(int exit_code);

typedef enum {
  DR_MEMORY_DUMP_LDMP = 0x0001,
  DR_MEMORY_DUMP_ELF = 0x0002,
} dr_memory_dump_flags_t;
typedef struct _dr_memory_dump_spec_t {
  size_t size;
  dr_memory_dump_flags_t flags;
  const char* label;
  char* ldmp_path;
  size_t ldmp_path_size;
  char* elf_path;
  size_t elf_path_size;
  char* elf_output_directory;
} dr_memory_dump_spec_t;
/** Not made: false. */
bool dr_create_memory_dump(dr_memory_dump_spec_t* spec);

/* ---- memory ---- */

void* dr_thread_alloc(void* drcontext, size_t size);
void dr_thread_free(void* drcontext, void* mem, size_t size);
void* dr_global_alloc(size_t size);
void dr_global_free(void* mem, size_t size);

typedef enum {
  DR_ALLOC_NON_HEAP = 0x0001,
  DR_ALLOC_THREAD_PRIVATE = 0x0002,
  DR_ALLOC_CACHE_REACHABLE = 0x0004, /**< NULL: nothing of a client's is in reach of the cache */
  DR_ALLOC_FIXED_LOCATION = 0x0008,
  DR_ALLOC_LOW_2GB = 0x0010,
  DR_ALLOC_NON_DR = 0x0020,
} dr_alloc_flags_t;
void* dr_custom_alloc(void* drcontext, dr_alloc_flags_t flags, size_t size, uint prot, void* addr);
bool dr_custom_free(void* drcontext, dr_alloc_flags_t flags, void* addr, size_t size);
/** Whole pages with the protection `prot` (DR_MEMPROT_ bits). */
void* dr_nonheap_alloc(size_t size, uint prot);
void dr_nonheap_free(void* mem, size_t size);
void* dr_raw_mem_alloc(size_t size, uint prot, void* addr);
bool dr_raw_mem_free(void* addr, size_t size);
void* dr_raw_mremap(void* old_address, size_t old_size, size_t new_size, int flags,
                    void* new_address);
void* dr_raw_brk(void* new_address);
void* __wrap_malloc(size_t size);
void* __wrap_realloc(void* mem, size_t size);
void* __wrap_calloc(size_t nmemb, size_t size);
void __wrap_free(void* mem);
char* __wrap_strdup(const char* str);

/* ---- locks; none may be held when a callback or a clean call returns ---- */

void* dr_mutex_create(void);
void dr_mutex_destroy(void* mutex);
void dr_mutex_lock(void* mutex);
void dr_mutex_unlock(void* mutex);
bool dr_mutex_trylock(void* mutex);
bool dr_mutex_self_owns(void* mutex);
bool dr_mutex_mark_as_app(void* mutex);
void* dr_rwlock_create(void);
void dr_rwlock_destroy(void* rwlock);
void dr_rwlock_read_lock(void* rwlock);
void dr_rwlock_read_unlock(void* rwlock);
void dr_rwlock_write_lock(void* rwlock);
void dr_rwlock_write_unlock(void* rwlock);
bool dr_rwlock_write_trylock(void* rwlock);
bool dr_rwlock_self_owns_write_lock(void* rwlock);
bool dr_rwlock_mark_as_app(void* rwlock);
void* dr_recurlock_create(void);
void dr_recurlock_destroy(void* reclock);
void dr_recurlock_lock(void* reclock);
void dr_app_recurlock_lock(void* reclock, dr_mcontext_t* mc);
void dr_recurlock_unlock(void* reclock);
bool dr_recurlock_trylock(void* reclock);
bool dr_recurlock_self_owns(void* reclock);
bool dr_recurlock_mark_as_app(void* reclock);
/** Signalled until it is reset. */
void* dr_event_create(void);
bool dr_event_destroy(void* event);
bool dr_event_wait(void* event);
bool dr_event_signal(void* event);
bool dr_event_reset(void* event);
bool dr_mark_safe_to_suspend(void* drcontext, bool enter);
int dr_atomic_add32_return_sum(volatile int* dest, int val);
int64 dr_atomic_add64_return_sum(volatile int64* dest, int64 val);
int dr_atomic_load32(volatile int* src);
void dr_atomic_store32(volatile int* dest, int val);
int64 dr_atomic_load64(volatile int64* src);
void dr_atomic_store64(volatile int64* dest, int64 val);

/* ---- system calls: in their events, on the thread that makes the call ---- */

reg_t dr_syscall_get_param(void* drcontext, int param_num);
void dr_syscall_set_param(void* drcontext, int param_num, reg_t new_value);
reg_t dr_syscall_get_result(void* drcontext);
typedef struct _dr_syscall_result_info_t {
  size_t size;
  bool succeeded;
  reg_t value;
  reg_t high;
  bool use_high;
  bool use_errno;
  uint errno_value;
} dr_syscall_result_info_t;
bool dr_syscall_get_result_ex(void* drcontext, dr_syscall_result_info_t* info);
void dr_syscall_set_result(void* drcontext, reg_t value);
bool dr_syscall_set_result_ex(void* drcontext, dr_syscall_result_info_t* info);
void dr_syscall_set_sysnum(void* drcontext, int new_num);
/** In the post event: the call that the set functions have described is made, and shown. */
void dr_syscall_invoke_another(void* drcontext);
reg_t dr_invoke_syscall_as_app(void* drcontext, int sysnum, int arg_count, ...);

/* ---- threads and their storage ---- */

/** The calling thread's, NULL on a thread that is none of the program's or of a client's. */
void* dr_get_current_drcontext(void);
thread_id_t dr_get_thread_id(void* drcontext);
void* dr_get_tls_field(void* drcontext);
void dr_set_tls_field(void* drcontext, void* value);

/** Where the slots of dr_raw_tls_calloc() lie for the calling thread. */
void* dr_get_dr_segment_base(reg_id_t tls_register);
/** `num_slots` words of each thread, zero at its start, which code reaches at
 * `tls_register`:`offset`. False if there are not that many. */
bool dr_raw_tls_calloc(reg_id_t* tls_register, uint* offset, uint num_slots, uint alignment);
bool dr_raw_tls_cfree(uint offset, uint num_slots);
opnd_t dr_raw_tls_opnd(void* drcontext, reg_id_t tls_register, uint tls_offs);
void dr_insert_read_raw_tls(void* drcontext, instrlist_t* ilist, instr_t* where,
                            reg_id_t tls_register, uint tls_offs, reg_id_t reg);
void dr_insert_write_raw_tls(void* drcontext, instrlist_t* ilist, instr_t* where,
                             reg_id_t tls_register, uint tls_offs, reg_id_t reg);

bool dr_create_client_thread(void (*func)(void* param), void* arg);
bool dr_client_thread_set_suspendable(bool suspendable);
void dr_sleep(int time_ms);
void dr_thread_yield(void);
typedef enum {
  DR_SUSPEND_NATIVE = 0x0001,
} dr_suspend_flags_t;
bool dr_suspend_all_other_threads_ex(void*** drcontexts, uint* num_suspended, uint* num_unsuspended,
                                     dr_suspend_flags_t flags);
bool dr_suspend_all_other_threads(void*** drcontexts, uint* num_suspended, uint* num_unsuspended);
bool dr_resume_all_other_threads(void** drcontexts, uint num_suspended);
bool dr_is_thread_native(void* drcontext);
bool dr_retakeover_suspended_native_thread(void* drcontext);
/** `func` is called each `millisec` ms on a thread that runs, `which` as setitimer()'s; 0 and NULL
 * end it. */
bool dr_set_itimer(int which, uint millisec,
                   void (*func)(void* drcontext, dr_mcontext_t* mcontext));
uint dr_get_itimer(int which);

typedef enum {
  DR_WHERE_APP = 0,
  DR_WHERE_INTERP,
  DR_WHERE_DISPATCH,
  DR_WHERE_MONITOR,
  DR_WHERE_SYSCALL_HANDLER,
  DR_WHERE_SIGNAL_HANDLER,
  DR_WHERE_TRAMPOLINE,
  DR_WHERE_CONTEXT_SWITCH,
  DR_WHERE_IBL,
  DR_WHERE_FCACHE,
  DR_WHERE_CLEAN_CALLEE,
  DR_WHERE_UNKNOWN,
  DR_WHERE_LAST
} dr_where_am_i_t;
void dr_track_where_am_i(void);
bool dr_is_tracking_where_am_i(void);
dr_where_am_i_t dr_where_am_i(void* drcontext, app_pc pc, void** tag);

/* ---- hash tables of words; see hashtable.h for one with more to it ---- */

void* dr_hashtable_create(void* drcontext, uint bits, uint load_factor_percent, bool synch,
                          void (*free_payload_func)(void*, void*));
void dr_hashtable_destroy(void* drcontext, void* htable);
void dr_hashtable_clear(void* drcontext, void* htable);
void* dr_hashtable_lookup(void* drcontext, void* htable, ptr_uint_t key);
void dr_hashtable_add(void* drcontext, void* htable, ptr_uint_t key, void* payload);
bool dr_hashtable_remove(void* drcontext, void* htable, ptr_uint_t key);

#ifdef __cplusplus
}
#endif

#endif

/* The process, its arguments and its memory. For any thread at any time; nothing here faults. */
#ifndef DR_OS_UTILS_H
#define DR_OS_UTILS_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DR_STATE_DR_TLS = 0x0001,
  DR_STATE_ALL = (~0) & (~DR_STATE_DR_TLS),
  DR_STATE_GO_NATIVE = ~0,
} dr_state_flags_t;

typedef enum {
  DR_APP_ARG_CSTR_COMPAT,
  DR_APP_ARG_UTF_16,
} dr_app_arg_encoding_t;

/** One word of the program's command line. */
typedef struct _dr_app_arg_t {
  void* start;
  size_t size; /**< in bytes, with the zero at its end */
  dr_app_arg_encoding_t encoding;
} dr_app_arg_t;

typedef void* dr_auxlib_handle_t;
typedef void (*dr_auxlib_routine_ptr_t)(void);

/** Always false: weft starts a program, it does not attach. */
bool dr_attached_midrun(void);
/** Clients have a libc of their own and its state at all times, so there is nothing to switch. */
bool dr_using_app_state(void* drcontext);
void dr_switch_to_app_state(void* drcontext);
void dr_switch_to_app_state_ex(void* drcontext, dr_state_flags_t flags);
void dr_switch_to_dr_state(void* drcontext);
void dr_switch_to_dr_state_ex(void* drcontext, dr_state_flags_t flags);

/** How many arguments there are, the program's name first; -1 if there is no room for all. */
int dr_get_app_args(dr_app_arg_t* args_array, int args_count);
int dr_num_app_args(void);
/** The argument as a string: as it is, or copied into `buf`. NULL if `buf` is too small. */
const char* dr_app_arg_as_cstring(dr_app_arg_t* app_arg, char* buf, int buf_size);
/** The name of the program's file, without its folder. */
const char* dr_get_application_name(void);
process_id_t dr_get_process_id(void);
process_id_t dr_get_process_id_from_drcontext(void* drcontext);
process_id_t dr_get_parent_id(void);
bool dr_is_wow64(void);

/** A library for the client's own use; the handle is dlopen()'s. */
dr_auxlib_handle_t dr_load_aux_library(const char* name, byte** lib_start, byte** lib_end);
dr_auxlib_routine_ptr_t dr_lookup_aux_library_routine(dr_auxlib_handle_t lib, const char* name);
bool dr_unload_aux_library(dr_auxlib_handle_t lib);

size_t dr_page_size(void);

#define DR_MEMPROT_NONE 0x00
#define DR_MEMPROT_READ 0x01
#define DR_MEMPROT_WRITE 0x02
#define DR_MEMPROT_EXEC 0x04
#define DR_MEMPROT_GUARD 0x08
#define DR_MEMPROT_PRETEND_WRITE 0x10
#define DR_MEMPROT_VDSO 0x20

typedef enum {
  DR_MEMTYPE_FREE,
  DR_MEMTYPE_IMAGE, /**< of an ELF image */
  DR_MEMTYPE_DATA,
  DR_MEMTYPE_RESERVED,
  DR_MEMTYPE_ERROR,
  DR_MEMTYPE_ERROR_WINKERNEL,
} dr_mem_type_t;

/** A range of pages with one protection, as the program gave it. */
typedef struct _dr_mem_info_t {
  byte* base_pc;
  size_t size;
  uint prot;
  dr_mem_type_t type;
} dr_mem_info_t;

bool dr_memory_is_readable(const byte* pc, size_t size);
bool dr_query_memory(const byte* pc, byte** base_pc, size_t* size, uint* prot);
bool dr_query_memory_ex(const byte* pc, dr_mem_info_t* info);
/** Copies as much as can be read; true if that is all of it. */
bool dr_safe_read(const void* base, size_t size, void* out_buf, size_t* bytes_read);
bool dr_safe_write(void* base, size_t size, const void* in_buf, size_t* bytes_written);
bool dr_memory_protect(void* base, size_t size, uint new_prot);
/** Whether it belongs to weft or to what weft loaded, rather than to the program. */
bool dr_memory_is_dr_internal(const byte* pc);
bool dr_memory_is_in_client(const byte* pc);

/** The parts of DR_TRY_EXCEPT; not for use by themselves. */
void dr_try_setup(void* drcontext, void** try_cxt);
int dr_try_start(void* buf) __attribute__((returns_twice));
void dr_try_stop(void* drcontext, void* try_cxt);

/** Runs `try_statement`; if it faults, what is left of it is given up and `except_statement` runs.
 * Statements may not leave the macro. */
#define DR_TRY_EXCEPT(drcontext, try_statement, except_statement) \
  do {                                                            \
    void* try_cxt;                                                \
    dr_try_setup(drcontext, &try_cxt);                            \
    if (dr_try_start(try_cxt) == 0) {                             \
      try_statement dr_try_stop(drcontext, try_cxt);              \
    } else {                                                      \
      dr_try_stop(drcontext, try_cxt);                            \
      except_statement                                            \
    }                                                             \
  } while (0)

#ifdef __cplusplus
}
#endif

#endif

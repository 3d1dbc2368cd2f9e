/* Names, arguments and results of the program's system calls. In the events of system calls, on
 * their thread, unless a function takes no drcontext. */
#ifndef DRSYSCALL_H
#define DRSYSCALL_H

#include "drmf.h"
#include "drmgr.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DRMGR_PRIORITY_PRESYS_DRSYS = -100,
  DRMGR_PRIORITY_POSTSYS_DRSYS = -100,
  DRMGR_PRIORITY_POSTSYS_DRSYS_LAST = 10000,
  DRMGR_PRIORITY_MODLOAD_DRSYS = -100,
};
#define DRMGR_PRIORITY_NAME_DRSYS "drsyscall"
#define DRMGR_PRIORITY_NAME_DRSYS_LAST "drsyscall_last"

struct _drsys_syscall_t;
typedef struct _drsys_syscall_t drsys_syscall_t;

typedef struct _drsys_sysnum_t {
  int number;
  int secondary; /**< 0 */
} drsys_sysnum_t;

typedef enum {
  DRSYS_PARAM_IN = 0x01,
  DRSYS_PARAM_OUT = 0x02,
  DRSYS_PARAM_BOUNDS = 0x04,
  DRSYS_PARAM_RETVAL = 0x08,
  DRSYS_PARAM_INLINED = 0x10, /**< the value itself, rather than what it points to */
} drsys_param_mode_t;

typedef enum {
  DRSYS_TYPE_INVALID,
  DRSYS_TYPE_UNKNOWN,
  DRSYS_TYPE_VOID,
  DRSYS_TYPE_BOOL,
  DRSYS_TYPE_INT,
  DRSYS_TYPE_SIGNED_INT,
  DRSYS_TYPE_UNSIGNED_INT,
  DRSYS_TYPE_SIZE_T,
  DRSYS_TYPE_HANDLE,
  DRSYS_TYPE_NTSTATUS,
  DRSYS_TYPE_ATOM,
  DRSYS_TYPE_LCID,
  DRSYS_TYPE_LPARAM,
  DRSYS_TYPE_HMODULE,
  DRSYS_TYPE_HFILE,
  DRSYS_TYPE_POINTER,
  DRSYS_TYPE_STRUCT,
  DRSYS_TYPE_CSTRING,
  DRSYS_TYPE_CWSTRING,
  DRSYS_TYPE_CARRAY,
  DRSYS_TYPE_CWARRAY,
  DRSYS_TYPE_CSTRARRAY,
  DRSYS_TYPE_UNICODE_STRING,
  DRSYS_TYPE_LARGE_STRING,
  DRSYS_TYPE_OBJECT_ATTRIBUTES,
  DRSYS_TYPE_SECURITY_DESCRIPTOR,
  DRSYS_TYPE_SECURITY_QOS,
  DRSYS_TYPE_PORT_MESSAGE,
  DRSYS_TYPE_CONTEXT,
  DRSYS_TYPE_EXCEPTION_RECORD,
  DRSYS_TYPE_DEVMODEW,
  DRSYS_TYPE_WNDCLASSEXW,
  DRSYS_TYPE_CLSMENUNAME,
  DRSYS_TYPE_MENUITEMINFOW,
  DRSYS_TYPE_ALPC_PORT_ATTRIBUTES,
  DRSYS_TYPE_ALPC_SECURITY_ATTRIBUTES,
  DRSYS_TYPE_LOGFONTW,
  DRSYS_TYPE_NONCLIENTMETRICSW,
  DRSYS_TYPE_ICONMETRICSW,
  DRSYS_TYPE_SERIALKEYSW,
  DRSYS_TYPE_SOCKADDR,
  DRSYS_TYPE_MSGHDR,
  DRSYS_TYPE_MSGBUF,
  DRSYS_TYPE_LARGE_INTEGER,
  DRSYS_TYPE_ULARGE_INTEGER,
  DRSYS_TYPE_IO_STATUS_BLOCK,
  DRSYS_TYPE_FUNCTION,
  DRSYS_TYPE_BITMAPINFO,
  DRSYS_TYPE_ALPC_CONTEXT_ATTRIBUTES,
  DRSYS_TYPE_ALPC_MESSAGE_ATTRIBUTES,
  DRSYS_TYPE_T2_SET_PARAMETERS,
  DRSYS_TYPE_LAST_PLUS_ONE,
  DRSYS_TYPE_LAST = DRSYS_TYPE_LAST_PLUS_ONE - 1,
} drsys_param_type_t;

typedef struct _drsys_arg_t {
  drsys_syscall_t* syscall;
  drsys_sysnum_t sysnum;
  void* drcontext;
  bool pre;
  dr_mcontext_t* mc;
  int ordinal; /**< -1: the result */
  drsys_param_mode_t mode;
  drsys_param_type_t type;
  const char* type_name;
  drsys_param_type_t containing_type;
  const char* arg_name;
  reg_id_t reg;
  bool valid; /**< `value` is */
  void* start_addr;
  ptr_uint_t value;
  size_t size;
  uint64 value64;
  const char* enum_name;
} drsys_arg_t;

typedef enum {
  DRSYS_SYSCALL_TYPE_KERNEL,
  DRSYS_SYSCALL_TYPE_USER,
  DRSYS_SYSCALL_TYPE_GRAPHICS,
} drsys_syscall_type_t;

/** All but struct_size is for system calls that are not known: there is nothing to analyze here. */
typedef struct _drsys_options_t {
  size_t struct_size;
  bool analyze_unknown_syscalls;
  bool syscall_dword_granularity;
  bool syscall_sentinels;
  bool (*is_byte_addressable)(byte* addr);
  bool (*is_byte_defined)(byte* addr);
  bool (*is_byte_undefined)(byte* addr);
  bool (*is_register_defined)(reg_id_t reg);
  bool verify_sysnums;
  app_pc (*lookup_internal_symbol)(const module_data_t* mod, const char* sym);
  bool syscall_driver;
  const char* sysnum_file;
  bool skip_internal_tables;
} drsys_options_t;

typedef bool (*drsys_iter_cb_t)(drsys_arg_t* arg, void* user_data);

typedef enum {
  DRSYS_GATEWAY_UNKNOWN,
  DRSYS_GATEWAY_INT,
  DRSYS_GATEWAY_SYSENTER,
  DRSYS_GATEWAY_SYSCALL,
  DRSYS_GATEWAY_SVC,
} drsys_gateway_t;

/** Counted. */
drmf_status_t drsys_init(client_id_t client_id, drsys_options_t* options);
drmf_status_t drsys_exit(void);
/** Every system call is seen without being asked for. */
drmf_status_t drsys_filter_syscall(drsys_sysnum_t sysnum);
drmf_status_t drsys_filter_all_syscalls(void);

drmf_status_t drsys_name_to_syscall(const char* name, drsys_syscall_t** syscall);
drmf_status_t drsys_number_to_syscall(drsys_sysnum_t sysnum, drsys_syscall_t** syscall);
drmf_status_t drsys_syscall_name(drsys_syscall_t* syscall, const char** name);
drmf_status_t drsys_syscall_number(drsys_syscall_t* syscall, drsys_sysnum_t* sysnum);
drmf_status_t drsys_syscall_type(drsys_syscall_t* syscall, drsys_syscall_type_t* type);
drmf_status_t drsys_syscall_is_known(drsys_syscall_t* syscall, bool* known);
drmf_status_t drsys_syscall_succeeded(drsys_syscall_t* syscall, reg_t result, bool* success);
drmf_status_t drsys_syscall_return_type(drsys_syscall_t* syscall, drsys_param_type_t* type);
drmf_status_t drsys_syscall_gateway(drsys_gateway_t* method);
static inline bool drsys_sysnums_equal(drsys_sysnum_t* num1, drsys_sysnum_t* num2) {
  return num1 != NULL && num2 != NULL && num1->number == num2->number &&
         num1->secondary == num2->secondary;
}

drmf_status_t drsys_cur_syscall(void* drcontext, drsys_syscall_t** syscall);
drmf_status_t drsys_cur_syscall_result(void* drcontext, bool* success, uint64* value,
                                       uint* error_code);
drmf_status_t drsys_pre_syscall_arg(void* drcontext, uint argnum, ptr_uint_t* value);
drmf_status_t drsys_pre_syscall_arg64(void* drcontext, uint argnum, uint64* value);
/** As the registers are; valid until the next call of this by the thread. */
drmf_status_t drsys_get_mcontext(void* drcontext, dr_mcontext_t** mc);

drmf_status_t drsys_iterate_syscalls(bool (*cb)(drsys_sysnum_t sysnum, drsys_syscall_t* syscall,
                                                void* user_data),
                                     void* user_data);
/** Arguments as they are passed; false of the callback ends it. */
drmf_status_t drsys_iterate_arg_types(drsys_syscall_t* syscall, drsys_iter_cb_t cb,
                                      void* user_data);
drmf_status_t drsys_iterate_args(void* drcontext, drsys_iter_cb_t cb, void* user_data);
/** What arguments point to is not described: DRMF_ERROR_DETAILS_UNKNOWN. */
drmf_status_t drsys_iterate_memargs(void* drcontext, drsys_iter_cb_t cb, void* user_data);

#ifdef __cplusplus
}
#endif

#endif

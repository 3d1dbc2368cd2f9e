/* Names and source lines of the program's modules, from ELF symbol tables and DWARF line tables.
 * Modules are named by the path of their file; offsets are from the module's first byte in memory.
 * For any thread at any time but signal handlers. Types are not read: DRSYM_ERROR_NOT_IMPLEMENTED.
 */
#ifndef DRSYMS_H
#define DRSYMS_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRSYM_SUCCESS,
  DRSYM_ERROR,
  DRSYM_ERROR_INVALID_PARAMETER,
  DRSYM_ERROR_INVALID_SIZE,
  DRSYM_ERROR_LOAD_FAILED,
  DRSYM_ERROR_SYMBOL_NOT_FOUND,
  DRSYM_ERROR_LINE_NOT_AVAILABLE,
  DRSYM_ERROR_NOT_IMPLEMENTED,
  DRSYM_ERROR_FEATURE_NOT_AVAILABLE,
  DRSYM_ERROR_NOMEM,
  DRSYM_ERROR_RECURSIVE,
} drsym_error_t;

typedef enum {
  DRSYM_LEAVE_MANGLED = 0x00,
  DRSYM_DEMANGLE = 0x01,
  DRSYM_DEMANGLE_FULL = 0x02,
  DRSYM_DEMANGLE_PDB_TEMPLATES = 0x04,
  DRSYM_FULL_SEARCH = 0x08,
  DRSYM_DEFAULT_FLAGS = DRSYM_DEMANGLE,
} drsym_flags_t;

typedef enum {
  DRSYM_SYMBOLS = (1 << 0),
  DRSYM_LINE_NUMS = (1 << 1),
  DRSYM_ELF_SYMTAB = (1 << 8),
  DRSYM_DWARF_LINE = (1 << 9),
  DRSYM_PDB = (1 << 10),
  DRSYM_PECOFF_SYMTAB = (1 << 11),
  DRSYM_MACHO_SYMTAB = (1 << 12),
} drsym_debug_kind_t;

typedef struct _drsym_info_t {
  size_t struct_size;
  size_t name_size;
  size_t file_size;
  size_t file_available_size;
  char* file;
  uint64 line;
  size_t line_offs;
  size_t start_offs;
  size_t end_offs;
  drsym_debug_kind_t debug_kind;
  uint type_id;
  size_t name_available_size;
  char* name;
  uint flags;
} drsym_info_t;

enum {
  DRSYM_TYPE_OTHER,
  DRSYM_TYPE_INT,
  DRSYM_TYPE_PTR,
  DRSYM_TYPE_FUNC,
  DRSYM_TYPE_VOID,
  DRSYM_TYPE_COMPOUND,
  DRSYM_TYPE_ARRAY,
};

typedef struct _drsym_type_t {
  uint kind;
  size_t size;
  uint id;
} drsym_type_t;

typedef struct _drsym_func_type_t {
  drsym_type_t type;
  drsym_type_t* ret_type;
  int num_args;
  drsym_type_t** arg_types;
} drsym_func_type_t;

typedef struct _drsym_compound_type_t {
  drsym_type_t type;
  char* name;
  int num_fields;
  drsym_type_t** field_types;
} drsym_compound_type_t;

typedef struct _drsym_int_type_t {
  drsym_type_t type;
  bool is_signed;
} drsym_int_type_t;

typedef struct _drsym_ptr_type_t {
  drsym_type_t type;
  drsym_type_t* elt_type;
} drsym_ptr_type_t;

typedef bool (*drsym_enumerate_cb)(const char* name, size_t modoffs, void* data);

typedef bool (*drsym_enumerate_ex_cb)(drsym_info_t* info, drsym_error_t status, void* data);

typedef struct _drsym_line_info_t {
  const char* cu_name;
  const char* file;
  uint64 line;
  size_t line_addr;
} drsym_line_info_t;

typedef bool (*drsym_enumerate_lines_cb)(drsym_line_info_t* info, void* data);

drsym_error_t drsym_init(int shmid);
drsym_error_t drsym_exit(void);
drsym_error_t drsym_lookup_address(const char* modpath, size_t modoffs, drsym_info_t* info,
                                   uint flags);
drsym_error_t drsym_get_type(const char* modpath, size_t modoffs, uint levels_to_expand, char* buf,
                             size_t buf_sz, drsym_type_t** type);
drsym_error_t drsym_get_type_by_name(const char* modpath, const char* type_name, char* buf,
                                     size_t buf_sz, drsym_type_t** type);
drsym_error_t drsym_get_func_type(const char* modpath, size_t modoffs, char* buf, size_t buf_sz,
                                  drsym_func_type_t** func_type);
drsym_error_t drsym_expand_type(const char* modpath, uint type_id, uint levels_to_expand, char* buf,
                                size_t buf_sz, drsym_type_t** expanded_type);
drsym_error_t drsym_lookup_symbol(const char* modpath, const char* symbol, size_t* modoffs,
                                  uint flags);
drsym_error_t drsym_enumerate_symbols(const char* modpath, drsym_enumerate_cb callback, void* data,
                                      uint flags);
drsym_error_t drsym_enumerate_symbols_ex(const char* modpath, drsym_enumerate_ex_cb callback,
                                         size_t info_size, void* data, uint flags);
size_t drsym_demangle_symbol(char* dst, size_t dst_sz, const char* mangled, uint flags);
drsym_error_t drsym_get_module_debug_kind(const char* modpath, drsym_debug_kind_t* kind);
drsym_error_t drsym_module_has_symbols(const char* modpath);
drsym_error_t drsym_free_resources(const char* modpath);
drsym_error_t drsym_enumerate_lines(const char* modpath, drsym_enumerate_lines_cb callback,
                                    void* data);

#ifdef __cplusplus
}
#endif

#endif

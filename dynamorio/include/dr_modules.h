/* The program's modules (ELF images) and their symbols. For any thread at any time. What is
 * returned as module_data_t * is a copy of the caller's, to be freed by dr_free_module_data(). */
#ifndef DR_MODULES_H
#define DR_MODULES_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

struct _module_data_t;
typedef struct _module_data_t module_data_t;
struct _module_handle_t;
typedef struct _module_handle_t* module_handle_t;

typedef struct _module_names_t {
  const char* module_name; /**< DT_SONAME, or NULL */
  const char* file_name;   /**< without its folder */
  uint64 inode;
} module_names_t;

typedef void* dr_module_iterator_t;

typedef struct _module_segment_data_t {
  app_pc start;
  app_pc end;
  uint prot;     /**< DR_MEMPROT_ bits */
  uint64 offset; /**< in the file */
} module_segment_data_t;

struct _module_data_t {
  union {
    app_pc start;
    module_handle_t handle;
  };
  app_pc end;
  app_pc entry_point;
  uint flags; /**< 0 */
  module_names_t names;
  char* full_path;
  bool contiguous;
  uint num_segments;
  module_segment_data_t* segments;
  uint timestamp; /**< 0 */
  app_pc preferred_base;
};

module_data_t* dr_lookup_module(byte* pc);
/** By the preferred name, which dr_module_preferred_name() tells. */
module_data_t* dr_lookup_module_by_name(const char* name);
module_data_t* dr_get_main_module(void);
dr_module_iterator_t* dr_module_iterator_start(void);
bool dr_module_iterator_hasnext(dr_module_iterator_t* mi);
module_data_t* dr_module_iterator_next(dr_module_iterator_t* mi);
void dr_module_iterator_stop(dr_module_iterator_t* mi);
module_data_t* dr_copy_module_data(const module_data_t* data);
void dr_free_module_data(module_data_t* data);
/** The module's own name if it has one, else its file's. */
const char* dr_module_preferred_name(const module_data_t* data);
bool dr_module_contains_addr(const module_data_t* data, app_pc addr);

/** An ELF image does not tell which module a symbol comes from: the imports' modules are those
 * that the image needs, and symbols are listed with from_module NULL alone. */
struct _dr_module_import_iterator_t;
typedef struct _dr_module_import_iterator_t dr_module_import_iterator_t;
struct _dr_module_import_desc_t;
typedef struct _dr_module_import_desc_t dr_module_import_desc_t;
typedef struct _dr_module_import_t {
  const char* modname;
  dr_module_import_desc_t* module_import_desc;
} dr_module_import_t;

dr_module_import_iterator_t* dr_module_import_iterator_start(module_handle_t handle);
bool dr_module_import_iterator_hasnext(dr_module_import_iterator_t* iter);
dr_module_import_t* dr_module_import_iterator_next(dr_module_import_iterator_t* iter);
void dr_module_import_iterator_stop(dr_module_import_iterator_t* iter);

struct _dr_symbol_import_iterator_t;
typedef struct _dr_symbol_import_iterator_t dr_symbol_import_iterator_t;
typedef struct _dr_symbol_import_t {
  const char* name;
  const char* modname; /**< NULL */
  bool delay_load;
  bool by_ordinal;
  ptr_uint_t ordinal;
} dr_symbol_import_t;

dr_symbol_import_iterator_t* dr_symbol_import_iterator_start(module_handle_t handle,
                                                             dr_module_import_desc_t* from_module);
bool dr_symbol_import_iterator_hasnext(dr_symbol_import_iterator_t* iter);
dr_symbol_import_t* dr_symbol_import_iterator_next(dr_symbol_import_iterator_t* iter);
void dr_symbol_import_iterator_stop(dr_symbol_import_iterator_t* iter);

struct _dr_symbol_export_iterator_t;
typedef struct _dr_symbol_export_iterator_t dr_symbol_export_iterator_t;
typedef struct _dr_symbol_export_t {
  const char* name;
  app_pc addr;
  const char* forward;
  ptr_uint_t ordinal;
  bool is_indirect_code; /**< `addr` is a function that finds the one to call (IFUNC) */
  bool is_code;
} dr_symbol_export_t;

dr_symbol_export_iterator_t* dr_symbol_export_iterator_start(module_handle_t handle);
bool dr_symbol_export_iterator_hasnext(dr_symbol_export_iterator_t* iter);
dr_symbol_export_t* dr_symbol_export_iterator_next(dr_symbol_export_iterator_t* iter);
void dr_symbol_export_iterator_stop(dr_symbol_export_iterator_t* iter);

typedef struct _dr_export_info_t {
  generic_func_t address;
  bool is_indirect_code;
} dr_export_info_t;

/** Blocks of a module that is not to be instrumented are not shown to clients. */
bool dr_module_set_should_instrument(module_handle_t handle, bool should_instrument);
bool dr_module_should_instrument(module_handle_t handle);

/** An exported function's address in the program, NULL if there is none of that name. */
generic_func_t dr_get_proc_address(module_handle_t lib, const char* name);
bool dr_get_proc_address_ex(module_handle_t lib, const char* name, dr_export_info_t* info,
                            size_t info_len);

#ifdef __cplusplus
}
#endif

#endif

/* Which blocks ran: a log file in the format that coverage tools read; and the table of modules by
 * itself, written by one process and read back by another. For any thread unless a function says
 * otherwise. */
#ifndef DRCOVLIB_H
#define DRCOVLIB_H

#include "dr_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRCOVLIB_SUCCESS,
  DRCOVLIB_ERROR,
  DRCOVLIB_ERROR_INVALID_PARAMETER,
  DRCOVLIB_ERROR_INVALID_SETUP,
  DRCOVLIB_ERROR_FEATURE_NOT_AVAILABLE,
  DRCOVLIB_ERROR_NOT_FOUND,
  DRCOVLIB_ERROR_BUF_TOO_SMALL,
} drcovlib_status_t;

typedef enum {
  DRCOVLIB_DUMP_AS_TEXT = 0x0001,
  /** A file for each thread: the cache is shared, so there is one for all. */
  DRCOVLIB_THREAD_PRIVATE = 0x0002,
} drcovlib_flags_t;

typedef struct _drcovlib_options_t {
  size_t struct_size;
  drcovlib_flags_t flags;
  const char* logdir;    /**< NULL: the working directory */
  const char* logprefix; /**< NULL: "drcov" */
  int native_until_thread;
} drcovlib_options_t;

/* ---- the file: text up to the line "BB Table", then records ---- */

#define DRCOV_VERSION_MODULE_OFFSETS 2
#define DRCOV_VERSION_SEGMENT_OFFSETS 3
#define DRCOV_VERSION DRCOV_VERSION_SEGMENT_OFFSETS
#define DRCOV_ARCH_FLAVOR "-64"
#define DRCOV_FLAVOR "drcov" DRCOV_ARCH_FLAVOR

typedef struct _bb_entry_t {
  uint start; /**< from the start of the segment */
  ushort size;
  ushort mod_id; /**< the row of the module table */
} bb_entry_t;

/** Counted. The last drcovlib_exit() writes the file. */
drcovlib_status_t drcovlib_init(drcovlib_options_t* ops);
drcovlib_status_t drcovlib_exit(void);
drcovlib_status_t drcovlib_logfile(void* drcontext, const char** path);
/** Writes what is known now. */
drcovlib_status_t drcovlib_dump(void* drcontext);

/* ---- modules ---- */

/** A row: one segment of a module. */
typedef struct _drmodtrack_info_t {
  size_t struct_size;
  uint containing_index; /**< the row of the module's first segment */
  app_pc start;
  size_t size;
  char* path; /**< may be written to: MAXIMUM_PATH bytes */
  void* custom;
  uint index;
  uint64 offset; /**< in the file */
  app_pc preferred_base;
} drmodtrack_info_t;

/** Counted, as drmodtrack_exit(). Rows of modules that are gone stay. */
drcovlib_status_t drmodtrack_init(void);
drcovlib_status_t drmodtrack_exit(void);
drcovlib_status_t drmodtrack_lookup(void* drcontext, app_pc pc, uint* mod_index, app_pc* mod_base);
drcovlib_status_t drmodtrack_lookup_segment(void* drcontext, app_pc pc, uint* segment_index,
                                            app_pc* segment_base);
drcovlib_status_t drmodtrack_lookup_pc_from_index(void* drcontext, uint mod_index,
                                                  app_pc* mod_base);
drcovlib_status_t drmodtrack_dump(file_t file);
/** `wrote` counts the 0 at the end. */
drcovlib_status_t drmodtrack_dump_buf(char* buf, size_t size, size_t* wrote);

/** Something that a client keeps with each row: made, printed, parsed and freed by it. */
drcovlib_status_t drmodtrack_add_custom_data(void* (*load_cb)(module_data_t* module, int seg_idx),
                                             int (*print_cb)(void* data, char* dst, size_t max_len),
                                             const char* (*parse_cb)(const char* src, void** data),
                                             void (*free_cb)(void* data));

/** From the file or, if `map` is not NULL, from that text; `next_line` gets what is behind the
 * table. */
drcovlib_status_t drmodtrack_offline_read(file_t file, const char* map, const char** next_line,
                                          void** handle, uint* num_mods);
drcovlib_status_t drmodtrack_offline_lookup(void* handle, uint index, drmodtrack_info_t* info);
drcovlib_status_t drmodtrack_offline_write(void* handle, char* buf, size_t buf_size, size_t* wrote);
drcovlib_status_t drmodtrack_offline_exit(void* handle);

#ifdef __cplusplus
}
#endif

#endif

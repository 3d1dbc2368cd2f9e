/* The binary form of traces that the original's -tracedump_binary writes. weft writes none; readers
 * of such files compile. */
#ifndef DR_TRACEDUMP_H
#define DR_TRACEDUMP_H

#include "dr_defines.h"

typedef struct _tracedump_file_header_t {
  int version;
  bool x64;
  int linkcount_size;
} tracedump_file_header_t;

typedef struct _tracedump_trace_header_t {
  int frag_id;
  app_pc tag;
  app_pc cache_start_pc;
  int entry_offs;
  int num_exits;
  int code_size;
  uint num_bbs;
  bool x64;
} tracedump_trace_header_t;

#define BB_ORIGIN_HEADER_SIZE (sizeof(app_pc) + sizeof(int))
#define SEPARATE_STUB_MAX_SIZE IF_X64_ELSE(23, 15)

typedef struct _tracedump_stub_data {
  int cti_offs;
  app_pc stub_pc;
  app_pc target;
  bool linked;
  int stub_size;
  union {
    uint count32;
    uint64 count64;
  } count;
  byte stub_code[1];
} tracedump_stub_data_t;

#define STUB_DATA_FIXED_SIZE (offsetof(tracedump_stub_data_t, count))

#endif

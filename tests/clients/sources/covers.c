/* The coverage file, and the module table: written, read back, with something of the client's in each row. The first
 * argument is the file's folder. */
#include <stdio.h>
#include <string.h>

#include "drcovlib.h"

enum { kMostText = 1 << 17, kMark = 1000 };
static char text[kMostText];
static char again[kMostText];
static int freed;

static void* on_row(module_data_t* module, int segment) { return (void*)(ptr_int_t)(kMark + segment); }

static int print_row(void* data, char* to, size_t size) { return dr_snprintf(to, size, "<%d>,", (int)(ptr_int_t)data); }

static const char* parse_row(const char* from, void** data) {
  int value = 0;
  int used = 0;
  if (sscanf(from, "<%d>,%n", &value, &used) != 1) return NULL;
  *data = (void*)(ptr_int_t)value;
  return from + used;
}

static void free_row(void* data) {
  if ((ptr_int_t)data >= kMark) ++freed;
}

static const char* read_back(void) {
  module_data_t* const program = dr_get_main_module();
  void* table = NULL;
  uint rows = 0;
  uint index = 0;
  app_pc base = NULL;
  size_t size = 0;
  if (drmodtrack_dump_buf(text, 10, &size) != DRCOVLIB_ERROR_BUF_TOO_SMALL) return "not too small";
  if (drmodtrack_dump_buf(text, sizeof(text), &size) != DRCOVLIB_SUCCESS) return "no dump";
  if (drmodtrack_lookup(NULL, program->entry_point, &index, &base) != DRCOVLIB_SUCCESS) return "not found";
  if (base != program->start) return "another base";
  if (drmodtrack_offline_read(INVALID_FILE, text, NULL, &table, &rows) != DRCOVLIB_SUCCESS) return "not read";
  drmodtrack_info_t info = {sizeof(info)};
  if (drmodtrack_offline_lookup(table, index, &info) != DRCOVLIB_SUCCESS) return "no row";
  if (info.start != base || info.containing_index != index || strcmp(info.path, program->full_path) != 0)
    return "another row";
  if (info.custom != (void*)(ptr_int_t)kMark) return "another mark";
  if (drmodtrack_offline_lookup(table, rows, &info) != DRCOVLIB_ERROR_NOT_FOUND) return "too many rows";
  if (drmodtrack_offline_write(table, again, sizeof(again), NULL) != DRCOVLIB_SUCCESS) return "not written";
  if (strcmp(text, again) != 0) return "another text";
  if (drmodtrack_offline_exit(table) != DRCOVLIB_SUCCESS || freed != (int)rows) return "not freed";
  dr_free_module_data(program);
  return "read back";
}

static void at_exit(void) {
  const char* path = "";
  const char* const said = read_back();
  if (drcovlib_logfile(NULL, &path) != DRCOVLIB_SUCCESS) dr_abort();
  dr_fprintf(STDERR, "%s\n%s\n", said, path);
  /* What the file is compared with has no marks. */
  drmodtrack_add_custom_data(NULL, NULL, NULL, NULL);
  drmodtrack_exit();
  if (drcovlib_exit() != DRCOVLIB_SUCCESS) dr_abort();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drcovlib_options_t options = {sizeof(options), 0, argv[1], NULL, 0};
  drmodtrack_add_custom_data(on_row, print_row, parse_row, free_row);
  if (drmodtrack_init() != DRCOVLIB_SUCCESS || drcovlib_init(&options) != DRCOVLIB_SUCCESS) dr_abort();
  dr_register_exit_event(at_exit);
}

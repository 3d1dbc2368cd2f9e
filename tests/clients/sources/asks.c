// What can be asked of the runtime: options, memory of the client's, arguments, errors; and text.
#include <string.h>

#include "dr_api.h"

static int wrong;
static int data = 1;

static void expect(bool holds) {
  if (!holds) ++wrong;
}

static void ask_of_memory(void) {
  uint protection = 0;
  byte* start = NULL;
  size_t size = 0;
  expect(dr_query_memory((byte*)ask_of_memory, &start, &size, &protection));
  expect(protection == (DR_MEMPROT_READ | DR_MEMPROT_EXEC));
  expect(start <= (byte*)ask_of_memory && (byte*)ask_of_memory < start + size);
  expect(dr_query_memory((byte*)&data, NULL, NULL, &protection));
  expect(protection == (DR_MEMPROT_READ | DR_MEMPROT_WRITE));
  expect(dr_memory_is_in_client((byte*)&data) && !dr_memory_is_in_client((byte*)dr_get_options));
  void* const code = dr_nonheap_alloc(4096, DR_MEMPROT_READ | DR_MEMPROT_WRITE | DR_MEMPROT_EXEC);
  expect((ptr_uint_t)code < (ptr_uint_t)1 << 32);
  dr_nonheap_free(code, 4096);
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  char text[64];
  uint64 number = 7;
  dr_snprintf(text, sizeof text, "%p %d%%", (void*)0x2a, 5);
  expect(strcmp(text, "0x000000000000002a 5%") == 0);
  expect(!dr_get_integer_option("no such option", &number) && number == 0);
  expect(dr_get_integer_option("steal_fds", &number) && number > 0);
  ask_of_memory();
  dr_app_arg_t argument;
  expect(dr_get_app_args(&argument, 0) == -1);
  expect(dr_get_error_code(dr_get_current_drcontext()) == 1);
  const bool has_text = dr_get_string_option("native_exec_list", text, sizeof text);
  dr_get_integer_option("thread_private", &number);
  dr_fprintf(STDERR, "%d wrong, %s, private %d\n", wrong, has_text ? text : "none", (int)number);
}

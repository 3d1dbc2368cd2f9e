// Everything that needs no block: options, files, memory, locks, modules, system calls, threads.
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>

#include "dr_api.h"

static int writes;
static int threads;
static void* mutex;

#define CHECK(condition) \
  ((condition) ? (void)0 : dr_fprintf(STDERR, "line %d: %s\n", __LINE__, #condition), (void)0)

static bool wants(void* drcontext, int number) { return number == SYS_write; }
static bool before(void* drcontext, int number) {
  CHECK(dr_syscall_get_param(drcontext, 0) == 1);
  return true;
}
static void after(void* drcontext, int number) {
  CHECK((long)dr_syscall_get_result(drcontext) > 0);
  ++writes;
}

static void thread_starts(void* drcontext) {
  dr_set_tls_field(drcontext, &threads);
  dr_mutex_lock(mutex);
  ++threads;
  dr_mutex_unlock(mutex);
}
static void thread_ends(void* drcontext) { CHECK(dr_get_tls_field(drcontext) == &threads); }

static void check_files(void) {
  char name[MAXIMUM_PATH];
  char text[16] = {0};
  uint64 size = 0;
  dr_snprintf(name, sizeof name, "/tmp/weft-services-%d", dr_get_process_id());
  file_t file = dr_open_file(name, DR_FILE_WRITE_OVERWRITE | DR_FILE_READ);
  CHECK(file != INVALID_FILE);
  CHECK(dr_fprintf(file, "%s %d", "word", 42) == 7);
  CHECK(dr_file_seek(file, 0, DR_SEEK_SET) && dr_read_file(file, text, 7) == 7);
  CHECK(strcmp(text, "word 42") == 0 && dr_file_size(file, &size) && size == 7);
  dr_close_file(file);
  CHECK(dr_file_exists(name) && dr_delete_file(name) && !dr_file_exists(name));
  CHECK(dr_directory_exists("/tmp"));
}

static void check_memory(void) {
  size_t done = 0;
  int word = 5;
  byte* page = dr_nonheap_alloc(dr_page_size(), DR_MEMPROT_READ | DR_MEMPROT_WRITE);
  CHECK(dr_safe_write(page, sizeof word, &word, &done) && done == sizeof word);
  word = 0;
  CHECK(dr_safe_read(page, sizeof word, &word, &done) && word == 5);
  CHECK(!dr_safe_read((void*)8, sizeof word, &word, &done) && done == 0);
  CHECK(dr_memory_is_in_client((byte*)&check_memory));
  CHECK(dr_memory_is_readable(page, 10) && !dr_memory_is_readable((byte*)8, 1));
  dr_nonheap_free(page, dr_page_size());
  char small[4];
  CHECK(dr_snprintf(small, 4, "%s", "12345") == -1 && memcmp(small, "1234", 4) == 0);
}

static void check_near_memory(void) {
  const dr_alloc_flags_t flags = DR_ALLOC_CACHE_REACHABLE;
  byte* near = dr_custom_alloc(NULL, flags, 100, 0, NULL);
  CHECK(near != NULL);
  const ptr_int_t away = near - (byte*)&check_near_memory;
  CHECK(away < INT_MAX && away > INT_MIN);
  memset(near, 1, 100);
  CHECK(dr_custom_free(NULL, flags, near, 100));
}

/* The regions follow each other to the end of all addresses. */
static void check_all_memory(void) {
  ptr_uint_t at = 0;
  for (int i = 0; i < 100000; ++i) {
    dr_mem_info_t info;
    CHECK(dr_query_memory_ex((byte*)at, &info) && (ptr_uint_t)info.base_pc <= at && info.size != 0);
    const ptr_uint_t end = (ptr_uint_t)info.base_pc + info.size;
    if (end == 0) return;
    CHECK(end > at);
    at = end;
  }
  CHECK(!"an end");
}

static void check_modules(void) {
  module_data_t* main = dr_get_main_module();
  CHECK(main != NULL && strcmp(main->names.file_name, dr_get_application_name()) == 0);
  CHECK(main != NULL && dr_module_contains_addr(main, main->entry_point));
  module_data_t* libc = dr_lookup_module_by_name("libc.so.6");
  CHECK(libc != NULL);
  if (libc != NULL) {
    app_pc puts_at = (app_pc)dr_get_proc_address(libc->handle, "puts");
    CHECK(puts_at > libc->start && puts_at < libc->end);
    uint prot = 0;
    CHECK(dr_query_memory(puts_at, NULL, NULL, &prot) && (prot & DR_MEMPROT_EXEC) != 0);
  }
  dr_free_module_data(libc);
  dr_free_module_data(main);
}

static void at_exit(void) {
  check_modules();
  dr_fprintf(STDERR, "writes %d threads %d\n", writes, threads);
  dr_mutex_destroy(mutex);
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  CHECK(argc == 3 && strcmp(argv[1], "one") == 0 && strcmp(argv[2], "two words") == 0);
  CHECK(strcmp(dr_get_options(id), "one \"two words\"") == 0);
  mutex = dr_mutex_create();
  check_files();
  check_memory();
  check_near_memory();
  check_all_memory();
  CHECK(strcmp(dr_config_status_code_to_string(DR_SUCCESS), "success") == 0);
  CHECK(strcmp(dr_config_status_code_to_string(DR_NUDGE_TIMEOUT), "success") != 0);
  CHECK(dr_get_milliseconds() > 13000000000000ull);
  dr_register_exit_event(at_exit);
  dr_register_thread_init_event(thread_starts);
  dr_register_thread_exit_event(thread_ends);
  dr_register_filter_syscall_event(wants);
  dr_register_pre_syscall_event(before);
  dr_register_post_syscall_event(after);
}

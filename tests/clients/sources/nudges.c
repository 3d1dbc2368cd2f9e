// Nudges the program's child when the program waits for it; the second nudge ends the child.
#include <sys/syscall.h>

#include "dr_api.h"

#define CHECK(condition) \
  ((condition) ? (void)0 : dr_fprintf(STDERR, "line %d: %s\n", __LINE__, #condition), (void)0)

enum { kFirst = 1, kSecond, kStatus = 42, kPatience = 20000 };

static client_id_t client;

static void nudged(void* drcontext, uint64 argument) {
  CHECK(dr_is_nudge_thread(drcontext));
  dr_fprintf(STDERR, "nudged %d\n", (int)argument);
  if (argument == kSecond) dr_exit_process(kStatus);
}

static bool wants(void* drcontext, int number) { return number == SYS_wait4; }

static bool before(void* drcontext, int number) {
  const process_id_t child = (process_id_t)dr_syscall_get_param(drcontext, 0);
  // The child may not have got as far yet.
  int tries = 0;
  while (dr_nudge_client_ex(child, client, kFirst, kPatience) != DR_SUCCESS && ++tries < 1000) dr_sleep(10);
  CHECK(dr_nudge_client_ex(child, client + 1, 0, kPatience) == DR_ID_INVALID);
  CHECK(dr_nudge_client_ex(child, client, kSecond, kPatience) == DR_SUCCESS);
  return true;
}

static void at_exit(void) { dr_fprintf(STDERR, "exit\n"); }

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  client = id;
  dr_register_nudge_event(nudged, id);
  dr_register_exit_event(at_exit);
  dr_register_filter_syscall_event(wants);
  dr_register_pre_syscall_event(before);
}

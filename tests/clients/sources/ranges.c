// What system calls read and write of the program's memory.
#include <sys/syscall.h>

#include "dr_api.h"
#include "drmgr.h"
#include "drsyscall.h"

static int read_ranges;
static int written_ranges;
static int wrong;

static bool on_range(drsys_arg_t* range, void* written) {
  if (range->drcontext != dr_get_current_drcontext() || range->size == 0) ++wrong;
  if (!dr_memory_is_readable(range->start_addr, 1)) ++wrong;
  if (range->mode == DRSYS_PARAM_OUT) {
    if (!range->pre) *(size_t*)written = range->size;
    ++written_ranges;
  } else {
    if (!range->pre) ++wrong;
    ++read_ranges;
  }
  if (range->type == DRSYS_TYPE_CSTRING && ((char*)range->start_addr)[range->size - 1] != '\0')
    ++wrong;
  return true;
}

static bool wants(void* drcontext, int number) {
  return number == SYS_read || number == SYS_write || number == SYS_openat;
}

static bool before(void* drcontext, int number) {
  size_t written = 0;
  if (drsys_iterate_memargs(drcontext, on_range, &written) != DRMF_SUCCESS) ++wrong;
  return true;
}

static void after(void* drcontext, int number) {
  size_t written = 0;
  if (drsys_iterate_memargs(drcontext, on_range, &written) != DRMF_SUCCESS) ++wrong;
  const ptr_int_t result = (ptr_int_t)dr_syscall_get_result(drcontext);
  if (number == SYS_read && result > 0 && written != (size_t)result) ++wrong;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%s, %s, %d wrong\n", read_ranges > 0 ? "read" : "nothing read",
             written_ranges > 0 ? "written" : "nothing written", wrong);
  drsys_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drsys_options_t options = {sizeof options};
  drmgr_init();
  drsys_init(id, &options);
  drmgr_register_exit_event(at_exit);
  drmgr_register_filter_syscall_event(wants);
  drmgr_register_pre_syscall_event(before);
  drmgr_register_post_syscall_event(after);
}

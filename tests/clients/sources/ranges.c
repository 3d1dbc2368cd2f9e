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
  if (!range->valid || !dr_memory_is_readable(range->start_addr, 1)) ++wrong;
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
  return number == SYS_read || number == SYS_write || number == SYS_openat || number == SYS_mmap;
}

/* Every argument, and the result as the last. */
static bool on_argument(drsys_arg_t* argument, void* count) {
  ptr_uint_t value = 0;
  if (!argument->valid || argument->mc == NULL) ++wrong;
  if (argument->ordinal < 0) {
    if (argument->mode != DRSYS_PARAM_RETVAL) ++wrong;
    if (!argument->pre && argument->value != dr_syscall_get_result(argument->drcontext)) ++wrong;
    *(int*)count += 100;
    return true;
  }
  const bool written = argument->sysnum.number == SYS_read && argument->ordinal == 1;
  if (argument->mode != (written ? DRSYS_PARAM_OUT : DRSYS_PARAM_IN)) ++wrong;
  if (drsys_pre_syscall_arg(argument->drcontext, (uint)argument->ordinal, &value) != DRMF_SUCCESS) ++wrong;
  if (value != argument->value) ++wrong;
  *(int*)count += 1;
  return true;
}

static void check_arguments(void* drcontext, int number) {
  int count = 0;
  if (drsys_iterate_args(drcontext, on_argument, &count) != DRMF_SUCCESS) ++wrong;
  const int arguments = number == SYS_mmap ? 6 : number == SYS_openat ? 4 : 3;
  if (count != 100 + arguments) ++wrong;
}

static bool before(void* drcontext, int number) {
  size_t written = 0;
  check_arguments(drcontext, number);
  if (drsys_iterate_memargs(drcontext, on_range, &written) != DRMF_SUCCESS) ++wrong;
  return true;
}

static void after(void* drcontext, int number) {
  size_t written = 0;
  check_arguments(drcontext, number);
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

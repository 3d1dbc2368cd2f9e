// Wraps step(), looks at its arguments and changes nothing.
#include "dr_api.h"
#include "drmgr.h"
#include "drsyms.h"
#include "drwrap.h"

static int before;
static int after;
static int wrong;

static void on_call(void* wrapcxt, void** data) {
  *data = drwrap_get_arg(wrapcxt, 0);
  dr_atomic_add32_return_sum(&before, 1);
}

static long expected(long value, long result) {
  return value % 3 == 0 ? result - value / 3 : value % 2 == 0 ? 0 : result - 3 * value;
}

static void on_return(void* wrapcxt, void* data) {
  const long by = expected((long)data, (long)drwrap_get_retval(wrapcxt));
  if (by < 0 || by > 15) dr_atomic_add32_return_sum(&wrong, 1);
  dr_atomic_add32_return_sum(&after, 1);
}

static void on_module(void* drcontext, const module_data_t* module, bool loaded) {
  size_t offset = 0;
  if (drsym_lookup_symbol(module->full_path, "step", &offset, 0) == DRSYM_SUCCESS)
    drwrap_wrap(module->start + offset, on_call, on_return);
}

static void at_exit(void) {
  dr_fprintf(STDERR, "before %d after %d wrong %d\n", before, after, wrong);
  drwrap_exit();
  drsym_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  drwrap_init();
  drsym_init(0);
  drmgr_register_exit_event(at_exit);
  drmgr_register_module_load_event(on_module);
}

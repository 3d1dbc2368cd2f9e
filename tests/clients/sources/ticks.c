// Timers of all three clocks, and that they end.
#include <sys/time.h>

#include "dr_api.h"

enum { kMilliseconds = 2 };
static int ticks[3];
static int wrong;

static void check(void* drcontext, dr_mcontext_t* state) {
  if (drcontext == NULL || state->pc == NULL || dr_get_current_drcontext() != drcontext)
    dr_atomic_add32_return_sum(&wrong, 1);
}

static void on_real(void* drcontext, dr_mcontext_t* state) {
  check(drcontext, state);
  dr_atomic_add32_return_sum(&ticks[0], 1);
}

static void on_virtual(void* drcontext, dr_mcontext_t* state) {
  check(drcontext, state);
  dr_atomic_add32_return_sum(&ticks[1], 1);
}

static void on_prof(void* drcontext, dr_mcontext_t* state) {
  check(drcontext, state);
  dr_atomic_add32_return_sum(&ticks[2], 1);
}

static void at_exit(void) {
  volatile long work = 0;
  for (int i = 0; i < 3; ++i) {
    // The clocks of time that is used need some of it.
    while (dr_atomic_load32(&ticks[i]) < 2) ++work;
  }
  for (int i = 0; i < 3; ++i) {
    if (dr_get_itimer(i) != kMilliseconds) ++wrong;
    if (!dr_set_itimer(i, 0, NULL) || dr_get_itimer(i) != 0) ++wrong;
  }
  if (dr_set_itimer(3, kMilliseconds, on_real)) ++wrong;
  dr_fprintf(STDERR, "ticked, %d wrong\n", wrong);
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  dr_register_exit_event(at_exit);
  if (!dr_set_itimer(ITIMER_REAL, kMilliseconds, on_real)) ++wrong;
  if (!dr_set_itimer(ITIMER_VIRTUAL, kMilliseconds, on_virtual)) ++wrong;
  if (!dr_set_itimer(ITIMER_PROF, kMilliseconds, on_prof)) ++wrong;
}

/* Finds instrumentation that changes the program's state. A block that can be run twice is run as
 * it is instrumented and once more without what was inserted, from the same state; what differs
 * behind the two runs is told. The program goes on with the state of the second. Called in
 * dr_client_main() and the exit event. */
#ifndef DRSTATECMP_H
#define DRSTATECMP_H

#include "drmgr.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRSTATECMP_SUCCESS,
  DRSTATECMP_ERROR,
  DRSTATECMP_ERROR_ALREADY_INITIALIZED,
  DRSTATECMP_ERROR_NOT_INITIALIZED,
} drstatecmp_status_t;

typedef struct {
  /** Called in a clean call, on the thread, for each part of the state that differs: `msg` names it
   * ("xax", "xflags", "SIMD mismatch", "opmask mismatch"). NULL: the block is printed, and the
   * process ends. */
  void (*error_callback)(const char* msg, void* tag);
} drstatecmp_options_t;

/** Before all other changes of the program's instructions, behind all other instrumentation. */
#define DRMGR_PRIORITY_DRSTATECMP (-8000)
#define DRMGR_PRIORITY_NAME_DRSTATECMP "drstatecmp_prio"

/** Whether `bb` can be run twice: its last transfer of control aside, nothing in it writes memory
 * or asks the system, and nothing gives another result the second time. */
bool drstatecmp_bb_checks_enabled(instrlist_t* bb);

drstatecmp_status_t drstatecmp_init(drstatecmp_options_t* ops_in);
drstatecmp_status_t drstatecmp_exit(void);

#ifdef __cplusplus
}
#endif

#endif

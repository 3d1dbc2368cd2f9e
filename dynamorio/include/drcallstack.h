/* Walks the program's call stack by its modules' tables for unwinding (.eh_frame). For the thread
 * whose registers they are, while it is in a clean call or an event. */
#ifndef DRCALLSTACK_H
#define DRCALLSTACK_H

#include "dr_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRCALLSTACK_SUCCESS,
  DRCALLSTACK_NO_MORE_FRAMES,
  DRCALLSTACK_ERROR,
  DRCALLSTACK_ERROR_INVALID_PARAMETER,
  DRCALLSTACK_ERROR_FEATURE_NOT_AVAILABLE,
} drcallstack_status_t;

typedef struct _drcallstack_options_t {
  size_t struct_size;
} drcallstack_options_t;

typedef struct _drcallstack_frame_t {
  size_t struct_size;
  app_pc pc;
  reg_t sp;
} drcallstack_frame_t;

struct _drcallstack_walk_t;
typedef struct _drcallstack_walk_t drcallstack_walk_t;

drcallstack_status_t drcallstack_init(drcallstack_options_t* ops);
drcallstack_status_t drcallstack_exit(void);
/** The walk starts behind the frame that `mc` is in; it is freed by drcallstack_cleanup_walk(). */
drcallstack_status_t drcallstack_init_walk(dr_mcontext_t* mc, drcallstack_walk_t** walk);
drcallstack_status_t drcallstack_cleanup_walk(drcallstack_walk_t* walk);
/** The caller sets frame->struct_size. */
drcallstack_status_t drcallstack_next_frame(drcallstack_walk_t* walk, drcallstack_frame_t* frame);

#ifdef __cplusplus
}
#endif

#endif

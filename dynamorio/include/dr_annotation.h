/* Annotations: calls in a program's source that do nothing until a client answers them. Two forms
 * are known: functions that the program's own annotation header makes, and Valgrind's client
 * requests. For any thread; blocks that are built later follow what is registered. */
#ifndef DR_ANNOTATION_H
#define DR_ANNOTATION_H

#include "dr_tools.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Valgrind's requests that can be answered. */
typedef enum {
  DR_VG_ID__RUNNING_ON_VALGRIND,
  DR_VG_ID__DO_LEAK_CHECK,
  DR_VG_ID__MAKE_MEM_DEFINED_IF_ADDRESSABLE,
  DR_VG_ID__DISCARD_TRANSLATIONS,
  DR_VG_ID__MAKE_MEM_UNDEFINED,
  DR_VG_ID__MAKE_MEM_DEFINED,
  DR_VG_ID__CHECK_MEM_IS_ADDRESSABLE,
  DR_VG_ID__CHECK_MEM_IS_DEFINED,
  DR_VG_ID__MALLOCLIKE_BLOCK,
  DR_VG_ID__FREELIKE_BLOCK,
  DR_VG_ID__LAST
} dr_valgrind_request_id_t;

enum { DR_VG_NUM_ARGS = 5 };

/* A request as the program has laid it out. */
typedef struct _dr_vg_client_request_t {
  ptr_uint_t request;
  ptr_uint_t args[DR_VG_NUM_ARGS];
  ptr_uint_t default_result;
} dr_vg_client_request_t;

typedef enum {
  DR_ANNOTATION_CALL_TYPE_FASTCALL,
  DR_ANNOTATION_CALL_TYPE_VARARG = DR_ANNOTATION_CALL_TYPE_FASTCALL,
  DR_ANNOTATION_CALL_TYPE_LAST
} dr_annotation_calling_convention_t;

/** The function `annotation_name` of the program calls `callee`, with so many arguments. Several
 * may be registered for one name. False: a value is. */
bool dr_annotation_register_call(const char* annotation_name, void* callee, bool save_fpstate,
                                 uint num_args, dr_annotation_calling_convention_t call_type);
bool dr_annotation_unregister_call(const char* annotation_name, void* callee);

/** The function returns this value. False: calls are registered. */
bool dr_annotation_register_return(const char* annotation_name, void* return_value);
bool dr_annotation_unregister_return(const char* annotation_name);

/** In the calls of the annotation dr_read_saved_reg() of SPILL_SLOT_2 is where it stands. False:
 * no call is registered. */
bool dr_annotation_pass_pc(const char* annotation_name);

/** The request gets what `annotation_callback` returns. Several are called, the last first: it gets
 * what the first returns. */
bool dr_annotation_register_valgrind(
    dr_valgrind_request_id_t request_id,
    ptr_uint_t (*annotation_callback)(dr_vg_client_request_t* request));
bool dr_annotation_unregister_valgrind(
    dr_valgrind_request_id_t request_id,
    ptr_uint_t (*annotation_callback)(dr_vg_client_request_t* request));

/** In a call of an annotation: what its function returns to the program. */
static inline void dr_annotation_set_return_value(reg_t value) {
  dr_mcontext_t state;
  state.size = sizeof(state);
  state.flags = DR_MC_INTEGER;
  dr_get_mcontext(dr_get_current_drcontext(), &state);
  state.xax = value;
  dr_set_mcontext(dr_get_current_drcontext(), &state);
}

#ifdef __cplusplus
}
#endif

#endif

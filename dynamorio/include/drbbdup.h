/* Blocks in several cases: the instructions of a block once for each of some values, instrumented
 * differently, chosen by a word that is read when the block is entered. Values that come up as the
 * program runs can get a case too: the block is deleted and made anew, while all threads run, with
 * traces too. For the thread that builds the block, unless a function says otherwise. */
#ifndef DRBBDUP_H
#define DRBBDUP_H

#include <stdint.h>

#include "drmgr.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRBBDUP_SUCCESS,
  DRBBDUP_ERROR_INVALID_PARAMETER,
  DRBBDUP_ERROR_INVALID_OPND,
  DRBBDUP_ERROR_CASE_ALREADY_REGISTERED,
  DRBBDUP_ERROR_CASE_LIMIT_REACHED,
  DRBBDUP_ERROR_ALREADY_INITIALISED,
  DRBBDUP_ERROR,
  DRBBDUP_ERROR_UNSET_FEATURE,
  DRBBDUP_ERROR_NOT_INITIALIZED,
} drbbdup_status_t;

typedef uintptr_t (*drbbdup_set_up_bb_dups_t)(void* drbbdup_ctx, void* drcontext, void* tag,
                                              instrlist_t* bb, bool* enable_dups,
                                              bool* enable_dynamic_handling, void* user_data);

typedef bool (*drbbdup_allow_gen_t)(void* drcontext, void* tag, instrlist_t* ilist,
                                    uintptr_t new_case, bool* enable_dynamic_handling,
                                    void* user_data);

typedef void (*drbbdup_analyze_orig_t)(void* drcontext, void* tag, instrlist_t* bb, void* user_data,
                                       void** orig_analysis_data);

typedef void (*drbbdup_destroy_orig_analysis_t)(void* drcontext, void* user_data,
                                                void* orig_analysis_data);

typedef void (*drbbdup_analyze_case_t)(void* drcontext, void* tag, instrlist_t* bb,
                                       uintptr_t encoding, void* user_data,
                                       void* orig_analysis_data, void** case_analysis_data);

typedef dr_emit_flags_t (*drbbdup_analyze_case_ex_t)(void* drcontext, void* tag, instrlist_t* bb,
                                                     bool for_trace, bool translating,
                                                     uintptr_t encoding, void* user_data,
                                                     void* orig_analysis_data,
                                                     void** case_analysis_data);

typedef void (*drbbdup_destroy_case_analysis_t)(void* drcontext, uintptr_t encoding,
                                                void* user_data, void* orig_analysis_data,
                                                void* case_analysis_data);

typedef void (*drbbdup_insert_encode_t)(void* drcontext, void* tag, instrlist_t* bb, instr_t* where,
                                        void* user_data, void* orig_analysis_data);

typedef void (*drbbdup_instrument_instr_t)(void* drcontext, void* tag, instrlist_t* bb,
                                           instr_t* instr, instr_t* where, uintptr_t encoding,
                                           void* user_data, void* orig_analysis_data,
                                           void* case_analysis_data);

typedef dr_emit_flags_t (*drbbdup_instrument_instr_ex_t)(void* drcontext, void* tag,
                                                         instrlist_t* bb, instr_t* instr,
                                                         instr_t* where, bool for_trace,
                                                         bool translating, uintptr_t encoding,
                                                         void* user_data, void* orig_analysis_data,
                                                         void* case_analysis_data);

typedef struct {
  size_t struct_size;
  drbbdup_set_up_bb_dups_t set_up_bb_dups;
  drbbdup_insert_encode_t insert_encode;
  drbbdup_analyze_orig_t analyze_orig;
  drbbdup_destroy_orig_analysis_t destroy_orig_analysis;
  drbbdup_analyze_case_t analyze_case;
  drbbdup_destroy_case_analysis_t destroy_case_analysis;
  drbbdup_instrument_instr_t instrument_instr;
  drbbdup_allow_gen_t allow_gen;
  opnd_t runtime_case_opnd;
  bool atomic_load_encoding;
  void* user_data;
  /** 0: any number; without a runtime_case_opnd, none. */
  ushort non_default_case_limit;
  ushort hit_threshold;
  bool is_stat_enabled;
  uintptr_t max_case_encoding;
  drbbdup_analyze_case_ex_t analyze_case_ex;
  drbbdup_instrument_instr_ex_t instrument_instr_ex;
  bool never_enable_dynamic_handling;
} drbbdup_options_t;

typedef struct {
  size_t struct_size;
  unsigned long no_dup_count;
  unsigned long no_dynamic_handling_count;
  unsigned long gen_count;
  unsigned long bail_count;
} drbbdup_stats_t;

enum {
  DRMGR_PRIORITY_APP2APP_DRBBDUP = 6500,
  DRMGR_PRIORITY_INSERT_DRBBDUP = -6500,
  DRMGR_PRIORITY_RESTORE_DRBBDUP = -99900,
};

#define DRMGR_PRIORITY_APP2APP_NAME_DRBBDUP "drbbdup_app2app"

#define DRMGR_PRIORITY_INSERT_NAME_DRBBDUP "drbbdup_insert"

#define DRMGR_PRIORITY_RESTORE_NAME_DRBBDUP "drbbdup_restore"

drbbdup_status_t drbbdup_init(drbbdup_options_t* ops_in);
drbbdup_status_t drbbdup_exit(void);
drbbdup_status_t drbbdup_register_case_encoding(void* drbbdup_ctx, uintptr_t encoding);
drbbdup_status_t drbbdup_is_first_instr(void* drcontext, instr_t* instr, bool* is_start);
drbbdup_status_t drbbdup_is_first_nonlabel_instr(void* drcontext, instr_t* instr,
                                                 bool* is_nonlabel);
drbbdup_status_t drbbdup_is_last_instr(void* drcontext, instr_t* instr, bool* is_last);
drbbdup_status_t drbbdup_get_stats(drbbdup_stats_t* stats);

#ifdef __cplusplus
}
#endif

#endif

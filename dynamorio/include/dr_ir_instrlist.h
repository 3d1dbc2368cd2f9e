/* Lists of instructions: a block, a trace, or a sequence of a client's. A list is used by one
 * thread at a time. */
#ifndef DR_IR_INSTRLIST_H
#define DR_IR_INSTRLIST_H

#include "dr_ir_instr.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque to clients: use the functions. */
struct _instrlist_t {
  instr_t* first;
  instr_t* last;
  int flags;
  app_pc translation_target;
  app_pc fall_through;
  app_pc return_target;
  dr_pred_type_t auto_predicate;
};

instrlist_t* instrlist_create(void* drcontext);
void instrlist_init(instrlist_t* ilist);
/* Frees the list, which must be empty; instrlist_clear() empties it and frees its instructions. */
void instrlist_destroy(void* drcontext, instrlist_t* ilist);
void instrlist_clear(void* drcontext, instrlist_t* ilist);
void instrlist_clear_and_destroy(void* drcontext, instrlist_t* ilist);
/* The program address that instructions put in from now on get as their translation; NULL ends
 * that. */
void instrlist_set_translation_target(instrlist_t* ilist, app_pc pc);
app_pc instrlist_get_translation_target(instrlist_t* ilist);
/* The predicate that instructions put in from now on get. */
void instrlist_set_auto_predicate(instrlist_t* ilist, dr_pred_type_t pred);
dr_pred_type_t instrlist_get_auto_predicate(instrlist_t* ilist);
instr_t* instrlist_first(instrlist_t* ilist);
instr_t* instrlist_first_app(instrlist_t* ilist);
instr_t* instrlist_first_nonlabel(instrlist_t* ilist);
instr_t* instrlist_last(instrlist_t* ilist);
instr_t* instrlist_last_app(instrlist_t* ilist);
/* Takes instr and all behind it out of the list; they stay linked to each other. */
void instrlist_cut(instrlist_t* ilist, instr_t* instr);
/* instr may be the first of several that are linked to each other. */
void instrlist_append(instrlist_t* ilist, instr_t* instr);
void instrlist_prepend(instrlist_t* ilist, instr_t* instr);
void instrlist_append_instrlist(void* drcontext, instrlist_t* ilist, instrlist_t* appendee);
/* Copies the list; operands that name its instructions name the copies. */
instrlist_t* instrlist_clone(void* drcontext, instrlist_t* old);
/* Before where, or at the end if where is NULL; behind where, or at the start. */
void instrlist_preinsert(instrlist_t* ilist, instr_t* where, instr_t* instr);
void instrlist_postinsert(instrlist_t* ilist, instr_t* where, instr_t* instr);
/* Puts newinst into oldinst's place; the caller frees oldinst, which is returned. */
instr_t* instrlist_replace(instrlist_t* ilist, instr_t* oldinst, instr_t* newinst);
void instrlist_remove(instrlist_t* ilist, instr_t* instr);
/* Where a block goes on that does not end in a jump; where its call returns to. Blocks only. */
bool instrlist_set_fall_through_target(instrlist_t* bb, app_pc target);
app_pc instrlist_get_fall_through_target(instrlist_t* bb);
bool instrlist_set_return_target(instrlist_t* bb, app_pc target);
app_pc instrlist_get_return_target(instrlist_t* bb);

#ifdef __cplusplus
}
#endif
#endif

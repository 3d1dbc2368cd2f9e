// Annotations of programs, which are calls of clients there.
#pragma once

#include <list>
#include <vector>

#include "core/annotation_places.h"
#include "core/clean_call.h"
#include "dr_api.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// Cheap; false: there is no annotation in the block.
bool may_be_annotated(const InstructionList& block);

/// The annotations of one block, from before its events until it is laid out.
class BlockAnnotations {
 public:
  /// Puts what is registered into a block's list, as program_list() made it. Clients then see a
  /// label with DR_NOTE_ANNOTATION, and behind it what writes the result.
  void answer(void* drcontext, instrlist_t* list);
  /// Labels become calls. What a client has cut off with the end of the block is not answered.
  void settle(void* drcontext, instrlist_t* list);

 private:
  void answer_end(void* drcontext, instrlist_t* list);
  void answer_call(void* drcontext, instrlist_t* list, instr_t* where,
                   const AnnotationPlace& place);
  void answer_requests(void* drcontext, instrlist_t* list);
  void put_label(void* drcontext, instrlist_t* list, instr_t* where, std::vector<CallRecord> calls);
  static void settle_label(void* drcontext, instrlist_t* list, instr_t* label);

  std::list<std::vector<CallRecord>> calls_;  ///< of the labels; addresses are stable
  /// At the block's end: where the program goes on inside, and its two places in the list.
  AnnotationPlace end_;
  Address jump_ = 0;  ///< 0: the block ends as the program has it
};

}  // namespace weft::dynamorio

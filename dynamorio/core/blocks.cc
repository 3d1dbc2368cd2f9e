// Blocks through the clients' events; faults in what they inserted.
#include <mutex>

#include "core/annotations.h"
#include "core/block_list.h"
#include "core/buffer_faults.h"
#include "core/event_list.h"
#include "core/machine_context.h"
#include "core/register_homes.h"
#include "core/replaced_blocks.h"
#include "core/room.h"
#include "core/shown_modules.h"

namespace weft::dynamorio {
namespace {

void* tag_of(Address tag) { return reinterpret_cast<void*>(tag); }

EventList<FaultHandler>& fault_handlers() {
  static EventList<FaultHandler> handlers;
  return handlers;
}

/// What clients inserted in this block goes with it.
class BlockScope {
 public:
  explicit BlockScope(Context& context) : context_(context) { context_.keeps_calls = true; }
  ~BlockScope() {
    context_.keeps_calls = false;
    context_.calls.clear();
    context_.homes.clear();
  }
  BlockScope(const BlockScope&) = delete;
  BlockScope& operator=(const BlockScope&) = delete;

 private:
  Context& context_;
};

void fill(const ListFault::Registers& from, dr_mcontext_t& to) {
  to.size = sizeof to;
  to.flags = static_cast<dr_mcontext_flags_t>(DR_MC_INTEGER | DR_MC_CONTROL);
  to.xax = from.general[0];
  to.xcx = from.general[1];
  to.xdx = from.general[2];
  to.xbx = from.general[3];
  to.xsp = from.general[4];
  to.xbp = from.general[5];
  to.xsi = from.general[6];
  to.xdi = from.general[7];
  reg_t* const rest[] = {&to.r8, &to.r9, &to.r10, &to.r11, &to.r12, &to.r13, &to.r14, &to.r15};
  for (size_t i = 0; i < std::size(rest); ++i) *rest[i] = from.general[8 + i];
  to.xflags = from.flags;
  to.pc = reinterpret_cast<byte*>(from.pc);
}

void fill(const dr_mcontext_t& from, ListFault::Registers& to) {
  const reg_t values[] = {from.xax, from.xcx, from.xdx, from.xbx, from.xsp, from.xbp,
                          from.xsi, from.xdi, from.r8,  from.r9,  from.r10, from.r11,
                          from.r12, from.r13, from.r14, from.r15};
  for (size_t i = 0; i < std::size(values); ++i) to.general[i] = values[i];
  to.flags = from.xflags;
  to.pc = reinterpret_cast<uint64_t>(from.pc);
}

ListFault::Answer restore(ListFault& fault, void* argument) {
  Room& room = *static_cast<Room*>(argument);
  Context* const context = Context::current();
  if (context == nullptr) return ListFault::Answer::kProgram;
  bool handled = false;
  fault_handlers().for_each([&](FaultHandler each) { handled = handled || each(*context, fault); });
  if (handled) return ListFault::Answer::kResume;
  put_back(fault, *context);
  const Events& events = room.events();
  if (events.restore.empty() && events.restore_ex.empty()) return ListFault::Answer::kProgram;
  dr_mcontext_t program{};
  dr_mcontext_t machine{};
  fill(fault.program, program);
  fill(fault.machine, machine);
  dr_restore_state_info_t info{};
  info.mcontext = &program;
  info.raw_mcontext = &machine;
  info.raw_mcontext_valid = true;
  info.fragment_info.tag = tag_of(fault.tag);
  info.fragment_info.app_code_consistent = true;
  events.restore.for_each(
      [&](auto function) { function(context, tag_of(fault.tag), &program, true, true); });
  events.restore_ex.for_each([&](auto function) { function(context, true, &info); });
  fill(program, fault.program);
  return ListFault::Answer::kProgram;
}

}  // namespace

void add_fault_handler(FaultHandler handler) { fault_handlers().add(handler); }

bool Room::edit(InstructionList& list, void* argument) {
  return static_cast<Room*>(argument)->edit_block(list);
}

void Room::start_lists(Lists& lists) {
  slots_.start(lists);
  lists.edit_blocks(&Room::edit, this);
  lists.on_fault(&restore, this);
}

bool Room::edit_block(InstructionList& block) {
  if (events_.block.empty() && !may_be_annotated(block)) return false;
  const Module* const module = process_->module_at(block.tag());
  if (module != nullptr && !is_shown(*module)) return false;
  Context* const context = Context::current();
  ++counts_.blocks;
  lives_.tell();
  // As in the original, a client's block events come one at a time.
  const std::lock_guard held(blocks_mutex_);
  const BlockScope scope(*context);
  BlockAnnotations annotations;
  instrlist_t* list = copy_of_replacement(context, block.tag());
  if (list == nullptr) {
    list = program_list(context, block);
    annotations.answer(context, list);
    // As in the original, also while it is found out which blocks a trace has.
    const bool for_trace = block.use() != ListUse::kBlock;
    events_.block.for_each(
        [&](auto function) { function(context, tag_of(block.tag()), list, for_trace, false); });
    annotations.settle(context, list);
  }
  // Whoever waits for a block's end has it laid out in any case: its list says when it ends.
  const bool changed = !events_.deleted.empty() || !is_unchanged(list, block);
  if (changed) lay_out(context, list, block);
  instrlist_clear_and_destroy(context, list);
  return changed;
}

}  // namespace weft::dynamorio

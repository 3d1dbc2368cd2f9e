// Events of traces, which weft lays out by itself: a trace is shown when it is made.
#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// The program's instructions of all its blocks, one behind the other.
instrlist_t* instructions_of(void* drcontext, const FragmentInfo& trace) {
  instrlist_t* const list = instrlist_create(drcontext);
  for (const FragmentInfo::Constituent& each : trace.constituents) {
    auto* pc = reinterpret_cast<app_pc>(each.bytes.start);
    while (reinterpret_cast<Address>(pc) < each.bytes.end) {
      instr_t* const instruction = instr_create(drcontext);
      app_pc const next = decode(drcontext, pc, instruction);
      if (next == nullptr) {
        instr_destroy(drcontext, instruction);
        break;
      }
      instr_set_translation(instruction, pc);
      instrlist_append(list, instruction);
      pc = next;
    }
  }
  return list;
}

}  // namespace

void Room::on_trace(const FragmentInfo& trace) {
  if (events_.trace.empty() || !trace.is_trace) return;
  Context* const context = Context::current();
  if (!events_.deleted.empty()) lives_.begin_trace(trace.tag);
  instrlist_t* const list = instructions_of(context, trace);
  events_.trace.for_each(
      [&](auto function) { function(context, reinterpret_cast<void*>(trace.tag), list, false); });
  instrlist_clear_and_destroy(context, list);
}

void Room::on_fragment_reclaimed(const FragmentInfo& fragment) {
  if (events_.deleted.empty()) return;
  if (fragment.is_trace && !events_.trace.empty()) lives_.end(fragment.tag);
  lives_.tell();
}

}  // namespace weft::dynamorio

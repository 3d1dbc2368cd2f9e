#include "core/register_homes.h"

#include "core/inserted_code.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

void* const kHomesNote = reinterpret_cast<void*>(~uint64_t{0} - 0x1001);

}  // namespace

void note_homes(void* drcontext, instrlist_t* list, instr_t* where, const Homes& homes) {
  Context* const context = Context::of(drcontext);
  if (context == nullptr || !context->keeps_calls) return;
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_note(label, kHomesNote);
  context->homes.push_back(std::make_unique<Homes>(homes));
  instr_get_label_data_area(label)->data[0] =
      reinterpret_cast<ptr_uint_t>(context->homes.back().get());
  add_meta(list, where, label);
}

void RegisterHomes::pass(instr_t* instruction) {
  if (!instr_is_label(instruction) || instr_get_note(instruction) != kHomesNote) return;
  const auto* homes =
      reinterpret_cast<const Homes*>(instr_get_label_data_area(instruction)->data[0]);
  current_ = 0;
  if (!homes->any()) return;
  if (!table_) table_ = std::make_shared<std::vector<Homes>>();
  table_->push_back(*homes);
  current_ = static_cast<uint32_t>(table_->size());
}

std::shared_ptr<void> RegisterHomes::take() { return std::move(table_); }

void put_back(ListFault& fault, const Context& context) {
  if (fault.note == 0 || fault.data == nullptr) return;
  const Homes& homes = (*static_cast<const std::vector<Homes>*>(fault.data))[fault.note - 1];
  const Slots& slots = Room::get().slots();
  reg_t flags = 0;
  bool has_flags = homes.flags_in_xax;
  if (has_flags) flags = fault.machine.general[0];
  if (homes.flags_slot != Homes::kNowhere) {
    flags = *slots.find(context, homes.flags_slot);
    has_flags = true;
  }
  for (size_t i = 0; i < std::size(homes.slots); ++i) {
    if (homes.slots[i] != Homes::kNowhere) {
      fault.program.general[i] = *slots.find(context, homes.slots[i]);
    }
  }
  if (has_flags) fault.program.flags = dr_merge_arith_flags(fault.program.flags, flags);
}

}  // namespace weft::dynamorio

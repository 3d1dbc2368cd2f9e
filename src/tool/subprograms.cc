#include "tool/subprograms.h"

#include <dwarf.h>

#include "tool/elfutils.h"
#include "tool/symbol_tables.h"

namespace weft {

Subprograms::Subprograms(Elf* elf)
    : dwarf_(Elfutils::get()->dwarf_begin_elf(elf, DWARF_C_READ, nullptr)) {
  if (dwarf_ == nullptr) return;
  for_each_unit(dwarf_, [this](Dwarf_Die& die) { add_children(die); });
}

Subprograms::~Subprograms() {
  if (dwarf_ != nullptr) Elfutils::get()->dwarf_end(dwarf_);
}

void Subprograms::add_children(Dwarf_Die& parent) {
  Dwarf_Die child;
  if (Elfutils::get()->dwarf_child(&parent, &child) != 0) return;
  do {
    Dwarf_Addr entry = 0;
    switch (Elfutils::get()->dwarf_tag(&child)) {
      case DW_TAG_subprogram:
        if (Elfutils::get()->dwarf_entrypc(&child, &entry) == 0 && entry != 0)
          by_entry_.emplace(entry, child);
        break;
      case DW_TAG_namespace:
      case DW_TAG_structure_type:
      case DW_TAG_class_type:
        add_children(child);
        break;
      default:
        break;
    }
  } while (Elfutils::get()->dwarf_siblingof(&child, &child) == 0);
}

const Dwarf_Die* Subprograms::at(uint64_t entry) const {
  const auto found = by_entry_.find(entry);
  return found == by_entry_.end() ? nullptr : &found->second;
}

SymbolFile::Tables::Tables() = default;
SymbolFile::Tables::~Tables() { subprograms.reset(); }

}  // namespace weft

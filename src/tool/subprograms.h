// The functions of an ELF file as DWARF has them. Made once, constant afterwards; libdw's objects
// are for one thread at a time: whoever uses them holds SymbolFile::Tables::reading.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <unordered_map>

namespace weft {

class Subprograms {
 public:
  /// `elf` stays open as long as this.
  explicit Subprograms(Elf* elf);
  ~Subprograms();
  Subprograms(const Subprograms&) = delete;
  Subprograms& operator=(const Subprograms&) = delete;

  bool empty() const { return by_entry_.empty(); }
  /// The function that begins at the address, or null.
  const Dwarf_Die* at(uint64_t entry) const;

 private:
  void add_children(Dwarf_Die& parent);

  Dwarf* dwarf_;
  std::unordered_map<uint64_t, Dwarf_Die> by_entry_;
};

}  // namespace weft

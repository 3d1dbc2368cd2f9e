// libelf and libdw, loaded when they are first needed: most runs need no symbols, and loading the
// two and what they need takes a short program's start longer than its own libraries. Any thread.
#pragma once

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>

namespace weft {

/// The functions of the libraries that are used here, by their own names.
struct Elfutils {
  decltype(&::elf_version) elf_version;
  decltype(&::elf_begin) elf_begin;
  decltype(&::elf_end) elf_end;
  decltype(&::elf_kind) elf_kind;
  decltype(&::elf_getscn) elf_getscn;
  decltype(&::elf_nextscn) elf_nextscn;
  decltype(&::elf_getdata) elf_getdata;
  decltype(&::elf_strptr) elf_strptr;
  decltype(&::elf_getphdrnum) elf_getphdrnum;
  decltype(&::gelf_getshdr) gelf_getshdr;
  decltype(&::gelf_getphdr) gelf_getphdr;
  decltype(&::gelf_getsym) gelf_getsym;
  decltype(&::dwelf_elf_gnu_build_id) dwelf_elf_gnu_build_id;
  decltype(&::dwelf_elf_gnu_debuglink) dwelf_elf_gnu_debuglink;
  decltype(&::dwarf_begin_elf) dwarf_begin_elf;
  decltype(&::dwarf_end) dwarf_end;
  decltype(&::dwarf_get_units) dwarf_get_units;
  decltype(&::dwarf_getsrclines) dwarf_getsrclines;
  decltype(&::dwarf_attr) dwarf_attr;
  decltype(&::dwarf_formstring) dwarf_formstring;
  decltype(&::dwarf_onesrcline) dwarf_onesrcline;
  decltype(&::dwarf_lineaddr) dwarf_lineaddr;
  decltype(&::dwarf_lineendsequence) dwarf_lineendsequence;
  decltype(&::dwarf_lineno) dwarf_lineno;
  decltype(&::dwarf_linebeginstatement) dwarf_linebeginstatement;
  decltype(&::dwarf_linesrc) dwarf_linesrc;
  decltype(&::dwarf_getcfi_elf) dwarf_getcfi_elf;
  decltype(&::dwarf_cfi_addrframe) dwarf_cfi_addrframe;
  decltype(&::dwarf_frame_cfa) dwarf_frame_cfa;
  decltype(&::dwarf_frame_register) dwarf_frame_register;
  decltype(&::dwarf_child) dwarf_child;
  decltype(&::dwarf_siblingof) dwarf_siblingof;
  decltype(&::dwarf_tag) dwarf_tag;
  decltype(&::dwarf_diename) dwarf_diename;
  decltype(&::dwarf_attr_integrate) dwarf_attr_integrate;
  decltype(&::dwarf_formref_die) dwarf_formref_die;
  decltype(&::dwarf_peel_type) dwarf_peel_type;
  decltype(&::dwarf_bytesize) dwarf_bytesize;
  decltype(&::dwarf_formudata) dwarf_formudata;
  decltype(&::dwarf_entrypc) dwarf_entrypc;

  /// Null if they are not installed: no file has symbols then.
  static const Elfutils* get();
};

/// Calls `visit` for the die of each compilation unit.
template <class Visit>
void for_each_unit(Dwarf* dwarf, const Visit& visit) {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  while (Elfutils::get()->dwarf_get_units(dwarf, unit, &unit, nullptr, nullptr, &die, nullptr) ==
         0) {
    visit(die);
  }
}

}  // namespace weft

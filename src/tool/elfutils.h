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

  /// Null if they are not installed: no file has symbols then.
  static const Elfutils* get();
};

}  // namespace weft

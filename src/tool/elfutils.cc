#include "tool/elfutils.h"

#include <dlfcn.h>

#include <optional>

namespace weft {
namespace {

/// Never closed again: what they have opened may be in use until the process ends.
class Libraries {
 public:
  Libraries()
      : elf_(dlopen("libelf.so.1", RTLD_NOW | RTLD_LOCAL)),
        dw_(dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL)) {}

  template <typename Function>
  void find(Function& function, const char* name) {
    void* found = elf_ != nullptr ? dlsym(elf_, name) : nullptr;
    if (found == nullptr && dw_ != nullptr) found = dlsym(dw_, name);
    function = reinterpret_cast<Function>(found);
    complete_ = complete_ && found != nullptr;
  }
  bool complete() const { return complete_; }

 private:
  void* elf_;
  void* dw_;
  bool complete_ = true;
};

std::optional<Elfutils> load() {
  Elfutils functions;
  Libraries libraries;
#define WEFT_FIND(name) libraries.find(functions.name, #name)
  WEFT_FIND(elf_version);
  WEFT_FIND(elf_begin);
  WEFT_FIND(elf_end);
  WEFT_FIND(elf_kind);
  WEFT_FIND(elf_getscn);
  WEFT_FIND(elf_nextscn);
  WEFT_FIND(elf_getdata);
  WEFT_FIND(elf_strptr);
  WEFT_FIND(elf_getphdrnum);
  WEFT_FIND(gelf_getshdr);
  WEFT_FIND(gelf_getphdr);
  WEFT_FIND(gelf_getsym);
  WEFT_FIND(dwelf_elf_gnu_build_id);
  WEFT_FIND(dwelf_elf_gnu_debuglink);
  WEFT_FIND(dwarf_begin_elf);
  WEFT_FIND(dwarf_end);
  WEFT_FIND(dwarf_get_units);
  WEFT_FIND(dwarf_getsrclines);
  WEFT_FIND(dwarf_attr);
  WEFT_FIND(dwarf_formstring);
  WEFT_FIND(dwarf_onesrcline);
  WEFT_FIND(dwarf_lineaddr);
  WEFT_FIND(dwarf_lineendsequence);
  WEFT_FIND(dwarf_lineno);
  WEFT_FIND(dwarf_linebeginstatement);
  WEFT_FIND(dwarf_linesrc);
  WEFT_FIND(dwarf_getcfi_elf);
  WEFT_FIND(dwarf_cfi_addrframe);
  WEFT_FIND(dwarf_frame_cfa);
  WEFT_FIND(dwarf_frame_register);
  WEFT_FIND(dwarf_child);
  WEFT_FIND(dwarf_siblingof);
  WEFT_FIND(dwarf_tag);
  WEFT_FIND(dwarf_diename);
  WEFT_FIND(dwarf_attr_integrate);
  WEFT_FIND(dwarf_formref_die);
  WEFT_FIND(dwarf_peel_type);
  WEFT_FIND(dwarf_bytesize);
  WEFT_FIND(dwarf_formudata);
  WEFT_FIND(dwarf_entrypc);
#undef WEFT_FIND
  if (!libraries.complete()) return std::nullopt;
  return functions;
}

}  // namespace

const Elfutils* Elfutils::get() {
  static const std::optional<Elfutils> loaded = load();
  return loaded ? &*loaded : nullptr;
}

}  // namespace weft
